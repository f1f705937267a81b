# SPDX-License-Identifier: GPL-3.0-or-later
"""The role: a second run changes nothing, a failed one leaves what was there."""

from __future__ import annotations

import pytest
from conftest import AGAIN, CONFIG, PROGRAM, REFRESH, SERVICE, STATE, TIMER, nothing_left
from testbed import documents
from testbed.relay import RELAYS, until

testinfra_hosts = RELAYS[1:]  # what a playbook run does; removal and the kernel's part are tested on both
FILES = [PROGRAM, CONFIG, *(f"/etc/systemd/system/{unit}" for unit in (SERVICE, AGAIN, REFRESH, TIMER))]


def test_a_second_run_changes_nothing(egress, addresses):
    before = egress.remembered()
    egress.move(*addresses[:3])  # the timer's business
    assert "changed=0" in egress.converge()
    assert egress.remembered() == before


def test_the_documents_playbook_is_this_allowlist(egress, tmp_path):
    playbook = tmp_path / "network.yml"
    playbook.write_text(documents.playbook("network.md", "role: mailops.ses.network\n", egress.relay.name))
    done = egress.relay.playbook(name=str(playbook))
    assert done.returncode == 0, done.stdout
    assert "changed=0" in done.stdout.partition("PLAY RECAP")[2]


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
    listed = egress.host.check_output(f"stat -c '%U %G %a' {' '.join([*FILES, STATE])}")
    assert listed.splitlines() == ["root root 644"] * 7


@pytest.fixture
def broken(egress, request):
    """A unit that cannot do what it is asked on this host."""
    unit, text = request.param
    folder = f"/etc/systemd/system/{unit}.d"
    egress.host.check_output(f"mkdir {folder} && printf '{text}\\n' > {folder}/test.conf && systemctl daemon-reload")
    yield egress
    egress.host.check_output(f"rm -r {folder}; systemctl daemon-reload")


@pytest.mark.parametrize("broken", [(REFRESH, "[Service]\\nExecStartPre=/bin/false")], indirect=True)
def test_a_failed_change_leaves_what_was_there(broken, addresses):
    before = [broken.host.file(name).content_string for name in FILES]
    done = broken.play(ses_egress_allowlist="present", ses_egress_ports=[587])
    assert done.returncode != 0
    assert f"the host keeps what it had: systemctl restart {REFRESH} failed" in done.stdout
    assert before == [broken.host.file(name).content_string for name in FILES]
    assert broken.refused(addresses[1], 25)


@pytest.mark.parametrize("broken", [(SERVICE, "[Service]\\nExecReload=\\nExecReload=/bin/false")], indirect=True)
def test_a_failed_change_of_the_endpoint_remembers_the_former_one_s_addresses(broken, addresses):
    broken.move(*addresses[:3])
    broken.refresh()
    broken.move(addresses[3])
    done = broken.play(ses_egress_allowlist="present", ses_region="eu-west-1")
    assert done.returncode != 0
    assert f"the host keeps what it had: systemctl reload-or-restart {SERVICE} failed" in done.stdout
    assert set(broken.remembered()) == set(broken.members()) == set(addresses[:4])


@pytest.fixture
def switched_off(broken):
    """An administrator has stopped it, and does not want it after the next boot either."""
    broken.host.check_output(f"systemctl disable --now {SERVICE} {AGAIN}")
    yield broken
    broken.host.check_output(f"systemctl enable --now {SERVICE} && systemctl enable {AGAIN}")


@pytest.mark.parametrize("broken", [(TIMER, "[Unit]\\nRefuseManualStart=yes")], indirect=True)
def test_a_failed_change_leaves_off_what_was_switched_off(switched_off):
    states = f"systemctl is-enabled {SERVICE} {AGAIN}; systemctl is-active {SERVICE} {TIMER}"
    done = switched_off.play(ses_egress_allowlist="present")
    assert done.returncode != 0
    assert f"the host keeps what it had: systemctl restart {TIMER} failed" in done.stdout
    assert switched_off.host.run(states).stdout.split() == ["disabled", "disabled", "inactive", "inactive"]
    assert not switched_off.in_force()


MISTYPED = [
    ({"ses_egress_allowlist": "presnt"}, "ses_egress_allowlist is 'presnt': write present or absent"),
    ({"ses_region": "us_east_1"}, "ses_region contains an underscore: write it with hyphens"),
    ({"ses_region": "us-esat-1"}, "ses_region gives email-smtp.us-esat-1.amazonaws.com, which has no address on this"),
    ({"ses_egress_ports": [25, 53]}, "ses_egress_ports has 53: DNS answers over it"),
    ({"ses_mtu": "large"}, "ses_mtu 'large' is neither a number of bytes nor auto"),
]


def test_what_is_mistyped_is_found_before_anything_changes(egress):
    egress.converge("absent")
    egress.host.check_output("dpkg --purge nftables")
    for variables, told in MISTYPED:
        # The MTU would be refused, too, because nobody manages the card: the first fault is told.
        done = egress.play(**{"ses_egress_allowlist": "present", "ses_mtu": 1400, **variables})
        assert done.returncode != 0
        assert told in done.stdout
        assert "changed=0" in done.stdout.partition("PLAY RECAP")[2]
    assert not egress.host.exists("nft")
    assert "changed=2" in egress.converge()
    assert egress.in_force()


def test_nothing_is_enforced_without_an_address(egress, addresses):
    """An empty list would refuse all mail."""
    assert "changed=1" in egress.play("--check", ses_egress_allowlist="absent").stdout.partition("RECAP")[2]
    assert egress.in_force()
    egress.converge("absent")
    assert "changed=0" in egress.converge("absent")
    shown = egress.play("--check", "--diff", ses_egress_allowlist="present").stdout
    assert "+the program of mailops.ses.egress_allowlist, " in shown
    assert "import fcntl" not in shown
    for line in ("ReloadPropagatedFrom=nftables.service", f"email-smtp.us-east-1.amazonaws.com {addresses[0]}"):
        assert f"+{line}\n" in shown
    egress.endpoint.dns(servfail=True)
    done = egress.play(ses_egress_allowlist="present")
    assert done.returncode != 0
    assert "email-smtp.us-east-1.amazonaws.com, which has no address on this host" in done.stdout
    assert nothing_left(egress.host)
    assert egress.opened(addresses[1])
    egress.endpoint.reset()

    # With an address it is, and the timer repairs what a hand has flushed.
    egress.converge(ses_egress_refresh_seconds=10)
    egress.host.check_output("nft flush ruleset")
    until("the timer has repaired it", egress.in_force)
    assert egress.refused(addresses[1])
