# SPDX-License-Identifier: GPL-3.0-or-later
"""What is judged of the variables together."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._role.plan import judged
from relay_variables import GOOD

VARIABLES = {name: value for name, value in GOOD.items() if name != "ses_smtp_password"}
BY_KEY = {"ses_secret_access_key": ""}
NAMES = ["web1.corp.test"]
ARN = "arn:aws:ses:us-east-1:123456789012:identity/example.com"


@pytest.mark.parametrize("mta", ["postfix", "sendmail"])
def test_an_arn_of_a_region_to_which_a_way_does_not_lead_is_refused_for_both_mtas(mta):
    given = {**VARIABLES, "ses_headers": {"X-SES-SOURCE-ARN": ARN}}
    assert judged(given, BY_KEY, mta, NAMES)[1] == []
    entries = [{"region": "eu-west-1"}]
    senders = [{"sender": "brand.example", "region": "eu-central-1"}]
    of_ways, of_senders = judged(given, BY_KEY, mta, NAMES, entries, identities=senders)[1]
    assert "ses_fallback[0] leads to eu-west-1" in of_ways
    assert "ses_identities[0] leads to eu-central-1" in of_senders
    # Beside a fault of an entry its number would be another's.
    (fault,) = judged(given, BY_KEY, mta, NAMES, [{"region": "nowhere"}, *entries])[1]
    assert "ses_fallback[0].region 'nowhere'" in fault


@pytest.mark.parametrize(("mta", "faults"), [("postfix", 0), ("sendmail", 1)])
def test_sendmail_has_room_for_fewer_identities(mta, faults):
    senders = [{"sender": f"{number}.example"} for number in range(13)]
    found = judged(VARIABLES, BY_KEY, mta, NAMES, identities=senders)[1]
    assert len(found) == faults
    assert all(fault.startswith("ses_identities has 13 entries, and Sendmail has room for 12;") for fault in found)
