# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports of a rollout: what each form has of its waves and hosts, whatever a host said."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout import as_html, as_junit
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import STATES
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.state import Host, Rollout, Wave
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.terminal import end_lines, verdict

NASTY = "<script>\x1b[31m & \u202e\x00"
CAUSE = {"id": "credentials_invalid", "cause": NASTY, "remedy": "Mend it.", "source": "https://docs.aws.amazon.com/"}


@pytest.fixture
def rollout():
    hosts = {
        f"{state}.example.com": Host(state, NASTY, "postfix", "Debian 13", wave=None if state == "unchanged" else 1)
        for state in STATES
    }
    hosts["rolled_back.example.com"].causes = [CAUSE]
    wave = Wave(1, list(hosts), 1_800_000_000.0, 1_800_000_090.0, "failed", "Why.")
    return Rollout(
        "mailops.ses.rollout",
        1_800_000_000.0,
        1_800_000_100.0,
        "failed",
        "Why.",
        planned=[list(hosts), ["later"]],
        waves=[wave],
        hosts=hosts,
        run=list(hosts),
    )


def test_junit_has_a_suite_a_wave_and_a_case_a_host(rollout):
    suites = ElementTree.fromstring(as_junit.render(rollout))
    assert [(suite.get("name"), suite.get("tests")) for suite in suites] == [("wave 1", "6"), ("no wave", "1")]
    ends = {case.get("classname"): [found.tag for found in case] for case in suites.iter("testcase")}
    assert ends == {
        "ses_rollout.done_example_com": [],
        "ses_rollout.unchanged_example_com": [],
        "ses_rollout.rolled_back_example_com": ["failure"],
        "ses_rollout.unproven_example_com": ["failure"],
        "ses_rollout.broken_example_com": ["failure"],
        "ses_rollout.dead_example_com": ["error"],
        "ses_rollout.not_reached_example_com": ["skipped"],
    }
    wave = suites[0]
    assert [wave.get(name) for name in ("failures", "errors", "skipped")] == ["3", "1", "1"]
    assert suites.find(".//failure").get("type") == "credentials_invalid"


class Page(HTMLParser):
    """The texts of a page, and its elements."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_html_has_waves_states_and_causes_and_nothing_runs(rollout):
    page = Page(as_html.render(rollout))
    assert "script" not in [tag for tag, _attributes in page.elements]
    for words in ("The rollout has failed", "Failed after 1 min", "Not begun", "has what it had", "Mend it."):
        assert words in page.text
    assert [a["data-s"] for tag, a in page.elements if tag == "tbody"] == [
        *("broken", "unproven", "rolled_back", "dead", "not_reached", "done", "unchanged")
    ]
    policy = next(a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("status", ["planned", "running", "passed", "incomplete", "failed", "inconclusive", "stopped"])
def test_html_has_a_headline_for_each_status(rollout, status):
    rollout.status = status
    assert "<h1>The rollout" in as_html.render(rollout)


def test_a_terminal_gets_no_control_characters(rollout):
    rollout.message = NASTY
    assert "\x1b" not in "".join(end_lines(rollout, "ses-report", ["More."]))
    rollout.message = ""
    assert verdict(rollout).startswith("Has what it had: rolled_back.example.com.")
