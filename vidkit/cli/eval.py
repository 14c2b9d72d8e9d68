"""`vidkit eval`: scores of benchmarks, from predictions or from a model."""

from __future__ import annotations

from typing import Annotated

import typer

from vidkit.cli.completion import complete_word
from vidkit.cli.execute import Request, execute
from vidkit.cli.options import Config, ConfigDir, Device, DryRun, Force, Json, Output, Verbose, whole_number

TaskAndSettings = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TASK|KEY=VALUE",
        help="Benchmark (of 'vidkit list tasks', or a YAML file); settings such as frames=fps:1.",
        show_default=False,
        autocompletion=complete_word,
    ),
]
Data = Annotated[
    str | None,
    typer.Option("--data", metavar="FILE", help="Questions and answers: parquet, tsv, csv, jsonl, json."),
]
Predictions = Annotated[
    str | None, typer.Option("--predictions", "-p", metavar="FILE", help="Replies by id, as jsonl.")
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="Model to ask first: openai:NAME, transformers:FOLDER, FILE.py:Class.",
    ),
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", metavar="URL", help="OpenAI-compatible server of the model.")
]
AnswerJudge = Annotated[
    str | None,
    typer.Option(
        "--answer-judge",
        metavar="URL",
        help="Server of a model that reads what the rules could not; labelled.",
    ),
]
AnswerJudgeModel = Annotated[
    str | None, typer.Option("--answer-judge-model", metavar="NAME", help="That model.")
]
Compare = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--compare",
        metavar="A B",
        help="Two predictions files, or results of vr-bench: differences, paired intervals.",
    ),
]
Videos = Annotated[
    str | None, typer.Option("--videos", metavar="DIR", help="vr-bench: clips to score against --data.")
]
Rescore = Annotated[
    str | None,
    typer.Option("--rescore", metavar="DIR", help="vr-bench: score the clips of a published table again."),
]
Make = Annotated[
    str | None, typer.Option("--make", metavar="DIR", help="vr-bench: make the levels and their clips.")
]
Mode = Annotated[
    str | None, typer.Option("--mode", metavar="MODE", help="robust, or official: like the authors' scripts.")
]
Html = Annotated[
    str | None, typer.Option("--html", metavar="FILE", help="Write a self-contained page with plots.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Stop if a prediction is missing.")]
NewStructures = Annotated[
    bool, typer.Option("--allow-new-structures", help="Video-MME-v2: accept unpublished group structures.")
]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", help="Only the first N rows of the data.")]
BootstrapSeed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", help="Seed of the bootstrap; 42 if not given.", parser=whole_number),
]


def eval(
    ctx: typer.Context,
    words: TaskAndSettings = None,
    data: Data = None,
    predictions: Predictions = None,
    model: Model = None,
    base_url: BaseUrl = None,
    answer_judge: AnswerJudge = None,
    answer_judge_model: AnswerJudgeModel = None,
    compare: Compare = None,
    videos: Videos = None,
    rescore: Rescore = None,
    make: Make = None,
    mode: Mode = None,
    html: Html = None,
    json: Json = None,
    strict: Strict = False,
    allow_new_structures: NewStructures = False,
    limit: Limit = None,
    output: Output = None,
    config: Config = "default",
    seed: BootstrapSeed = None,
    device: Device = None,
    force: Force = False,
    dry_run: DryRun = False,
    verbose: Verbose = False,
    config_dir: ConfigDir = None,
) -> None:
    """Score replies to a benchmark, with 95 % intervals.

    Scoring needs neither a GPU nor a network. With --model the predictions are made first; --device is that
    of a local model. --dry-run checks data, predictions and settings, and says what would be asked.

    \b
    vidkit eval video-mme-v2 --data test.parquet --predictions mine.jsonl --html report.html
    vidkit eval social-omni --data records.json -p mine.jsonl --mode official --json scores.json
    vidkit eval video-mme-v2 --data test.parquet --compare a.jsonl b.jsonl
    vidkit eval mlvu --data mlvu.json --model qwen --base-url http://127.0.0.1:8000/v1 frames=wfs-sb:64
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)
    options = {
        "data": data,
        "predictions": predictions,
        "model": model,
        "server.base_url": base_url,
        "answer_judge": answer_judge,
        "answer_judge_model": answer_judge_model,
        "compare": list(compare) if compare else None,
        "videos": videos,
        "rescore": rescore,
        "make": make,
        "mode": mode,
        "html": html,
        "strict": strict or None,
        "allow_new_structures": allow_new_structures or None,
        "limit": limit,
        "output": output,
        "seed": seed,
        "server.device": device,
        "force": force or None,
        "dry_run": dry_run or None,
        "verbose": verbose or None,
    }
    execute(Request("eval", config, words or [], ctx.obj or [], ("task",), options, config_dir, json))
