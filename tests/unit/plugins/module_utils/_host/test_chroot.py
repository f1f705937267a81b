# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a root directory is a chroot's."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.chroot import in_chroot


@pytest.fixture
def proc(tmp_path, monkeypatch):
    """A directory like /proc, which another process's root can be put into."""
    monkeypatch.delenv("debian_chroot", raising=False)
    (tmp_path / "self").mkdir()
    (tmp_path / "1").mkdir()
    return tmp_path


def test_the_first_processs_root_is_no_chroot_and_another_one_is(proc):
    (proc / "1" / "root").symlink_to("/")
    assert not in_chroot("/", str(proc))
    assert in_chroot("/usr", str(proc))


def test_an_image_without_proc_is_a_chroot(tmp_path, monkeypatch):
    monkeypatch.delenv("debian_chroot", raising=False)
    assert in_chroot("/", str(tmp_path))


def test_where_the_first_process_is_hidden_nothing_is_said(proc):
    (proc / "1").rmdir()
    assert not in_chroot("/", str(proc))


def test_debians_shells_say_so(proc, monkeypatch):
    (proc / "1" / "root").symlink_to("/")
    monkeypatch.setenv("debian_chroot", "image")
    assert in_chroot("/", str(proc))
