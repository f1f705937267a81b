# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether mail meets a service on its way."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._mta.way import Way, holds

NAME = "email-smtp.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("stop", "service", "meets"),
    [
        ("[127.0.0.1]:10024", "127.0.0.1:10024", True),
        ("localhost:10024", "::1:10024", True),
        ("[127.0.0.1]:10024", "127.0.0.1:10025", False),
        ("[127.0.0.1]:10024", "127.0.0.1", True),  # words without a port
        ("[::1]:10024", "::1", True),
        ("[127.0.0.1]:amavis", "127.0.0.1:10024", True),
        (NAME, "127.0.0.1:10024", False),
        ("[192.0.2.1]:10024", "127.0.0.1:10024", False),
        ("unix:/run/scan.sock", "/run/scan.sock", True),
        ("unix:private/scan", "private/scan", True),
        ("unix:private/scan", "private/dovecot-lmtp", False),
        ("[127.0.0.1]:10024", "private/dovecot-lmtp", False),
        ("${my_filter}", "127.0.0.1:10024", True),
        ("", "127.0.0.1:10024", False),
    ],
)
def test_whether_mail_meets_a_service(stop, service, meets):
    assert Way(None, (stop,)).leads_over(service) is meets


def test_a_tunnel_to_the_relay_is_met_too():
    assert Way("127.0.0.1").leads_over("127.0.0.1:2525")
    assert not Way(None).leads_over("127.0.0.1:2525")


@pytest.mark.parametrize(
    ("kind", "name", "content", "held"),
    [
        ("hash", "t.db", b"\x01user:word\x01relay.example\0", True),
        ("hash", "t", b"relay.example user:word\n", False),  # a source that was never built
        ("texthash", "t", b"# relay.example\nother.example relay.example\n", False),
        ("texthash", "t", b"Relay.example user:word\n", True),
        ("text", "t", b"relay.example user:word\n", True),  # Sendmail's word for it
        ("lmdb", "t.lmdb", b"relay.example\0", True),
        ("texthash", "t/", None, None),
    ],
)
def test_a_table_is_asked_for_a_key_in_the_file_that_the_mta_reads(tmp_path, kind, name, content, held):
    if content is None:
        (tmp_path / name).mkdir()  # as good as one that this user may not read
    else:
        (tmp_path / name).write_bytes(content)
    assert holds(kind, f"{tmp_path}/t", re.compile(rb"relay\.example")) is held
