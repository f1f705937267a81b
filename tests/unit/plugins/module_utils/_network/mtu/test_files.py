# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.machine import Host
from ansible_collections.mailops.ses.plugins.module_utils._network.mtu.files import at, write


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_a_file_is_written_whole_with_its_mode(tmp_path: Path, mode: int) -> None:
    host = Host(lambda _command: (1, "", ""), str(tmp_path))
    setting = at(host, "/etc/new.d/file", "text\n", mode)
    assert setting.before == ""
    write(host, setting)
    path = tmp_path / "etc" / "new.d" / "file"
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("text\n", mode)
    assert os.listdir(path.parent) == ["file"]
    again = at(host, "/etc/new.d/file", "text\n", mode)
    assert again.before == again.after


def test_a_file_with_another_mode_is_written_anew(tmp_path: Path) -> None:
    host = Host(lambda _command: (1, "", ""), str(tmp_path))
    path = tmp_path / "script"
    path.write_text("text\n")
    path.chmod(0o644)
    setting = at(host, "/script", "text\n", 0o755)
    assert setting.before == "# mode 644\ntext\n"
    write(host, setting)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
