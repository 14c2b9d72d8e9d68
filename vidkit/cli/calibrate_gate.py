"""`vidkit calibrate gate`: a threshold for the small model of `vidkit eval engine=speculative`."""

from __future__ import annotations

from typing import Annotated

import typer

from vidkit.cli.execute import Request, execute
from vidkit.cli.options import Config, ConfigDir, DryRun, Force, Json, Output, Settings, Verbose


def calibrate_gate(
    ctx: typer.Context,
    words: Settings = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="FILE", help="Questions with their answers.")
    ] = None,
    predictions: Annotated[
        str | None,
        typer.Option("--predictions", metavar="FILE", help="Log of the small model, with log-probabilities."),
    ] = None,
    config: Config = "default",
    output: Output = None,
    json: Json = None,
    force: Force = False,
    dry_run: DryRun = False,
    verbose: Verbose = False,
    config_dir: ConfigDir = None,
) -> None:
    """Find when to accept a small model's draft.

    From a run with log-probabilities, finds the lowest threshold at which at most a chosen share of the
    accepted drafts is wrong, with a guarantee, and reports the AUROC of every score.

    \b
    vidkit eval v-star --data calib.jsonl --model small --base-url URL sampling.top_logprobs=20 -o drafts
    vidkit calibrate gate v-star --data calib.jsonl --predictions drafts/predictions.jsonl risk=0.05
    vidkit eval v-star --model large engine=speculative draft.model=small draft.gate=gate.json
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)
    options = {
        "data": data,
        "predictions": predictions,
        "output": output,
        "force": force or None,
        "dry_run": dry_run or None,
        "verbose": verbose or None,
    }
    request = Request(
        "calibrate gate", config, words or [], ctx.obj or [], ("task",), options, config_dir, json
    )
    execute(request)
