# SPDX-License-Identifier: GPL-3.0-or-later
"""What SES's headers may say."""

from __future__ import annotations

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._ses.headers import arn_region, header_fault


@pytest.mark.parametrize(
    ("region", "meant"), [("us-east-1", "us-east-1"), ("us-gov-west-1", "us-gov-west-1"), ("*", None)]
)
def test_an_arn_names_a_region_or_each(region, meant):
    value = f"arn:aws:ses:{region}:123456789012:identity/example.com"
    assert header_fault("X-SES-SOURCE-ARN", value) is None
    assert arn_region(value) == meant


@pytest.mark.parametrize("region", ["", "**", "us-*", "nowhere"])
def test_what_is_no_region_is_refused(region):
    value = f"arn:aws:ses:{region}:123456789012:identity/example.com"
    assert header_fault("X-SES-SOURCE-ARN", value).startswith("is no ARN")
    assert arn_region(value) is None
