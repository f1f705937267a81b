# SPDX-License-Identifier: GPL-3.0-or-later
"""One AWS account on loopback, for tests. README.md has the operations."""

from .account import Account

__all__ = ["Account"]
