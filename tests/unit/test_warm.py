# SPDX-License-Identifier: GPL-3.0-or-later
"""A run by the warm process is the program's own: its output and exit status, in its directory, one after another."""

from __future__ import annotations

import subprocess

import pytest
from testbed import warm
from testbed.relay import ENVIRONMENT

PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.assert:
        that: word == "right"
"""


@pytest.mark.parametrize(
    ("arguments", "code"), [(["-e", "word=right"], 0), (["-e", "word=wrong"], 2), (["--nonsense"], 2), (["--help"], 0)]
)
def test_it_ends_and_says_as_the_program_does(tmp_path, arguments, code):
    (tmp_path / "play.yml").write_text(PLAY)
    command = ["ansible-playbook", "-i", "localhost,", "-c", "local", "play.yml", *arguments]
    plain = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, cwd=tmp_path)
    done = warm.run(command, ENVIRONMENT, tmp_path)
    assert (done.returncode, plain.returncode) == (code, code)
    assert (done.stdout, done.stderr) == (plain.stdout, plain.stderr)


def test_each_environment_has_settings_of_its_own():
    command = ["ansible", "localhost", "-m", "ansible.builtin.debug", "-a", "msg=hello"]
    as_json, as_yaml = (
        warm.run(command, {**ENVIRONMENT, "ANSIBLE_CALLBACK_RESULT_FORMAT": form}).stdout for form in ("json", "yaml")
    )
    assert '"msg": "hello"' in as_json
    assert "msg: hello" in as_yaml
