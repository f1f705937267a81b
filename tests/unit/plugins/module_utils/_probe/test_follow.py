# SPDX-License-Identifier: GPL-3.0-or-later
"""A probe with a clock, a log, a queue and an MTA that are handed in: it says only what was proven, in time."""

from __future__ import annotations

import json

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._mta.mailq import Message, QueueError
from ansible_collections.mailops.ses.plugins.module_utils._probe.follow import Mail, Probe, skipped
from ansible_collections.mailops.ses.plugins.module_utils._probe.log import Line
from ansible_collections.mailops.ses.plugins.module_utils._probe.mail import OptionFault, judge, mail_of
from ansible_collections.mailops.ses.plugins.module_utils._probe.mtas import Postfix, Sendmail, Waiting, mailer_port
from ansible_collections.mailops.ses.plugins.module_utils._probe.sources import Journal, LogFile
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.mailq import Queue
from ansible_collections.mailops.ses.plugins.module_utils._ses.option_names import Names
from causes import provokes

NAME, TO, QUEUE_ID = "1@mail-probe.invalid", "a@example.com", "702671C0002"
SES_ID = "010701a225b34671-b0e1732c-21f8-bf05-9d48-276e98107740-000000"
ARRIVAL = [
    Line("postfix/cleanup", f"{QUEUE_ID}: message-id=<{NAME}>"),
    Line("postfix/qmgr", f"{QUEUE_ID}: from=<root@example.com>, size=271, nrcpt=1 (queue active)"),
]


def delivery(program: str, relay: str, said: str) -> list[Line]:
    return [*ARRIVAL, Line(program, f"{QUEUE_ID}: to=<{TO}>, relay={relay}, delay=1, dsn=2.0.0, status={said}")]


SES = "email-smtp.us-east-1.amazonaws.com[192.0.2.1]:587"


class Log:
    """A log that has its lines at once."""

    def __init__(self, lines=(), problem=""):
        self.problem = problem
        self._lines = list(lines)

    def lines(self):
        lines, self._lines = self._lines, []
        return lines


class Fake:
    """An MTA whose queue has this."""

    name = "postfix"

    def __init__(self, queue=None, running=True):
        self.queue, self.running = queue, running

    def log_files(self):
        return []

    def runs(self):
        return self.running

    def waiting(self, name, ids, recipient, since):
        if isinstance(self.queue, Exception):
            raise self.queue
        return Waiting(QUEUE_ID, self.queue) if self.queue else None

    def sender(self, logged, mailer):
        return logged

    def relay(self, logged, mailer):
        return logged


def probe(lines=(), queue=None, running=True, problem="", submitted=(0, ""), timeout=20.0):
    time = [0.0]

    def pause():
        time[0] += 0.5

    found = Probe(
        mail=Mail(NAME, TO, "To: a@example.com\n\n"),
        mta=Fake(queue, running),
        sources=[Log(problem="journalctl: not found"), Log(lines, problem)],
        submit=lambda _text: submitted,
        clock=lambda: time[0],
        now=lambda: 1e9,
        pause=pause,
        timeout=timeout,
    ).run()
    assert found["seconds"] <= timeout + 1
    assert found["delivered"] == (found["state"] == "delivered")
    return found


def test_a_mail_that_ses_took():
    found = probe(delivery("postfix/smtp", SES, f"sent (250 Ok {SES_ID})"))
    assert (found["state"], found["message_id"], found["diagnosis"]) == ("delivered", SES_ID, [])
    assert found["relay"] == {
        "host": "email-smtp.us-east-1.amazonaws.com",
        "address": "192.0.2.1",
        "port": 587,
    }
    assert SES_ID in found["msg"]
    assert "root@example.com" in found["msg"]


MAIL_MANAGER = "abc.us-east-1.mail-manager-smtp.amazonaws.com"
DEFERRED = Message(
    "deferred", 1e9, "root@example.com", (TO,), ("connect to x.example[192.0.2.1]:587: Connection refused",)
)


@pytest.mark.parametrize(
    ("cause", "state", "options"),
    [
        provokes(
            "delivered_locally", "local", {"lines": delivery("postfix/local", "local", "sent (delivered to mailbox)")}
        ),
        provokes(
            "delivered_elsewhere",
            "elsewhere",
            {
                "lines": delivery(
                    "postfix/smtp", "mx.example[192.0.2.9]:25", "sent (250 2.0.0 Ok: queued as 4945E1E89BB)"
                )
            },
        ),
        provokes(
            "delivered_elsewhere",
            "elsewhere",
            {"lines": delivery("postfix/smtp", "127.0.0.1[127.0.0.1]:10024", "sent (250 Ok)")},
        ),
        provokes(
            "only_accepted",
            "elsewhere",
            {"lines": delivery("postfix/smtp", f"{MAIL_MANAGER}[192.0.2.2]:587", f"sent (250 Ok {SES_ID})")},
        ),
        provokes(
            "identity_not_verified",
            "bounced",
            {
                "lines": delivery(
                    "postfix/smtp",
                    SES,
                    "bounced (host email-smtp.us-east-1.amazonaws.com[192.0.2.1] "
                    "said: 554 Message rejected: Email address is not verified. (in reply to end of DATA command))",
                )
            },
        ),
        provokes("port_refused", "waits", {"queue": DEFERRED}),
        provokes("mail_held", "waits", {"queue": Message("hold", 1e9)}),
        provokes("mail_not_tried", "waits", {"queue": Message("active", 1e9)}),
        provokes("local_mta_down", "waits", {"queue": Message("maildrop", 1e9), "running": False}, says="does not run"),
        provokes("mail_log_unreadable", "unknown", {}),
        provokes("mail_log_unreadable", "unknown", {"lines": ARRIVAL}),
        provokes("queue_unreadable", "unknown", {"queue": QueueError("Permission denied")}),
        provokes("queue_unreadable", "unknown", {"queue": PermissionError(13, "Permission denied")}),
        provokes("submission_refused", "refused", {"submitted": (75, "postdrop: warning: no space\n")}),
    ],
)
def test_a_mail_that_ses_did_not_take_or_of_which_that_is_not_known(cause, state, options):
    found = probe(**options)
    assert (found["state"], [item["id"] for item in found["diagnosis"]]) == (state, [cause])
    assert found["message_id"] is None
    assert found["diagnosis"][0]["cause"] in found["msg"]


def test_the_log_alone_can_prove_it():
    lines = delivery("postfix/smtp", SES, f"sent (250 Ok {SES_ID})")
    assert probe(lines, queue=QueueError("Permission denied"))["delivered"]


def test_a_submission_that_did_not_end_is_followed_all_the_same():
    assert probe(queue=Message("hold", 1e9), submitted=(None, ""))["state"] == "waits"


def test_it_says_why_no_log_is_read():
    found = probe(problem="/var/log/mail.log: Permission denied")
    assert "journalctl: not found; /var/log/mail.log: Permission denied" in found["msg"]


def test_nothing_sent_has_all_values():
    assert set(skipped(TO, "none")) == set(probe())


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@b",
        "-a@example.com",
        "a@example.com\nBcc: b@example.com",
        "a@example.com,b@example.com",
        "a b@example.com",
        "Anna <a@example.com>",
        "größe@example.com",
        "|sh@example.com",
        "a" * 300 + "@example.com",
    ],
)
def test_what_is_not_one_address_is_refused_by_the_options_name(address):
    for option in ("recipient", "sender"):
        params = {"recipient": TO, "sender": TO, "timeout": 60.0, option: address}
        with pytest.raises(OptionFault, match=f"^{option} "):
            judge(params, Names())


def test_a_fault_names_what_the_user_has_set():
    with pytest.raises(OptionFault, match="^ses_probe_recipient 'a' is no mail address"):
        judge({"recipient": "a", "sender": None, "timeout": 60.0}, Names(recipient="ses_probe_recipient"))


def test_a_time_out_has_bounds():
    for seconds in (0, -1, 601, float("nan")):
        with pytest.raises(OptionFault, match="^timeout "):
            judge({"recipient": TO, "sender": None, "timeout": seconds}, Names())
    judge({"recipient": TO, "sender": None, "timeout": 1}, Names())


def test_the_mail_names_its_recipient():
    mail = mail_of("1", TO, "app@example.com")
    assert mail.name == NAME
    assert mail.text.startswith(f"To: {TO}\nFrom: app@example.com\n")
    assert "From:" not in mail_of("1", TO, None).text


def test_the_journal_is_read_on_from_where_it_was():
    asked = []

    def run(command):
        asked.append(command)
        entry = {"__CURSOR": f"s={len(asked)}", "SYSLOG_IDENTIFIER": "postfix/qmgr", "MESSAGE": "702671C0002: removed"}
        odd = {**entry, "MESSAGE": [104, 105, 255]}
        return 0, f"-- No entries --\n{json.dumps(odd)}\n{json.dumps(entry)}\n", ""

    journal = Journal(run, 1e9)
    assert list(journal.lines()) == [Line("postfix/qmgr", "hi\ufffd"), Line("postfix/qmgr", "702671C0002: removed")]
    journal.lines()
    assert [command[4] for command in asked] == ["--since=@1000000000", "--after-cursor=s=1"]


def test_a_journal_that_may_not_be_read_says_so():
    words = "Hint: You are currently not seeing messages from other users and the system."
    journal = Journal(lambda _command: (0, "", words), 0)
    assert list(journal.lines()) == []
    assert journal.problem == f"journalctl: {words}"


def test_a_log_file_is_read_from_its_end_and_after_a_rotation_from_its_beginning(tmp_path):
    path = tmp_path / "mail.log"
    log = LogFile(str(path))
    assert list(log.lines()) == []
    assert log.problem == ""
    path.write_text("Nov 29 05:07:15 web postfix/qmgr[1]: A: old\n")
    log = LogFile(str(path))
    with path.open("a") as file:
        file.write("Nov 29 05:07:15 web postfix/qmgr[1]: B: new\nNov 29 05:07:15 web post")
    assert [line.message for line in log.lines()] == ["B: new"]
    with path.open("a") as file:
        file.write("fix/qmgr[1]: C: rest\n")
    assert [line.message for line in log.lines()] == ["C: rest"]
    path.rename(tmp_path / "mail.log.1")
    path.write_text("Nov 29 05:07:16 web postfix/qmgr[1]: D: rotated\n")
    assert [line.message for line in log.lines()] == ["D: rotated"]


def test_a_log_that_is_no_file_says_so(tmp_path):
    log = LogFile(str(tmp_path))
    assert list(log.lines()) == []
    assert log.problem.startswith(f"{tmp_path}: ")


def test_postfixs_queue_is_searched_by_id_and_else_by_the_mails_own_name(tmp_path):
    entries = [
        {"queue_name": "hold", "queue_id": name, "arrival_time": 1000, "recipients": [{"address": TO}]} for name in "AB"
    ]
    postqueue = tmp_path / "postqueue"
    postqueue.write_text("#!/bin/sh\n" + "".join(f"echo '{json.dumps(entry)}'\n" for entry in entries))
    postqueue.chmod(0o755)
    mta = Postfix(lambda command: (0, NAME if command == ["postcat", "-hq", "B"] else "", ""), str(postqueue), True)
    assert mta.waiting(NAME, ["A"], TO, 1000).queue_id == "A"
    assert mta.waiting(NAME, [], TO.upper(), 1000).queue_id == "B"
    assert mta.waiting(NAME, [], TO, 2000) is None
    assert mta.waiting(NAME, [], "other@example.com", 1000) is None


def test_sendmails_queue_is_searched_by_the_mails_own_name(tmp_path):
    for name, text in (
        ("qfA1", "V8\nN0\nH??Message-ID: <other>\n.\n"),
        ("hfA2", f"V8\nN0\nH??Message-ID: <{NAME}>\n.\n"),
    ):
        (tmp_path / name).write_text(text)
    mta = Sendmail(lambda _lines: "", [Queue(str(tmp_path))])
    found = mta.waiting(NAME, [], TO, 0)
    assert (found.queue_id, found.message.state) == ("A2", "hold")
    assert mta.waiting("none@mail-probe.invalid", [], TO, 0) is None
    assert mta.waiting(NAME, [], TO, 1e11) is None


def test_sendmail_tells_the_rewritten_sender_and_the_port():
    asked = []

    def ask(lines):
        asked.append(lines)
        return "final returns: root @ example . com\nRcode = 0, addr = root@example.com\n> "

    mta = Sendmail(ask, [])
    assert mta.sender("root@web13.corp.test", "ses_relay") == "root@example.com"
    assert asked == ["/tryflags ES\n/try ses_relay root@web13.corp.test\n/quit\n"]
    assert mta.sender("a b\n/quit", "ses_relay") == "a b\n/quit"
    assert len(asked) == 1
    relay = "Mrelay,\tP=[IPC], F=m,\n\t\tT=DNS/RFC822/SMTP,\n\t\tA=TCP $h 2587\n"
    cf = f"{relay}Mlocal,\tP=/bin/mail, A=mail -d $u\nMesmtp, A=TCP $h\n"
    assert [mailer_port(cf, name) for name in ("relay", "local", "esmtp", "none")] == [2587, None, 25, None]
