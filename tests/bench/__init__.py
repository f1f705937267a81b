# SPDX-License-Identifier: GPL-3.0-or-later
"""The design's figures, each measured beside what it is compared with."""
