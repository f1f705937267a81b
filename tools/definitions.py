# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what repeats the definitions of the relay's variables: python -m definitions.

A variable is defined once, in the argument spec; the roles' defaults, what they hand to their modules, and what these
know of types and defaults follow from it.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[1]
SPEC = Path("roles/internal_relay/meta/argument_specs.yml")
DEFAULTS = Path("roles/internal_relay/defaults/main.yml")
PASSED = Path("roles/internal_relay/vars/main.yml")
PYTHON = Path("plugins/module_utils/_relay/definitions.py")
# Secrets go to the modules apart, and what is no variable of the relay does not go there.
APART = ("ses_smtp_password", "ses_secret_access_key", "ses_fallback", "ses_identities", "ses_verify")
_NOTE = f"Written by `make docs` from {SPEC}; do not edit."
_MARKUP = re.compile(r"\b[CVOM]\((?P<text>[^)]*)\)")


def options(spec: Path = SPEC) -> dict[str, dict[str, Any]]:
    """The variables as a role's argument spec defines them, each description as a list of paragraphs."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / spec).read_text())["argument_specs"]["main"]["options"]
    for option in found.values():
        if isinstance(option["description"], str):
            option["description"] = [option["description"]]
    return found


def kind(option: dict[str, Any]) -> str:
    """A variable's type, which its default or its bounds tell where Ansible is not to read it."""
    if option["type"] != "raw":
        return str(option["type"])
    return type(option["default"] if "default" in option else (bounds(option) or [None])[0]).__name__


def bounds(option: dict[str, Any]) -> tuple[float, float] | None:
    """The smallest and the largest number that make sense, as a variable's description says; None of what is none."""
    text = "\n".join(option["description"])
    whole = re.search(r"A whole number from (\d+) to (\d+)\.", text)
    if whole:
        return (int(whole[1]), int(whole[2]))
    found = re.search(r"A number from (\d+\.?\d*) to (\d+\.?\d*)\.", text)
    return (float(found[1]), float(found[2])) if found else None


def texts() -> dict[Path, str]:
    """Each file that is written, and its text."""
    defined = options()
    passed = [name for name in defined if name not in APART]
    return {DEFAULTS: _defaults(defined), PASSED: _passed(passed), PYTHON: _python({n: defined[n] for n in passed})}


def _defaults(defined: dict[str, dict[str, Any]]) -> str:
    lines = ["---", f"# {_NOTE}"]
    for name, option in defined.items():
        meaning = _MARKUP.sub(lambda found: found["text"].partition("=")[0], option["description"][0])
        value = yaml.safe_dump({name: option.get("default")}, default_style=None).strip()
        lines += [
            *textwrap.wrap(meaning, 118, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False),
            value.replace("'", '"'),
        ]
    return "\n".join(lines) + "\n"


def _passed(names: list[str]) -> str:
    rows = "\n".join(f'  {name}: "{{{{ {name} }}}}"' for name in names)
    return f"---\n# {_NOTE}\n__ses_variables:\n{rows}\n"


def _python(defined: dict[str, dict[str, Any]]) -> str:
    types = "\n".join(f'    "{name}": "{kind(option)}",' for name, option in defined.items())
    given = {name: option["default"] for name, option in defined.items() if option.get("default") is not None}
    rows = "\n".join(f'    "{name}": {_literal(value)},' for name, value in given.items())
    ranged = {name: found for name, option in defined.items() if (found := bounds(option))}
    ranges = "\n".join(f'    "{name}": {found},' for name, found in ranged.items())
    return f'''# SPDX-License-Identifier: GPL-3.0-or-later
"""{_NOTE}"""

from __future__ import annotations

from typing import Any

# Variable of the roles -> its type, in Ansible's words.
TYPES: dict[str, str] = {{
{types}
}}
# Variable -> its default; the others are unset by default.
DEFAULTS: dict[str, Any] = {{
{rows}
}}
# Variable -> the smallest and the largest number that make sense, in the variable's unit.
RANGES: dict[str, tuple[float, float]] = {{
{ranges}
}}
'''


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def main() -> None:
    """Write the files."""
    for path, text in texts().items():
        (ROOT / path).write_text(text)


if __name__ == "__main__":
    main()
