# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of README and docs are what their sources say, and each has a place."""

from __future__ import annotations

from itertools import chain

import pytest
from definitions import ROOT, options
from documents.marked import DOCUMENTS, names, written
from documents.tables import MTAS, TABLES, default, in_mta, meaning, promises, table

OPTIONS = options()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_file_is_what_make_docs_writes(document):
    text = document.read_text()
    assert text == written(text), "run `make docs`"


def test_each_table_stands_once():
    assert sorted(chain.from_iterable(names(path.read_text()) for path in DOCUMENTS)) == sorted(TABLES)


def test_the_readme_is_read_in_one_go():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 160


def test_a_stale_table_is_written_again_and_the_rest_stays():
    fresh = f"a\n<!-- begin: platforms (make docs) -->\n{TABLES['platforms']()}\n<!-- end: platforms -->\nb\n"
    assert written(fresh.replace("| 9 |", "| 8 |")) == written(fresh.replace("| Debian |", "| Minix |")) == fresh


def test_a_place_without_an_end_is_an_error():
    with pytest.raises(ValueError, match="no end: platforms"):
        written("<!-- begin: platforms (make docs) -->\n<!-- end: scenarios -->\n")


def test_a_place_of_no_table_is_an_error():
    with pytest.raises(KeyError):
        written("<!-- begin: figures (make docs) -->\n<!-- end: figures -->\n")


@pytest.mark.parametrize(
    ("option", "cell"),
    [
        ({"description": ["A switch."], "default": True}, "`true`"),
        ({"description": ["A text of digits."], "default": "587"}, "`587`"),
        ({"description": ["A list."], "default": [25, 465]}, "`[25, 465]`"),
        ({"description": ["A name."], "required": True}, "required"),
        (
            {"description": ["A name. Required, unless O(ses_endpoint) is set."]},
            "required, unless `ses_endpoint` is set",
        ),
        ({"description": ["A name. The default is C(a.example.com)."]}, "`a.example.com`"),
        (
            {"description": ["A file.", "The default is the distribution's bundle. It grows."]},
            "the distribution's bundle",
        ),
        ({"description": ["A name."]}, "none"),
    ],
)
def test_the_default_is_a_value_or_the_words_of_the_description(option, cell):
    assert default(option) == cell


def test_the_meaning_is_the_first_paragraph_without_the_default():
    option = {"description": ["A name for O(ses_port), V(x) or C(y). The default is C(a.b).", "More of it."]}
    assert meaning(option) == "A name for `ses_port`, `x` or `y`"


def test_what_an_mta_sets_is_the_paragraph_that_names_it():
    option = {"description": ["A name.", "In Postfix, it sets C(relayhost). And more.", "In Sendmail, it sets C(m=)."]}
    assert [in_mta(option, mta) for mta in MTAS] == ["`relayhost`. And more", "`m=`"]


@pytest.mark.parametrize("name", OPTIONS)
def test_a_variable_says_of_both_mtas_what_it_sets_or_of_none(name):
    assert len({bool(in_mta(OPTIONS[name], mta)) for mta in MTAS}) == 1


@pytest.mark.parametrize("name", TABLES)
def test_no_cell_breaks_its_table_and_no_markup_of_ansible_is_left(name):
    lines = TABLES[name]().splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert not [line for line in lines if "`" in line and any(f" {letter}(" in line for letter in "COVM")]


def test_cells_become_rows():
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_each_scenario_says_what_it_proves():
    assert set(promises()) == {file.parent.name for file in ROOT.glob("molecule/*/molecule.yml")} - {"default"}
