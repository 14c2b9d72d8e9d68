"""Runs a model over a benchmark: items in, one durable line an item out, resumable at any moment.

`run(task, rows, engine, folder, ...)` is the whole of it; see docs/serving.md. Nothing heavy is imported
here.
"""

from vidkit.evaluation.running.budget import FrameBudget
from vidkit.evaluation.running.options import RunOptions
from vidkit.evaluation.running.runner import run, run_async
from vidkit.evaluation.running.summary import Progress, RunSummary

__all__ = ["FrameBudget", "Progress", "RunOptions", "RunSummary", "run", "run_async"]
