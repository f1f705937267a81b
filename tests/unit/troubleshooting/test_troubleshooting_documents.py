# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/troubleshooting is what the table of causes says, in both languages, and every link in it leads somewhere."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import report_samples as samples
import yaml
from ansible_collections.mailops.ses.plugins.plugin_utils._report.as_junit import render as junit
from ansible_collections.mailops.ses.plugins.plugin_utils._report.fleet import fleet
from troubleshooting.document import DOCUMENTS, Document, cause_ids
from troubleshooting.table import CAUSES, LANGUAGES, ROOT, gaps, load, sentences, translations
from troubleshooting.words import as_code, placeholders

ITEMS = load("items")
WORDS = load("words")
TEXTS = {language: (ROOT / name).read_text() for language, name in DOCUMENTS.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_is_what_make_docs_writes(language: str) -> None:
    assert TEXTS[language] == Document(language).render(), "run `make docs`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_leads_to_an_anchor_and_no_anchor_stands_twice(language: str) -> None:
    text = re.sub(r"```.*?```", "", TEXTS[language], flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    # As GitHub makes an anchor of a heading.
    slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    anchors = slugs + re.findall(r'<a id="([^"]+)"></a>', text)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= set(anchors)
    assert {cause.id for cause in CAUSES} <= set(slugs)
    for file in re.findall(r"\]\((?!#|https://)([^)]+)\)", text):
        assert (ROOT / "docs" / file).is_file()
    assert "{" not in text


def test_both_languages_have_the_same_blocks_of_code_and_the_same_links() -> None:
    for pattern in (r"```.*?```", r"\]\((#[^)]+)\)", r"^#### ([a-z_]+)$", r"^- .*<(https://[^>]+)>$"):
        english, japanese = (re.findall(pattern, text, re.DOTALL | re.MULTILINE) for text in TEXTS.values())
        assert english
        assert english == japanese


def test_every_sentence_is_translated_and_nothing_else() -> None:
    assert gaps() == []


@pytest.mark.parametrize("english", translations())
def test_a_translation_has_the_placeholders_and_the_code_of_its_sentence(english: str) -> None:
    japanese = translations()[english]
    assert placeholders(japanese) == placeholders(english)
    codes = [sorted(re.findall(r"`[^`]+`", as_code(text))) for text in (japanese, english)]
    assert codes[0] == codes[1]
    assert re.search(r"[ぁ-ん]", japanese)


def test_there_are_words_for_what_the_table_has_and_for_nothing_else() -> None:
    groups = {name for row in CAUSES for says in (row.says, row.queue) for name in re.compile(says).groupindex}
    used = {
        "kinds": {kind for row in CAUSES for kind in row.kinds} - {"reply", "queue"},
        "needs": {fact for row in CAUSES for fact in row.needs},
        "scopes": {scope for row in CAUSES for scope in row.scopes},
        "placeholders": {name for sentence in sentences() for name in placeholders(sentence)} | groups,
    }
    assert {table: set(WORDS[table]) for table in used} == used
    assert {stage for row in CAUSES for stage in row.stages} <= set(WORDS["stages"])


def test_every_text_is_in_every_language() -> None:
    texts = [text for table in WORDS.values() for text in table.values()]
    texts += [item[key] for item in ITEMS for key in ("title", "wrong", "do", "does") if key in item]
    texts += [group["title"] for group in load("groups")]
    for text in texts:
        assert set(text) == set(LANGUAGES)
        assert len({len(value) for value in text.values() if isinstance(value, list)}) <= 1


def test_the_groups_begin_at_causes_in_the_tables_order() -> None:
    starts = [group["from"] for group in load("groups")]
    assert starts[0] == cause_ids()[0]
    assert starts == [cause for cause in cause_ids() if cause in starts]


def test_the_items_are_those_of_awss_page_in_its_order() -> None:
    numbers = ["1", "1.1", "1.2", "2", "3", "4", "4.1", "4.2", "5", "6", "6.1", "6.2"]
    assert [item["number"] for item in ITEMS] == numbers
    for item in ITEMS:
        assert item["do"], "an item says what to do"
        assert set(item.get("causes", [])) <= set(cause_ids())
        assert len(item.get("causes", [])) == len(set(item.get("causes", [])))


def test_every_id_that_a_report_can_show_has_a_heading() -> None:
    # A queue's reasons and a port's diagnosis come from the table; the rest is what the reports say themselves.
    results = {
        **samples.every_state(),
        "odd": {"check": samples.check([]), "queue": samples.QUEUES["none"]},
        "blind": {"check": samples.healthy(), "queue": samples.QUEUES["unreadable"]},
        "waiting": {"check": samples.healthy(), "queue": samples.throttled()},
    }
    found = fleet(results, samples.NOW)
    types = {element.get("type") for element in ElementTree.fromstring(junit(found)).iter()} - {None}
    own = {"host_unreachable", "module_failed", "not_checked", "not_logged_in", "queue_unreadable", "no_mta", "unknown"}
    assert own <= types
    for text in TEXTS.values():
        headings = set(re.findall(r"^#### ([a-z_0-9]+)$", text, re.MULTILINE))
        assert types | {cause["id"] for cause in found["causes"]} | set(cause_ids()) <= headings


# Names of others that the items speak of.
FOREIGN = {"auto", "absent", "hosts", "smtp_cname_overrides_servername", "confDONT_EXPAND_CNAMES", "port_25_swallowed"}
FOREIGN |= {"report.html", "localhost", "relayhost", "-e ses_mta=sendmail"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_in_the_items_is_one_of_the_collections(language: str) -> None:
    texts = [str(item[key][language]) for item in ITEMS for key in ("wrong", "do", "does") if key in item]
    names = {name for text in texts for name in re.findall(r"`([^`]+)`", text) if not name.startswith("/")}
    assert names - collections_names() - set(cause_ids()) - FOREIGN == set()


def collections_names() -> set[str]:
    found = sorted((ROOT / "roles").glob("*/meta/argument_specs.yml"))
    roles = [path.parents[1].name for path in found]
    specs = [yaml.safe_load(path.read_text()) for path in found]
    options = {name for spec in specs for name in spec["argument_specs"]["main"]["options"]}
    files = {
        kind: [path.stem for path in (ROOT / kind).iterdir()]
        for kind in ("plugins/modules", "plugins/filter", "playbooks")
    }
    full = {f"mailops.ses.{name}" for kind in files for name in files[kind]}
    module = (ROOT / "plugins/modules/smtp_check.py").read_text()
    returned = set(re.findall(r"^ *([a-z_]+):$", module.partition("RETURN")[2], re.MULTILINE))
    return {*roles, *options, *files["plugins/modules"], *full, *returned}
