# SPDX-License-Identifier: GPL-3.0-or-later
"""The VPC endpoint of these tests: its name, which the fixture `way` gives addresses in DNS."""

from __future__ import annotations

NAME = "vpce-0a1b2c3d4e5f-6a7b8c9d.email-smtp.us-east-1.vpce.amazonaws.com"
SETTINGS = {"ses_endpoint": NAME, "ses_masquerade_domain": "example.com"}
