# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of partitions is AWS's own, as botocore ships it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.mailops.ses.plugins.module_utils._ses.endpoint import region_fault
from ansible_collections.mailops.ses.plugins.module_utils._ses.partitions import (
    FIPS_REGIONS,
    PARTITIONS,
    REGIONS,
    WITHOUT_SMTP,
    partition_of,
)

# The environments that run the oldest Pythons and the oldest ansible-core have no botocore.
loaders = pytest.importorskip("botocore.loaders")


@pytest.fixture(scope="module")
def data() -> dict[str, list[dict[str, Any]]]:
    """What botocore ships: `endpoints` has services and suffixes, `partitions` patterns and regions."""
    loader = loaders.create_loader()
    return {name: loader.load_data(name)["partitions"] for name in ("endpoints", "partitions")}


def test_partitions_and_their_domains_are_botocores(data: dict[str, list[dict[str, Any]]]) -> None:
    theirs = {
        (row["id"], row["outputs"]["dnsSuffix"], row["outputs"]["dualStackDnsSuffix"]) for row in data["partitions"]
    }
    assert {(row.name, row.suffix, row.dual_stack) for row in PARTITIONS} == theirs


def test_a_regions_name_leads_to_botocores_partition(data: dict[str, list[dict[str, Any]]]) -> None:
    for row in data["partitions"]:
        regions = [region for region in row["regions"] if re.fullmatch(row["regionRegex"], region)]
        assert regions, row["id"]
        assert {partition_of(region).name for region in regions} == {row["id"]}


def test_regions_with_ses_are_botocores(data: dict[str, list[dict[str, Any]]]) -> None:
    email = {row["partition"]: row["services"].get("email", {"endpoints": {}}) for row in data["endpoints"]}
    theirs = {
        name: sorted(region for region in service["endpoints"] if not region.startswith("fips-"))
        for name, service in email.items()
    }
    assert {row.name: sorted(row.regions) for row in PARTITIONS} == theirs
    with_fips = [
        region
        for service in email.values()
        for region, row in service["endpoints"].items()
        for variant in row.get("variants", [])
        if variant["tags"] == ["fips"]
    ]
    assert sorted(FIPS_REGIONS) == sorted(with_fips)


def test_the_table_has_each_region_once_in_its_own_partition() -> None:
    assert len(set(REGIONS)) == len(REGIONS)
    assert [region for region in REGIONS if region_fault(region)] == []
    for row in PARTITIONS:
        assert {partition_of(region) for region in row.regions} <= {row}
        assert set(row.fips) <= set(row.regions)
    assert set(REGIONS) >= WITHOUT_SMTP
    assert partition_of("xx-new-9").name == "aws"


def test_the_regions_that_were_missing_are_there() -> None:
    missing = {"ap-east-2", "ap-southeast-4", "ap-southeast-6", "ap-southeast-7", "eu-south-2", "mx-central-1"}
    assert {*missing, "eusc-de-east-1"} <= set(REGIONS)
