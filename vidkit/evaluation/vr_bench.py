"""VR-Bench from Python: the metrics of `vidkit eval vr-bench` on arrays."""

from vidkit.evaluation.tasks.vr_bench.metrics import maze_fidelity, trajectory_metrics

__all__ = ["maze_fidelity", "trajectory_metrics"]
