# SPDX-License-Identifier: GPL-3.0-or-later
"""The document in one language, as GitHub-flavoured Markdown. A cause's heading is its id, and so is its anchor."""

from __future__ import annotations

from typing import Any

from .shows import queued, shown
from .table import CAUSES, ROOT, Cause, load, rows_of
from .words import Words

DOCUMENTS = {"en": "docs/troubleshooting.md", "ja": "docs/troubleshooting.ja.md"}
COMMANDS = {
    "check": "ansible-playbook -i hosts mailops.ses.check",
    "queue": "ansible -i hosts all --become -m mailops.ses.mail_queue_info",
}


class Document:
    """Sections, each a list of Markdown blocks."""

    def __init__(self, language: str) -> None:
        self.words = Words(language)
        self.items: list[dict[str, Any]] = load("items")
        self.groups: list[dict[str, Any]] = load("groups")

    def render(self) -> str:
        blocks = [*self._head(), *self._page(), *self._beyond(), *self._causes()]
        return "\n\n".join(blocks) + "\n"

    def _head(self) -> list[str]:
        say = self.words.say
        contents = [
            f"- {say('page')}",
            *(f"{'    ' if _is_part(item) else '  '}- {self._link(item)}" for item in self.items),
            f"- {say('causes')}",
            *(f"  - [{self._in(group['title'])}](#{_group_anchor(group)})" for group in self.groups),
        ]
        return [
            f"<!-- {say('generated')} -->",
            f"# {say('title')}",
            say("other"),
            say("intro"),
            '<a id="start"></a>',
            f"## {say('start')}",
            say("start_text"),
            _fenced("sh", COMMANDS["check"]),
            say("start_then"),
            _fenced("sh", COMMANDS["queue"]),
            say("start_capitals"),
            "\n".join(contents),
        ]

    def _page(self) -> list[str]:
        blocks = [f"## {self.words.say('page')}"]
        for item in self.items:
            blocks += self._item(item)
        return blocks

    def _item(self, item: dict[str, Any]) -> list[str]:
        level = "####" if _is_part(item) else "###"
        blocks = [
            f'<a id="{_anchor(item)}"></a>',
            f"{level} {item['number']} {self._in(item['title'])}",
            self._in(item["wrong"]),
        ]
        if "do" in item:
            steps = "\n".join(f"{number}. {step}" for number, step in enumerate(self._in(item["do"]), 1))
            blocks += [f"**{self.words.say('remedy')}**", steps]
        for kind in ("sh", "yaml", "text"):  # text is for a person to adapt
            blocks += [_fenced(kind, item[kind].rstrip())] if kind in item else []
        if "does" in item:
            does = "\n".join(f"- {line}" for line in self._in(item["does"]))
            blocks += [f"**{self.words.say('does')}**", does]
        if "causes" in item:
            blocks.append(f"**{self.words.say('causes_of_item')}**: {_links(item['causes'])}")
        return blocks

    def _beyond(self) -> list[str]:
        listed = {cause for item in self.items for cause in item.get("causes", [])}
        rest = [cause for cause in cause_ids() if cause not in listed]
        return [f"### {self.words.say('beyond')}", f"{self.words.say('beyond_text')} {_links(rest)}"]

    def _causes(self) -> list[str]:
        starts = {group["from"]: group for group in self.groups}
        blocks = [f"## {self.words.say('causes')}", self.words.say("causes_text")]
        for cause in cause_ids():
            if cause in starts:
                group = starts[cause]
                blocks += [f'<a id="{_group_anchor(group)}"></a>', f"### {self._in(group['title'])}"]
            blocks.append(f"#### {cause}")
            for row in rows_of(cause):
                blocks += self._row(row)
            blocks += self._items_of(cause)
        return blocks

    def _row(self, row: Cause) -> list[str]:
        words = self.words
        facts = [
            (words.say("remedy"), words.sentence(row.remedy)),
            (words.say("shows"), shown(row, words)),
            (words.say("queue"), queued(row, words)),
            (words.say("source"), f"<{row.source}>"),
        ]
        return [words.sentence(row.cause), "\n".join(f"- **{name}**: {text}" for name, text in facts if text)]

    def _items_of(self, cause: str) -> list[str]:
        items = [item for item in self.items if cause in item.get("causes", [])]
        links = ", ".join(map(self._link, items))
        return [f"{self.words.say('item')}: {links}"] if links else []

    def _link(self, item: dict[str, Any]) -> str:
        return f"[{item['number']} {self._in(item['title'])}](#{_anchor(item)})"

    def _in(self, text: dict[str, Any]) -> Any:
        return text[self.words.language]


def cause_ids() -> list[str]:
    return list(dict.fromkeys(row.id for row in CAUSES))


def write() -> None:
    """Both or none."""
    for name, text in {name: Document(language).render() for language, name in DOCUMENTS.items()}.items():
        (ROOT / name).write_text(text)


def _is_part(item: dict[str, Any]) -> bool:
    return "." in item["number"]


def _anchor(item: dict[str, Any]) -> str:
    return f"item-{item['number'].replace('.', '-')}"


def _group_anchor(group: dict[str, Any]) -> str:
    return f"from-{group['from'].replace('_', '-')}"


def _links(causes: list[str]) -> str:
    return ", ".join(f"[{cause}](#{cause})" for cause in causes)


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"
