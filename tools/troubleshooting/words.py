# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of words.yml in one language."""

from __future__ import annotations

import re
from string import Formatter

from .table import load, translations

# Names of variables, options, modules, permissions and addresses are set as code; what is code already stays.
_CODE = re.compile(
    r"(?P<code>`[^`]*`)|(?P<name>mailops\.ses\.[a-z_]+|ses:[A-Za-z]+|openssl s_client|[\w.]+@[\w.-]+\.[a-z]+"
    r"|(?<![\w/.])[A-Za-z]+(?:_[A-Za-z]+)+(?:: auto)?)(?![\w@])",
    re.ASCII,
)


class Words:
    """What the documents say in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._words = load("words")
        self._translations = translations()

    def of(self, table: str, key: str) -> str:
        """A KeyError that names the table and the key, when the table of causes has something new."""
        if key not in self._words[table]:
            raise KeyError(
                f"tools/troubleshooting/words.yml has no {key!r} among its {table}: add it, in each language"
            )
        return str(self._words[table][key][self.language])

    def say(self, key: str) -> str:
        return self.of("document", key)

    def placeholder(self, name: str) -> str:
        return self.of("placeholders", name)

    def join(self, conjunction: str, texts: list[str]) -> str:
        return self.say(conjunction).join(texts)

    def clause(self, what: str, stages: str, ports: str, conditions: str) -> str:
        """One sentence; which part comes where is the language's."""
        parts = {"what": what, "stages": stages, "ports": ports, "conditions": conditions}
        shown = {name: self.say(f"clause_{name}").format(part) if part else "" for name, part in parts.items()}
        text = self.say("clause").format_map(shown)
        return text[0].upper() + text[1:]

    def sentence(self, english: str) -> str:
        """A sentence of the table, with words for its placeholders."""
        text = english if self.language == "en" else self._translations[english]
        return as_code(text.format_map({name: self.placeholder(name) for name in placeholders(text)}))


def placeholders(text: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in Formatter().parse(text) if name}


def as_code(text: str) -> str:
    """Names as code, and nothing else that Markdown would take for its own."""
    return _CODE.sub(lambda found: found["code"] or f"`{found['name']}`", text)
