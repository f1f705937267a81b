# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of README and docs, each from the file that has its facts."""
