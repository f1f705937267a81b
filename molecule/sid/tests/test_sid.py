# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian sid's Postfix uses cdb by default."""

from __future__ import annotations

from testbed.relay import ALL_RELAYS

testinfra_hosts = ALL_RELAYS[:1]


def test_its_default_is_cdb_and_the_credentials_need_no_source_beside_an_index(relay):
    assert relay.host.check_output("postconf -d default_database_type") == "default_database_type = cdb"
    assert relay.mta.option("smtp_sasl_password_maps").startswith("texthash:/etc/postfix/ses_sasl_passwd")


def test_a_mail_that_asks_for_requiretls_arrives(relay, endpoint):
    """From 3.11 on it would come back with 5.7.30: SES does not offer REQUIRETLS."""
    relay.arrived(endpoint, relay.send(Require_TLS_ESMTP="yes"))
