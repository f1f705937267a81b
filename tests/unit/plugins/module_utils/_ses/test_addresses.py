# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule for mail addresses."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._ses.addresses import address_fault
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("address", ["a@b.example", "first.last+tag@mail.example", "o_k%x@b.example"])
def test_an_address_is_taken(address: str) -> None:
    assert address_fault(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@b.example",
        "a@",
        "<a@b.example>",
        "A <a@b.example>",
        "a b@c.example",
        "é@b.example",
        "a@b@c",
        "root@localhost",
        f"{'a' * 65}@b.example",
    ],
)
def test_another_text_is_refused(address: str) -> None:
    assert address_fault(address)


@given(st.text())
def test_no_address_ends_its_command(text: str) -> None:
    for address in (text, f"{text}@b.example", f"a@{text}"):
        if address_fault(address) is None:
            assert address.isascii()
            assert not set(address) & set("\r\n <>\0")
