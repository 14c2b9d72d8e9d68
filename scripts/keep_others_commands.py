"""Every command that writes, as small as it gets, for scripts/keep_others.py."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

Words = Callable[[Path], list[str]]
SCRIPT = "x = [3, 1, 2]\nx.sort()\n"
TASK = 'name: t\nid: "{id}"\ngroup: "{id}"\nquestion: q\noptions: choices\nanswer: gold\n'


def all_commands(base: Path, without_models: bool = False) -> Iterator[tuple[str, Words]]:
    """Name of each, and its words for an output folder."""
    _inputs(base)
    if not without_models:
        yield from _generating(base)
        yield from _calibrating(base)
    yield from _evaluating(base)
    yield from _of_frames_and_algorithms(base)
    yield from _benchmarks(base)


def _model(base: Path) -> list[str]:
    if not (base / "tiny").exists():
        from tiny_pipeline import save_tiny_pipeline

        save_tiny_pipeline(base / "tiny")
    where = ["model.weights=pretrained", f"model.path={base / 'tiny'}", "--device", "cpu"]
    return [*where, "height=32", "width=32", "frames=13"]


def _generating(base: Path) -> Iterator[tuple[str, Words]]:
    _model(base)

    def clip(*more: str) -> list[str]:
        small = ["steps=2", "image=null", "model.family=skyreels_df", "--seed", "1"]
        return ["generate", *more, *_model(base), *small]

    yield (
        "generate",
        lambda out: [*clip("a red ball"), "-o", str(out / "x.mp4"), "--json", str(out / "r.json")],
    )
    yield "generate prompts=", lambda out: [*clip(f"prompts={base / 'p.txt'}"), "-o", str(out)]
    several = [*clip("a red ball", "num_videos=2")]
    yield "generate num_videos=", lambda out: [*several, "-o", str(out)]
    sweep = ["tune.psnr=15", "tune.first_clips=2", "tune.clips=2", "tune.attention=[]", "tune.caches=[]",
             "tune.combinations=1", "tune.precisions=[bf16]", "tune.steps=[0.6]", "steps=5", "image=null",
             "max_sequence_length=8"]  # fmt: skip
    yield "tune", lambda out: ["tune", "a red ball", *_model(base), *sweep, "-o", str(out)]


def _calibrating(base: Path) -> Iterator[tuple[str, Words]]:
    blocks = ["attention.block_q=8", "attention.block_k=8", "attention.stride=4", "attention.always_keep=[]"]
    pool = ["candidates=[0.5,0.7]", "attention.tau=0.7", "intervals=3", "target_reuse=0.3", "steps=3"]
    prompts = [f"prompts={base / 'p.txt'}", "prompt_count=2"]
    yield (
        "calibrate",
        lambda out: ["calibrate", *prompts, *blocks, *pool, *_model(base), "-o", str(out / "t.json"),
                     f"work={out / 'work'}"],
    )  # fmt: skip
    yield (
        "calibrate cache",
        lambda out: ["calibrate", "cache", *_model(base), *prompts, "steps=4", "-o", str(out / "t.json")],
    )
    files = ["--data", str(base / "drafts.jsonl"), "--predictions", str(base / "log.jsonl")]
    yield (
        "calibrate gate",
        lambda out: ["calibrate", "gate", "v-star", *files, "-o", str(out / "gate.json"), "model=small"],
    )


def _evaluating(base: Path) -> Iterator[tuple[str, Words]]:
    rows = [str(base / "t.yaml"), "--data", str(base / "d.jsonl"), "resamples=20"]
    scored = [*rows, "-p", str(base / "p.jsonl")]
    yield (
        "eval -p",
        lambda out: ["eval", *scored, "--html", str(out / "r.html"), "--json", str(out / "r.json")],
    )
    model = ["--model", f"{base / 'engine.py'}:Engine"]
    yield "eval --model", lambda out: ["eval", *rows, *model, "-o", str(out)]
    yield (
        "eval engine=speculative",
        lambda out: [
            "eval",
            "v-star-mini",
            "engine=speculative",
            "--limit",
            "4",
            "resamples=20",
            "-o",
            str(out),
        ],
    )
    few = [
        "benchmark.types=[maze]",
        "benchmark.difficulties=[easy]",
        "benchmark.skins=[1]",
        "benchmark.levels=2",
    ]
    yield (
        "eval vr-bench --make",
        lambda out: ["eval", "vr-bench", "--make", str(out / "set"), *few, "workers=1"],
    )


def _of_frames_and_algorithms(base: Path) -> Iterator[tuple[str, Words]]:
    frames = ["k=2", "cache=off"]
    video = str(base / "v.mp4")
    yield "select-frames", lambda out: ["select-frames", video, "a red ball", *frames, "-o", str(out)]
    manifest = ["select-frames", "--manifest", str(base / "m.jsonl"), *frames, "manifest.workers=1"]
    yield "select-frames --manifest", lambda out: [*manifest, "-o", str(out)]
    trace, second = str(base / "t.json"), str(base / "t2.json")
    for suffix in ("html", "svg", "png", "mp4"):
        yield (
            f"algoviz draw {suffix}",
            lambda out, suffix=suffix: ["algoviz", "draw", trace, "-o", str(out / f"x.{suffix}")],
        )
    script = str(base / "s.py")
    yield "algoviz run", lambda out: ["algoviz", "run", script, "-o", str(out / "x.json")]
    yield "algoviz run html", lambda out: ["algoviz", "run", script, "-o", str(out / "x.html")]
    yield "algoviz demo", lambda out: ["algoviz", "demo", "quicksort", "-o", str(out / "x.html")]
    yield "algoviz lower", lambda out: ["algoviz", "lower", trace, "-o", str(out / "x.json")]
    yield (
        "algoviz compose",
        lambda out: ["algoviz", "compose", trace, second, "--rebase", "-o", str(out / "x.json")],
    )


def _benchmarks(base: Path) -> Iterator[tuple[str, Words]]:
    model = f"model_path={base / 'tiny'} --device cpu"
    words = {
        "attention": "sections=[memory] shapes=[odd] --device cpu",
        "agents": "alphas=[0.5] betas=[0.6] workers=[2] batches=[4] loads=[0.7] queries=64",
        "algoviz": "programs=reference forms=[script] tasks=[array-reverse]",
        "select-frames": "sections=[selectors] selectors.candidates=50 selectors.dim=8 selectors.k=4 "
        "selectors.runs=1",
        "vr-bench": "sections=[truth] types=[regular] difficulties=[easy] truth.seeds=1 truth.size=128 "
        "truth.frames=41 truth.trackers=[robust] workers=1",
        "vbench": f"videos=[{base / 'clips'}] dimensions=[temporal_flickering]",
        "caching": f"{model} clips=1 tune_clips=1 batch=1 search=false sets=[extras] steps=[8] targets=[0.7] "
        "methods=[fewer_steps] sections=[quality]",
        "attention-quality": f"{model} families=[xattention] steps=[3] sizes=[4] mazes=1 tune_mazes=1 "
        "calibrate_mazes=1 candidates=[0.85,0.9] block=96 stride=24 batch=1",
    }
    for name, more in words.items():
        yield (
            f"bench {name}",
            lambda out, name=name, more=more: ["bench", name, *more.split(), "-o", str(out)],
        )
    yield "bench algoviz export=", lambda out: ["bench", "algoviz", f"export={out / 'tasks.jsonl'}"]


def _inputs(base: Path) -> None:
    import random

    from scripts.fuzz_traces import seed_trace
    from vidkit.video.mp4_stream import mp4_stream

    trace = json.dumps(seed_trace(random.Random(1)))
    texts = {
        "t.json": trace,
        "t2.json": trace,
        "s.py": SCRIPT,
        "t.yaml": TASK,
        "p.txt": "a red ball\na maze\n",
    }
    for name, text in texts.items():
        (base / name).write_text(text)
    rows = [{"id": str(i), "q": "?", "choices": ["x", "y"], "gold": "A"} for i in range(3)]
    _write(base / "d.jsonl", rows)
    _write(base / "p.jsonl", [{"id": row["id"], "prediction": "A"} for row in rows])
    (base / "engine.py").write_text(
        "from vidkit.serving.engine import Capabilities\n"
        "from vidkit.serving.reply import Reply\n\n\n"
        "class Engine:\n"
        "    name, concurrency = 'e', 1\n"
        "    capabilities = Capabilities(images=True, audio=False, video=False)\n\n"
        "    def identity(self):\n"
        "        return {'name': 'e'}\n\n"
        "    async def generate(self, request):\n"
        "        return Reply('A', 'stop')\n\n"
        "    async def aclose(self):\n"
        "        pass\n"
    )
    rng = np.random.default_rng(0)
    with mp4_stream(base / "v.mp4") as stream:
        for i in range(24):
            stream.add(rng.integers(0, 255, (36, 64, 3), dtype=np.uint8), i / 4)
    (base / "clips").mkdir()
    shutil.copyfile(base / "v.mp4", base / "clips" / "v.mp4")
    _write(base / "m.jsonl", [{"id": name, "video": "v.mp4", "query": "bright"} for name in ("a", "b")])
    _drafts(base, rng)


def _drafts(base: Path, rng: np.random.Generator) -> None:
    rows, log = [], []
    for number in range(400):
        margin = rng.exponential(4)
        label = "AB"[number % 2]
        said = label if rng.random() < 1 - 0.5 * math.exp(-margin) else "BA"[number % 2]
        row = {"question_id": number, "category": "c", "text": "Which?\n(A) red\n(B) blue", "label": label}
        rows.append({**row, "image": f"{number}.png"})
        first = -math.log1p(math.exp(-margin))
        top = [
            {"token": f"t{i}", "logprob": value}
            for i, value in enumerate((first, first - margin, -12, -13, -14))
        ]
        meta = {"tokens": [{"text": said, "logprob": first, "top": top}]}
        log.append({"id": f"c-{number}", "response": said, "finish_reason": "stop", "meta": meta})
    _write(base / "drafts.jsonl", rows)
    _write(base / "log.jsonl", log)


def _write(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
