"""`vidkit calibrate cache`: the magnitudes that `vidkit generate cache=magcache` knows beforehand."""

from __future__ import annotations

import typer

from vidkit.cli.execute import Request, execute
from vidkit.cli.options import (
    Config,
    ConfigDir,
    Device,
    DryRun,
    Force,
    Json,
    Output,
    SeedOrZero,
    Settings,
    Verbose,
)


def calibrate_cache(
    ctx: typer.Context,
    words: Settings = None,
    config: Config = "maze",
    output: Output = None,
    json: Json = None,
    seed: SeedOrZero = None,
    device: Device = None,
    force: Force = False,
    dry_run: DryRun = False,
    verbose: Verbose = False,
    config_dir: ConfigDir = None,
) -> None:
    """Measure how a model's residuals grow and shrink along the noise level.

    Makes some clips without a cache and writes a table for cache=magcache. A table made with one number of
    steps serves any other.

    \b
    vidkit calibrate cache -o maze.json
    vidkit calibrate cache -c wan1_3b_480p prompts=prompts.txt prompt_count=4 -o wan.json
    vidkit generate -c wan1_3b_480p cache=magcache cache.table=wan.json "a cat"
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)
    options = {
        "output": output,
        "seed": seed,
        "device": device,
        "force": force or None,
        "dry_run": dry_run or None,
        "verbose": verbose or None,
    }
    execute(Request("calibrate cache", config, words or [], ctx.obj or [], (), options, config_dir, json))
