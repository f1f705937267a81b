# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy by which a relay may send."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.ses.plugins.filter.send_policy import FilterModule

send_policy = FilterModule().filters()["send_policy"]


def test_a_domain_with_a_configuration_set():
    (statement,) = send_policy("example.com", "us-east-1", "123456789012", "fleet")["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": "ses:SendRawEmail",
        "Resource": [
            "arn:aws:ses:us-east-1:123456789012:identity/example.com",
            "arn:aws:ses:us-east-1:123456789012:configuration-set/fleet",
        ],
        "Condition": {"StringLike": {"ses:FromAddress": ["*@example.com", "*@*.example.com"]}},
    }


def test_an_address_is_its_own_sender():
    (statement,) = send_policy("web@example.com")["Statement"]
    assert statement["Resource"] == ["arn:aws:ses:*:*:identity/web@example.com"]
    assert statement["Condition"]["StringLike"]["ses:FromAddress"] == ["web@example.com"]


def test_another_partition():
    assert send_policy("example.com", "us-gov-west-1")["Statement"][0]["Resource"][0].startswith("arn:aws-us-gov:ses:")


def test_what_is_no_identity_is_refused():
    with pytest.raises(AnsibleFilterError, match="'example' has no dot"):
        send_policy("example")
