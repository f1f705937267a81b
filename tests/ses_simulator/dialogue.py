# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialogue of SES, command by command, on aiosmtpd's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from . import replies
from .model import STARTTLS, WRAPPER
from .policy import headers
from .records import END_OF_DATA, SECRET, now
from .wire import Ended, Wire

if TYPE_CHECKING:
    from .engine import Engine
    from .listeners import Door

BEFORE_TLS = {"EHLO", "HELO", "NOOP", "QUIT", "RSET", "STARTTLS"}
AUTH_PARAMETER = re.compile(r"\s+AUTH=\S*", re.IGNORECASE)
EMPTY_SENDER = {"", "<>"}


class Dialogue(Wire):
    """One client's session."""

    # aiosmtpd sends them in base64
    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    def __init__(self, engine: Engine, door: Door) -> None:
        super().__init__(
            engine,
            door,
            data_size_limit=engine.limits.size,
            auth_require_tls=False,
            authenticator=self._authenticator_of_ses,
        )
        self._accepted = 0
        self._starttls_hidden = False
        self._handle_hooks = {"MAIL": self._mail_hook, "RCPT": self._rcpt_hook, "DATA": self._data_hook}
        self._commands: dict[str, tuple[str, Callable[[str | None], Awaitable[None]]]] = {
            "EHLO": ("ehlo", self._ehlo),
            "HELO": ("ehlo", self._helo),
            "STARTTLS": ("starttls", self._starttls),
            "AUTH": ("auth", self._auth),
            "MAIL": ("mail", self._mail),
            "RCPT": ("rcpt", self.smtp_RCPT),
            "DATA": ("data", self._data),
            "RSET": ("rset", self.smtp_RSET),
            "NOOP": ("noop", self.smtp_NOOP),
            "QUIT": ("quit", self._quit),
        }

    async def _handle_client(self) -> None:
        try:
            await self._greet()
            while True:
                await self._next_command()
        except Ended as ended:
            self.record.data["end"] = self.record.data["end"] or str(ended)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.record.data["end"] = self.record.data["end"] or "client"
        finally:
            self.hang_up()

    async def _greet(self) -> None:
        if not await self.begin("connect"):
            raise Ended("drop")
        if self.door.mode == WRAPPER:
            await self.start_tls()
        if self.limits.concurrency is not None and self.engine.book.open > self.limits.concurrency:
            self.engine.book.too_many += 1
            await self.push(replies.TOO_MANY_CONNECTIONS)
            raise Ended("limit")
        if await self.begin("banner"):
            await self.push(replies.banner())

    async def _next_command(self) -> None:
        line = await self._read_command()
        name, _, argument = line.partition(" ")
        name = name.upper()
        stage, method = self._commands.get(name, ("", None))
        self.record.command(_recordable(name, argument, line, known=method is not None))
        if method is None:
            await self.push(replies.UNKNOWN_COMMAND)
        elif await self.begin(stage, line):
            secured = self._tls_protocol is not None
            if name == "AUTH" and not secured:
                self.record.data["auth_in_clear"] = True
            if secured or name in BEFORE_TLS:
                await method(argument.strip() or None)
            else:
                await self.push(replies.NEEDS_TLS)
        self.modifiers = {}

    async def _read_command(self) -> str:
        too_long = False
        while True:
            try:
                line = await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as error:
                await self._reader.readexactly(error.consumed)
                too_long = True
                continue
            # An over-long line is no command; what is left of it is none either.
            return "" if too_long else line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")

    # Greeting and TLS

    async def _ehlo(self, argument: str | None) -> None:
        assert self.session is not None
        if argument is None:
            await self.push("501 Syntax: EHLO hostname")
            return
        self._set_rset_state()  # type: ignore[no-untyped-call]
        self.session.extended_smtp = True
        self.session.host_name = self.record.data["client_name"] = argument
        self._starttls_hidden = bool(self.modifiers.get("no_starttls"))
        offered = self.door.mode == STARTTLS and not self._starttls_hidden
        await self.push(replies.ehlo(offered, auth_last=bool(self.modifiers.get("auth_last"))))

    async def _helo(self, argument: str | None) -> None:
        self.record.data["client_name"] = argument
        await self.smtp_HELO(argument)

    async def _starttls(self, argument: str | None) -> None:
        if self._tls_protocol is not None or self._starttls_hidden or argument:
            await self.push("503 Bad sequence of commands" if self._tls_protocol else replies.UNKNOWN_COMMAND)
            return
        self._raw.pause_reading()
        await self.push(replies.READY_FOR_TLS)
        await self.start_tls()
        # RFC 3207: what the client said before counts no longer.
        self._set_rset_state()  # type: ignore[no-untyped-call]
        self.session = self._create_session()

    # Authentication

    async def _auth(self, argument: str | None) -> None:
        mechanism, _, initial = (argument or "").partition(" ")
        self.record.data["auth_mechanism"] = mechanism.upper() or None
        await self.smtp_AUTH(f"{mechanism.upper()} {initial}".strip())

    async def challenge_auth(
        self, challenge: str | bytes, encode_to_b64: bool = True, log_client_response: bool = False
    ) -> Any:
        # SES has a word where RFC 4954 has none.
        answer = await super().challenge_auth(challenge or "Ok", encode_to_b64 and bool(challenge))
        self.record.command(SECRET)
        return answer

    def _authenticator_of_ses(
        self, _server: Any, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        user, password = (part.decode("utf-8", "replace") for part in data)
        self.record.data["user"] = user
        if self.engine.credentials.valid(user, password, self.region):
            return AuthResult(success=True, message=replies.AUTHENTICATED, auth_data=data)
        return AuthResult(success=False, handled=False, message=replies.BAD_CREDENTIALS)

    async def check_auth_needed(self, caller_method: str) -> bool:
        assert self.session is not None
        if self.session.authenticated:
            return False
        await self.push(replies.NEEDS_AUTH)
        return True

    # A message

    async def _mail(self, argument: str | None) -> None:
        limit = self.limits.messages_per_session
        if limit is not None and self._accepted >= limit:
            await self.push(replies.TOO_MANY_MESSAGES)
            raise Ended("limit")
        # RFC 4954: a server that offers AUTH takes this parameter.
        await self.smtp_MAIL(argument and AUTH_PARAMETER.sub("", argument))

    async def _mail_hook(
        self, _server: Any, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in EMPTY_SENDER:
            return replies.NULL_SENDER
        if not _plausible(address):
            return replies.BAD_SENDER.format(address=address)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return replies.OK

    async def _rcpt_hook(
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if not _plausible(address):
            return replies.BAD_RECIPIENT.format(address=address)
        envelope.rcpt_tos.append(address)
        return replies.OK

    async def _data(self, argument: str | None) -> None:
        assert self.envelope is not None
        if self.modifiers.get("drop") and self.envelope.rcpt_tos:
            await self._drop_within_data(self._drop_after)
        self.data_size_limit = self.limits.size
        await self.smtp_DATA(argument)

    async def _drop_within_data(self, after: int) -> None:
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        received = 0
        while received < after:
            received += len(await self._reader.readuntil(b"\n"))
        self.drop(reset=self.modifiers["drop"] == "reset")

    async def _data_hook(self, _server: Any, _session: Session, envelope: Envelope) -> str:
        """The reply to the end of data; empty if a fault has replied."""
        self.record.command(END_OF_DATA)
        if not await self.begin("eod"):
            return ""
        content = envelope.content
        sender, recipients = envelope.mail_from, envelope.rcpt_tos
        assert isinstance(content, bytes)
        assert sender is not None
        found = headers(content)
        refusal = self.engine.policy.refusal(self.region, sender, recipients, found)
        if refusal:
            return refusal
        self._accepted += 1
        number = replies.message_id()
        self.record.data["messages"].append(
            {
                "from": sender,
                "to": recipients,
                "id": number,
                "size": len(content),
                "headers": found,
                "received": now(),
            }
        )
        self.engine.book.messages += 1
        self.engine.book.changed()
        if self.modifiers.get("drop"):
            self.drop(reset=self.modifiers["drop"] == "reset")
        return f"{replies.OK} {number}"

    async def _quit(self, _argument: str | None) -> None:
        # Set first: the client may not wait for the reply.
        self.record.data["end"] = "quit"
        await self.push("221 Bye")
        raise Ended("quit")


def _recordable(name: str, argument: str, line: str, known: bool) -> str:
    """A command without what may be a credential; an unknown one may be nothing else."""
    if name == "AUTH":
        return " ".join([name, *argument.split()[:1]])
    return line if known else "(unknown command)"


def _plausible(address: str) -> bool:
    local, at, domain = address.rpartition("@")
    return bool(local and at and domain) and not domain.startswith(".") and " " not in address
