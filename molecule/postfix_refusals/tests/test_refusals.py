# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input fails before anything on the host changes, naming the variable; a wrong credential too."""

from __future__ import annotations

import pytest
from testbed.relay import RELAYS

testinfra_hosts = RELAYS
FINGERPRINT = (
    "find /etc -xdev -type f -printf '%p %T@ %m %u %s\\n' | sort; dpkg-query -W; "
    "systemctl list-units --no-legend --plain --state=running '*postfix*' '*sendmail*'"
)

REFUSALS = {
    "no region and no endpoint": ({"ses_region": None}, ["ses_region"]),
    "a region with a typo's form": ({"ses_region": "us-east1"}, ["ses_region", "us-east1"]),
    "an unknown port": ({"ses_port": 26}, ["ses_port"]),
    "an empty user": ({"ses_smtp_username": ""}, ["ses_smtp_username"]),
    "a user of two lines": ({"ses_smtp_username": "AKIA\nX"}, ["ses_smtp_username"]),
    "an empty password": ({"ses_smtp_password": "", "ses_secret_access_key": None}, ["ses_smtp_password"]),
    "a password of two lines": ({"ses_smtp_password": "hunter2hunter2\nx"}, ["ses_smtp_password"]),
    "a secret access key as password": (
        {"ses_smtp_password": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY99"},
        ["ses_smtp_password", "ses_secret_access_key"],
    ),
    "a temporary key": ({"ses_smtp_username": "ASIAIOSFODNN7EXAMPLE"}, ["ses_smtp_username", "temporary"]),
    "a masquerade domain that is no domain": ({"ses_masquerade_domain": "exa mple"}, ["ses_masquerade_domain"]),
    "a CA file that is not there": (
        {"ses_tls_ca_file": "/etc/ssl/nowhere.pem"},
        ["ses_tls_ca_file", "/etc/ssl/nowhere.pem"],
    ),
    "a wrong password": ({"ses_smtp_password": "B" + "x" * 43}, ["535"]),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_it_is_refused_and_the_host_stays_as_it_was(relay, endpoint, case):
    variables, words = REFUSALS[case]
    before = relay.host.check_output(FINGERPRINT)
    done = relay.playbook(**variables)
    assert done.returncode != 0
    for word in words:
        assert word in done.stdout
    for secret in (variables.get("ses_smtp_password") or "").split("\n"):
        assert len(secret) < 8 or secret not in done.stdout + done.stderr
    assert relay.host.check_output(FINGERPRINT) == before


def test_another_mta_is_not_replaced_unless_asked_for(relay, endpoint):
    relay.host.check_output("apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install msmtp-mta")
    try:
        done = relay.playbook()
        assert done.returncode != 0
        assert "ses_replace_mta" in done.stdout
        assert "msmtp-mta" in done.stdout
        assert relay.host.package("msmtp-mta").is_installed
        assert not relay.host.package(relay.mta.package).is_installed
        # A log-in that fails comes before the other MTA goes.
        assert relay.playbook(ses_replace_mta=True, ses_smtp_password="B" + "x" * 43).returncode != 0
        assert relay.host.package("msmtp-mta").is_installed
        announced = relay.playbook("--check", "--diff", ses_replace_mta=True)
        assert announced.returncode == 0, announced.stdout
        assert relay.mta.announcement in announced.stdout
        assert "changed=0" not in announced.stdout.partition("PLAY RECAP")[2].partition("localhost")[0]
        assert relay.host.package("msmtp-mta").is_installed
    finally:
        relay.converge(ses_replace_mta=True)
    assert not relay.host.package("msmtp-mta").is_installed
    relay.arrived(endpoint, relay.send())
