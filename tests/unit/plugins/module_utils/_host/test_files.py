# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration files on a host."""

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.files import exposed, newest, text_of


def test_a_file_that_is_not_there_has_no_text(tmp_path):
    assert text_of(str(tmp_path / "none")) is None
    (tmp_path / "some").write_bytes(b"\xff\n")
    assert text_of(str(tmp_path / "some")).encode("utf-8", "surrogateescape") == b"\xff\n"


@pytest.mark.parametrize(("mode", "found"), [(0o600, False), (0o640, True), (0o400, True)])
def test_a_secret_file_is_its_owners_alone(tmp_path, mode, found):
    path = tmp_path / "secret"
    path.touch()
    path.chmod(mode)
    assert exposed(str(path)) is found
    assert not exposed(str(tmp_path / "none"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_secret_file_is_roots(tmp_path):
    path = tmp_path / "secret"
    path.touch(mode=0o600)
    assert not exposed(str(path))
    os.chown(path, 65534, 0)
    assert exposed(str(path))


def test_the_newest_of_what_is_there(tmp_path):
    (tmp_path / "a").touch()
    os.utime(tmp_path / "a", (1, 1))  # whatever a file says of itself
    assert newest([str(tmp_path / "a"), str(tmp_path / "none")], time.time()) == os.stat(tmp_path / "a").st_ctime
    assert newest([str(tmp_path / "a")], time.time() - 3600) == 0.0  # the clock was set back
    assert newest([], time.time()) == 0.0
