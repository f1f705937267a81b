# SPDX-License-Identifier: GPL-3.0-or-later
"""The last choice of a relay: port, TLS, password and trust anchors."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.ses.plugins.filter.relay_choice import relay_choice
from ansible_collections.mailops.ses.plugins.filter.smtp_password import smtp_password

RELAY = {"ports": [587, 2587, 465], "wrapper_ports": [465, 2465], "region": "us-east-1"}
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"  # in place of a number, where the password is 587
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def checked(*works):
    return {"recommended_port": HIDDEN, "ports": [{"port": HIDDEN, "ok": ok} for ok in works]}


@pytest.mark.parametrize(
    ("check", "port", "wrapper"),
    [
        ({}, 587, False),
        (checked(False, False, False), 587, False),
        (checked(True, True, False), 587, False),
        (checked(False, True, True), 2587, False),
        (checked(False, False, True), 465, True),
    ],
)
def test_the_port_is_the_first_that_works_or_the_plans_first_whatever_ansible_hides(check, port, wrapper):
    made = relay_choice(RELAY, check, password="password")
    assert (made["port"], made["tls_wrapper"]) == (port, wrapper)


def test_a_given_password_counts_before_one_that_is_derived():
    assert relay_choice(RELAY, {}, password="given", secret_access_key=SECRET)["password"] == "given"
    assert relay_choice(RELAY, {}, password="", secret_access_key=SECRET)["password"] == smtp_password(
        SECRET, "us-east-1"
    )


def test_without_a_secret_it_fails_with_a_sentence():
    with pytest.raises(AnsibleFilterError, match="the secret access key"):
        relay_choice(RELAY, {})


@pytest.mark.parametrize(("ca_file", "chosen"), [(None, "/bundle.pem"), ("", "/bundle.pem"), ("/own.pem", "/own.pem")])
def test_trust_anchors_of_ones_own_count_before_the_distributions(ca_file, chosen):
    assert relay_choice(RELAY, {}, password="password", ca_file=ca_file, ca_bundle="/bundle.pem")["ca_file"] == chosen
