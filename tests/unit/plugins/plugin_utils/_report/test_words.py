# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that the reports share."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from ansible_collections.mailops.ses.plugins.plugin_utils._report import words
from hypothesis import given
from hypothesis import strategies as st


@given(st.text(st.characters(codec=None)))
def test_what_is_visible_can_stand_in_xml_and_in_utf_8(text):
    shown = words.visible(text)
    shown.encode()
    assert not [char for char in shown if ord(char) < 0x20 and char not in "\t\n"]
    escaped = shown.replace("&", "&amp;").replace("<", "&lt;")
    assert ElementTree.fromstring(f"<a>{escaped}</a>").text == (shown or None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\x1b[31m\r", "a␀b␛[31m␍"),
        ("\x7f", "␡"),
        ("\ud800\ufffe", "\ufffd\ufffd"),
        ("admin\u202egnp", "admin\ufffdgnp"),
        ("ses ✓ 日本", "ses ✓ 日本"),
        (535, "535"),
    ],
)
def test_what_cannot_be_shown_has_a_sign(text, shown):
    assert words.visible(text) == shown


@pytest.mark.parametrize(
    ("stage", "tls", "timings", "failed"),
    [
        (None, "starttls", {}, "resolve"),
        (None, "starttls", {"resolve": 4}, "resolve"),
        ("resolve", "starttls", {"connect": 9990, "resolve": 2}, "connect"),
        ("connect", "wrapper", {"connect": 1, "resolve": 2, "tls": 4}, "tls"),
        ("ehlo", "wrapper", {"auth": 3, "banner": 1, "connect": 1, "ehlo": 1, "resolve": 2, "tls": 4}, "auth"),
        ("tls", "starttls", {"auth": 3, "banner": 1, "connect": 1, "ehlo": 1, "resolve": 2, "tls": 4}, "auth"),
        ("banner", "wrapper", {"banner": 1, "connect": 1, "resolve": 2, "tls": 4}, "ehlo"),
        ("data", "starttls", {"data": 1}, "data"),
    ],
)
def test_the_stage_that_failed(stage, tls, timings, failed):
    assert words.failed_at({"stage": stage, "tls": tls, "timings_ms": timings}) == failed


def test_stages_come_in_the_order_of_the_dialogue():
    times = {"tls": 3.0, "banner": 2.0, "connect": 1.0, "new": 9.0}
    assert [stage for stage, _ms in words.ordered(times, "starttls")] == ["connect", "banner", "tls", "new"]
    assert [stage for stage, _ms in words.ordered(times, "wrapper")] == ["connect", "tls", "banner", "new"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (words.title("port_25_swallowed"), "Port 25 swallowed"),
        (words.title("tls_timeout"), "TLS timeout"),
        (words.title("path_mtu_black_hole"), "Path MTU black hole"),
        (words.ports_words([25]), "port 25"),
        (words.ports_words([25, 465]), "ports 25, 465"),
        (words.ports_words([25, 465, 587, 2465, 2587]), "all ports"),
        (words.ports_words([]), ""),
        (words.age(0), "0 s"),
        (words.age(119), "1 min"),
        (words.age(11520), "3 h"),
        (words.age(400000), "4 d"),
        (words.milliseconds(101.6), "102 ms"),
        (words.milliseconds(999.6), "1.0 s"),
        (words.milliseconds(9997), "10.0 s"),
        (words.plural(1, "host"), "1 host"),
        (words.plural(1000, "host"), "1,000 hosts"),
        (words.listed(["a", "b", "c"], 2), "a, b and 1 more"),
        (words.listed(["a", "b"], 2), "a, b"),
    ],
)
def test_values_are_said_in_words(said, words):
    assert said == words
