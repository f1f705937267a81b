# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the documents' code blocks, for tests to run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .engine import ROOT

DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "roles").glob("*/README.md")),
]
BLOCK = re.compile(r"^([ ]*)```(\w+)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One code block."""

    document: str
    heading: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.heading}:{self.language}"


def name(path: Path) -> str:
    """What a document is called: by its file, a role's README by its role too."""
    return f"{path.parent.name}/{path.name}" if "roles" in path.parts[-3:-2] else path.name


def blocks(*languages: str) -> list[Block]:
    """The blocks of these languages, in the documents' order."""
    found = []
    for path in DOCUMENTS:
        whole = path.read_text()
        for match in BLOCK.finditer(whole):
            indent, language, text = match.groups()
            heading = re.findall(r"^#+ (.*)$", re.sub(BLOCK, "", whole[: match.start()]), re.MULTILINE)[-1]
            text = re.sub(f"^{indent}", "", text, flags=re.MULTILINE)
            found.append(Block(name(path), heading, language, text))
    return [block for block in found if block.language in languages]


def block(document: str, word: str) -> str:
    """The text of DOCUMENT's only block with WORD."""
    texts = [item.text for item in blocks("sh", "yaml", "ini") if item.document == document and word in item.text]
    assert len(texts) == 1, f"{document} has {len(texts)} blocks with {word!r}"
    return texts[0]


def playbook(document: str, word: str, host: str) -> str:
    """That block, for HOST in place of its group."""
    text = block(document, word)
    assert "hosts: mail\n" in text
    return text.replace("hosts: mail\n", f"hosts: {host}\n")
