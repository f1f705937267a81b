# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables with which the distribution starts the daemons: Debian's sendmail.conf, Red Hat's sysconfig/sendmail."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ASSIGNMENT = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)


def values(text: str) -> dict[str, str]:
    """The variables, without quotes and the closing semicolon."""
    return {name: value.split("#")[0].strip().rstrip(";").strip("\"'") for name, value in _ASSIGNMENT.findall(text)}


def set_values(text: str, wanted: Mapping[str, str]) -> str:
    """The text with these variables changed in place, or added at its end; all else stays."""
    present = values(text)
    # Debian's lines end so. systemd, which reads Red Hat's, would take it for a part of the value.
    end = ";" if re.search(r"^[A-Z].*;$", text, re.MULTILINE) else ""
    for name, value in wanted.items():
        line = f'{name}="{value}"{end}'
        if name not in present:
            text += ("" if not text or text.endswith("\n") else "\n") + line + "\n"
        elif present[name] != value:
            text = re.sub(rf"^{name}=.*$", line.replace("\\", r"\\"), text, flags=re.MULTILINE)
    return text
