# SPDX-License-Identifier: GPL-3.0-or-later
"""An Amazon SES SMTP endpoint on one machine: its dialogue to the letter, faults on demand."""

from __future__ import annotations

from .model import Region, SimulatorError
from .operations import Control
from .simulator import Simulator

__all__ = ["Control", "Region", "Simulator", "SimulatorError"]
