# SPDX-License-Identifier: GPL-3.0-or-later
"""The role: a second run changes nothing, a failed one leaves what was there, and removal leaves nothing."""

from __future__ import annotations

import pytest
from conftest import CONFIG, PROGRAM, REFRESH, SERVICE, STATE, TIMER
from testbed.relay import RELAYS

testinfra_hosts = RELAYS
FILES = [PROGRAM, CONFIG, *(f"/etc/systemd/system/{unit}" for unit in (SERVICE, REFRESH, TIMER))]
BREAK = "/etc/systemd/system/ses-egress-refresh.service.d"


def left(host):
    """Everything on the host that has the allowlist's name."""
    found = host.check_output("find / -xdev -not -path '/proc/*' -name '*ses[-_]egress*' | sort").split()
    units = host.check_output("systemctl list-units --all --plain --no-legend 'ses-egress*'")
    return found, units, host.run("nft list table inet ses_egress").rc == 0


def test_a_second_run_changes_nothing(egress, addresses):
    before = egress.remembered()
    egress.move(*addresses[:3])  # the timer's business
    assert "changed=0" in egress.converge()
    assert egress.remembered() == before


def test_check_mode_tells_and_changes_nothing(egress, addresses):
    variables = {"ses_egress_allowlist": "present", "ses_egress_ports": [587], "ses_egress_refresh_seconds": 60}
    before = [egress.host.file(name).content_string for name in FILES]
    done = egress.play("--check", "--diff", **variables)
    assert done.returncode == 0
    assert "changed=1" in done.stdout
    assert "-OnUnitActiveSec=300\n+OnUnitActiveSec=60" in done.stdout
    assert before == [egress.host.file(name).content_string for name in FILES]
    assert egress.refused(addresses[1], 25)


def test_files_are_root_s_alone(egress):
    for name in [*FILES, STATE]:
        stat = egress.host.file(name)
        assert (stat.user, stat.group, stat.mode) == ("root", "root", 0o644), name


@pytest.fixture
def broken(egress):
    """The refresh cannot run on this host."""
    egress.host.check_output(
        f"mkdir {BREAK} && printf '[Service]\\nExecStartPre=/bin/false\\n' > {BREAK}/test.conf"
        " && systemctl daemon-reload"
    )
    yield egress
    egress.host.check_output(f"rm -r {BREAK}; systemctl daemon-reload")


def test_a_failed_change_leaves_what_was_there(broken, addresses):
    before = [broken.host.file(name).content_string for name in FILES]
    done = broken.play(ses_egress_allowlist="present", ses_egress_ports=[587])
    assert done.returncode != 0
    assert f"the host keeps what it had: systemctl restart {REFRESH} failed" in done.stdout
    assert before == [broken.host.file(name).content_string for name in FILES]
    assert broken.refused(addresses[1], 25)


def test_removal_removes_all_of_it_and_nothing_else(egress, addresses):
    egress.host.check_output("nft 'table ip byhand { chain output { type filter hook output priority filter; }; }'")
    assert "changed=0" not in egress.play("--check", ses_egress_allowlist="absent").stdout.partition("RECAP")[2]
    assert egress.in_force()
    assert "changed=1" in egress.converge("absent")
    assert left(egress.host) == ([], "", False)
    assert egress.opened(addresses[1])
    assert egress.host.check_output("nft list tables") == "table ip byhand"
    assert "changed=0" in egress.converge("absent")

    # From nothing, without DNS: it would refuse all mail.
    egress.endpoint.dns(servfail=True)
    done = egress.play(ses_egress_allowlist="present")
    assert done.returncode != 0
    assert "email-smtp.us-east-1.amazonaws.com has no address on this host" in done.stdout
    assert left(egress.host) == ([], "", False)
    assert egress.opened(addresses[1])

    egress.endpoint.reset()
    assert "changed=1" in egress.converge()
    assert egress.refused(addresses[1])
