# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/troubleshooting, in English and in Japanese, from the table of causes."""
