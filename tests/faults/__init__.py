# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on a host that the roles have set up, with mail flowing, and what becomes of each mail."""
