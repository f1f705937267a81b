# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input fails before anything on the host changes, naming the variable; a wrong credential too."""

from __future__ import annotations

import json
import re

import pytest
from testbed.relay import RELAYS, Relay

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
    "true for a number": ({"ses_max_connections": True}, ["ses_max_connections True is no whole number"]),
    "infinity for a number": ({"ses_max_connections": float("inf")}, ["ses_max_connections inf is no whole number"]),
    "a number for a password": ({"ses_smtp_password": 587}, ["ses_smtp_password is no text"]),
    "a list for a password": ({"ses_smtp_password": ["x"]}, ["ses_smtp_password is no text"]),
    "a further way that is a text": ({"ses_fallback": "eu-west-1"}, ["ses_fallback is no list"]),
    "a further way without credentials for its region": (
        {
            "ses_fallback": [{"region": "eu-west-1"}],
            "ses_smtp_password": "BNLwbqu5nBNtltr9JQjwPT6p3HAPb5ain1R+Dq3+tPa5",
            "ses_secret_access_key": None,
        },
        ["ses_fallback[0]", "no credentials for eu-west-1"],
    ),
    "a further way with another region's password": (
        {"ses_fallback": [{"region": "eu-west-1", "smtp_password": "B" + "x" * 43}]},
        ["ses_fallback[0]", "535"],
    ),
    "a wrong password": ({"ses_smtp_password": "B" + "x" * 43}, ["535"]),
}


@pytest.fixture(scope="module")
def refused(host, layout, tmp_path_factory):
    """What the run said for each case, of all cases in one run: the host is in the inventory once a case."""
    relay = Relay(host, layout)
    names = {f"case{number}": REFUSALS[case][0] for number, case in enumerate(REFUSALS)}
    inventory = tmp_path_factory.mktemp("refusals") / "cases.json"
    aliases = {name: {"ansible_host": host.backend.name, **variables} for name, variables in names.items()}
    inventory.write_text(json.dumps({"all": {"children": {"relays": {"hosts": aliases}}}}))
    before = host.check_output(FINGERPRINT)
    done = relay.playbook("-i", str(inventory), "--limit", "case*")
    assert host.check_output(FINGERPRINT) == before
    assert done.returncode != 0
    said = re.split(r"^fatal: \[(case\d+)\]", done.stdout.partition("PLAY RECAP")[0], flags=re.MULTILINE)
    texts = dict(zip(said[1::2], said[2::2], strict=True))
    for variables in names.values():
        for secret in str(variables.get("ses_smtp_password") or "").split("\n"):
            assert len(secret) < 8 or secret not in done.stdout + done.stderr
    return {case: texts.get(name, "") for name, case in zip(names, REFUSALS, strict=True)}


@pytest.mark.parametrize("case", REFUSALS)
def test_it_is_refused_and_the_host_stays_as_it_was(refused, case):
    for word in REFUSALS[case][1]:
        assert word in refused[case]


def test_another_mta_is_not_replaced_unless_asked_for(relay, endpoint):
    relay.host.check_output("DEBIAN_FRONTEND=noninteractive apt-get -qq -y install msmtp-mta")
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
