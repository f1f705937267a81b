# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples that ansible-doc shows of this collection, as plays."""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml  # type: ignore[import-untyped]

from .stranger import Stranger

KINDS = ("module", "filter", "role")


class Documented(NamedTuple):
    """A module, a filter or a role, as ansible-doc shows it."""

    kind: str
    name: str
    options: dict[str, Any]
    examples: str

    def plays(self) -> list[dict[str, Any]]:
        """Its examples as plays for the group `mail`: tasks become one."""
        entries: list[dict[str, Any]] = yaml.safe_load(self.examples)
        if all("hosts" in entry for entry in entries):
            return entries
        return [{"name": self.name, "hosts": "mail", "become": True, "gather_facts": False, "tasks": entries}]


def documented(stranger: Stranger) -> list[Documented]:
    """Everything that the collection documents for playbooks."""
    found = []
    for kind in KINDS:
        listed = stranger.read("ansible-doc", "-t", kind, "-l", "mailops.ses", "--json")
        names = [name for name in listed if ".internal_" not in name]  # those are for other roles, not for playbooks
        shown = stranger.read("ansible-doc", "-t", kind, *names, "--json")
        for name, entry in shown.items():
            doc = entry["entry_points"]["main"] if kind == "role" else entry["doc"]
            examples = doc["examples"] if kind == "role" else entry["examples"]
            found.append(Documented(kind, name, doc.get("options", {}), examples))
    return found
