# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialogue of SES, to the letter."""

from __future__ import annotations

import base64
import re
import smtplib
import ssl

import pytest
from ses_simulator.credentials import derive

USER, PASSWORD = "AKIAEXAMPLE", "a password + / of it"
BANNER = re.compile(r"220 email-smtp\.amazonaws\.com ESMTP SimpleEmailService-d-[A-Z0-9]{9} [A-Za-z0-9]{20}")
ACCEPTED = re.compile(r"250 Ok [0-9a-f]{16}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-000000")
EHLO = "250-email-smtp.amazonaws.com\n250-8BITMIME\n250-STARTTLS\n250-AUTH PLAIN LOGIN\n250 Ok"
STARTTLS_PORTS, WRAPPER_PORTS = (25, 587, 2587), (465, 2465)


def plain(b64, user, password):
    return b64(f"\0{user}\0{password}")


@pytest.fixture
def b64():
    return lambda text: base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("port", STARTTLS_PORTS)
def test_a_starttls_port_takes_the_whole_dialogue(dial, session, port):
    client = dial(port)
    assert BANNER.fullmatch(client.reply())
    assert client.command("EHLO host.example.com") == EHLO
    assert client.command("STARTTLS") == "220 Ready to start TLS"
    client.handshake()
    assert client.command("EHLO host.example.com") == EHLO
    assert client.login() == "235 Authentication successful."
    assert client.command("MAIL FROM:<a@example.com> BODY=8BITMIME") == "250 Ok"
    assert client.command("RCPT TO:<b@example.net>") == "250 Ok"
    assert client.command("DATA") == "354 End data with <CR><LF>.<CR><LF>"
    assert ACCEPTED.fullmatch(client.command("Subject: x\r\n\r\n..dot\r\n."))
    assert client.command("NOOP") == "250 Ok"
    assert client.command("RSET") == "250 Ok"
    assert client.command("QUIT") == "221 Bye"
    assert client.line() == ""
    assert session()["end"] == "quit"
    assert session()["port"] == port


@pytest.mark.parametrize("port", WRAPPER_PORTS)
def test_wrapper_port_does_not_list_starttls(dial, port):
    client = dial(port)
    client.handshake()
    assert BANNER.fullmatch(client.reply())
    assert client.command("EHLO host.example.com") == EHLO.replace("250-STARTTLS\n", "")
    assert client.command("STARTTLS").startswith("503 ")
    assert client.login() == "235 Authentication successful."
    assert ACCEPTED.fullmatch(client.mail())


def test_auth_login_with_both_prompts(dial, b64, session):
    client = dial().secure()
    assert client.command("AUTH LOGIN") == "334 VXNlcm5hbWU6"
    assert client.command(b64(USER)) == "334 UGFzc3dvcmQ6"
    assert client.command(b64(PASSWORD)) == "235 Authentication successful."
    client.command("QUIT")
    assert (session()["user"], session()["auth_mechanism"]) == (USER, "LOGIN")


def test_auth_login_with_initial_response(dial, b64):
    client = dial().secure()
    assert client.command(f"AUTH LOGIN {b64(USER)}") == "334 UGFzc3dvcmQ6"
    assert client.command(b64(PASSWORD)) == "235 Authentication successful."


def test_auth_plain_without_initial_response(dial, b64):
    client = dial().secure()
    assert client.command("AUTH PLAIN") == "334 Ok"
    assert client.command(plain(b64, USER, PASSWORD)) == "235 Authentication successful."


@pytest.mark.parametrize("command", ["auth plain {}", "Auth Plain {}"])
def test_auth_in_any_case(dial, b64, command):
    assert dial().secure().command(command.format(plain(b64, USER, PASSWORD))).startswith("235 ")


@pytest.mark.parametrize(
    ("user", "password"),
    [(USER, "wrong"), ("AKIAOTHER", PASSWORD), ("", ""), ("AKIAWEST", PASSWORD), (USER, PASSWORD + " ")],
)
def test_wrong_credentials_are_refused(dial, user, password):
    client = dial().secure()
    assert client.login(user, password) == "535 Authentication Credentials Invalid"
    assert client.login() == "235 Authentication successful."


@pytest.mark.parametrize(
    ("argument", "code"), [("", "501"), (" CRAM-MD5", "504"), (" PLAIN !", "501"), (" PLAIN AAAA", "501")]
)
def test_a_malformed_auth_is_refused(dial, argument, code):
    assert dial().secure().command("AUTH" + argument)[:3] == code


def test_auth_can_be_given_up(dial):
    client = dial().secure()
    client.command("AUTH LOGIN")
    assert client.command("*").startswith("501 ")
    assert client.login().startswith("235 ")


@pytest.mark.parametrize("command", ["MAIL FROM:<a@example.com>", "AUTH LOGIN", "RCPT TO:<b@example.net>", "DATA"])
def test_nothing_before_tls(dial, session, command):
    client = dial()
    client.reply()
    client.command("EHLO host.example.com")
    assert client.command(command) == "530 Must issue a STARTTLS command first"
    client.close()
    assert session()["auth_in_clear"] is command.startswith("AUTH")


def test_mail_without_auth(dial):
    assert dial().secure().command("MAIL FROM:<a@example.com>") == "530 Authentication required"


def test_starttls_forgets_what_was_said_in_clear(dial):
    client = dial()
    client.reply()
    client.command("EHLO host.example.com")
    client.send("STARTTLS\r\nMAIL FROM:<evil@example.com>\r\n")
    assert client.reply() == "220 Ready to start TLS"
    client.handshake()
    assert client.command("NOOP") == "250 Ok"
    assert client.login().startswith("503 ")


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("MAIL FROM:<>", "501 Invalid MAIL FROM address provided"),
        ("MAIL FROM:<> AUTH=<>", "501 Invalid MAIL FROM address provided"),
        ("MAIL FROM:<a@example.com> AUTH=<>", "250 Ok"),
        ("MAIL From:<a@example.com> BODY=8BITMIME AUTH=a+40example.com", "250 Ok"),
        ("MAIL FROM:<root>", "553 <root> Invalid email address"),
        ("MAIL FROM:<root@web1>", "250 Ok"),
    ],
)
def test_a_sender_is_answered_by_how_it_is_written(dial, command, reply):
    client = dial().secure()
    client.login()
    assert client.command(command) == reply


def test_recipient_without_a_domain(dial):
    client = dial().secure()
    client.login()
    assert client.mail("", "a@example.com", "root") == "553 <root> address unknown"


def test_unknown_commands_and_long_lines(dial):
    client = dial().secure()
    for command in ("HELP", "VRFY a@example.com", "EXPN a", "XYZZY", "", "x" * 5000):
        assert client.command(command) == "502 Command not implemented"
    assert client.command("NOOP") == "250 Ok"


def test_message_is_recorded_as_received(dial, sim):
    client = dial().secure()
    client.login()
    body = "From: Björn <a@example.com>\r\nSubject: one\r\n two\r\nX-SES-CONFIGURATION-SET: set\r\n\r\n..x: y\r\n"
    reply = client.mail(body, "a@example.com", "b@example.net", "c@example.net")
    (message,) = sim.messages()
    assert message["from"] == "a@example.com"
    assert message["to"] == ["b@example.net", "c@example.net"]
    assert message["id"] == reply.removeprefix("250 Ok ")
    assert message["size"] == len(body.encode()) - 1
    assert message["headers"] == [
        ["From", "Björn <a@example.com>"],
        ["Subject", "one\r\n two"],
        ["X-SES-CONFIGURATION-SET", "set"],
    ]


def test_smtplib_can_send(sim, session):
    context = ssl.create_default_context(cafile=sim.ca_file)
    context.check_hostname = False
    with smtplib.SMTP("127.0.0.1", sim.ports[587], timeout=10) as client:
        client.starttls(context=context)
        client.login(USER, PASSWORD)
        assert client.sendmail("a@example.com", ["b@example.net"], "Subject: x\r\n\r\nHello\r\n" * 500) == {}
    assert session()["messages"]


def test_a_derived_password_logs_in(dial):
    client = dial(address="127.0.0.2").secure()
    wrong = "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"  # that of eu-central-1
    assert client.login("AKIADERIVED", wrong) == "535 Authentication Credentials Invalid"


def test_credentials_of_one_region(dial):
    assert dial(address="127.0.0.2").secure().login("AKIAWEST").startswith("235 ")


def test_public_vectors_of_the_derivation():
    assert derive("some+secret+key", "eu-central-1") == "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
    assert derive("another+secret+key", "eu-central-1") == "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"
