"""`vidkit generate`: settings to an mp4, a contact sheet and a record.

Everything that can be refused is refused before weights are loaded; nothing here imports torch before that,
so a dry run takes no longer than reading the config.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vidkit.commands.generate.output import OutputPaths, held_paths
from vidkit.commands.generate.prompt_checks import check_prompt_given, prompt_warnings
from vidkit.commands.generate.report import cost_lines, planned_line, stats_lines, summary_lines
from vidkit.config.schema import GenerateSettings
from vidkit.generation.cached import ends_share, prepare_cache
from vidkit.generation.cost import CostEstimate, estimate_cost
from vidkit.generation.out_of_memory import out_of_memory_explained
from vidkit.generation.parallel import check_started
from vidkit.generation.record import RunRecord
from vidkit.generation.resolve import ResolvedRun, resolve
from vidkit.generation.sparse import is_dense, prepare
from vidkit.utils.ranks import ranks_here

if TYPE_CHECKING:
    from vidkit.commands.generate.batch import BatchResult


def run(settings: GenerateSettings) -> RunRecord | CostEstimate | BatchResult | None:
    """Generate one clip and write it, or many; with `dry_run`, only say what it would cost.

    Raises:
        VidkitError: anything the user can correct; no partial file is left in any case.
    """
    ranks = ranks_here()
    check_started(settings, ranks)
    if ranks.size > 1:
        from vidkit.commands.generate.ranks import run_on_ranks

        return run_on_ranks(settings, ranks, make_clip, dry_run)
    if settings.prompts is not None or settings.num_videos > 1:
        from vidkit.commands.generate.batch import run_batch

        return run_batch(settings)
    run = resolve(settings, draw=not settings.dry_run)
    if settings.dry_run:
        return dry_run(run)
    check_prompt_given(run)
    with held_paths(run.settings) as paths:
        return make_clip(run, paths)


def make_clip(run: ResolvedRun, paths: OutputPaths | None) -> RunRecord | None:
    """Load, generate and write.

    Args:
        run: checked.
        paths: this run's alone; None: another process writes, which shares the clip with this one.
    """
    from vidkit.commands.generate.session import Session
    from vidkit.commands.progress import RunProgress

    settings = run.settings
    with RunProgress() as progress, out_of_memory_explained(), Session(run, progress) as session:
        run = run.with_files()
        warnings = [*session.notes, *run.frame.notes, *prompt_warnings(settings, run.folder, run.request)]
        warnings += session.check(run)
        for text in warnings:
            progress.warning(text)
        session.load(run)
        if paths is None:
            session.help(run)
            return None
        record, size = session.make(run, paths, warnings)
    print("\n".join(summary_lines(record, size, settings.fps)))
    if settings.stats:
        print("\n".join(stats_lines(record, size[0])))
    return record


def dry_run(run: ResolvedRun) -> CostEstimate:
    """Tokens, FLOPs and memory; a first frame and a table given as files are read as the run would."""
    settings, spec, request = run.settings, run.spec, run.request
    notes = list(run.frame.notes)
    _refuse_on_cpu(settings)
    dense = is_dense(settings.attention)
    # masks import torch, and a dry run should not: only for a table that is to be read
    if dense or settings.attention.table not in (None, "", "auto"):
        notes += prepare(settings.attention, run.table_model, folder=run.folder).check(spec, request)
    cached = prepare_cache(settings.cache, run.folder)
    cache_notes = cached.check(spec, request)
    dtype, vae_dtype = run.options.expected_dtype, run.options.expected_vae_dtype
    encoders, tiling = not run.is_random, run.options.vae_tiling
    estimate = estimate_cost(spec, request, dtype, vae_dtype, encoders, tiling)
    print("\n".join(cost_lines(spec, request, estimate, dtype, vae_dtype)))
    if settings.dtype.value == "auto" and settings.device == "auto" and run.options.on_cpu:
        notes.append("no CUDA device here, so weights count as fp32; --device cuda counts bf16")
    notes += cache_notes
    if cached.policy is not None:
        ends = ends_share(spec, request)
        print(f"cache       {cached.policy.name}: {planned_line(cached.policy, request.steps, ends)}")
    if not dense:
        print(
            f"attention   {settings.attention.predictor}: its density is known after a run;"
            " FLOPs above are those of dense attention"
        )
    for note in notes:
        print(f"note        {note}")
    return estimate


def _refuse_on_cpu(settings: GenerateSettings) -> None:
    """What a run on a CPU would refuse, where one was asked for; another device need not be here."""
    backend, kind = settings.attention.backend.value, settings.model.quantize.value
    if settings.device != "cpu" or (backend in ("auto", "native") and kind == "none"):
        return
    import torch

    from vidkit.generation.quantize import check_quantize
    from vidkit.generation.speed import SpeedRun

    SpeedRun(backend=backend).check(torch.device("cpu"), torch.float32)
    check_quantize(kind, torch.device("cpu"))
