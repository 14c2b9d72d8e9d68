"""Visual agents and their speculative acceleration: a small model drafts, a gate believes it or not.

The stable surface is below; everything else is imported from its own module. Loading this package loads
NumPy alone.
"""

from __future__ import annotations

from vidkit.agents.funnel_model import FunnelEstimate, funnel_model
from vidkit.agents.gate import Decision, gate
from vidkit.agents.risk_control import calibrate_threshold
from vidkit.agents.separability import separability

__all__ = ["Decision", "FunnelEstimate", "calibrate_threshold", "funnel_model", "gate", "separability"]
