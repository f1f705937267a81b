# SPDX-License-Identifier: GPL-3.0-or-later
"""The stamp of a rollout on a host."""

from __future__ import annotations

import os

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._rollout import stamp
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2)
STAMP = {"fingerprint": "1", "before": {"sends": True}, "proven": None}


def test_it_is_private_whole_and_read_again(tmp_path):
    stamp.write(str(tmp_path), STAMP)
    stamp.write(str(tmp_path), {**STAMP, "proven": 5})
    assert stamp.read(str(tmp_path)) == {**STAMP, "proven": 5}
    assert [path.name for path in tmp_path.iterdir()] == [".mailops-rollout"]
    assert os.stat(tmp_path / ".mailops-rollout").st_mode & 0o777 == 0o600
    stamp.drop(str(tmp_path))
    stamp.drop(str(tmp_path))
    assert stamp.read(str(tmp_path)) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"fingerprint": "1"}', "\x00"])
def test_what_is_no_stamp_counts_as_none(tmp_path, text):
    (tmp_path / ".mailops-rollout").write_text(text)
    assert stamp.read(str(tmp_path)) is None


def test_a_host_without_the_directory_has_none():
    assert stamp.read("/nonexistent") is None


@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=4))
def test_the_same_variables_have_the_same_name_in_any_order(variables):
    turned = dict(reversed(list(variables.items())))
    assert stamp.fingerprint("postfix", variables) == stamp.fingerprint("postfix", turned)
    assert stamp.fingerprint("postfix", {**variables, "unset": None, "empty": ""}) == stamp.fingerprint(
        "postfix", {**variables, "unset": ""}
    )
    assert stamp.fingerprint("postfix", variables) != stamp.fingerprint("sendmail", variables)
    assert stamp.fingerprint("postfix", variables) != stamp.fingerprint("postfix", {**variables, "more": "x"})
