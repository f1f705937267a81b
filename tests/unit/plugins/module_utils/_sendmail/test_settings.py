# SPDX-License-Identifier: GPL-3.0-or-later
"""What Sendmail's tables have for further ways out."""

from __future__ import annotations

from ansible_collections.mailops.ses.plugins.module_utils._host.systems import SYSTEMS
from ansible_collections.mailops.ses.plugins.module_utils._relay.choice import choose
from ansible_collections.mailops.ses.plugins.module_utils._relay.relay import Fallback, describe
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.relay import in_sendmail
from ansible_collections.mailops.ses.plugins.module_utils._sendmail.settings import wanted
from relay_variables import GOOD, PASSWORD

HOME, IRELAND = "email-smtp.us-east-1.amazonaws.com", "email-smtp.eu-west-1.amazonaws.com"


def test_a_further_way_has_its_own_log_in_though_the_first_has_its_name_among_the_aliases():
    other = Fallback(IRELAND, 587, "AKIAI44QH8DHBEXAMPLE", [IRELAND])
    relay = describe({**GOOD, "ses_hostname_aliases": [IRELAND, "a.test"]}, ["web1.corp.test"], None, [other])
    choice = choose(relay, None, PASSWORD, "/etc/ssl/ca.pem", ["other" * 3])
    tables = wanted(relay, in_sendmail(relay), choice, SYSTEMS["Debian 13"].sendmail)["tables"]
    (rows,) = (one["secret_entries"] for one in tables if "secret_entries" in one)
    assert f"I:{other.username}" in rows[f"AuthInfo:{IRELAND}"]
    for name in (HOME, "a.test"):
        assert f"I:{GOOD['ses_smtp_username']}" in rows[f"AuthInfo:{name}"]
