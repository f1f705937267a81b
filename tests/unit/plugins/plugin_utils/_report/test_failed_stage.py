# SPDX-License-Identifier: GPL-3.0-or-later
"""A failed port is called the same in the terminal, in report.html and in junit.xml."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import report_samples as samples
from ansible_collections.mailops.ses.plugins.module_utils._smtp import check, port
from ansible_collections.mailops.ses.plugins.plugin_utils._report import as_html, as_junit, terminal
from ansible_collections.mailops.ses.plugins.plugin_utils._report.fleet import fleet
from ansible_collections.mailops.ses.plugins.plugin_utils._report.words import STAGES

PORTS = {"starttls": 587, "wrapper": 465}


def failing_at(stage: str, tls: str) -> dict:
    """A fleet of one host, whose one port fails at this stage."""
    order = [name for name in STAGES if name != "tls"]
    order.insert(2 if tls == "wrapper" else 4, "tls")
    done = order[: order.index(stage)]
    changes = {"stage": done[-1] if done else None, "timings_ms": dict.fromkeys([*done, stage], 10.0)}
    result = samples.check([samples.works(PORTS[tls], ok=False, reply=None, **changes)])
    return fleet({"web1": {"check": result, "queue": samples.QUEUES["empty"]}}, samples.NOW)


@pytest.mark.parametrize("tls", PORTS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_failed_stage_has_the_same_words_everywhere(stage, tls):
    found = failing_at(stage, tls)
    (printed,) = [line for line in terminal.summary(found, "/reports") if line.startswith("web1 ")]
    (case,) = [
        case for case in ElementTree.fromstring(as_junit.render(found)).iter("testcase") if "port" in case.get("name")
    ]
    page = as_html.render(found)
    words = case[0].get("message").rstrip(":")
    assert words.lower() == f"fails at {stage}"
    assert words in re.split("  +", printed)
    # Of "fails at" a cell has a sign, and a style by which it is read out.
    assert f"<td class=x>{words.removeprefix('fails at ')}<" in page
    assert 'td.x::before, i.x::before { content: "×" var(--p); content: "×" var(--p) / var(--p) "fails at "; }' in page


def test_every_stage_of_the_check_has_words():
    texts = [Path(module.__file__).read_text() for module in (check, port)]
    assert {stage for text in texts for stage in re.findall(r'during\("(\w+)"\)', text)} == set(STAGES)
