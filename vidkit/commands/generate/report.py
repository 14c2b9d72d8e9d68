"""What `vidkit generate` prints when it is done."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING

from vidkit.generation.cost import CostEstimate
from vidkit.generation.record import RunRecord
from vidkit.generation.spec import RANDOM_LABEL, ModelSpec, Request
from vidkit.generation.speed import speed_line
from vidkit.utils.plain import byte_size, counted, rate

if TYPE_CHECKING:
    from vidkit.caching import CachePolicy

_PHASES = ("load", "encode", "prepare", "denoise", "decode", "write")


def summary_lines(record: RunRecord, size: tuple[int, int, int], fps: int) -> list[str]:
    """Where the files are, how long it took, what it held; labels first, since they qualify all else."""
    count, height, width = size
    lines = [f"note    {label}" for label in record.labels]
    heard = "" if record.sound is None else ", with sound"
    details = {"video": f"  ({count} frames, {width}x{height}, {count / fps:.1f} s at {fps} fps{heard})"}
    lines += [f"{kind:<7} {path}{details.get(kind, '')}" for kind, path in record.outputs.items()]
    seconds = ", ".join(
        f"{name} {record.phase_seconds[name]:.1f} s" for name in _PHASES if name in record.phase_seconds
    )
    per_step = record.seconds_per_step
    if per_step is not None:
        seconds += f"; {counted(len(record.steps), 'step')}, {per_step:.3f} s each (median)"
    lines.append(f"time    {seconds}")
    if record.stream is not None:
        lines.append(f"stream  {stream_line(record)}")
    if record.blocks is not None:
        lines.append(f"blocks  {block_line(record)}")
    if record.attention is not None:
        lines.append(f"sparse  {sparse_line(record)}")
    if record.kernels:
        lines.append(f"kernels {speed_line(record.kernels)}")
    if record.cache is not None:
        lines.append(f"cache   {cache_line(record)}")
    lines.append(f"memory  {_memory(record)}")
    lines.append(f"device  {record.device_name}, {record.dtype}, seed {record.seed}")
    if record.verdict is not None:
        lines.append(f"maze    {record.verdict['line']}")
    return lines


def stream_line(record: RunRecord) -> str:
    """How fast a clip that was streamed came, decoding and writing included."""
    figures = record.stream or {}
    line = (
        f"{counted(figures['chunks'], 'chunk')} of {counted(figures['chunk_latent_frames'], 'latent frame')}"
    )
    line += f": {rate(figures['frames_per_second'])} frames per second with decoding"
    if figures["steady_frames_per_second"] is not None:
        line += f", {rate(figures['steady_frames_per_second'])} after the first chunk"
    line += f" ({figures['first_seconds']:.1f} s)"
    line += f"; {byte_size(figures['state_bytes'])} kept from chunk to chunk"
    if len(figures["prompts"]) > 1:
        later = [str(one["chunk"]) for one in figures["prompts"][1:]]
        what = "a new prompt begins with chunk" if len(later) == 1 else "new prompts begin with chunks"
        line += f"; {what} {', '.join(later)}"
    return line


def stats_lines(record: RunRecord, frames: int) -> list[str]:
    """Where the time went: phases with their shares, and the steps by kind."""
    total = sum(record.phase_seconds.values())
    lines = [f"stats   {total:.1f} s for {frames} frames: {rate(frames / total)} frames per second"]
    for name in _PHASES:
        if name in record.phase_seconds:
            taken = record.phase_seconds[name]
            lines.append(f"  {name:<10}{taken:9.2f} s  {100 * taken / total:5.1f} %")
    encoding = record.kernels.get("encode_seconds")
    if encoding is not None:
        lines.append(f"  the video was encoded in {encoding:.2f} s while it was decoded")
    for kind, sparse in (("dense", False), ("sparse", True)):
        steps = [step for step in record.steps if (step.executor is not None) == sparse]
        if not steps:
            continue
        seconds = [step.seconds for step in steps]
        slowest = max(steps, key=lambda step: step.seconds)
        many = counted(len(steps), f"{kind} step")
        lines.append(
            f"  {many}: {sum(seconds):.2f} s, median {statistics.median(seconds):.3f} s,"
            f" quickest {min(seconds):.3f} s, slowest {slowest.seconds:.3f} s (step {slowest.index})"
        )
    skipped = [step.skipped_tokens for step in record.steps if step.skipped_tokens is not None]
    if skipped:
        lines.append(f"  {100 * sum(skipped) / len(skipped):.0f} % of tokens skipped by the step cache")
    return lines


def sparse_line(record: RunRecord) -> str:
    """What sparse attention did over the run."""
    figures = record.attention or {}
    predictor = figures["predictor"]["name"]
    thresholds = f"tau {figures['tau']:g}" if figures["table"] is None else f"table {figures['table']}"
    if predictor == "svg1" and figures["tau"] != 1:  # a fixed band: no threshold takes part
        thresholds = f"keep_ratio {figures['predictor']['keep_ratio']:g}"
    if not figures["sparse_calls"]:
        return f"{predictor}, {thresholds}: every step was dense"
    line = (
        f"{predictor}, {thresholds}: density {figures['density']:.3f}"
        f" ({figures['sparse_density']:.3f} in sparse layers), {100 * figures['reuse_ratio']:.0f} % of masks"
        f" reused, on {', '.join(figures['executors_used'])}"
    )
    if figures["dense_heads_ratio"]:
        line += (
            f"; {100 * figures['dense_heads_ratio']:.0f} % of masks above density"
            f" {figures['dense_above_density']:.2f} computed dense, which is faster here"
        )
    return line + (" (random weights: not the model's density)" if RANDOM_LABEL in record.labels else "")


def cache_line(record: RunRecord) -> str:
    """What a step cache did over the run."""
    figures = record.cache or {}
    name = figures["policy"]["name"]
    if "executed_flops" not in figures:
        return f"{name}: {counted(len(record.steps), 'step')}"
    done = figures["decisions"]
    kinds = ", ".join(f"{done[kind]} {kind}" for kind in ("full", "tokens", "skip") if kind in done)
    return (
        f"{name}: {100 * figures['flops_share']:.0f} % of the transformer's FLOPs"
        f" ({_flops(figures['executed_flops'])} of"
        f" {_flops(figures['executed_flops'] + figures['skipped_flops'])}; {kinds}),"
        f" {byte_size(figures['state_bytes'])} of state"
    )


def planned_line(policy: CachePolicy, steps: int, ends: float) -> str:
    """What is known before a run; `ends`: share of a forward's FLOPs outside the layers."""
    from vidkit.caching.targeting import planned_share

    share = planned_share(policy, steps, ends)
    if share is None:
        return "what it computes depends on the content; FLOPs above are those without a cache"
    return f"about {100 * share:.0f} % of the transformer's FLOPs; those above are without a cache"


def cost_lines(
    spec: ModelSpec, request: Request, cost: CostEstimate, dtype: str, vae_dtype: str
) -> list[str]:
    """The table of a dry run."""
    t, h, w = cost.grid
    total = cost.total_flops
    shares = {
        "attention": cost.attention_flops,
        "linear": cost.linear_flops,
        "VAE": cost.vae_flops,
    }
    lines = [
        f"model       {spec.name} ({_count(sum(cost.parameters.values()))} parameters:"
        f" {', '.join(f'{part} {_count(count)}' for part, count in cost.parameters.items())})",
        f"clip        {request.frames} frames, {request.width}x{request.height}, {request.fps} fps",
        f"tokens      {cost.tokens:,} ({t}x{h}x{w})",
        f"forwards    {cost.forwards} ({cost.schedule})",
        f"FLOPs       {_flops(total)}",
    ]
    lines += [f"  {name:<10}{_flops(value)}  {100 * value / total:.1f} %" for name, value in shares.items()]
    lines.append(f"  self-attention is {100 * cost.self_attention_share:.0f} % of a transformer forward")
    weights = sum(cost.weight_bytes.values())
    if cost.baselines:
        gains = _gains(cost.transformer_flops, cost.baselines)
        lines.append(f"blocks      {cost.mode}; the transformer's FLOPs are {gains}")
    lines += [
        f"memory      about {byte_size(cost.peak_bytes)} with everything resident (estimate)",
        f"  weights   {byte_size(weights)} ({dtype}; VAE {vae_dtype})",
        f"  working   about {byte_size(cost.activation_bytes)} (estimate)",
        f"  KV cache  {cost.kept}",
    ]
    return lines


def block_line(record: RunRecord) -> str:
    """What was executed of a clip made block by block."""
    blocks = record.blocks or {}
    executed = blocks["executed_flops"]
    return (
        f"{blocks['mode']}: {_flops(executed)} in the transformer, {_gains(executed, blocks['baselines'])};"
        f" {byte_size(blocks['state_bytes'])} kept from step to step"
    )


def _gains(executed: float, baselines: Mapping[str, float]) -> str:
    """How many times fewer FLOPs than each baseline."""
    return ", ".join(
        f"{value / executed:.2f}x below {name.replace('_', ' ')}" for name, value in baselines.items()
    )


def _memory(record: RunRecord) -> str:
    host = f"{byte_size(record.peak_host_bytes or 0)} of host memory at the peak"
    if record.peak_device_bytes is None:
        return host
    return f"{byte_size(record.peak_device_bytes)} on the device at the peak, {host}"


def _count(value: int) -> str:
    if value >= 1e8:
        return f"{value / 1e9:.2f} B"
    return f"{value / 1e6:.1f} M" if value >= 1e5 else f"{value:,}"


def _flops(value: float) -> str:
    for unit, size in (("PFLOP", 1e15), ("TFLOP", 1e12)):
        if value >= size:
            return f"{value / size:,.1f} {unit}"
    return f"{value / 1e9:,.1f} GFLOP"
