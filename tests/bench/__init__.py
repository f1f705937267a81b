# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures that the collection promises, each measured beside what it is compared with."""
