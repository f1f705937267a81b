# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables in Markdown, each from its source: argument specs, systems, scenarios, plugins' documentation.

What an argument spec has for them is in its descriptions: the first paragraph is the meaning, a sentence that begins
with "The default is" or "Required, unless" tells the default, and a paragraph that begins with "In Postfix, it sets" or
"In Sendmail, it sets" tells what the variable sets there.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from definitions import ROOT, SPEC, options

sys.path.insert(0, str(ROOT / ".cache" / "collections"))  # where set-up has linked this checkout

from ansible_collections.mailops.ses.plugins.module_utils._aws.findings import (  # noqa: E402  (by the line above)
    FINDINGS,
)
from ansible_collections.mailops.ses.plugins.module_utils._host.systems import (  # noqa: E402  (by the line above)
    SYSTEMS,
    known,
)

NETWORK = Path("roles/network/meta/argument_specs.yml")
MEASURED = Path("tests/faults/measured.md")
MTAS = ("Postfix", "Sendmail")
ROLES = ("postfix", "sendmail", "network")
_MARKUP = re.compile(r"\b[A-Z]+\(([^()]+)\)")
_DEFAULT = re.compile(
    r" ?(?:The default is (?P<words>[^.]*(?:\.\w[^.]*)*)|(?P<required>Required, unless [^.]*))\.(?= |$)"
)
# What a new user looks for; README has these alone.
FIRST_VARIABLES = (
    *("ses_region", "ses_endpoint", "ses_port", "ses_smtp_username", "ses_smtp_password", "ses_secret_access_key"),
    *("ses_masquerade_domain", "ses_sender", "ses_bounce_recipient", "ses_configuration_set"),
    *("ses_max_connections", "ses_fallback", "ses_loopback_only", "ses_replace_mta", "ses_probe_recipient"),
)
# The first word of a system's name in the table -> what its vendor calls it.
_VENDORS = {"RedHat": "RHEL and its rebuilds", "Amazon": "Amazon Linux"}
_VERSIONS = {"forky/sid": "sid", "22": "22.04", "24": "24.04", "26": "26.04"}
_PROVES = re.compile(r"^# Proves: (.*(?:\n#  .*)*)", re.MULTILINE)
_DOCUMENTATION = re.compile(r'^DOCUMENTATION = r?("""(?:.|\n)*?""")', re.MULTILINE)


def load(path: str) -> Any:
    """A YAML file of the project."""
    return yaml.safe_load((ROOT / path).read_text())


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Rows of cells, as Markdown."""
    lines = [list(heads), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown(text: str) -> str:
    """Ansible's markup, such as O(ses_port), as Markdown's code."""
    return _MARKUP.sub(r"`\1`", text)


def default(option: dict[str, Any]) -> str:
    """The cell: the value, or what holds in place of one."""
    if "default" in option:
        return f"`{yaml.safe_dump(option['default'], default_flow_style=True, width=1000).splitlines()[0]}`".replace(
            "'", ""
        )
    found = _DEFAULT.search(" ".join(option["description"]))
    if found:
        words = markdown(found["words"] or found["required"])
        return words[0].lower() + words[1:]
    return "required" if option.get("required") else "none"


def meaning(option: dict[str, Any]) -> str:
    """The cell: the first paragraph, without what the default's cell says."""
    return markdown(_DEFAULT.sub("", option["description"][0])).rstrip(".")


def variables(spec: Path, names: Iterable[str] = ()) -> str:
    """Those that are named, or all."""
    found = options(spec)
    rows = ([f"`{name}`", default(found[name]), meaning(found[name])] for name in names or found)
    return table(["variable", "default", "meaning"], rows)


def in_mta(option: dict[str, Any], mta: str) -> str:
    """The cell: what the variable sets in this MTA; empty where it sets nothing."""
    begin = f"In {mta}, it sets "
    return markdown(" ".join(text[len(begin) :] for text in option["description"] if text.startswith(begin))).rstrip(
        "."
    )


def mtas() -> str:
    rows = ([f"`{name}`", *(in_mta(option, mta) for mta in MTAS)] for name, option in options().items())
    return table(["variable", *(f"{mta}: it sets" for mta in MTAS)], (row for row in rows if any(row[1:])))


def platforms() -> str:
    versions: dict[str, dict[str, list[str]]] = {}
    for system in SYSTEMS:
        vendor, version = system.split(" ", 1)
        cells = versions.setdefault(_VENDORS.get(vendor, vendor), {role: [] for role in ROLES})
        for role in ROLES:
            cells[role] += [_VERSIONS.get(version, version)] if system in known(role) else []
    rows = ([vendor, *(", ".join(cells[role]) for role in ROLES)] for vendor, cells in versions.items())
    return table(["system", *(f"role `{role}`" for role in ROLES)], rows)


def promises() -> dict[str, str]:
    """Scenario -> what it proves, as the head of its molecule.yml says."""
    found = {}
    for file in sorted(ROOT.glob("molecule/*/molecule.yml")):
        says = _PROVES.search(file.read_text())
        if says:
            found[file.parent.name] = re.sub(r"\n#  +", " ", says[1])
    return found


def scenarios() -> str:
    return table(["scenario", "what it proves"], ([f"`{name}`", says] for name, says in promises().items()))


def plugins() -> str:
    """Modules, then filters and lookups, by their short descriptions."""
    rows = []
    for kind, note in (("modules", ""), ("filter", " (filter)"), ("lookup", " (lookup)")):
        for file in sorted((ROOT / "plugins" / kind).glob("*.py")):
            found = _DOCUMENTATION.search(file.read_text())
            assert found, file
            said = yaml.safe_load(ast.literal_eval(f"r{found[1]}"))
            rows.append([f"`mailops.ses.{file.stem}`{note}", markdown(said["short_description"])])
    return table(["name", "what it does"], rows)


def findings() -> str:
    """What ses_account_info can find, with the places of a sentence in italics."""

    def words(sentence: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda place: f"*{place[1].replace('_', ' ')}*", sentence)

    rows = (
        [f"`{row.id}`", "yes" if row.stops_sending else "no", words(row.cause), words(row.remedy)] for row in FINDINGS
    )
    return table(["finding", "stops all mail", "cause", "remedy"], rows)


def faults() -> str:
    """As `make faults` has measured it."""
    return (ROOT / MEASURED).read_text().rstrip("\n")


TABLES: dict[str, Callable[[], str]] = {
    "first variables": partial(variables, SPEC, FIRST_VARIABLES),
    "variables": partial(variables, SPEC),
    "network variables": partial(variables, NETWORK),
    "variables in MTAs": mtas,
    "platforms": platforms,
    "scenarios": scenarios,
    "modules and filters": plugins,
    "findings": findings,
    "faults": faults,
}
