"""`vidkit bench`: every claim of speed and quality, measured beside its baselines in the same run.

A benchmark is an entry of `BENCHMARKS`, the class `Bench<Name>Settings` of `vidkit/config/bench_schema.py`,
`configs/bench/<name>/default.yaml` and `vidkit/commands/bench/<name>.py` with its `run(settings)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import typer

from vidkit.cli.execute import Request, execute
from vidkit.cli.help import CommandWithConfigs
from vidkit.cli.options import Config, ConfigDir, Device, Force, Json, Settings, Verbose, whole_number


@dataclass(frozen=True)
class Benchmark:
    """What `--help` says of a benchmark.

    Args:
        line: its line in the list, at most 58 characters.
        text: what is measured and how long it takes.
        examples: command lines.
    """

    line: str
    text: str
    examples: tuple[str, ...]


BENCHMARKS = {
    "attention": Benchmark(
        "dense and sparse attention: rates, masks, denoising loops",
        "Kernels are compared with their references first; no figure is shown when one fails. Random inputs"
        " and weights of real shapes; small shapes on a CPU (about a minute).",
        (
            "vidkit bench attention",
            "vidkit bench attention sections=[rates] shapes=[wan-1.3b-480p] --device cuda",
            "vidkit bench attention sections=[loop] loops=[wan-14b-720p] --dry-run",
        ),
    ),
    "attention-quality": Benchmark(
        "sparse attention on learned attention: PSNR, mazes solved",
        "Clips of the embedded model, dense and with each part of HASTE at matched density, with paired"
        " differences. Resumable; hours on a laptop by default, minutes on a GPU.",
        (
            "vidkit bench attention-quality --dry-run",
            "vidkit bench attention-quality families=[xattention] sizes=[6] mazes=4",
            "vidkit bench attention-quality --config full --device cuda",
        ),
    ),
    "caching": Benchmark(
        "cache policies at equal FLOPs: PSNR, success, seconds",
        "Clips of the embedded model under every policy and with fewer steps, at the same share of the FLOPs,"
        " with paired differences. Resumable; an evening on a laptop by default, minutes on a GPU.",
        (
            "vidkit bench caching --dry-run",
            "vidkit bench caching methods=[fewer_steps,interval,change] clips=8",
            "vidkit bench caching --config full --device cuda",
        ),
    ),
    "select-frames": Benchmark(
        "frame selection: recall of planted events, time by stage",
        "Videos are drawn first, with events at known times. A few minutes by default; --config full is the"
        " whole run of the docs.",
        (
            "vidkit bench select-frames",
            "vidkit bench select-frames sections=[planted] planted.videos=24 methods=[wfs-sb,efs,uniform]",
            "vidkit bench select-frames sections=[hour,manifest] --json -",
        ),
    ),
    "vr-bench": Benchmark(
        "VR-Bench: trackers on the truth, clips that cheat, speeds",
        "Levels are made first. Ours and the authors' trackers and metrics side by side, with intervals;"
        " resumable. A few minutes by default; --config full is the whole sweep.",
        (
            "vidkit bench vr-bench sections=[adversarial]",
            "vidkit bench vr-bench sections=[truth] truth.share=0.1 truth.trackers=[robust,ncc,csrt]",
            "vidkit bench vr-bench sections=[speed] authors=../VR-Bench",
        ),
    ),
    "vbench": Benchmark(
        "VBench: scores of videos, totals and differences",
        "Folders of videos are scored for the dimensions that need no download, or a local DINO or CLIP;"
        " stand-ins are called vbench-like and make no total. Result files of VBench give totals. Two are"
        " compared.",
        (
            "vidkit bench vbench videos=[uncached,cached]",
            "vidkit bench vbench videos=[clips] dino=MODELS/dino-vitb16 clip=MODELS/clip-vit-base-patch32",
            "vidkit bench vbench results=[dense_eval_results.json,cached_eval_results.json]",
        ),
    ),
    "agents": Benchmark(
        "speculative agents: schedules, gates, an embedded pair",
        "By default, stages take preset times on a simulated clock, so that schedules of minutes run in"
        " moments. gates, pair, groups, replay and load measure the embedded pair of models, shapes two"
        " models of real shapes with random weights.",
        (
            "vidkit bench agents",
            "vidkit bench agents sections=[schedule] workers=[1,8] alphas=[0.4] betas=[0.7] agent_s=12",
            "vidkit bench agents sections=[latency] loads=[0.8,1.2]",
            "vidkit bench agents sections=[gates,pair,load] --device cuda",
        ),
    ),
    "algoviz": Benchmark(
        "algorithm animations: 200 tasks, success by level",
        "Programs of a folder or of a model are run in the sandbox, their traces and answers checked, their"
        " pictures laid out. forms=[manim] is the baseline that writes Manim code directly. Resumable.",
        (
            "vidkit bench algoviz programs=reference forms=[script] limit=20",
            "vidkit bench algoviz model=NAME base_url=http://127.0.0.1:8000/v1 forms=[tracker,manim]",
            "vidkit bench algoviz export=tasks.jsonl",
        ),
    ),
}

bench = typer.Typer(
    rich_markup_mode=None,
    help="Measure a claim of speed or quality against its baselines.\n\nvidkit bench NAME [KEY=VALUE ...]",
)

Folder = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the JSON and the plots."),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed", metavar="N", help="Seed of the generated inputs; 0 if not given.", parser=whole_number
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be measured and how long it takes, then stop.")
]


@bench.callback(invoke_without_command=True)
def _without_a_name(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def _command(name: str, about: Benchmark) -> Callable[..., None]:
    """The command line of one benchmark; all take the same options."""

    def command(
        ctx: typer.Context,
        words: Settings = None,
        config: Config = "default",
        output: Folder = None,
        json: Json = None,
        seed: Seed = None,
        device: Device = None,
        dry_run: DryRun = False,
        force: Force = False,
        verbose: Verbose = False,
        config_dir: ConfigDir = None,
    ) -> None:
        options = {
            "output": output,
            "seed": seed,
            "device": device,
            "dry_run": dry_run or None,
            "force": force or None,
            "verbose": verbose or None,
        }
        execute(Request(f"bench {name}", config, words or [], ctx.obj or [], (), options, config_dir, json))

    # a backspace: the lines after it keep their breaks
    command.__doc__ = "\n\n".join((f"Measure {about.line}.", about.text, "\b\n" + "\n".join(about.examples)))
    return command


for _name, _about in BENCHMARKS.items():
    bench.command(_name, cls=CommandWithConfigs, short_help=_about.line)(_command(_name, _about))
