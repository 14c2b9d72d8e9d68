"""Error-guided budgeted calibration: measure what each head loses at each threshold, then spend a budget.

Source: HASTE (arXiv 2605.14513), "Error-guided Budgeted Calibration".
"""

from vidkit.attention.calibration.bands import BAND_WEIGHTS, band_error
from vidkit.attention.calibration.calibrator import Calibrator, Measurements, ProbeProgress
from vidkit.attention.calibration.drift_threshold import TraceReuse, choose_delta
from vidkit.attention.calibration.floor import Floor, floor_of, warn_at_floor
from vidkit.attention.calibration.run import CalibrationPlan, calibrate
from vidkit.attention.calibration.schedule import assign_prompts, choose_steps
from vidkit.attention.calibration.table import JointReport, joint_error, make_table, resolve
from vidkit.hooks.snapshots import Snapshot, capture_snapshots, load_snapshots, save_snapshots

__all__ = [
    "BAND_WEIGHTS",
    "CalibrationPlan",
    "Calibrator",
    "Floor",
    "JointReport",
    "Measurements",
    "ProbeProgress",
    "Snapshot",
    "TraceReuse",
    "assign_prompts",
    "band_error",
    "calibrate",
    "capture_snapshots",
    "choose_delta",
    "choose_steps",
    "floor_of",
    "joint_error",
    "load_snapshots",
    "make_table",
    "resolve",
    "save_snapshots",
    "warn_at_floor",
]
