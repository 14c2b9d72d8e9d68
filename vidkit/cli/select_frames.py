"""`vidkit select-frames`: the frames of a video that a vision-language model should see."""

from __future__ import annotations

from typing import Annotated

import typer

from vidkit.cli.completion import complete_word
from vidkit.cli.execute import Request, execute
from vidkit.cli.options import Config, ConfigDir, Device, DryRun, Json, Output, SeedOrZero, Verbose

VideoQueryAndSettings = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="VIDEO|QUERY|KEY=VALUE",
        help="A video or image folder, what to look for, and settings such as fps=2.",
        show_default=False,
        autocompletion=complete_word,
    ),
]


def select_frames(
    ctx: typer.Context,
    words: VideoQueryAndSettings = None,
    k: Annotated[int | None, typer.Option("-k", metavar="N", help="Frames to keep.")] = None,
    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            metavar="NAME",
            help="wfs-sb, efs, topk, ...; dpp, lddr, facility find more planted events at small k.",
        ),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option("--encoder", metavar="MODEL", help="Hub id or folder: CLIP, SigLIP, BLIP or BLIP-2."),
    ] = None,
    manifest: Annotated[
        str | None,
        typer.Option(
            "--manifest", metavar="FILE", help="A data set: one JSON object per line (video, query, id)."
        ),
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="Write a self-contained page too.")] = False,
    clip: Annotated[
        bool, typer.Option("--clip", help="Write a video of the moments around the frames.")
    ] = False,
    ask: Annotated[
        str | None,
        typer.Option("--ask", metavar="QUESTION", help="Show the frames to a model and print its answer."),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option("--engine", metavar="MODEL", help="For --ask: openai:NAME or transformers:FOLDER."),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="For --ask: an OpenAI-compatible server.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing selection.")] = False,
    output: Output = None,
    output_dir: Annotated[str | None, typer.Option("--output-dir", hidden=True)] = None,
    json: Json = None,
    seed: SeedOrZero = None,
    device: Device = None,
    dry_run: DryRun = False,
    verbose: Verbose = False,
    config: Config = "default",
    config_dir: ConfigDir = None,
) -> None:
    """Keep the K frames of a video that answer a query.

    Says why each was kept. Runs without any download: subtitles, or what can be measured in pictures.
    --encoder adds a real model.

    \b
    vidkit select-frames talk.mp4 "when does she mention penguins"
    vidkit select-frames match.mp4 "the red card" --encoder openai/clip-vit-base-patch32 k=32
    vidkit select-frames --manifest videos.jsonl -o out manifest.workers=8
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)
    options = {
        "k": k,
        "method": method,
        "encoder": encoder,
        "manifest.path": manifest,
        "write.html": html or None,
        "write.clip": clip or None,
        "ask.question": ask,
        "ask.engine": engine,
        "ask.base_url": base_url,
        "force": force or None,
        "output": output or output_dir,
        "seed": seed,
        "device": device,
        "dry_run": dry_run or None,
        "verbose": verbose or None,
    }
    positional = ("video", "query")
    execute(
        Request("select-frames", config, words or [], ctx.obj or [], positional, options, config_dir, json)
    )
