# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates' names and dates from DER."""

from __future__ import annotations

import ssl
from datetime import datetime, timezone

import pytest
import trustme
from ansible_collections.mailops.ses.plugins.module_utils._smtp.certificate import parse, wildcard_alone
from hypothesis import given
from hypothesis import strategies as st


def der(*names: str, **options: object) -> bytes:
    ca = trustme.CA(organization_name="Test Authority", organization_unit_name="Unit")
    pem = ca.issue_cert(*names, **options).cert_chain_pems[0].bytes().decode()  # type: ignore[arg-type]
    return ssl.PEM_cert_to_DER_cert(pem)


LEAF = der(
    "email-smtp.us-east-1.amazonaws.com",
    "*.email-smtp.us-east-1.vpce.amazonaws.com",
    "127.0.0.1",
    "::1",
    common_name="email-smtp.us-east-1.amazonaws.com",
    not_before=datetime(2024, 2, 29, tzinfo=timezone.utc),
    not_after=datetime(2051, 1, 2, 3, 4, 5, tzinfo=timezone.utc),  # from 2050 on the time has another form
)


def test_a_certificate_is_read_field_by_field() -> None:
    certificate = parse(LEAF)
    assert certificate.names == [
        "email-smtp.us-east-1.amazonaws.com",
        "*.email-smtp.us-east-1.vpce.amazonaws.com",
        "127.0.0.1",
        "::1",
    ]
    assert "CN=email-smtp.us-east-1.amazonaws.com" in certificate.subject
    assert certificate.issuer == "O=Test Authority, OU=Unit"
    assert certificate.not_before == "2024-02-29T00:00:00Z"
    assert certificate.not_after == "2051-01-02T03:04:05Z"


def test_the_machines_own_trust_anchors_are_read() -> None:
    anchors = ssl.create_default_context().get_ca_certs(binary_form=True)
    assert all(parse(anchor).not_after for anchor in anchors)


def test_control_characters_in_a_name_are_not_passed_on() -> None:
    assert "\x1b" not in parse(LEAF.replace(b"Test Authority", b"Test\x1bAuthority")).issuer


@given(st.binary(max_size=400))
def test_garbage_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text: the promise is the type
        parse(data)


@given(st.integers(0, len(LEAF) - 1), st.integers(0, 255))
def test_a_damaged_certificate_is_read_or_a_value_error(at: int, byte: int) -> None:
    damaged = LEAF[:at] + bytes([byte]) + LEAF[at + 1 :]
    try:
        certificate = parse(damaged)
    except ValueError:
        return
    assert all(isinstance(text, str) for text in (certificate.subject, *certificate.names, certificate.not_after))


@given(st.integers(0, len(LEAF) - 1))
def test_a_cut_certificate_is_a_value_error(length: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text: the promise is the type
        parse(LEAF[:length])


NAME, WILDCARD = "email-smtp.us-east-1.amazonaws.com", "*.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("common_name", "names", "alone"),
    [
        (WILDCARD, ["192.0.2.1", "a@b.example"], True),
        (WILDCARD.upper(), ["192.0.2.1"], True),
        (WILDCARD, [NAME], False),
        (WILDCARD, [WILDCARD.upper()], False),
        (NAME, ["192.0.2.1"], False),
        ("*.amazonaws.com", ["192.0.2.1"], False),  # nobody takes it for this name
        (None, [WILDCARD], False),
    ],
)
def test_a_wildcard_that_stands_alone(common_name: str | None, names: list[str], alone: bool) -> None:
    certificate = parse(der(*names, **({"common_name": common_name} if common_name else {})))
    assert wildcard_alone(certificate, NAME) is alone
