# SPDX-License-Identifier: GPL-3.0-or-later
"""A program's answer is told, whether it works, fails or is not there."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._host.machine import MISSING, Host, HostError, words

TRACEBACK = """
** (process:464): WARNING **: Permissions for /etc/netplan/99.yaml are too open.
Traceback (most recent call last):
  File "/usr/sbin/netplan", line 23, in <module>
    netplan.main()
netplan.libnetplan.LibNetplanException: /etc/netplan/99.yaml:2:1: Invalid YAML:

^
"""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Error: no such\n  device.\n", "Error: no such device."),
        (TRACEBACK, "netplan.libnetplan.LibNetplanException: /etc/netplan/99.yaml:2:1: Invalid YAML: ^"),
        ("", ""),
    ],
)
def test_words_are_what_went_wrong(said: str, told: str) -> None:
    assert words(said) == told


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((1, "", "Error: no\n"), "nmcli a: Error: no"),
        ((2, "out", ""), "nmcli a: out"),
        ((3, "", ""), "nmcli a: it ends with 3"),
    ],
)
def test_a_program_that_fails_is_named(answer: tuple[int, str, str], told: str) -> None:
    with pytest.raises(HostError, match=f"^{told}$"):
        Host(lambda _command: answer).ask(["nmcli", "a"])


def test_a_program_that_cannot_be_run_is_missing():
    def run(_command):
        raise FileNotFoundError(2, "No such file or directory")

    assert Host(run).answer(["nft", "list"])[0] == MISSING
    assert not Host(run).ok("nft", "list")
