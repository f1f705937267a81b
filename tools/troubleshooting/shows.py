# SPDX-License-Identifier: GPL-3.0-or-later
"""How a row of the table of causes shows, in words, from the row's own fields."""

from __future__ import annotations

from .patterns import examples
from .table import Cause
from .words import Words


def shown(row: Cause, words: Words) -> str:
    """In a check: what happens, where, and under which conditions; empty for what only an MTA's queue tells."""
    kinds = [words.of("kinds", kind) for kind in row.kinds if kind not in ("reply", "queue")]
    what = [*kinds, *_replies(row, words)]
    if not what and row.kinds:
        return ""
    scopes = words.join("or", [words.of("scopes", scope) for scope in row.scopes])
    return words.clause(
        what=words.join("or_else", what) or words.say("anything"),
        stages=words.join("or", [words.of("stages", stage) for stage in row.stages]),
        ports=", ".join(map(str, row.ports)),
        conditions=words.join("and", [*([scopes] if scopes else []), *(words.of("needs", fact) for fact in row.needs)]),
    )


def queued(row: Cause, words: Words) -> str:
    """In an MTA's own words, when no server replied."""
    return ", ".join(f"`{text}`" for text in examples(row.queue, words.placeholder))


def _replies(row: Cause, words: Words) -> list[str]:
    if "reply" not in row.kinds:
        return []
    replies = [f"`{text}`" for text in examples(row.says, words.placeholder)]
    return [words.say("reply").format(words.join("or", replies)) if replies else words.say("refusal")]
