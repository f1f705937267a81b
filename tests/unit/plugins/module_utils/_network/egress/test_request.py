# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the egress allowlist, judged before anything changes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._network.egress import refresher
from ansible_collections.mailops.ses.plugins.module_utils._network.egress.request import (
    EgressError,
    program,
    request_of,
)

GOOD = {
    "region": "us-east-1",
    "endpoint": None,
    "ports": [587, 25, 587],
    "refresh_seconds": 300,
    "grace_seconds": 86400,
    "option_names": {},
}


def test_what_is_wanted() -> None:
    assert request_of(GOOD).config == refresher.Config("email-smtp.us-east-1.amazonaws.com", (25, 587), 86400)
    assert request_of({**GOOD, "endpoint": "SES.Example.com"}).config.endpoint == "ses.example.com"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"region": None}, "region is missing: give the AWS region, or endpoint"),
        ({"region": "us_east_1"}, "region contains an underscore"),
        ({"endpoint": "a b.example.com"}, "endpoint contains a space"),
        ({"endpoint": "192.0.2.1"}, "endpoint is an IP address"),
        ({"endpoint": 'x"; flush ruleset; "'}, "endpoint contains a space"),
        ({"endpoint": "x\nExecStart=/bin/sh"}, "endpoint contains a line break"),
        ({"ports": []}, "ports is empty"),
        ({"ports": [0]}, "ports has 0: a port is a number from 1 to 65535"),
        ({"ports": [25, 65536]}, "ports has 65536"),
        ({"ports": [True]}, "ports has True"),  # which Ansible's own reading takes for 1
        ({"ports": [53]}, "ports has 53: DNS answers over it"),
        ({"refresh_seconds": 0}, "refresh_seconds is 0: it must be from 10, to 86400"),
        ({"refresh_seconds": 86401, "grace_seconds": 999999}, "refresh_seconds is 86401"),
        ({"grace_seconds": 599}, "grace_seconds is 599: it must be from 600, twice refresh_seconds, so that"),
        ({"grace_seconds": 2592001}, "grace_seconds is 2592001"),
    ],
)
def test_a_faulty_request_is_refused_by_name(values: dict[str, Any], told: str) -> None:
    with pytest.raises(EgressError) as caught:
        request_of({**GOOD, **values})
    assert str(caught.value).startswith(told)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(EgressError, match=r"region .*\. ports .*\. refresh_seconds "):
        request_of({**GOOD, "region": "", "ports": [], "refresh_seconds": 1})


def test_the_faults_name_what_the_user_wrote() -> None:
    ours = ("region", "endpoint", "ports", "refresh_seconds", "grace_seconds")
    names = {name: f"ses_{name}" for name in ours}
    with pytest.raises(EgressError) as caught:
        request_of({**GOOD, "region": "", "ports": [], "refresh_seconds": 1, "grace_seconds": 1, "option_names": names})
    assert str(caught.value).startswith("ses_region is empty")
    for words in ("ses_ports is empty", "ses_refresh_seconds is 1", "ses_grace_seconds is 1", "twice ses_refresh_sec"):
        assert words in str(caught.value)
    with pytest.raises(EgressError, match="^ses_region is missing: give the AWS region, or ses_endpoint$"):
        request_of({**GOOD, "region": None, "option_names": names})


@pytest.mark.parametrize(("values", "option"), [({}, "ses_region"), ({"endpoint": "a.example.com"}, "endpoint")])
def test_who_named_the_endpoint_is_known(values: dict[str, Any], option: str) -> None:
    assert request_of({**GOOD, **values, "option_names": {"region": "ses_region"}}).named_by == option


def test_the_program_is_the_refresher_itself() -> None:
    with open(refresher.__file__, encoding="utf-8") as file:
        assert program() == file.read()


def test_only_the_configuration_has_what_a_user_wrote() -> None:
    texts = request_of({**GOOD, "endpoint": "ses.example.com"}).files()
    assert [path for path, text in texts.items() if "ses.example.com" in text] == [refresher.CONFIG]
