# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks there are in files of tasks, and which of them were executed, as callbacks/executed.py noted it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from .engine import ROOT
from .layout import Layout

CALLBACKS = Path(__file__).resolve().parent / "callbacks"


def record(layout: Layout) -> Path:
    """The file of notes, which goes with the testbed."""
    return layout.state / "executed"


def environment(layout: Layout) -> dict[str, str]:
    """What has a run of ansible-playbook take notes."""
    return {
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "executed",
        "EXECUTED": str(record(layout)),
    }


def executed(layout: Layout, *hosts: str) -> set[str]:
    """The tasks (file:line) and files of variables (file:) that were executed and loaded on one of HOSTS, by their
    paths in the checkout."""
    lines = (line.split("\t") for line in record(layout).read_text().splitlines())
    return {path.removeprefix(f"{ROOT}/") for host, path in lines if host in hosts}


def tasks(path: str) -> dict[str, str]:
    """The tasks of a file, which may be in blocks: where each is, and its name."""
    document = yaml.compose((ROOT / path).read_text())
    return {f"{path}:{line}": name for line, name in _tasks(document)}


def _tasks(sequence: Any) -> Iterator[tuple[int, str]]:
    for item in sequence.value:
        keys = {key.value: value for key, value in item.value}
        parts = [keys[part] for part in ("block", "rescue", "always") if part in keys]
        for part in parts:
            yield from _tasks(part)
        if not parts:
            yield item.start_mark.line + 1, keys["name"].value
