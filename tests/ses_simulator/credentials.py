# SPDX-License-Identifier: GPL-3.0-or-later
"""SMTP credentials: derived passwords, and where each is valid."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .model import SimulatorError


def derive(secret: str, region: str) -> str:
    """The SMTP password of a secret access key in a region."""
    key = ("AWS4" + secret).encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return base64.b64encode(b"\x04" + key).decode()


@dataclass(frozen=True)
class Credential:
    password: str | None = None
    secret: str | None = None
    regions: frozenset[str] | None = None

    def valid(self, password: str, region: str) -> bool:
        if self.regions is not None and region not in self.regions:
            return False
        expected = derive(self.secret, region) if self.secret is not None else self.password or ""
        return hmac.compare_digest(expected.encode(), password.encode())


class Credentials:
    """User names and what makes each valid."""

    def __init__(self, table: dict[str, Any] | None = None) -> None:
        self._table = {user: _credential(user, value) for user, value in (table or {}).items()}

    def replace(self, table: dict[str, Any]) -> None:
        self._table = {user: _credential(user, value) for user, value in table.items()}

    def users(self) -> list[str]:
        return sorted(self._table)

    def valid(self, user: str, password: str, region: str) -> bool:
        credential = self._table.get(user)
        return credential is not None and credential.valid(password, region)


def _credential(user: str, value: Any) -> Credential:
    if isinstance(value, str):
        return Credential(password=value)
    if not isinstance(value, dict) or not ({"password", "secret_access_key"} & value.keys()):
        raise SimulatorError(f"the credential of {user} needs a password or a secret_access_key")
    regions: Iterable[str] | None = value.get("regions")
    return Credential(
        password=value.get("password"),
        secret=value.get("secret_access_key"),
        regions=None if regions is None else frozenset(regions),
    )
