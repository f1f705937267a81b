# SPDX-License-Identifier: GPL-3.0-or-later
"""A second run: nothing changes, little is executed, no secret shows, and what was lost comes back."""

from __future__ import annotations

import base64
import re
from contextlib import contextmanager
from shlex import quote

import pytest
from testbed.engine import ROOT
from testbed.relay import RELAYS, Relay

testinfra_hosts = RELAYS
DOMAIN = {"ses_masquerade_domain": "example.com"}
SECRET_ACCESS_KEY = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLETEST1"
# Of a host: what looks and what says the result, and what goes on with what is due, which is nothing. The first host
# has one more for all, which is not asked for: the reading of credentials out of a store.
RAN, SKIPPED = 2, 1 + 1


@pytest.fixture(scope="module", autouse=True)
def settings(host, layout):
    """The host with a masquerade domain, whatever it had before."""
    Relay(host, layout).settle(ses_masquerade_domain="example.com")


def secrets(relay):
    """The secrets in every form in which they could show."""
    user, password = relay.mta.credential(relay.mta.keys("email-smtp.us-east-1.amazonaws.com")[0])
    blob = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
    return [password, SECRET_ACCESS_KEY, blob, base64.b64encode(password.encode()).decode()]


def test_nothing_changes_and_little_is_executed(relay):
    done = relay.playbook("-vvv", **DOMAIN)
    assert "changed=0" in done.stdout
    assert "failed=0" in done.stdout
    executed = [line.rpartition("/")[2] for line in done.stdout.splitlines() if "Using module file" in line]
    assert executed == ["relay_config.py"]
    ((ran, skipped),) = re.findall(r"ok=(\d+) .* skipped=(\d+) ", done.stdout)
    assert (int(ran), int(skipped)) == (RAN, SKIPPED)


def change_the_credentials(relay, *arguments):
    """Add an alias, so that the credentials are written and their difference is shown; return all of the output."""
    done = relay.playbook("-vvv", "--diff", *arguments, **DOMAIN, ses_hostname_aliases=["alias.example.com"])
    assert relay.mta.credential_files()[0] in done.stdout
    assert "changed=0" not in done.stdout.partition("PLAY RECAP")[2]
    return done.stdout + done.stderr


def test_no_secret_shows_in_what_a_check_announces(relay):
    said = change_the_credentials(relay, "--check")
    assert not [secret for secret in secrets(relay) if secret in said]


def test_no_secret_shows_in_output_and_processes(relay, endpoint):
    with watched(relay.host) as processes:
        said = change_the_credentials(relay)
        relay.arrived(endpoint, relay.send())  # so that they are used
    (seen,) = processes
    assert relay.mta.sender_process in seen  # it did look
    assert not [secret for secret in secrets(relay) if secret in said + seen]


@contextmanager
def watched(host):
    """A list that will have the command lines and environments of what runs meanwhile."""
    program = (ROOT / "tests" / "testbed" / "process_watch.py").read_text()
    host.check_output(f"rm -f /run/watch.*; printf '%s' {quote(program)} > /run/watch.py")
    watch = "nohup python3 /run/watch.py /run/watch.seen /run/watch.stop >/dev/null 2>&1 & echo $!"
    process = host.check_output(watch)
    seen: list[str] = []
    try:
        yield seen
    finally:
        host.check_output(f"touch /run/watch.stop; while kill -0 {process} 2>/dev/null; do sleep 0.1; done")
    seen.append(host.file("/run/watch.seen").content_string.replace("\0", " "))


def test_no_secret_is_readable_by_others(relay):
    for secret in secrets(relay):
        # Every file that others can read, without the kernel's own and the machine's bind mounts.
        found = relay.host.run(f"find / -xdev -type f -perm /o+r -size -2M -print0 | xargs -0 grep -lF -- '{secret}'")
        assert found.stdout == ""
    holders = relay.host.run(f"grep -rlF -- '{secrets(relay)[0]}' /etc /var /root /tmp /run").stdout.split()
    assert 1 <= len(holders) <= relay.mta.copies
    assert set(holders) <= set(relay.mta.credential_files())
    for holder in holders:
        stat = relay.host.file(holder)
        assert (stat.user, stat.group, stat.mode) == ("root", "root", 0o600)


def test_a_lost_table_is_built_again(relay, endpoint):
    relay.host.check_output(f"rm -f {' '.join(relay.mta.credential_files())}")
    assert "changed=1" in relay.converge(**DOMAIN).stdout
    relay.arrived(endpoint, relay.send())
    assert "changed=0" in relay.converge(**DOMAIN).stdout
