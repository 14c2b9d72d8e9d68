"""`vidkit generate`: a video from a prompt or a first frame."""

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
    Seed,
    Verbose,
)

Image = Annotated[
    str | None, typer.Option("--image", metavar="FILE", help="First frame; the same as image=FILE.")
]
Prompts = Annotated[
    str | None,
    typer.Option("--prompts", metavar="FILE", help="Make a clip for each line of a .jsonl or .txt file."),
]
Stats = Annotated[bool, typer.Option("--stats", help="Print where the time went.")]


def generate(
    ctx: typer.Context,
    words: PromptAndSettings = None,
    config: Config = "maze_demo",
    image: Image = None,
    prompts: Prompts = None,
    output: Output = None,
    json: Json = None,
    seed: Seed = None,
    device: Device = None,
    force: Force = False,
    stats: Stats = False,
    dry_run: DryRun = False,
    verbose: Verbose = False,
    config_dir: ConfigDir = None,
) -> None:
    """Make a video from a prompt and, if given, a first frame.

    Without arguments the embedded model solves a fresh maze. image=FILE is the first frame.

    \b
    vidkit generate maze.size=6 steps=20
    vidkit generate -c wan1_3b_480p "a paper boat on a pond" -o boat.mp4
    vidkit generate -c wan1_3b_480p --prompts clips.jsonl -o clips
    vidkit generate -c wan14b_720p --dry-run
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)
    options = {
        "image": image,
        "prompts": prompts,
        "output": output,
        "seed": seed,
        "device": device,
        "force": force or None,
        "stats": stats or None,
        "dry_run": dry_run or None,
        "verbose": verbose or None,
    }
    execute(Request("generate", config, words or [], ctx.obj or [], ("prompt",), options, config_dir, json))
