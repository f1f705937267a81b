# SPDX-License-Identifier: GPL-3.0-or-later
"""Senders with a log-in, a region and a configuration set of their own, beside the relay's own mail."""

from __future__ import annotations

import pytest
from testbed.relay import RELAYS, until

testinfra_hosts = RELAYS
MAIN = "AKIATESTBEDUSEAST123"
# Two more accounts; the second is at the relay's own endpoint.
BRAND, SHOP = "AKIAIDENTITYBRAND123", "AKIAIDENTITYSHOP1234"
PASSWORDS = {
    BRAND: "BBrandBrandBrandBrandBrandBrandBrandBrandBra",
    SHOP: "BShopShopShopShopShopShopShopShopShopShopSho",
}
ACCOUNTS = {
    MAIN: {"secret_access_key": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLETEST1"},
    BRAND: {"password": PASSWORDS[BRAND], "regions": ["eu-west-1"]},
    SHOP: {"password": PASSWORDS[SHOP], "regions": ["us-east-1"]},
}
IDENTITIES = [
    {
        "sender": "brand.example.org",
        "region": "eu-west-1",
        "smtp_username": BRAND,
        "smtp_password": PASSWORDS[BRAND],
        "configuration_set": "brand",
    },
    {"sender": "shop@example.com", "smtp_username": SHOP, "smtp_password": PASSWORDS[SHOP]},
]
SETTINGS = {
    "ses_masquerade_domain": "example.com",
    "ses_configuration_set": "main",
    "ses_identities": IDENTITIES,
}
# Sender -> the user, the region and the configuration set of its mail.
WAYS = {
    "root": (MAIN, "us-east-1", ["main"]),
    "app@brand.example.org": (BRAND, "eu-west-1", ["brand"]),
    "App@Brand.Example.org": (BRAND, "eu-west-1", ["brand"]),
    "app@sub.brand.example.org": (MAIN, "us-east-1", ["main"]),
    "shop@example.com": (SHOP, "us-east-1", []),
    "other@example.com": (MAIN, "us-east-1", ["main"]),
}


def way(session, message):
    sets = [value for name, value in message["headers"] if name.upper() == "X-SES-CONFIGURATION-SET"]
    return session["user"], session["region"], sets


@pytest.fixture
def accounts(relay, quiet):
    """The endpoint with these accounts, and the host with these identities."""
    quiet.credentials(ACCOUNTS)
    relay.settle(**SETTINGS)
    return quiet


@pytest.mark.parametrize("sender", WAYS)
def test_mail_takes_its_senders_way(relay, accounts, sender):
    subject = relay.submit(sender, "to@example.net")
    session, message = relay.arrived(accounts, subject)
    assert way(session, message) == WAYS[sender]
    assert session["tls"]


def test_a_local_users_address_counts_as_it_leaves(relay, accounts):
    relay.host.run("useradd shop")
    session, message = relay.arrived(accounts, relay.send(sender="shop", user="shop"))
    assert way(session, message) == WAYS["shop@example.com"]
    assert message["from"] == "shop@example.com"


def test_a_mail_to_the_organisations_own_domain_takes_it_too(relay, accounts):
    session, message = relay.arrived(accounts, relay.submit("app@brand.example.org", "someone@example.com"))
    assert way(session, message) == WAYS["app@brand.example.org"]


def test_connections_are_kept_and_none_is_shared_between_senders(relay, accounts):
    senders = ["app@brand.example.org", "shop@example.com", "other@example.com"]
    for sender in senders * 2:
        relay.burst(sender, "to@example.net", 15)
    assert accounts.wait(messages=90, timeout=60)
    assert accounts.wait(open=0, timeout=30)
    sessions = [session for session in accounts.sessions() if session["messages"]]
    for session in sessions:
        assert {message["from"] for message in session["messages"]} <= set(senders)
        for message in session["messages"]:
            assert way(session, message) == WAYS[message["from"]]
    assert len(sessions) < 45


def test_a_log_in_that_is_refused_later_on_keeps_that_senders_mail_alone(relay, accounts):
    accounts.credentials({name: account for name, account in ACCOUNTS.items() if name != BRAND})
    subject = relay.submit("app@brand.example.org", "to@example.net")
    relay.deferred(subject, relay.mta.refused_log_in)
    relay.arrived(accounts, relay.submit("other@example.com", "to@example.net"))
    accounts.credentials(ACCOUNTS)
    relay.mta.flush()
    relay.arrived(accounts, subject)


def test_a_null_sender_stays_here(relay, accounts):
    subject = relay.submit("", "someone@example.net")
    relay.mailbox("root", subject)
    until("the queue is empty", lambda: relay.queue() == [])
    assert accounts.counters()["messages"] == 0


@pytest.mark.parametrize("recipient", ["other@example.com", "app@brand.example.org"])
def test_a_bounce_that_leaves_has_the_way_and_the_configuration_set_of_its_sender(relay, accounts, recipient):
    relay.settle(**SETTINGS, ses_bounce_recipient=recipient)
    session, message = relay.arrived(accounts, relay.submit("", "someone@example.com"))
    assert (message["from"], message["to"]) == (recipient, [recipient])
    assert way(session, message) == WAYS[recipient]


def test_a_second_run_changes_nothing_and_no_secret_shows(relay, accounts):
    done = relay.playbook("--diff", "-vvv", **SETTINGS)
    assert done.returncode == 0, done.stdout
    assert "changed=0" in done.stdout
    shown = relay.playbook("--check", "--diff", "-vvv", **{**SETTINGS, "ses_connection_max_messages": 50})
    for secret in PASSWORDS.values():
        # What is given by --extra-vars stands in the command alone, which no run prints.
        assert secret not in done.stdout + shown.stdout
    holding = relay.host.check_output(f"grep -rl {PASSWORDS[BRAND]} {relay.mta.directory}").split()
    assert holding
    assert {relay.host.file(path).mode for path in holding} == {0o600}


def test_a_log_in_that_is_refused_is_told_before_anything_changes(relay, accounts):
    before = relay.host.check_output(f"find {relay.mta.directory} -type f -exec md5sum {{}} + | sort")
    wrong = [IDENTITIES[0], {**IDENTITIES[1], "smtp_password": "BWrongWrongWrongWrongWrongWrongWrongWrongWro"}]
    done = relay.playbook(**{**SETTINGS, "ses_identities": wrong})
    assert done.returncode != 0
    assert "ses_identities[1]: " in done.stdout
    assert "WrongWrong" not in done.stdout
    assert relay.host.check_output(f"find {relay.mta.directory} -type f -exec md5sum {{}} + | sort") == before


def test_an_identity_that_goes_sends_what_waits_for_its_reply_once(relay, accounts):
    accounts.fault(stage="eod", delay=26.0, times=1)  # longer than a change may take to be loaded
    subject = relay.submit("shop@example.com", "to@example.net")
    until("the endpoint has the mail, and has not replied", lambda: not accounts.faults())
    relay.settle(**{**SETTINGS, "ses_identities": IDENTITIES[:1]})
    relay.mta.flush()
    until("the queue is empty", lambda: relay.queue() == [])
    session, message = relay.arrived(accounts, subject)
    assert way(session, message) == WAYS["shop@example.com"]
    commands = [command for session in accounts.sessions() for command, _reply in session["commands"]]
    assert commands.count(".") == 1


def test_identities_that_go_leave_nothing(relay, accounts):
    relay.settle(**{**SETTINGS, "ses_identities": IDENTITIES[:1]})
    session, message = relay.arrived(accounts, relay.submit("shop@example.com", "to@example.net"))
    assert way(session, message) == (MAIN, "us-east-1", ["main"])
    relay.settle(ses_masquerade_domain="example.com")
    session, message = relay.arrived(accounts, relay.submit("app@brand.example.org", "to@example.net"))
    assert way(session, message) == (MAIN, "us-east-1", [])
    # The tables of the configuration before stay with Sendmail, and what the last change replaced with both.
    left = relay.host.run(f"grep -rlI 'ses.identit' {relay.mta.directory} --exclude='.mailops-*'").stdout.split()
    assert left == []
    files = relay.host.check_output(f"find {relay.mta.directory} -name 'ses?identit*' -not -path '*/.mailops-*'")
    assert files == ""
