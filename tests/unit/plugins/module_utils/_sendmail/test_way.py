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
    assert of_sendmail(cf) == way
