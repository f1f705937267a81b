# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a stage of the check ended."""

from __future__ import annotations

from collections.abc import Mapping


class Failure(Exception):  # noqa: N818  (a finding about the endpoint, which the caller returns; no error)
    """Why a stage ended: a kind that the table of causes knows, and the words of a server, of OpenSSL or of the
    operating system."""

    def __init__(self, kind: str, text: str = "") -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = text
        self.stage = ""
        self.facts: Mapping[str, str] = {}  # what else a sentence about it names
