# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Sendmail's configuration leads mail for other domains."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._mta.way import Way
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.way import of_sendmail

NAME = "email-smtp.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("cf", "way"),
    [
        ("", None),
        ("O LogLevel=9\nDSold\n# DSno\nDS\n", Way(None)),
        (f"DS{NAME}\n", Way(NAME)),
        (f"DS[{NAME}]\n", Way(NAME)),
        (f"DSses_relay:{NAME}\n", Way(NAME)),
        (f"DSesmtp:[{NAME}]\n", Way(NAME)),
        ("DS[IPv6:2001:db8::1]\n", Way("IPv6:2001:db8::1")),
    ],
)
def test_the_last_smart_host_counts(cf, way):
    found = of_sendmail(cf)
    assert (found and found.host) == (way and way.host)


TABLES = "Kmailertable hash -o /etc/mail/mailertable.db\nKauthinfo hash -o /etc/mail/authinfo\n"


def way_of(cf, submit_cf="", mailertable="", keys=b""):
    """The way where mailertable has this source, and each table of log-ins these bytes."""
    held = lambda _kind, _path, key: None if keys is None else bool(key.search(keys))  # noqa: E731
    return of_sendmail(cf, submit_cf, {"/etc/mail/mailertable": mailertable}.get, held)


@pytest.mark.parametrize(
    ("keys", "logs_in"),
    [
        (f"\x01authinfo:{NAME}\x01".encode(), True),
        (b"authinfo:\x01", True),  # for every server
        (b"authinfo:relay.partner.example", False),
        (f"authinfo:vpce-1.{NAME}".encode(), False),
        (f"authinfo:{NAME}.example".encode(), False),
        (b"", False),
        (None, None),
    ],
)
def test_a_table_has_a_log_in_for_the_smart_host_or_not(keys, logs_in):
    assert way_of(f"{TABLES}DS[{NAME}]\n", keys=keys) == Way(NAME, (), logs_in)


def test_without_a_table_of_log_ins_there_is_none():
    assert way_of(f"DS[{NAME}]\n", keys=f"authinfo:{NAME}".encode()) == Way(NAME, (), False)


def test_the_file_of_one_log_in_for_everything(tmp_path):
    cf = f"DS[{NAME}]\nO DefaultAuthInfo={tmp_path}/default-auth-info\n"
    assert not way_of(cf).logs_in
    (tmp_path / "default-auth-info").touch()
    assert way_of(cf).logs_in


@pytest.mark.parametrize(
    ("mailertable", "host"),
    [
        (". esmtp:[hub.corp.example]\n", "hub.corp.example"),
        ("partner.example esmtp:[hub.corp.example]\n", NAME),
        (". error:5.7.1:no mail leaves\n", None),
    ],
)
def test_the_row_of_mailertable_for_every_domain_leads_mail_elsewhere(mailertable, host):
    assert way_of(f"{TABLES}DS{NAME}\n", mailertable=mailertable).host == host
    assert way_of(f"DS{NAME}\n", mailertable=mailertable).host == NAME  # a table that nothing reads


@pytest.mark.parametrize(("hub", "host"), [("[127.0.0.1]", NAME), ("[hub.corp.example]", "hub.corp.example")])
def test_programs_of_the_host_may_hand_their_mail_to_another_hub(hub, host):
    assert way_of(f"DS{NAME}\n", f"D{{MTAHost}}{hub}\n").host == host
