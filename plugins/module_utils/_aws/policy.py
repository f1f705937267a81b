# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy by which a relay's user may send, and nothing else."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailops.ses.plugins.module_utils._ses.partitions import partition_of

SEND = "ses:SendRawEmail"


def send_policy(identity: str, region: str, account: str, configuration_set: str | None = None) -> dict[str, Any]:
    """One action on the identity, and on the configuration set where one is used; a sender in the identity alone.
    REGION and ACCOUNT may be *."""
    place = f"arn:{partition_of(region).name}:ses:{region}:{account}"
    resources = [f"{place}:identity/{identity}"]
    if configuration_set:
        resources.append(f"{place}:configuration-set/{configuration_set}")
    senders = [identity] if "@" in identity else [f"*@{identity}", f"*@*.{identity}"]
    condition = {"StringLike": {"ses:FromAddress": senders}}
    statement = {"Effect": "Allow", "Action": SEND, "Resource": resources, "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [statement]}
