# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may import whom: module_utils is rooms on floors, and imports lead down alone."""

from __future__ import annotations

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[4] / "plugins"
ROOMS = PLUGINS / "module_utils"
PREFIX = "ansible_collections.mailops.ses.plugins."
GROUND = {"_host", "_ses"}
# Each room, and the rooms that it may import. Postfix and Sendmail never know of each other.
FLOORS = {
    "_host": set(),
    "_ses": set(),
    "_relay": GROUND,
    "_mta": GROUND,
    "_smtp": GROUND,
    "_network": GROUND,
    "_postfix": {*GROUND, "_relay", "_mta"},
    "_sendmail": {*GROUND, "_relay", "_mta"},
    "_queue": {*GROUND, "_mta", "_postfix", "_sendmail"},
    "_metrics": {*GROUND, "_mta", "_queue"},
    "_probe": {*GROUND, "_relay", "_mta", "_postfix", "_sendmail"},
    "_replace": {*GROUND, "_mta", "_postfix", "_sendmail"},
    "_role": {*GROUND, "_relay", "_mta", "_smtp", "_postfix", "_sendmail", "_metrics"},
    "_check": {*GROUND, "_relay", "_smtp", "_queue", "_probe"},
    "_aws": {"_ses"},
    "_rollout": {*GROUND, "_mta", "_queue", "_probe", "_replace", "_role"},
}
# Parts of a room that know nothing of each other.
APART = ("_network/mtu", "_network/egress")
# Nothing on a host needs boto3, and on the controller one file alone imports it.
BOTO3 = "_aws/session"
# Hosts run it as a program of its own.
PROGRAM = "_network/egress/refresher"


def imports(path: Path) -> set[str]:
    """Every module that a file names in an import."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} has a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def ours(path: Path) -> set[str]:
    """The files of module_utils that a file imports, as room/file."""
    inside = [name.removeprefix(f"{PREFIX}module_utils.") for name in imports(path) if name.startswith(PREFIX)]
    found = set()
    for parts in (name.split(".") for name in inside):
        for end in range(len(parts), 0, -1):
            if ROOMS.joinpath(*parts[:end]).with_suffix(".py").is_file():
                found.add("/".join(parts[:end]))
                break
        else:
            raise AssertionError(f"{path} imports {'.'.join(parts)}, which is no file")
    return found


FILES = {path.relative_to(ROOMS).with_suffix("").as_posix(): path for path in sorted(ROOMS.rglob("*.py"))}
IMPORTS = {name: ours(path) for name, path in FILES.items()}


def room(name: str) -> str:
    return name.partition("/")[0]


def test_module_utils_is_rooms_and_no_file():
    assert {path.name for path in ROOMS.iterdir() if path.name != "__pycache__"} == set(FLOORS)


@pytest.mark.parametrize("name", FILES)
def test_a_file_imports_its_own_room_and_those_below(name):
    assert {other for other in IMPORTS[name] if room(other) != room(name)} <= {
        other for other in FILES if room(other) in FLOORS[room(name)]
    }


@pytest.mark.parametrize("name", FILES)
def test_parts_that_stand_apart_do_not_import_each_other(name):
    part = next((part for part in APART if name.startswith(f"{part}/")), "")
    assert not [other for other in IMPORTS[name] if part and other.startswith(APART) and not other.startswith(part)]


def test_there_is_no_circle():
    TopologicalSorter(IMPORTS).prepare()


def test_a_program_of_its_own_has_the_standard_library_alone():
    assert {name.partition(".")[0] for name in imports(FILES[PROGRAM])} <= sys.stdlib_module_names


def test_one_file_has_boto3():
    named = {name: {module.partition(".")[0] for module in imports(path)} for name, path in FILES.items()}
    assert [name for name, modules in named.items() if modules & {"boto3", "botocore"}] == [BOTO3]


@pytest.mark.parametrize("path", sorted((PLUGINS / "plugin_utils").rglob("*.py")), ids=lambda path: path.name)
def test_the_controller_s_side_knows_of_ses_alone(path):
    named = {name for name in imports(path) if name.startswith(f"{PREFIX}module_utils.")}
    assert {name.removeprefix(f"{PREFIX}module_utils.").partition(".")[0] for name in named} <= {"_ses"}


def test_the_controller_s_side_is_a_room_and_no_file():
    assert {path.name for path in (PLUGINS / "plugin_utils").iterdir() if path.name != "__pycache__"} == {
        "_report",
        "_rollout",
    }


def test_the_unit_tests_have_the_same_rooms():
    here = Path(__file__).parent
    tested = {path.relative_to(here).parent.as_posix() for path in here.rglob("test_*.py")} - {"."}
    assert tested <= {Path(name).parent.as_posix() for name in FILES}
