# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's state, and what a result says that is none."""

from __future__ import annotations

import pytest
import report_samples as samples
from ansible_collections.mailops.ses.plugins.plugin_utils._report.outcome import (
    message_of,
    note_of,
    state_of,
)

GENERIC = "Module result deserialization failed: No start of json char found"
SECRET, PASSWORD = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
# As CPython prints it when its standard library is gone.
HOMELESS = """Python path configuration:
  PYTHONHOME = '/nowhere'
  program name = '/usr/bin/python3'
Fatal Python error: init_fs_encoding: failed to get the Python codec of the filesystem encoding
Python runtime state: core initialized
ModuleNotFoundError: No module named 'encodings'

Current thread 0x00007f6d880d5040 (most recent call first):
  <no Python frame>
"""


@pytest.mark.parametrize(
    ("check", "state"),
    [
        (samples.healthy(), "can_log_in"),
        (samples.not_logged_in(), "not_logged_in"),
        (samples.wrong_password(), "cannot_send"),
        (samples.DEAD, "unreachable"),
        ({"msg": "no"}, "not_checked"),
        # Nobody can log in with these: the table knows it before a connection is opened.
        ({"msg": "password is 40", "diagnosis": [{"id": "secret_access_key_as_password"}]}, "cannot_send"),
        ({"msg": "no", "diagnosis": []}, "not_checked"),
        ({}, "not_checked"),
    ],
)
def test_the_state_follows_from_the_check(check, state):
    assert state_of(check) == state


def test_a_host_that_logged_in_on_one_port_can_log_in():
    ports = [samples.fails(465, "timeout", "connect"), samples.works(587)]
    assert state_of(samples.check(ports)) == "can_log_in"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"msg": "ses_region is empty."}, "ses_region is empty."),
        ({"msg": GENERIC, "module_stderr": HOMELESS, "rc": 1}, "ModuleNotFoundError: No module named 'encodings'"),
        ({"msg": "MODULE FAILURE\nSee stdout/stderr for the exact error", "module_stderr": "Killed\n"}, "Killed"),
        # With a pseudo-terminal of SSH's all is on stdout, and SSH says good-bye on the other.
        (
            {
                "msg": GENERIC,
                "module_stdout": f"{HOMELESS}\r\n",
                "module_stderr": "Shared connection to web1 closed.\r\n",
            },
            "ModuleNotFoundError: No module named 'encodings'",
        ),
        ({"msg": "Task failed: Module failed: libssl.so.9: cannot open"}, "libssl.so.9: cannot open"),
        (
            {"msg": "The module interpreter '/x' was not found.", "module_stderr": "sh: 1: /x"},
            "The module interpreter '/x' was not found.",
        ),
        (
            {"msg": GENERIC, "module_stderr": "", "module_stdout": "", "rc": 137},
            "it ended without a word, with exit code 137",
        ),
        ({}, "it ended without a word"),
    ],
)
def test_the_telling_part(result, said):
    assert message_of(result) == said


@pytest.mark.parametrize(
    "printed",
    [
        f"ValueError: {SECRET}",
        f"ValueError: password={PASSWORD!r}",
        f'{{"invocation": {{"module_args": {{"password": "{PASSWORD}"}}}}}}',
        f'ANSIBALLZ_PARAMS = \'{{"ANSIBLE_MODULE_ARGS": {{"password": "my own"}}}} {SECRET}\'',
        f"    json_params = {SECRET}",
    ],
)
def test_a_module_that_crashed_tells_no_secret(printed):
    for name in ("module_stdout", "module_stderr"):
        said = message_of({"msg": GENERIC, name: f"{printed}\n"})
        assert SECRET not in said
        assert PASSWORD not in said
        assert "my own" not in said


@pytest.mark.parametrize(
    ("check", "identifier"),
    [
        ({"msg": GENERIC, "module_stderr": HOMELESS}, "module_failed"),
        ({"msg": "Task failed: Module failed: libssl.so.9: cannot open"}, "module_failed"),
        ({"msg": "The module interpreter '/x' was not found."}, "module_failed"),
        ({"msg": "region is empty."}, "not_checked"),
        ({"msg": "keys", "diagnosis": [{"id": "temporary_keys"}]}, None),
        (samples.healthy(), None),
        (samples.wrong_password(), None),
        (samples.not_logged_in(), "not_logged_in"),
        (samples.DEAD, "host_unreachable"),
    ],
)
def test_the_cause_of_what_no_dialogue_shows(check, identifier):
    note = note_of(check)
    assert (note and note["id"]) == identifier
    assert note is None or note["cause"].endswith(".")


@pytest.mark.cause("host_unreachable", "did not become root")
def test_a_sudo_whose_prompt_ansible_does_not_see_is_named():
    """As ansible-core 2.21 says it of Debian's sudo-rs."""
    said = "Task failed: Timeout (12s) waiting for privilege escalation prompt:"
    note = note_of({"unreachable": True, "msg": said, "changed": False})
    assert note["id"] == "host_unreachable"
    assert note["cause"].startswith("Ansible reached the host, and did not become root there: Timeout (12s)")
    assert "ansible_become_exe" in note["remedy"]
