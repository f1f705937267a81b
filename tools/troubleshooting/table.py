# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents are made of: the table of causes, and the texts that lie beside it as YAML."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / ".cache" / "collections"))  # where set-up has linked this checkout

from ansible_collections.mailops.ses.plugins.module_utils._ses.causes import (  # noqa: E402  (found by the line above)
    CAUSES,
    Cause,
)

__all__ = ["CAUSES", "LANGUAGES", "ROOT", "Cause", "gaps", "load", "rows_of", "sentences", "translations"]

LANGUAGES = ("en", "ja")
# Folding joins lines with a space, which Japanese has not between its characters, after its stops and around brackets.
_JA = r"\u3000-\u9fff\uff00-\uffef"
_FOLD = re.compile(rf"(?<=[{_JA}]) (?=[{_JA}(])|(?<=[、。]) |(?<=\)) (?=[{_JA}])")


@cache
def load(name: str) -> Any:
    return _unfolded(yaml.safe_load((HERE / f"{name}.yml").read_text()))


def _unfolded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unfolded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unfolded(item) for item in value]
    return _FOLD.sub("", value) if isinstance(value, str) else value


def sentences() -> list[str]:
    """Every sentence of the table once, in its order."""
    return list(dict.fromkeys(sentence for row in CAUSES for sentence in (row.cause, row.remedy)))


def translations() -> dict[str, str]:
    """Japanese by English: so a sentence that changes loses its translation until that is changed too."""
    return {entry["en"]: entry["ja"] for entry in load("japanese")}


def gaps() -> list[str]:
    """What stands between the table and its translation, as lines for japanese.yml; empty when nothing does."""
    wanted, have = sentences(), translations()
    missing = [f"+ - en: {sentence}" for sentence in wanted if sentence not in have]
    superfluous = [f"- - en: {sentence}" for sentence in have if sentence not in wanted]
    found = [*superfluous, *missing]
    return (
        ["tools/troubleshooting/japanese.yml is not the table's: take out (-) and translate (+)", *found]
        if found
        else []
    )


def rows_of(cause: str) -> list[Cause]:
    return [row for row in CAUSES if row.id == cause]
