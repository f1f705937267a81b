# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host had before Sendmail became its relay goes on: aliases, partners with settings of their own."""

from __future__ import annotations

import json
import uuid
from shlex import quote

import pytest
from testbed.relay import RELAYS, Relay, until

testinfra_hosts = RELAYS
MASQUERADED = {"ses_masquerade_domain": "example.com"}
PARTNER_LOG = "/root/partner.log"
# A partner's server: it asks for a log-in, speaks no TLS, and writes each command and mail down.
PARTNER = """
import socketserver
class Session(socketserver.StreamRequestHandler):
    def handle(self):
        say = lambda text: self.wfile.write(text.encode() + b"\\r\\n")
        say("220 partner ESMTP")
        data = False
        for raw in self.rfile:
            line = raw.decode("latin-1").rstrip("\\r\\n")
            open("/root/partner.log", "a").write(line + "\\n")
            if data:
                data = line != "."
                if not data: say("250 ok")
            elif line.upper().startswith("EHLO"): say("250-partner"); say("250 AUTH PLAIN LOGIN")
            elif line.upper().startswith("AUTH PLAIN"): say("235 ok")
            elif line.upper() == "DATA": data = True; say("354 go on")
            elif line.upper() == "QUIT": say("221 bye"); return
            else: say("250 ok")
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.9", 2526), Session).serve_forever()
"""


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """The host with a masquerade domain, whatever it had before."""
    Relay(host, layout).settle(**MASQUERADED)


@pytest.fixture
def aliases(relay):
    """Rows for /etc/aliases, and what was there before comes back."""
    relay.host.check_output("cp -p /etc/aliases /etc/aliases.saved")

    def add(*rows: str) -> None:
        text = "".join(f"{row}\n" for row in rows)
        relay.host.check_output(f"printf '%s' {quote(text)} >> /etc/aliases; newaliases")

    yield add
    relay.host.check_output("mv /etc/aliases.saved /etc/aliases; newaliases; rm -f /root/piped /etc/ses-list")


def resolved(relay, address):
    """What Sendmail makes of an address, once aliases are expanded."""
    return relay.host.run(f"sendmail -bv {address}").stdout


def test_aliases_are_those_of_the_file_after_newaliases(relay, endpoint, aliases):
    relay.host.check_output("echo list3@example.net > /etc/ses-list")
    aliases("root: ops@example.net", "other: x@example.net", "team: list1@example.net, list2@example.net")
    aliases("owner-team: root", 'piped: "|/bin/cat > /root/piped"', "all: :include:/etc/ses-list")
    keys = relay.host.check_output("makemap -u hash /etc/mail/aliases").split("\n")
    assert {"root", "other", "team", "owner-team", "piped", "all"} <= {key.split()[0] for key in keys}
    assert "x@example.net... deliverable" in resolved(relay, "other")
    for recipient, to in (
        ("root", ["ops@example.net"]),
        ("team", ["list1@example.net", "list2@example.net"]),
        ("all", ["list3@example.net"]),
    ):
        _, message = relay.arrived(endpoint, relay.send(recipient=recipient))
        assert sorted(message["to"]) == to


def test_a_null_sender_reaches_local_users_and_programs_and_never_ses(relay, quiet, aliases):
    aliases("root: ops@example.net", "piped: root-copy", "root-copy: nobody, other@example.net")
    outside = relay.submit("", "piped")
    assert outside in relay.mailbox("nobody", outside)
    assert outside in relay.mailbox("root", outside)  # in place of the address outside
    until("the queue is empty", lambda: relay.queue() == [])
    assert not [line for session in quiet.sessions() for line, _ in session["commands"] if line.startswith("MAIL")]


@pytest.mark.parametrize("count", [51, 60])
def test_more_recipients_than_ses_takes_at_once_all_get_it(relay, endpoint, count):
    to = [f"r{number}@example.net" for number in range(count)]
    subject = f"test {uuid.uuid4().hex}"
    text = f"From: root\nTo: {', '.join(to)}\nSubject: {subject}\n\nhello\n"
    relay.host.check_output(f"printf '%s' {quote(text)} | /usr/sbin/sendmail -t")

    def reached():
        messages = [message for session in endpoint.sessions() for message in session["messages"]]
        return [one for message in messages if ["Subject", subject] in message["headers"] for one in message["to"]]

    until("all have it", lambda: sorted(reached()) == sorted(to))


@pytest.mark.parametrize(
    "upgrade",
    [
        "apt-get install --yes --reinstall sendmail-bin",
        "/usr/sbin/sendmailconfig < /dev/null",
        "/usr/share/sendmail/update_db; make -C /etc/mail; newaliases",
        "dpkg-reconfigure sendmail-bin",
        "for hook in network/if-up.d ppp/ip-up.d resolvconf/update-libc.d; do IFACE=eth0 /etc/$hook/sendmail; done",
        "systemctl restart sendmail",
    ],
)
def test_the_credentials_outlive(relay, endpoint, upgrade):
    relay.host.run(f"DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND; {upgrade}")
    relay.host.run("systemctl is-active --quiet sendmail || systemctl start sendmail")
    session, _ = relay.arrived(endpoint, relay.send())
    assert session["user"] == "AKIATESTBEDUSEAST123"
    # A table that was built anew is due for a reload, which this is; then nothing is.
    relay.converge(**MASQUERADED)
    assert "changed=0" in relay.converge(**MASQUERADED).stdout


@pytest.fixture
def partner(relay):
    """A domain that a mailertable leads to a server with a port, a log-in and no TLS."""
    relay.host.check_output(f"printf '%s' {quote(PARTNER)} > /root/partner.py; : > {PARTNER_LOG}")
    relay.host.check_output("systemd-run --quiet --unit=ses-partner python3 /root/partner.py")
    relay.host.check_output("cp -p /etc/mail/sendmail.mc /root/sendmail.mc.saved")
    feature = "FEATURE(`mailertable')dnl\\nFEATURE(`authinfo')dnl\\ndefine(`ESMTP_MAILER_ARGS', `TCP $h 2526')dnl"
    relay.host.check_output(f"sed -i {quote(f'/BEGIN mailops/i {feature}')} /etc/mail/sendmail.mc")
    relay.host.check_output("echo 'partner.example esmtp:[127.0.0.9]' > /etc/mail/mailertable")
    row = 'AuthInfo:127.0.0.9 "U:root" "I:partner" "P:theirs" "M:PLAIN"'
    relay.host.check_output(f"printf '%s\\n' {quote(row)} > /etc/mail/authinfo; chmod 600 /etc/mail/authinfo")
    relay.host.check_output("for t in mailertable authinfo; do makemap hash /etc/mail/$t < /etc/mail/$t; done")
    relay.converge(**MASQUERADED)
    yield
    relay.host.check_output("systemctl stop ses-partner; cp /root/sendmail.mc.saved /etc/mail/sendmail.mc")
    relay.host.check_output("rm -f /etc/mail/mailertable* /etc/mail/authinfo*")
    relay.converge(**MASQUERADED)


def test_a_partner_keeps_its_port_its_log_in_and_its_lack_of_tls(relay, endpoint, partner):
    subject = relay.send(recipient="someone@partner.example")
    log = until("the partner has it", lambda: _having(relay, subject))
    assert "AUTH PLAIN" in log
    assert "XSES" not in log
    relay.arrived(endpoint, relay.send())
    # Both in one queue run, and a null sender, which a partner takes.
    relay.host.check_output("systemctl stop sendmail")
    theirs, ours = relay.submit("", "else@partner.example"), relay.send()
    relay.host.check_output("systemctl start sendmail")
    relay.arrived(endpoint, ours)
    log = until("the partner has it", lambda: _having(relay, theirs))
    assert "MAIL From:<>" in log


def test_the_credential_of_ses_is_for_its_mailer_alone(relay, endpoint, partner):
    row = 'AuthInfo:127.0.0.9 "U:root" "I:partner" "P:theirs"'
    relay.host.check_output(f"printf '%s\\n' {quote(row)} | sed s/Auth.*// > /etc/mail/authinfo")
    relay.host.check_output("makemap hash /etc/mail/authinfo < /etc/mail/authinfo")
    subject = relay.send(recipient="someone@partner.example")
    log = until("the partner has it", lambda: _having(relay, subject))
    assert "AUTH" not in log.replace("AUTH=", "")


def _having(relay, subject):
    text = relay.host.run(f"cat {PARTNER_LOG}").stdout
    return text if subject in text else ""


def test_a_subject_that_is_no_ascii_arrives(relay, endpoint):
    subject = f"größe {uuid.uuid4().hex}"
    text = f"From: root\nTo: a@example.net\nSubject: {subject}\n\nhello\n"
    relay.host.check_output(f"printf '%s' {quote(text)} | /usr/sbin/sendmail -t")
    tail = subject.split()[1]
    until("it arrives", lambda: tail in json.dumps([s["messages"] for s in endpoint.sessions()]))


def test_an_address_that_is_no_ascii_is_refused_with_a_sentence_and_never_reaches_ses(relay, quiet):
    """By Sendmail itself, in every way to hand it over."""
    said = relay.host.run(f"printf 'Subject: x\n\nhello\n' | /usr/sbin/sendmail {quote('größe@example.net')}")
    assert said.rc == 64
    assert "8-bit character in mailbox address" in said.stdout + said.stderr
    session = "import smtplib; s = smtplib.SMTP('127.0.0.1'); s.ehlo(); s.mail('root'); "
    session += "s.send('RCPT TO:<größe@example.net>\\r\\n'.encode()); print(*s.getreply())"
    assert "8-bit character in mailbox address" in relay.host.check_output(f"python3 -c {quote(session)}")
    until("the queue is empty", lambda: relay.queue() == [])
    assert not [line for session in quiet.sessions() for line, _ in session["commands"] if line.startswith("RCPT")]


def test_a_submission_program_with_another_hub_is_refused_before_any_change(relay):
    relay.host.check_output("cp -p /etc/mail/submit.mc /root/submit.mc.saved")
    hub = "FEATURE(`msp', `[127.0.0.7]')dnl"
    relay.host.check_output(f"sed -i {quote(f's/^FEATURE(.msp.*/{hub}/')} /etc/mail/submit.mc")
    before = relay.host.check_output("cd /etc/mail && cat submit.mc sendmail.mc sendmail.cf access | md5sum")
    try:
        done = relay.playbook(**MASQUERADED)
        assert done.returncode != 0
        assert "/etc/mail/submit.mc" in done.stdout
        assert "127.0.0.7" in done.stdout
        assert (
            relay.host.check_output("cd /etc/mail && cat submit.mc sendmail.mc sendmail.cf access | md5sum") == before
        )
    finally:
        relay.host.check_output("cp /root/submit.mc.saved /etc/mail/submit.mc; make -s -C /etc/mail")


def test_a_daemon_that_does_not_come_up_with_the_new_files_goes_on_with_the_old(relay, endpoint):
    """What fails late leaves the host as it was, and running."""
    files = "cd /etc/mail && cat sendmail.mc sendmail.conf access && makemap -u hash "
    files += relay.mta.generation("ses_authinfo")
    files += " && grep -v '^#' sendmail.cf"
    drop_in = "/etc/systemd/system/sendmail.service.d"
    refusal = "[Service]\nExecStartPre=/bin/sh -c '! grep -q ^DMexample.org /etc/mail/sendmail.cf'\n"
    relay.host.check_output("sed -i 's/^MSP_INTERVAL=.*/MSP_INTERVAL=\"2m\";/' /etc/mail/sendmail.conf")
    relay.host.check_output(
        f"mkdir {drop_in}; printf '%s' {quote(refusal)} > {drop_in}/test.conf; systemctl daemon-reload"
    )
    before = relay.host.check_output(files)
    try:
        done = relay.playbook(ses_masquerade_domain="example.org")
        assert done.returncode != 0
        assert "the host keeps what it had" in done.stdout
        assert relay.host.check_output(files) == before
        _, message = relay.arrived(endpoint, relay.send())
        assert message["from"] == "root@example.com"
    finally:
        relay.host.check_output(f"rm -r {drop_in}; systemctl daemon-reload")
        relay.converge(**MASQUERADED)


NO_SUCH_NAME = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.99", 53))
while True:
    asked, who = server.recvfrom(4096)
    question = asked[12:asked.index(b"\\0", 12) + 5]
    server.sendto(asked[:2] + b"\\x85\\x83" + b"\\0\\1" + bytes(6) + question, who)
"""


def test_an_endpoint_whose_name_stands_in_the_hosts_file_alone_is_reached(relay, endpoint):
    """As smtp_check reaches it: DNS knows no name at all."""
    relay.host.check_output(f"printf '%s' {quote(NO_SUCH_NAME)} > /root/dns.py; cp /etc/hosts /root/hosts.saved")
    relay.host.check_output(
        "cp /etc/resolv.conf /root/resolv.saved; systemd-run --quiet --unit=ses-dns python3 /root/dns.py"
    )
    name = "email-smtp.us-east-1.amazonaws.com"
    relay.host.check_output(f"echo \"$(getent hosts {name} | cut -d' ' -f1) {name}\" >> /etc/hosts")
    try:
        relay.host.check_output("echo nameserver 127.0.0.99 > /etc/resolv.conf; systemctl restart sendmail")
        relay.arrived(endpoint, relay.send())
    finally:
        relay.host.check_output("cat /root/hosts.saved > /etc/hosts; cat /root/resolv.saved > /etc/resolv.conf")
        relay.host.check_output("systemctl stop ses-dns; systemctl restart sendmail")
