# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS as the check wants it: contexts, the distribution's trust anchors, and a kind for each way to fail."""

from __future__ import annotations

import os
import ssl
from contextlib import suppress

# Where distributions keep their bundle; the first that exists is taken.
CA_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # RHEL and its kin, Fedora, Amazon Linux
    "/etc/pki/tls/certs/ca-bundle.crt",  # the same by its older name
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine, BSD
)

# Bytes of a ClientHello that every path carries in one packet. OpenSSL 3.5's has 1,576: a key of ML-KEM is in it.
ONE_PACKET = 1200
# Every server has it (RFC 8446, 9.1), and every OpenSSL; with no other group there is no large key.
_SMALL_GROUP = "prime256v1"

TOO_OLD = ("SSLv3", "TLSv1", "TLSv1.1")

# OpenSSL's X509_V_ERR_* numbers; any other means that the chain is not trusted.
_VERIFY_CODES = {
    9: "certificate_not_yet_valid",
    10: "certificate_expired",
    62: "certificate_other_name",
    64: "certificate_other_name",
}
# What stands in an SSLError's reason; any other means that the handshake failed.
_REASONS = {
    "WRONG_VERSION_NUMBER": "plain_spoken",
    "UNKNOWN_PROTOCOL": "plain_spoken",
    "RECORD_LAYER_FAILURE": "plain_spoken",
    "HTTP_REQUEST": "plain_spoken",
    "PACKET_LENGTH_TOO_LONG": "plain_spoken",
    "UNSUPPORTED_PROTOCOL": "tls_too_old",
    "TLSV1_ALERT_PROTOCOL_VERSION": "tls_too_old",
    "NO_PROTOCOLS_AVAILABLE": "tls_too_old",
    "VERSION_TOO_LOW": "tls_too_old",
    "UNEXPECTED_EOF_WHILE_READING": "closed",
}


def default_ca_file() -> str | None:
    """The first of CA_FILES that this host has; None where it has none of them."""
    return next((path for path in CA_FILES if os.path.isfile(path)), None)


def verifying_context(ca_file: str) -> ssl.SSLContext:
    """A context that judges a server as MTAs do: TLS 1.2 or newer, name and chain verified. OSError (ssl.SSLError is
    one) where the file gives no trust anchors."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 turns this on, no MTA does: the check must judge as the MTA will.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def inspecting_context() -> ssl.SSLContext:
    """A context for looking at who answers, in whatever TLS; nothing may be sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")  # OpenSSL has its old versions at its lowest level only
    context.set_ecdh_curve(_SMALL_GROUP)  # what minds large greetings shows its certificate too
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def hello_size(context: ssl.SSLContext, server_name: str) -> int:
    """The bytes of the ClientHello that CONTEXT begins with, which nobody is sent here."""
    written = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), written, server_hostname=server_name).do_handshake()
    return written.pending


def small_hello_context(context: ssl.SSLContext, ca_file: str, server_name: str) -> ssl.SSLContext | None:
    """A context that verifies as CONTEXT does, and whose ClientHello fits in a packet; None where that of CONTEXT
    does."""
    if hello_size(context, server_name) <= ONE_PACKET:
        return None
    small = verifying_context(ca_file)
    small.set_ecdh_curve(_SMALL_GROUP)
    return small if hello_size(small, server_name) <= ONE_PACKET else None


def large_hello_context(size: int) -> ssl.SSLContext:
    """A context whose ClientHello has at least SIZE bytes, by a list of protocols (ALPN), of which servers take none or
    any. Nothing may be sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([f"x-{number:0197}" for number in range(size // 200 + 1)])
    return context


def kind_of(error: ssl.SSLError) -> str:
    """The kind of failure that an error of OpenSSL is, as the table of causes names it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY_CODES.get(error.verify_code, "certificate_untrusted")
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return "closed"
    return _REASONS.get(error.reason or "", "tls_failed")
