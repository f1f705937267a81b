# SPDX-License-Identifier: GPL-3.0-or-later
"""Regions, host names and ports."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import (
    LOAD_BALANCERS,
    PORTS,
    api_of,
    doubts,
    endpoint_of,
    host_fault,
    is_aws,
    is_mail_manager,
    region_fault,
    region_of,
)
from hypothesis import given
from hypothesis import strategies as st

REGIONS = (
    "us-east-1",
    "us-west-2",
    "ca-central-1",
    "sa-east-1",
    "eu-central-1",
    "eu-north-1",
    "ap-northeast-3",
    "ap-southeast-5",
    "us-gov-west-1",
    "me-south-1",
    "il-central-1",
    "eusc-de-east-1",
)


def test_ports_stand_in_order_of_preference() -> None:
    assert list(PORTS) == [587, 2587, 465, 2465, 25]
    assert [port for port, tls in PORTS.items() if tls == "wrapper"] == [465, 2465]


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_is_taken_by_its_form(region: str) -> None:
    assert region_fault(region) is None
    assert region_of(endpoint_of(region)) == region


@pytest.mark.parametrize(
    ("region", "why"),
    [
        ("us-east1", "lacks a hyphen"),
        ("us_east_1", "underscore"),
        ("US-EAST-1", "capital"),
        ("us-east-1a", "availability zone"),
        ("us-east", "lacks its number"),
        ("us-east-", "lacks its number"),
        ("email-smtp.us-east-1.amazonaws.com", "is a host name"),
        ("", "is empty"),
        ("us-east-1\n", "space or a control character"),
        (" us-east-1", "space or a control character"),
        ("us–east–1", "outside ASCII"),
        ("Frankfurt", "capital"),
        ("frankfurt", "has not the form"),
        ("us-east-1;reboot", "has not the form"),
    ],
)
def test_a_typo_in_a_region_is_named(region: str, why: str) -> None:
    assert why in (region_fault(region) or "")


@pytest.mark.parametrize(
    "name", ["localhost", "email-smtp.us-east-1.amazonaws.com", "a.b-c.example", "1.example", "x" * 63 + ".example"]
)
def test_a_host_name(name: str) -> None:
    assert host_fault(name) is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("smtp example", "space"),
        ("smtp.example\nrelayhost=evil", "line break"),
        ("smtp.example\x00", "control character"),
        ("smtps://smtp.example", "URL"),
        ("smtp.example:587", "port"),
        ("[smtp.example]", "brackets"),
        ("[smtp.example]:587", "brackets"),
        ("192.0.2.1", "IP address"),
        ("2001:db8::1", "IP address"),
        ("[2001:db8::1]", "IP address"),
        ("bücher.example", "outside ASCII"),
        ("smtp.example.", "ends in a dot"),
        ("smtp..example", "no host name"),
        ("-smtp.example", "no host name"),
        ("smtp_1.example", "no host name"),
        ("smtp.example/path", "no host name"),
        ("$(reboot).example", "no host name"),
        ("x" * 64 + ".example", "63"),
        ("a." * 127 + "example", "253"),
    ],
)
def test_what_is_no_host_name_is_named(name: str, why: str) -> None:
    assert why in (host_fault(name) or "")


@given(st.text())
def test_only_harmless_characters_pass(text: str) -> None:
    harmless = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
    if host_fault(text) is None or region_fault(text) is None:
        assert text
        assert set(text) <= harmless


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("email-smtp.eu-west-1.amazonaws.com", "eu-west-1"),
        ("EMAIL-SMTP.EU-WEST-1.AMAZONAWS.COM", "eu-west-1"),
        ("email-smtp-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("email-smtp-fips.ca-central-1.amazonaws.com", "ca-central-1"),
        ("vpce-0a1b-2c3d.email-smtp.us-west-2.vpce.amazonaws.com", "us-west-2"),
        ("vpce-0a1b-2c3d-us-west-2a.email-smtp-fips.us-west-2.vpce.amazonaws.com", "us-west-2"),
        ("email-smtp.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ("vpce-0a1b-2c3d.email-smtp.eusc-de-east-1.vpce.amazonaws.eu", "eusc-de-east-1"),
        ("email-smtp.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("email-smtp.us-east-1.api.aws", "us-east-1"),
        ("email-smtp-fips.us-gov-east-1.api.aws", "us-gov-east-1"),
        ("email-smtp.eusc-de-east-1.api.amazonwebservices.eu", "eusc-de-east-1"),
        ("email-smtp.eu-west-1.amazonaws.org", None),
        ("email-smtp.eu-west-1.xapi.aws", None),
        ("vpce-0a1b.email-smtp.us-east-1.vpce.api.aws", None),
        ("email-smtp.eu-west-1.amazonaws.com.evil.example", None),
        ("smtp.example", None),
    ],
)
def test_the_region_in_an_endpoints_name(endpoint: str, region: str | None) -> None:
    assert region_of(endpoint) == region


def test_documented_load_balancers() -> None:
    assert all(f".{region}.elb.amazonaws.com" in name for region, name in LOAD_BALANCERS.items())
    assert set(LOAD_BALANCERS) == {"us-east-1", "us-west-2", "eu-west-1"}


@pytest.mark.parametrize(
    ("region", "name", "api"),
    [
        ("eu-west-1", "email-smtp.eu-west-1.amazonaws.com", "email.eu-west-1.amazonaws.com"),
        ("us-gov-west-1", "email-smtp.us-gov-west-1.amazonaws.com", "email.us-gov-west-1.amazonaws.com"),
        ("eusc-de-east-1", "email-smtp.eusc-de-east-1.amazonaws.eu", "email.eusc-de-east-1.amazonaws.eu"),
        ("cn-north-1", "email-smtp.cn-north-1.amazonaws.com.cn", "email.cn-north-1.amazonaws.com.cn"),
        ("xx-new-9", "email-smtp.xx-new-9.amazonaws.com", "email.xx-new-9.amazonaws.com"),
    ],
)
def test_an_endpoint_is_in_the_domain_of_its_regions_partition(region: str, name: str, api: str) -> None:
    assert region_fault(region) is None
    assert (endpoint_of(region), api_of(region)) == (name, api)
    assert is_aws(name)


def test_mail_manager_is_in_each_partition() -> None:
    assert is_mail_manager("id-1.eu-west-1.mail-manager-smtp.amazonaws.com")
    assert is_mail_manager("id-1.eusc-de-east-1.mail-manager-smtp.amazonaws.eu")


@pytest.mark.parametrize(
    ("endpoint", "found"),
    [
        ("email-smtp.cn-north-1.amazonaws.com.cn", {"no_ses": "aws-cn"}),
        ("email-smtp.cn-north-1.amazonaws.com", {"no_ses": "aws-cn"}),
        ("EMAIL-SMTP.EU-CENTRAL-2.AMAZONAWS.COM", {"no_smtp": "eu-central-2"}),
        ("email-smtp-fips.mx-central-1.amazonaws.com", {"no_smtp": "mx-central-1"}),
        (
            "email-smtp.eusc-de-east-1.amazonaws.com",
            {"usual_name": "email-smtp.eusc-de-east-1.amazonaws.eu"},
        ),
        ("email-smtp.us-east-1.api.aws", {"usual_name": "email-smtp.us-east-1.amazonaws.com"}),
        ("email-smtp-fips.eu-west-1.amazonaws.com", {"usual_name": "email-smtp.eu-west-1.amazonaws.com"}),
        # Nothing speaks against these: a private DNS server that does not know them, or a region that is new.
        ("email-smtp-fips.us-gov-west-1.amazonaws.com", {}),
        ("email-smtp.us-east-1.amazonaws.com", {}),
        ("email-smtp.xx-new-9.amazonaws.com", {}),
        ("vpce-0a1b.email-smtp.eu-central-2.vpce.amazonaws.com", {}),
        ("smtp.example", {}),
        ("", {}),
    ],
)
def test_what_speaks_against_a_name_that_dns_does_not_have(endpoint: str, found: dict[str, str]) -> None:
    assert doubts(endpoint) == found
