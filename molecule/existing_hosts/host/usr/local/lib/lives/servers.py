# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers around the MTA under test, on loopback addresses: each keeps what it takes as a file below /srv/lives."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import re
import smtplib
import uuid
from dataclasses import dataclass, field

KEPT = "/srv/lives"
CREDENTIALS = {"partner": "partner-secret", "provider": "provider-secret", "brand": "brand-secret"}


@dataclass(frozen=True)
class Server:
    """One server: what it takes, and from whom."""

    place: str
    address: str
    port: int
    lmtp: bool = False
    log_in: str = ""  # the user without whose log-in it takes nothing
    refuses: str = "$^"  # recipients
    onward: int = 0  # a filter hands on to this port of 127.0.0.1
    extensions: list[str] = field(default_factory=lambda: ["8BITMIME", "SMTPUTF8", "SIZE 52428800"])


# Postfix binds port 25 of all addresses; Sendmail binds that of 127.0.0.1, and leads its mailers to port 25 alone.
SMTP = 25 if os.path.exists("/usr/sbin/makemap") else 2025

SERVERS = [
    Server("hub", "127.0.0.2", SMTP),
    Server("hub", "127.0.0.2", 587),
    Server("partner", "127.0.0.3", 587, log_in="partner", extensions=["8BITMIME"]),
    Server("partner", "127.0.0.3", SMTP, log_in="partner", extensions=["8BITMIME"]),
    Server("provider", "127.0.0.4", 587, log_in="provider"),
    Server("brand", "127.0.0.4", 2525, log_in="brand"),
    # A store has the users that it was told of, and root is not one of them.
    Server("store", "127.0.0.5", 24, lmtp=True, refuses=r"<(root|postmaster|mailer-daemon)@"),
    Server("inner", "127.0.0.6", SMTP),
    Server("filter", "127.0.0.1", 10024, onward=10025),
    Server("filter", "127.0.0.1", 10028, onward=10025),
]


def keep(place: str, sender: str, recipients: list[str], user: str, content: bytes) -> None:
    """One mail as a file, with what the dialogue said of it as its first headers."""
    os.makedirs(f"{KEPT}/{place}", mode=0o777, exist_ok=True)
    told = f"X-Life-Sender: {sender}\nX-Life-Recipients: {', '.join(recipients)}\nX-Life-User: {user}\n"
    name = f"{KEPT}/{place}/{uuid.uuid4().hex}"
    with open(f"{name}.tmp", "wb") as file:
        file.write(told.encode("utf-8", "surrogateescape") + content)
    os.rename(f"{name}.tmp", name)


def address(argument: str) -> str:
    return re.sub(r"^[^<]*<([^>]*)>.*", r"\1", argument)


class Session:
    """One client's dialogue."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.user = ""
        self.reset()

    def reset(self) -> None:
        self.sender, self.recipients = "", []

    async def say(self, *lines: str) -> None:
        for line in lines:
            self.writer.write(line.encode("utf-8", "surrogateescape") + b"\r\n")
        await self.writer.drain()

    async def line(self) -> str:
        return (await self.reader.readuntil(b"\n")).rstrip(b"\r\n").decode("utf-8", "surrogateescape")

    async def run(self) -> None:
        try:
            await self.say(f"220 {self.server.place}.standin.test ESMTP")
            while True:
                command = await self.line()
                verb = command[:4].upper()
                if verb == "QUIT":
                    await self.say("221 bye")
                    return
                await getattr(self, f"on_{verb.lower()}", self.on_other)(command)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.writer.close()

    async def on_ehlo(self, _command: str) -> None:
        offered = [
            *self.server.extensions,
            *(["AUTH PLAIN LOGIN"] if self.server.log_in else []),
            "ENHANCEDSTATUSCODES",
        ]
        lines = [f"{self.server.place}.standin.test", *offered]
        await self.say(*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}")

    on_lhlo = on_ehlo

    async def on_helo(self, _command: str) -> None:
        await self.say("250 hello")

    async def on_auth(self, command: str) -> None:
        words = command.split()
        if words[1].upper() == "PLAIN":
            text = words[2] if len(words) > 2 else await self.ask("")
            _, user, password = base64.b64decode(text).decode().split("\0")
        else:
            user = base64.b64decode(words[2] if len(words) > 2 else await self.ask("Username:")).decode()
            password = base64.b64decode(await self.ask("Password:")).decode()
        if user == self.server.log_in and CREDENTIALS[user] == password:
            self.user = user
            await self.say("235 2.7.0 welcome")
        else:
            await self.say(f"535 5.7.8 not {user}")

    async def ask(self, question: str) -> str:
        await self.say(f"334 {base64.b64encode(question.encode()).decode()}")
        return await self.line()

    async def on_mail(self, command: str) -> None:
        if self.server.log_in and not self.user:
            await self.say("530 5.7.0 Authentication required")
            return
        self.sender = address(command)
        await self.say("250 2.1.0 ok")

    async def on_rcpt(self, command: str) -> None:
        if re.search(self.server.refuses, command, re.IGNORECASE):
            await self.say("550 5.1.1 no such user in this store")
            return
        self.recipients.append(address(command))
        await self.say("250 2.1.5 ok")

    async def on_data(self, _command: str) -> None:
        if not self.recipients:
            await self.say("503 5.5.1 no recipients")
            return
        await self.say("354 go on")
        lines = []
        while (line := await self.reader.readuntil(b"\n")) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        content = b"".join(lines).replace(b"\r\n", b"\n")
        keep(self.server.place, self.sender, self.recipients, self.user, content)
        answer = "250 2.0.0 kept"
        if self.server.onward:
            passed = b"X-Filtered: yes\n" + content
            answer = await asyncio.to_thread(hand_on, self.server.onward, self.sender, list(self.recipients), passed)
        await self.say(*([answer] * (len(self.recipients) if self.server.lmtp else 1)))
        self.reset()

    async def on_rset(self, _command: str) -> None:
        self.reset()
        await self.say("250 2.0.0 ok")

    async def on_noop(self, _command: str) -> None:
        await self.say("250 2.0.0 ok")

    async def on_other(self, _command: str) -> None:
        await self.say("502 5.5.2 unknown")


def hand_on(port: int, sender: str, recipients: list[str], content: bytes) -> str:
    """What the next server says of this mail."""
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            client.ehlo()
            options = [o for o in ("BODY=8BITMIME", "SMTPUTF8") if client.has_extn(o.rpartition("=")[2])]
            if all(text.isascii() for text in (sender, *recipients)):
                options = options[:1]
            client.sendmail(sender, recipients, content, mail_options=options)
    except (OSError, smtplib.SMTPException) as error:
        return f"451 4.3.0 the filter cannot hand on: {type(error).__name__}"
    return "250 2.0.0 handed on"


async def milter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A filter by Sendmail's protocol, which signs: at the end of each message it adds a header."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            size = int.from_bytes(await reader.readexactly(4), "big")
            packet = await reader.readexactly(size)
            command = packet[:1]
            if command == b"O":
                # version 6, may add headers, wants every step
                answer = [b"O" + (6).to_bytes(4, "big") + (1).to_bytes(4, "big") + (0).to_bytes(4, "big")]
            elif command == b"E":
                answer = [b"hX-Signed\0by the milter\0", b"c"]
            elif command in b"DAQ":  # macros, abort, quit: no answer
                answer = []
            else:
                answer = [b"c"]
            for text in answer:
                writer.write(len(text).to_bytes(4, "big") + text)
            await writer.drain()
            if command == b"Q":
                break
    writer.close()


async def main() -> None:
    for server in SERVERS:

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: Server = server) -> None:
            await Session(server, reader, writer).run()

        await asyncio.start_server(serve, server.address, server.port, limit=1 << 20)
    await asyncio.start_server(milter, "127.0.0.1", 8891)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
