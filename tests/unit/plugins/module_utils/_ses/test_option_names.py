# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._ses.option_names import Names, renamed

NAMES = Names(region="ses_region", endpoint="ses_endpoint")


def test_an_option_without_another_name_has_its_own() -> None:
    assert (NAMES["region"], NAMES["ports"]) == ("ses_region", "ports")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("region is empty: give the AWS region.", "ses_region is empty: give the AWS region."),
        ("ports is empty. endpoint is a URL: give the name", "ports is empty. ses_endpoint is a URL: give the name"),
        (
            "one of the following is required: region, endpoint",
            "one of the following is required: ses_region, ses_endpoint",
        ),
        (
            "missing parameter(s) required by 'endpoint': region",
            "missing parameter(s) required by 'ses_endpoint': ses_region",
        ),
        ("ports is empty: give region or endpoint", "ports is empty: give ses_region or ses_endpoint"),
        ("ca_file /srv/region.pem is not there", "ca_file /srv/region.pem is not there"),
        ("regions are many: endpoint-like names too", "regions are many: endpoint-like names too"),
        ("", ""),
    ],
)
def test_options_are_renamed_and_words_are_not(message: str, told: str) -> None:
    assert renamed(message, NAMES) == told
    assert renamed(message, {}) == message
