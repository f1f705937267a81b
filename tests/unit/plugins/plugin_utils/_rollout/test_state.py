# SPDX-License-Identifier: GPL-3.0-or-later
"""The state file: what is written is read again, and what is no state is refused in a sentence."""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.book import Book
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.outcome import STATES
from ansible_collections.mailops.ses.plugins.plugin_utils._rollout.state import (
    Host,
    Rollout,
    StateError,
    Wave,
    earlier_of,
    read,
    render,
)
from hypothesis import given
from hypothesis import strategies as st

TEXT = st.text(max_size=12)
HOSTS = st.builds(
    Host, state=st.sampled_from(sorted(STATES)), message=TEXT, fingerprint=TEXT, wave=st.none() | st.integers(1, 9)
)
ROLLOUTS = st.builds(
    Rollout,
    playbook=TEXT,
    started=st.floats(0, 2e9),
    updated=st.floats(0, 2e9),
    status=st.sampled_from(["planned", "running", "passed", "failed"]),
    message=TEXT,
    planned=st.lists(st.lists(TEXT, max_size=3), max_size=3),
    waves=st.lists(st.builds(Wave, st.integers(1, 9), st.lists(TEXT, max_size=3), st.floats(0, 2e9)), max_size=3),
    hosts=st.dictionaries(TEXT, HOSTS, max_size=4),
)


def rollout(status="failed", **states):
    hosts = {name: Host(state=state, fingerprint="1") for name, state in states.items()}
    return Rollout("mailops.ses.rollout", 0.0, 0.0, status=status, hosts=hosts, run=list(hosts))


@given(ROLLOUTS)
def test_what_is_written_is_read_again(found):
    text = render(found)
    assert read(text, "rollout.json") == found
    assert text.isascii()


@given(ROLLOUTS, st.integers(0, 400))
def test_a_file_that_was_cut_off_is_refused(found, length):
    text = render(found).rstrip("\n}")
    with pytest.raises(StateError, match="ses_rollout_restart"):
        read(text[: min(length, len(text))], "rollout.json")


@pytest.mark.parametrize("text", ["[]", "null", '"a"', '{"version":1}', '{"version":1,"hosts":[],"waves":[]}'])
def test_other_json_is_refused(text):
    with pytest.raises(StateError, match="is no state of a rollout"):
        read(text, "rollout.json")


def test_one_that_has_the_same_change_goes_on():
    known = rollout(a="done", b="not_reached")
    assert earlier_of(known, {"a": "1", "b": "1", "c": "1", "d": ""}, "") is known


@pytest.mark.parametrize("left", ["done", "unproven", "broken"])
def test_another_change_is_refused_where_hosts_have_the_first(left):
    with pytest.raises(StateError, match="another rollout, which is not over"):
        earlier_of(rollout(a=left, b="not_reached"), {"b": "2"}, "rollout.json")


def test_another_change_is_refused_where_a_wave_was_killed():
    known = rollout(a="not_reached")
    known.waves.append(Wave(1, ["a"], 0.0))
    with pytest.raises(StateError):
        earlier_of(known, {"a": "2"}, "")


def test_another_change_begins_anew_where_nothing_is_left_or_all_is_over():
    assert earlier_of(rollout(a="rolled_back", b="dead"), {"a": "2"}, "") is None
    assert earlier_of(rollout("passed", a="done"), {"a": "2"}, "") is None
    assert earlier_of(None, {"a": "2"}, "") is None


def test_one_that_has_none_of_these_hosts_is_another_one():
    assert earlier_of(rollout(a="done", b="not_reached"), {"c": "1"}, "") is None


def test_the_book_keeps_the_state_private_and_writes_what_remains(tmp_path):
    book = Book(str(tmp_path / "reports"))
    assert book.read() is None
    found = rollout(b="dead", a="not_reached", c="done")
    book.write(found, lambda: 7.0)
    assert book.read() == found
    assert (tmp_path / "reports" / "remaining.txt").read_text() == "a\nb\n"
    assert os.stat(tmp_path / "reports" / "rollout.json").st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "reports" / "rollout.json").read_text())["summary"]["dead"] == 1
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == [
        "remaining.txt",
        "rollout.html",
        "rollout.json",
        "rollout.xml",
    ]
