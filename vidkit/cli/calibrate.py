"""`vidkit calibrate`: thresholds of sparse attention for each head of a model."""

from __future__ import annotations

from typing import Annotated

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


def calibrate(
    ctx: typer.Context,
    words: Settings = None,
    config: Config = "maze",
    resolve: Annotated[
        str | None,
        typer.Option(
            "--resolve", metavar="FILE", help="Solve this table again for another budget; needs no model."
        ),
    ] = None,
    output: Output = None,
    json: Json = None,
    seed: SeedOrZero = None,
    device: Device = None,
    force: Force = False,
    dry_run: DryRun = False,
    verbose: Verbose = False,
    config_dir: ConfigDir = None,
) -> None:
    """Find thresholds of sparse attention for each head.

    Measures what each head loses when sparse and writes a table that vidkit generate takes. Can be killed at
    any time: the same command resumes where it stopped.

    \b
    vidkit calibrate -o maze.json
    vidkit calibrate -c wan1_3b_480p prompts=prompts.txt attention=svg2 --dry-run
    vidkit calibrate --resolve maze.json budget=0.44 -o sparser.json
    vidkit calibrate cache --help   magnitudes for step caches
    vidkit calibrate gate --help    thresholds for the small model before an agent
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)
    options = {
        "resolve": resolve,
        "output": output,
        "seed": seed,
        "device": device,
        "force": force or None,
        "dry_run": dry_run or None,
        "verbose": verbose or None,
    }
    execute(Request("calibrate", config, words or [], ctx.obj or [], (), options, config_dir, json))
