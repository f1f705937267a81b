# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate's names and dates from DER: the standard library reads them only from a verified one."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import NamedTuple

_SEQUENCE, _SET = 0x30, 0x31
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87
_ALTERNATIVE_NAMES = b"\x55\x1d\x11"
_ATTRIBUTES = {
    b"\x55\x04\x03": "CN",
    b"\x55\x04\x06": "C",
    b"\x55\x04\x07": "L",
    b"\x55\x04\x08": "ST",
    b"\x55\x04\x0a": "O",
    b"\x55\x04\x0b": "OU",
}
_CHARSETS = {0x1E: "utf-16-be", 0x14: "latin-1"}
_TIMES = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}


class Certificate(NamedTuple):
    """What a certificate says of its owner: DNS names and addresses, and times in UTC like 2026-01-31T00:00:00Z."""

    subject: str
    names: list[str]
    issuer: str
    not_before: str
    not_after: str
    common_name: str = ""  # of the subject


class _Element(NamedTuple):
    tag: int
    body: bytes


def parse(der: bytes) -> Certificate:
    """Read a certificate from DER; ValueError for anything else."""
    try:
        certificate = next(_elements(der))
        tbs = list(_elements(next(_elements(certificate.body)).body))
        if tbs[0].tag == _VERSION:
            del tbs[0]
        _serial, _algorithm, issuer, validity, subject = tbs[:5]
        not_before, not_after = (_time(element) for element in _elements(validity.body))
        return Certificate(
            subject=_name(subject.body),
            names=[name for part in tbs[5:] if part.tag == _EXTENSIONS for name in _alternative_names(part.body)],
            issuer=_name(issuer.body),
            not_before=not_before,
            not_after=not_after,
            common_name=_common_name(subject.body),
        )
    except (IndexError, StopIteration):
        raise ValueError("not a certificate") from None


def wildcard_alone(certificate: Certificate, name: str) -> bool:
    """Whether only a wildcard in the common name stands for NAME. OpenSSL, Python and Postfix take it, Sendmail's rules
    for certificates do not."""
    wildcard = "*." + name.lower().partition(".")[2]
    alternatives = {other.lower() for other in certificate.names}
    return certificate.common_name.lower() == wildcard and not {name.lower(), wildcard} & alternatives


def _elements(data: bytes) -> Iterator[_Element]:
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            octets = length & 0x7F
            if not 1 <= octets <= 4:
                raise ValueError("not a certificate: length")
            length = int.from_bytes(data[at : at + octets], "big")
            at += octets
        if at + length > len(data):
            raise ValueError("not a certificate: cut off")
        yield _Element(tag, data[at : at + length])
        at += length


def _name(body: bytes) -> str:
    return ", ".join(f"{kind}={value}" for kind, value in _attributes(body))


def _common_name(body: bytes) -> str:
    return next((value for kind, value in _attributes(body) if kind == "CN"), "")


def _attributes(body: bytes) -> Iterator[tuple[str, str]]:
    for group in _elements(body):
        for attribute in _elements(group.body):
            kind, value, *_rest = list(_elements(attribute.body)) + [_Element(0, b"")] * 2
            yield _ATTRIBUTES.get(kind.body, "?"), _text(value)


def _text(value: _Element) -> str:
    text = value.body.decode(_CHARSETS.get(value.tag, "utf-8"), "replace")
    return "".join(char if char.isprintable() else "?" for char in text)


def _alternative_names(body: bytes) -> Iterator[str]:
    (extensions,) = _elements(body)
    for extension in _elements(extensions.body):
        oid, *_critical, value = list(_elements(extension.body))
        if oid.body == _ALTERNATIVE_NAMES:
            (names,) = _elements(value.body)
            for name in _elements(names.body):
                if name.tag == _DNS_NAME:
                    yield _text(name)
                elif name.tag == _IP_ADDRESS:
                    yield str(ipaddress.ip_address(name.body))


def _time(element: _Element) -> str:
    moment = datetime.strptime(element.body.decode("ascii"), _TIMES.get(element.tag, "")).replace(tzinfo=timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
