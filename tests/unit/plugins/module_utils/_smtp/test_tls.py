# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS contexts and the kinds of their failures."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest
import trustme
from ansible_collections.mailops.ses.plugins.module_utils._smtp import tls


def test_the_verifying_context_verifies(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    context = tls.verifying_context(str(file))
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) == 1


def test_the_first_bundle_that_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "CA_FILES", (str(tmp_path / "none"), str(tmp_path), str(tmp_path / "bundle")))
    assert tls.default_ca_file() is None
    (tmp_path / "bundle").touch()
    assert tls.default_ca_file() == str(tmp_path / "bundle")


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("WRONG_VERSION_NUMBER", "plain_spoken"),
        ("UNSUPPORTED_PROTOCOL", "tls_too_old"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "tls_too_old"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "tls_failed"),
        (None, "tls_failed"),
    ],
)
def test_kinds_by_reason(reason: str | None, kind: str) -> None:
    error = ssl.SSLError(1, "handshake")
    error.reason = reason  # type: ignore[assignment]
    assert tls.kind_of(error) == kind


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (10, "certificate_expired"),
        (9, "certificate_not_yet_valid"),
        (62, "certificate_other_name"),
        (18, "certificate_untrusted"),
        (20, "certificate_untrusted"),
    ],
)
def test_kinds_by_verification(code: int, kind: str) -> None:
    error = ssl.SSLCertVerificationError(1, "verify")
    error.verify_code = code
    assert tls.kind_of(error) == kind


def test_an_end_in_the_handshake_is_a_lost_connection() -> None:
    assert tls.kind_of(ssl.SSLEOFError(8, "EOF")) == "closed"


def test_a_greeting_has_the_size_that_is_sent() -> None:
    context = ssl.create_default_context()
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(0.1)
        secured = context.wrap_socket(here, server_hostname="a.example", do_handshake_on_connect=False)
        with secured, pytest.raises(socket.timeout):
            secured.do_handshake()
        assert len(there.recv(65536)) == tls.hello_size(context, "a.example")


def test_a_context_with_a_small_greeting_verifies_as_well(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    large = tls.verifying_context(str(file))
    large.set_alpn_protocols(["x" * 200] * 6)
    small = tls.small_hello_context(large, str(file), "a.example")
    assert small
    assert tls.hello_size(small, "a.example") <= tls.ONE_PACKET < tls.hello_size(large, "a.example")
    assert small.check_hostname
    assert small.verify_mode == ssl.CERT_REQUIRED
    assert small.minimum_version == ssl.TLSVersion.TLSv1_2
    assert tls.small_hello_context(small, str(file), "a.example") is None
