# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file of module_utils or plugin_utils offers to others has a docstring: classes, functions, methods."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[4] / "plugins"
FILES = {
    path.relative_to(PLUGINS).with_suffix("").as_posix(): path
    for place in ("module_utils", "plugin_utils")
    for path in sorted((PLUGINS / place).rglob("*.py"))
}

Named = tuple[str, ast.ClassDef | ast.FunctionDef]


def public(body: list[ast.stmt], within: str = "") -> Iterator[Named]:
    """The classes and functions without an underscore, by their qualified names; not those inside a function."""
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
            name = f"{within}{node.name}"
            yield name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{name}.")


def bases(name: str, classes: dict[str, ast.ClassDef]) -> Iterator[str]:
    """The classes of its own file that a class inherits from."""
    for base in classes[name].bases if name in classes else ():
        if isinstance(base, ast.Name):
            yield base.id
            yield from bases(base.id, classes)


def undocumented(text: str) -> list[str]:
    """The names without a docstring; a method that overrides another of its file has that one's."""
    found = dict(public(ast.parse(text).body))
    classes = {name: node for name, node in found.items() if isinstance(node, ast.ClassDef)}

    def documented(name: str) -> bool:
        owner, _dot, method = name.rpartition(".")
        origins = (found.get(f"{base}.{method}") for base in bases(owner, classes))
        return any(node and ast.get_docstring(node) for node in (found[name], *origins))

    return [name for name in found if not documented(name)]


@pytest.mark.parametrize("name", FILES)
def test_each_public_name_has_a_docstring(name):
    assert undocumented(FILES[name].read_text()) == []


def test_a_name_without_a_docstring_is_found():
    text = '''
class Base:
    """A base."""

    def step(self):
        """Do a step."""

    def bare(self): ...

class Child(Base):
    """A child."""

    def step(self): ...

    def bare(self): ...

    @property
    def size(self): ...

    def _own(self): ...

def run():
    def inside(): ...
'''
    assert undocumented(text) == ["Base.bare", "Child.bare", "Child.size", "run"]
