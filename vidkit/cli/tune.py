"""`vidkit tune`: the fastest way to generate with a model that keeps its clips as they are."""

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
    PromptAndSettings,
    SeedOrZero,
    Verbose,
)

Prompts = Annotated[
    str | None, typer.Option("--prompts", metavar="FILE", help="Text file, one prompt per line.")
]


def tune(
    ctx: typer.Context,
    words: PromptAndSettings = None,
    config: Config = "maze_demo",
    prompts: Prompts = None,
    output: Output = None,
    json: Json = None,
    seed: SeedOrZero = None,
    device: Device = None,
    force: Force = False,
    dry_run: DryRun = False,
    verbose: Verbose = False,
    config_dir: ConfigDir = None,
) -> None:
    """Find the fastest settings that keep the quality of clips.

    Tries attention, caches, fewer steps and precisions on the configs of vidkit generate, and writes a config
    that generate takes. Can be killed at any time: the same command resumes where it stopped.

    \b
    vidkit tune
    vidkit tune tune.psnr=30 -o outputs/tune/strict
    vidkit tune -c wan1_3b_480p --prompts prompts.txt --dry-run
    vidkit generate -c outputs/tune/maze/best.yaml
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)
    options = {
        "prompts": prompts,
        "output": output,
        "seed": seed,
        "device": device,
        "force": force or None,
        "dry_run": dry_run or None,
        "verbose": verbose or None,
    }
    execute(Request("tune", config, words or [], ctx.obj or [], ("prompt",), options, config_dir, json))
