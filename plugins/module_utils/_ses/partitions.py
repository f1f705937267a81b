# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's partitions and regions as one table, and the names that SES's endpoints have in them.

It names things and never refuses a region: AWS adds regions, and DNS answers whether one has an endpoint.
"""

from __future__ import annotations

from typing import NamedTuple


class Partition(NamedTuple):
    """A part of AWS with accounts, regions and domain names of its own."""

    name: str  # AWS's identifier, such as aws-eusc
    prefix: str  # how the names of its regions begin; empty for the partition that has all others
    suffix: str  # what the names of its services end in, without a dot before it
    dual_stack: str  # the same for names that have IPv6 addresses too
    regions: tuple[str, ...] = ()  # where AWS lists SES's API
    fips: tuple[str, ...] = ()  # those of them with a FIPS endpoint of the API


# As botocore has it, which a unit test compares. Most particular first: the last row takes every region.
PARTITIONS: tuple[Partition, ...] = (
    Partition(
        "aws-us-gov",
        "us-gov-",
        "amazonaws.com",
        "api.aws",
        regions=("us-gov-east-1", "us-gov-west-1"),
        fips=("us-gov-east-1", "us-gov-west-1"),
    ),
    Partition("aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu", regions=("eusc-de-east-1",)),
    Partition("aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    Partition("aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    Partition("aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    Partition("aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    Partition("aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    Partition(
        "aws",
        "",
        "amazonaws.com",
        "api.aws",
        regions=(
            *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "mx-central-1"),
            *("sa-east-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1"),
            *("eu-west-2", "eu-west-3", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
            *("ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4"),
            *("ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "af-south-1", "il-central-1", "me-central-1"),
            "me-south-1",
        ),
        fips=("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1"),
    ),
)

# Every region with SES's API: for looking up whose password one is.
REGIONS: tuple[str, ...] = tuple(region for partition in reversed(PARTITIONS) for region in partition.regions)

# Those of them where SES has a FIPS endpoint.
FIPS_REGIONS: tuple[str, ...] = tuple(region for partition in reversed(PARTITIONS) for region in partition.fips)

# Have SES's API, and DNS had no SMTP endpoint for those who asked in 2025 and 2026.
WITHOUT_SMTP: frozenset[str] = frozenset({"eu-central-2", "mx-central-1"})

# What names of AWS's services end in, each once.
SUFFIXES: tuple[str, ...] = tuple(dict.fromkeys(partition.suffix for partition in PARTITIONS))
DUAL_STACK_SUFFIXES: tuple[str, ...] = tuple(dict.fromkeys(partition.dual_stack for partition in PARTITIONS))


def partition_of(region: str) -> Partition:
    """The partition that a region is in, by the region's name; a region that nobody knows is in the first, aws."""
    return next(partition for partition in PARTITIONS if region.startswith(partition.prefix))
