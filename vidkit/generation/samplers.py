"""Solvers of flow matching on a diffusers pipeline."""

from __future__ import annotations

from typing import Any

from diffusers import DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler


def set_sampler(pipe: Any, sampler: str, shift: float) -> None:
    """Give a pipeline a flow-matching sampler, keeping what the model's own scheduler config says.

    Args:
        pipe: of diffusers.
        sampler: unipc, dpmpp or euler.
        shift: of the noise levels.
    """
    if sampler == "euler":
        pipe.scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
        return
    cls = {"unipc": UniPCMultistepScheduler, "dpmpp": DPMSolverMultistepScheduler}[sampler]
    flow = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": shift}
    known = dict(pipe.scheduler.config) if isinstance(pipe.scheduler, cls) else {}
    pipe.scheduler = cls.from_config({**known, **flow})
