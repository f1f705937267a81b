# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix's tables are of the type that the host uses for everything else."""

from __future__ import annotations

import re

import pytest
from testbed.relay import relays

# What a table is on a host, and what the credentials are: cdb needs a source beside its index, so they are texthash.
TYPES = {"debian11": ("hash", "hash"), "debian12lmdb": ("lmdb", "lmdb"), "debian13cdb": ("cdb", "texthash")}
testinfra_hosts = relays(*TYPES)


def test_the_credentials_and_all_else(relay):
    table, credentials = TYPES[relay.name]
    assert relay.mta.option("smtp_sasl_password_maps").startswith(f"{credentials}:/etc/postfix/ses_sasl_passwd")
    settings = relay.host.check_output("postconf -n")
    assert re.findall(r"_maps = (hash|btree|lmdb|cdb):", settings) == [table]  # of the aliases


@pytest.mark.parametrize("option", ["entries", "secret_entries"])
def test_a_table_of_the_modules(relay, option):
    kind = TYPES[relay.name][option == "secret_entries"]
    table = {"name": "rooms", option: {"blue": "upstairs", "red": "cellar"}}
    result = relay.module("mailops.ses.postfix_config", tables=[table])
    assert result["tables"][0]["type"] == kind
    assert relay.host.check_output(f"postmap -q red {kind}:/etc/postfix/rooms") == "cellar"
