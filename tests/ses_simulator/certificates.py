# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of the endpoints, right ones and wrong ones, and the TLS contexts that serve them."""

from __future__ import annotations

import os
import ssl
import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import trustme

from .model import Region

DAY = timedelta(days=1)
GOOD = "good"
# What is special about each: the days of its validity, another name, another authority, many names. The long one
# fills as many packets as SES's own chain of 5 KB. The load balancer's has no name but the one that DNS shows then. The
# wildcard's has its name where names were before there were alternative ones.
CERTIFICATES: dict[str, dict[str, Any]] = {
    "other_name": {"names": ["smtp.example.net"]},
    "load_balancer": {"load_balancer": True},
    "expired": {"days": (-30, -1)},
    "not_yet_valid": {"days": (1, 30)},
    "untrusted": {"untrusted": True},
    "long": {"more": 120},
    "wildcard": {"wildcard": True},
}
TLS_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


def authority(state_dir: Path) -> trustme.CA:
    """The authority of this state directory, made if there is none."""
    certificate, key = state_dir / "ca.pem", state_dir / "ca.key"
    if certificate.exists() and key.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    ca = trustme.CA(organization_name="SES simulator", organization_unit_name="Test authority")
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(ca.private_key_pem.bytes())
    ca.cert_pem.write_to_path(certificate)
    return ca


class Certificates:
    """TLS contexts by regions, fault and version, each made at its first use."""

    def __init__(self, state_dir: Path, regions: Sequence[Region]) -> None:
        self._regions = {region.name: region for region in regions}
        self._ca = authority(state_dir)
        self._other_ca: trustme.CA | None = None
        self._contexts: dict[tuple[tuple[str, ...], tuple[str, ...], str, str], ssl.SSLContext] = {}

    def context(self, regions: Sequence[str], kind: str = GOOD, tls_max: str = "") -> ssl.SSLContext:
        key = (tuple(regions), tuple(self._names(regions, kind)), kind, tls_max)
        if key not in self._contexts:
            self._contexts[key] = self._make(regions, kind, tls_max)
        return self._contexts[key]

    def region_of(self, name: str | None) -> str | None:
        """The region whose endpoint a client asks for."""
        for region in self._regions.values():
            vpce = region.names[2].removeprefix("*")
            if name in region.names or (name and name.endswith(vpce)):
                return region.name
        return None

    def _make(self, regions: Sequence[str], kind: str, tls_max: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if tls_max:
            _cap(context, TLS_VERSIONS[tls_max])
        self._leaf(regions, kind).configure_cert(context)

        def by_name(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            connection.ses_sni = name  # type: ignore[attr-defined]
            asked = self.region_of(name)
            if len(regions) > 1 and asked in regions:
                connection.context = self.context([str(asked)], kind, tls_max)

        context.sni_callback = by_name
        return context

    def _names(self, regions: Sequence[str], kind: str) -> list[str]:
        wrong = CERTIFICATES.get(kind, {})
        if wrong.get("wildcard"):
            return [f"*.{self._regions[region].names[0].partition('.')[2]}" for region in regions]
        if wrong.get("load_balancer"):
            return [self._regions[region].load_balancer for region in regions]
        covered = [name for region in regions for name in self._regions[region].names]
        return wrong.get("names") or covered + [f"{n}.long.smtp.example.net" for n in range(wrong.get("more", 0))]

    def _leaf(self, regions: Sequence[str], kind: str) -> trustme.LeafCert:
        wrong = CERTIFICATES.get(kind, {})
        names = self._names(regions, kind)
        first, last = wrong.get("days", (-1, 365))
        today = datetime.now(timezone.utc)
        ca = self._ca
        if wrong.get("untrusted"):
            ca = self._other_ca = self._other_ca or trustme.CA(organization_name="Nobody's authority")
        # X.509 allows a common name 64 characters.
        common = next((name for name in names if len(name) <= 64), None)
        alternatives = ["postmaster@example.net"] if wrong.get("wildcard") else names  # trustme makes none without
        return ca.issue_cert(
            *alternatives, common_name=common, not_before=today + first * DAY, not_after=today + last * DAY
        )  # fmt: skip


def _cap(context: ssl.SSLContext, highest: ssl.TLSVersion) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # we know that they are old
        if highest < ssl.TLSVersion.TLSv1_2:
            # OpenSSL takes its old versions only at the lowest security level.
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = highest
