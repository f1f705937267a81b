# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of causes is well formed."""

from __future__ import annotations

import re
from string import Formatter

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._ses.causes import CAUSES, Cause
from ansible_collections.mailops.ses.plugins.module_utils._ses.diagnosis import FACTS

ROWS = [pytest.param(cause, id=f"{number}-{cause.id}") for number, cause in enumerate(CAUSES)]


@pytest.mark.parametrize("cause", ROWS)
def test_a_row_is_whole(cause: Cause) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]+", cause.id)
    assert cause.source.startswith("https://")
    for sentence in (cause.cause, cause.remedy):
        assert sentence[0].isupper() or sentence[0] == "{"
        assert sentence.endswith((".", "{said}"))
        needed = {name for _text, name, _spec, _conversion in Formatter().parse(sentence) if name}
        assert needed <= FACTS.keys() | set(cause.needs) | set(re.compile(cause.says).groupindex)


def test_the_last_row_takes_the_rest_and_no_other_does() -> None:
    assert [cause.id for cause in CAUSES if not cause.kinds] == ["unknown"]
    assert CAUSES[-1].id == "unknown"
