# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Postfix and Sendmail differ in what they can use of TLS, the check judges as the MTA of the host would."""

from __future__ import annotations

import pytest
from testbed.relay import ALL_RELAYS, Relay

testinfra_hosts = ALL_RELAYS  # what OpenSSL sends depends on its version


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """The host with the defaults, whatever it had before."""
    Relay(host, layout).settle()


def greets_large(relay):
    """Whether what OpenSSL sends first does not fit in a packet."""
    version = relay.host.check_output('python3 -c "import ssl; print(*ssl.OPENSSL_VERSION_INFO[:2])"')
    return tuple(map(int, version.split())) >= (3, 5)


def stops(relay, quiet, sentence, word):
    """The role refuses the host in these words, and a mail of the MTA waits for a reason with this word."""
    done = relay.playbook()
    assert done.returncode != 0
    assert sentence in " ".join(done.stdout.split())
    relay.deferred(relay.send(), word)
    assert not any(session["messages"] for session in quiet.sessions())


@pytest.mark.parametrize("how", ["reset", "silent"])
def test_a_device_that_minds_large_greetings(relay, quiet, how):
    quiet.fault(large_hello=how)
    large, postfix = greets_large(relay), relay.mta.name == "postfix"
    report = relay.module("mailops.ses.smtp_check", region="us-east-1", ports=[587], ca_file="/etc/ssl/testbed-ca.pem")
    assert report["reachable"] is (postfix or not large)
    # A host that greets small is told what large greetings would meet, where they meet silence.
    found = "large_hello_blocked" if large else "large_hello_unanswered" if how == "silent" else None
    assert [diagnosis["id"] for diagnosis in report["diagnosis"]] == ([found] if found else [])
    if report["reachable"]:
        relay.converge()
        relay.arrived(quiet, relay.send())
    elif how == "reset":  # on silence Sendmail waits for an hour
        stops(relay, quiet, "is reset or dropped", "TLS handshake failed")


def test_a_wildcard_in_the_common_name_alone(relay, quiet):
    quiet.fault(certificate="wildcard")
    if relay.mta.name == "postfix":
        relay.converge()
        relay.arrived(quiet, relay.send())
    else:
        stops(relay, quiet, "in its common name alone", "does not match")
        queue = relay.module("mailops.ses.mail_queue_info", endpoint="email-smtp.us-east-1.amazonaws.com")
        assert [reason["diagnosis"]["id"] for reason in queue["reasons"]] == ["certificate_wildcard"]
