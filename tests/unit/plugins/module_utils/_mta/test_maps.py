# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import struct
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._mta.maps import (
    KINDS,
    entries_fault,
    folded,
    masked,
    name_fault,
    parse_cdb,
    parse_listing,
    parse_source,
    parse_texthash,
    resolve_type,
    source,
)
from hypothesis import given
from hypothesis import strategies as st

ALL = tuple(KINDS)


@pytest.mark.parametrize(
    ("wanted", "default", "supported", "secret", "found"),
    [
        ("", "hash", ALL, False, "hash"),
        ("", "lmdb", ALL, True, "lmdb"),
        ("", "cdb", ALL, False, "cdb"),
        ("", "cdb", ALL, True, "texthash"),
        ("", "hash", ("lmdb", "texthash"), True, "lmdb"),
        ("", "dbm", ("cdb", "texthash"), False, "cdb"),
        ("", "dbm", ("cdb", "texthash"), True, "texthash"),
        ("", "$x", ("texthash",), False, "texthash"),
        ("pcre", "hash", ALL, False, "pcre"),
        ("pcre", "hash", ("hash",), False, None),
        ("cdb", "hash", ALL, True, None),
        ("", "hash", ("static",), False, None),
    ],
)
def test_the_type_is_one_that_the_mta_supports(
    wanted: str, default: str, supported: tuple[str, ...], secret: bool, found: str | None
) -> None:
    assert resolve_type(wanted, default, supported, secret) == found


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("hash", "[email-smtp.us-east-1.amazonaws.com]:587"),
        ("hash", "user+tag#x@example.com"),
        ("hash", '"quoted"@example.com'),
        ("hash", "@bücher.example"),
        ("regexp", "/^a b$/i"),
        ("regexp", "!/a\\/b/"),
        ("pcre", "/#/"),
        ("cidr", "10.0.0.0/8"),
        ("cidr", "!2001:db8::/32"),
    ],
)
def test_a_key_that_a_map_can_hold_is_taken(kind: str, key: str) -> None:
    assert entries_fault({key: "value with # $ : ' \" spaces"}, KINDS[kind]) is None


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        *(
            ("hash", key)
            for key in ("", " a", "a b", "a\tb", "a\nb c", "#a", "a\rb", "a\0", "a:", '"a', "a\\ b", "a\u2028b")
        ),
        *(("hash", key) for key in ("a\u00a0b", "a\udcffb", 1, None, True)),
        *(("regexp", key) for key in ("a", "/a", "/a/ b/", "/a/b/", "//", "if /a/", "endif", "/a\n/", "#/a/", " /a/")),
        *(("cidr", key) for key in ("if 10.0.0.0/8", "endif", "a b", "10.0.0.0/8 x")),
    ],
)
def test_a_key_that_no_map_can_hold_is_refused(kind: str, key: Any) -> None:
    assert "key" in str(entries_fault({key: "sEcReT"}, KINDS[kind]))
    assert "sEcReT" not in str(entries_fault({key: "sEcReT"}, KINDS[kind]))


@pytest.mark.parametrize(
    "value", ["", " ", "sEcReT\nx y", "sEcReT ", " sEcReT", "sEcReT\r", "sEcReT\0", None, True, [], {}]
)
def test_a_value_that_no_map_can_hold_is_refused(value: Any) -> None:
    fault = str(entries_fault({"key": value}, KINDS["hash"]))
    assert "the value of 'key'" in fault
    assert "sEcReT" not in fault


def test_keys_that_differ_in_case_only() -> None:
    assert "twice" in str(entries_fault({"a@X": "1", "A@x": "2"}, KINDS["hash"]))
    assert entries_fault({"/a/": "1", "/A/": "2"}, KINDS["regexp"]) is None


KEYS = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=6)
VALUES = st.text(max_size=8)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_no_entry_adds_a_line(entries: dict[str, str]) -> None:
    if entries_fault(entries, KINDS["hash"]) is None:
        text = source(entries)
        assert text.count("\n") == len(entries)
        assert [tuple(line.split(" ", 1)) for line in text.split("\n") if line] == list(entries.items())


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-a", ".a", "main.cf", "a.db", "a b", "a\n", "é", None])
def test_a_name_that_no_map_can_have_is_refused(name: Any) -> None:
    fault = name_fault(name)
    assert fault
    assert "Postfix" not in fault  # Sendmail's tables are named here, too


def test_listing_and_source() -> None:
    assert parse_listing("a\tb c\nd\te\tf\n") == {"a": "b c", "d": "e\tf"}
    assert parse_source("# x\n\na b c\n  d\n#e f\n") == {"a": "b c", "d": ""}


def test_what_is_no_key_of_a_texthash_is_none() -> None:
    """It can be a password, and keys are shown."""
    text = "# x\n  user:secret\n[a]:587\n\tuser:secret\n\nb user:secret\nuser:secret\n"
    assert parse_texthash(text) == {"[a]:587": "user:secret", "b": "user:secret"}


def cdb(records: list[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(struct.pack("<2I", len(key), len(value)) + key + value for key, value in records)
    return struct.pack("<512I", *([2048 + len(body), 0] * 256)) + body + b"tables"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (cdb([]), {}),
        (cdb([(b"a", b"b c"), (b"d\0", b"e\0")]), {"a": "b c", "d": "e"}),
        (b"junk", None),
        (b"", None),
        (cdb([(b"\xff", b"x")]), None),
    ],
)
def test_a_cdb_is_read_or_known_as_broken(content: bytes, found: dict[str, str] | None) -> None:
    assert parse_cdb(content) == found


def test_mask_tells_only_whether_a_value_differs() -> None:
    kind = KINDS["hash"]
    text = masked(
        {"Same": "s3cret", "new": "s3cret", "changed": "s3cret"}, {"same": "s3cret", "changed": "0ther"}, kind
    )
    assert text == "changed ******** (changed)\nnew ********\nsame ********\n"
    assert folded({"Ä": "b"}, kind) == {"ä": "b"}
