# SPDX-License-Identifier: GPL-3.0-or-later
"""On the host under test: hand mails over as its users do, and tell where each is by its token."""

from __future__ import annotations

import glob
import json
import mailbox
import os
import re
import smtplib
import subprocess
import sys
from email import message_from_bytes, policy
from typing import Any

TOKEN = re.compile(rb"life-[0-9a-f]{12}")


def text_of(mail: dict[str, Any]) -> bytes:
    headers = {"From": mail["from"], "To": ", ".join(mail["to"]), "Subject": mail["subject"], **mail["headers"]}
    return "".join(f"{name}: {value}\n" for name, value in headers.items()).encode() + b"\nhello\n"


def hand_over(mail: dict[str, Any]) -> str:
    """An empty text, or why nobody took it."""
    how, _, where = mail["how"].partition(" ")
    content = text_of(mail)
    if how == "smtp":
        host, _, port = (where or "127.0.0.1:25").partition(":")
        if host == "eth0":
            host = subprocess.check_output(["hostname", "-I"], text=True).split()[0]
        try:
            with smtplib.SMTP(host, int(port or 25), timeout=20) as client:
                text = content.replace(b"\n", b"\r\n")
                client.sendmail(mail["sender"] or mail["from"], mail["to"], text, mail_options=["BODY=8BITMIME"])
        except (OSError, smtplib.SMTPException) as error:
            return f"{type(error).__name__}: {error}"
        return ""
    command = ["/usr/sbin/sendmail", *(["-f", mail["sender"]] if mail["sender"] is not None else [])]
    command += ["-t"] if how == "sendmail" else ["--", *mail["to"]]
    if mail["user"] != "root":
        command = ["runuser", "-u", mail["user"], "--", *command]
    done = subprocess.run(command, input=content, capture_output=True, check=False, timeout=60, cwd="/")
    return "" if done.returncode == 0 else (done.stderr + done.stdout).decode(errors="replace").strip() or "refused"


def seen(place: str, content: bytes) -> list[dict[str, Any]]:
    """The tokens of one mail: of its own subject, or of a notice about another mail."""
    mail = message_from_bytes(content, policy=policy.compat32)
    top = TOKEN.search(str(mail["Subject"] or "").encode())
    headers = {name.lower(): str(value) for name, value in mail.items()}
    found = []
    for token in {match.group() for match in TOKEN.finditer(content)}:
        own = top is not None and token == top.group()
        sender = headers.get("x-life-sender") or headers.get("return-path", "").strip("<>")
        found.append(
            {
                "token": token.decode(),
                "place": place if own else f"notice in {place}",
                "sender": sender,
                "recipients": headers.get("x-life-recipients", ""),
                "headers": [f"{name}: {value}" for name, value in mail.items()],
            }
        )
    return found


def find() -> list[dict[str, Any]]:
    found = []
    for path in glob.glob("/srv/lives/*/*"):
        if not path.endswith(".tmp"):
            with open(path, "rb") as file:
                found += seen(path.split("/")[-2], file.read())
    for path in glob.glob("/var/mail/*"):
        if os.path.isfile(path):
            for mail in mailbox.mbox(path, create=False):
                found += seen(f"mailbox {os.path.basename(path)}", mail.as_bytes())
    for path in glob.glob("/home/*/Maildir/new/*") + glob.glob("/root/Maildir/new/*"):
        with open(path, "rb") as file:
            found += seen(f"Maildir {path.split('/')[-4]}", file.read())
    return found + queued()


def queued() -> list[dict[str, Any]]:
    found = []
    if os.path.exists("/usr/sbin/postqueue"):
        for config in glob.glob("/etc/postfix") + glob.glob("/etc/postfix-*"):
            done = subprocess.run(["postqueue", "-c", config, "-j"], capture_output=True, check=False)
            for line in done.stdout.splitlines():
                entry = json.loads(line)
                if not entry["recipients"]:
                    continue  # all have it: after a reload within a delivery its file stays for a minute
                command = ["postcat", "-c", config, "-hq", entry["queue_id"]]
                head = subprocess.run(command, capture_output=True, check=False).stdout
                place = {"hold": "hold"}.get(entry["queue_name"], "queue")
                for at in seen(place, head):
                    found.append({**at, "why": [to.get("delay_reason", "") for to in entry["recipients"]]})
    for path in glob.glob("/var/spool/mqueue*/**/[qQh]f*", recursive=True):
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError:  # it has just left
            continue
        place = "hold" if os.path.basename(path).startswith("hf") else "queue"
        reasons = re.findall(rb"^M(.*)$", content, re.MULTILINE)
        for token in set(TOKEN.findall(b"".join(re.findall(rb"^H.*Subject:.*$", content, re.MULTILINE)))):
            why = [reason.decode(errors="replace") for reason in reasons]
            found.append(
                {"token": token.decode(), "place": place, "sender": "", "recipients": "", "headers": [], "why": why}
            )
    return found


def main() -> None:
    if sys.argv[1] == "send":
        answers = {mail["token"]: hand_over(mail) for mail in json.load(sys.stdin)}
        print(json.dumps({token: answer for token, answer in answers.items() if answer}))
    else:
        print(json.dumps(find()))


if __name__ == "__main__":
    main()
