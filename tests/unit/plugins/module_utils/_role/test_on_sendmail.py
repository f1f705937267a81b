# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look at a host makes of Sendmail's own terms."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import describe
from ansible_collections.mailops.ses.plugins.module_utils._role import on_sendmail
from ansible_collections.mailops.ses.plugins.module_utils._role.host import Host
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.look import Present
from relay_variables import GOOD

RED_HATS = "Port=smtp,Addr=127.0.0.1, Name=MTA"


@pytest.mark.parametrize("map_type", ["hash -T<TMPF> -o /etc/mail/access.db", "hash /etc/mail/others"])
def test_a_second_run_means_what_the_first_one_meant(monkeypatch, map_type):
    """The package's daemon has another name at Red Hat than at Debian: the first run named Debian's, the second this
    one, and so changed a host that it had just made."""
    there = Present(mc="the package's", own=f"Kaccess {map_type}\nO DaemonPortOptions={RED_HATS}\n")
    monkeypatch.setattr(on_sendmail, "present", lambda _run, _others: there)
    monkeypatch.setattr(on_sendmail, "described", lambda known, names: describe(known, names, None))
    meant, found = {}, {}
    for fresh in (True, False):
        host = Host(lambda _command: (0, "", ""), offline=True, fresh=fresh)
        _relay, terms, found[fresh] = on_sendmail.look(GOOD, ["web1.corp.test"], [], host, True)
        meant[fresh] = terms()
    assert meant[True] == meant[False]
    assert RED_HATS in meant[True].macros["DAEMON_OPTIONS"]
    assert found[False]
    assert not found[True]  # nobody's wish
