"""Every reader of files that others make, with good files to begin from; see `fuzz_readers.py`."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from scripts.foreign_kept import kept_readers
from scripts.foreign_records import config_readers, lines, record_readers, reply_readers, text
from scripts.foreign_rows import eval_readers
from scripts.foreign_texts import text_readers
from scripts.fuzz_readers import Reader


def readers() -> list[Reader]:
    """All of them."""
    return [
        *eval_readers(),
        *_of_frames(),
        *_subtitles(),
        *_of_agents(),
        *_of_attention(),
        *_of_mazes(),
        *_of_algoviz(),
        *_of_models(),
        *record_readers(),
        *config_readers(),
        *reply_readers(),
        *text_readers(),
        *kept_readers(),
    ]


def _of_frames() -> Iterator[Reader]:
    from vidkit.frames.cache import EmbeddingCache
    from vidkit.frames.lmms_eval import read_keyframes
    from vidkit.frames.manifest import read_manifest
    from vidkit.frames.relevance.scores import read_scores
    from vidkit.video.image import read_image
    from vidkit.video.reader import open_video

    rows = lines(
        {"id": "a", "video": "a.mp4", "query": "red"}, {"doc_id": 7, "video": "b.mp4", "question": "?"}
    )
    yield Reader("manifest", "m.jsonl", (rows,), read_manifest)
    times = np.arange(4.0)
    for suffix, seeds in {
        "npy": (_npy(np.arange(4.0)), _npy(np.ones((4, 2), np.float32)), _npy(np.arange(4, dtype=np.int16))),
        "json": (
            text([0.1, 0.2, 0.3, 0.4]),
            text({"times": [0, 1], "scores": [1, 2]}),
            text([[0, 1], [2, 3]]),
        ),
        "csv": (b"time,score\n0,1\n1,2\n", b"0.1\n0.2\n0.3\n0.4\n"),
    }.items():
        yield Reader(f"scores {suffix}", f"s.{suffix}", seeds, lambda path: read_scores(path, times))
    keyframes = [{"doc_id": "a", "video": "a.mp4", "keyframe_indices": [1, 2]}]
    yield Reader("keyframes", "k.json", (text(keyframes), lines(*keyframes)), read_keyframes)
    archive = io.BytesIO()
    np.savez(archive, indices=np.arange(3), rows=np.ones((3, 4), np.float16), decode_errors=np.array(0))
    yield Reader(
        "embedding cache", "c.npz", (archive.getvalue(),), lambda path: EmbeddingCache(path.parent).load(path)
    )
    yield Reader("picture", "p.png", (_picture("PNG"), _picture("JPEG"), _picture("GIF")), read_image)
    yield Reader("video", "v.mp4", (_clip(),), lambda path: list(open_video(path).read([0, 3])))


def _npy(array: Any) -> bytes:
    made = io.BytesIO()
    np.save(made, array)
    return made.getvalue()


def _picture(kind: str) -> bytes:
    from PIL import Image

    made = io.BytesIO()
    Image.effect_noise((24, 16), 80).convert("RGB").save(made, kind)
    return made.getvalue()


def _clip() -> bytes:
    from vidkit.video.writing import write_mp4

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "v.mp4"
        write_mp4(path, np.zeros((6, 16, 16, 3), np.uint8), 5)
        return path.read_bytes()


_CUES = {
    "srt": b"1\n00:00:01,000 --> 00:00:02,500\nHello <i>you</i> &amp; me\n\n"
    b"2\n00:01:00,000 --> 00:01:02,000\nB\n",
    "vtt": b"WEBVTT\n\nSTYLE\n::cue { color: red }\n\n00:01.000 --> 00:02.000 line:0\n<v Ann>Hi &lt;b&gt;\n",
    "ass": b"[Script Info]\nScriptType: v4.00+\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL,"
    b" MarginR,"
    b" MarginV, Effect, Text\nDialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,{\\k20}Hel{\\k3}lo\\Nyou\n",
    "ttml": b'<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"'
    b' ttp:frameRate="25"><body><div><p begin="00:00:01.000" end="2s">Hi<br/>you</p>'
    b'<p begin="3s" dur="10f">x</p></div></body></tt>',
    "sbv": b"0:00:01.000,0:00:02.000\nHi\n\n0:00:03.000,0:00:04.000\nyou\n",
    "lrc": b"[ti:x]\n[00:01.00]Hi <00:01.20>you\n[00:03.00][00:05.00]again\n",
    "sub": b"{1}{1}25\n{0}{25}Hi|you\n{50}{75}{y:i}again\n",
    "json3": text(
        {"events": [{"tStartMs": 1000, "dDurationMs": 500, "segs": [{"utf8": "Hi "}, {"utf8": "you"}]}]}
    ),
    "xml": b'<?xml version="1.0"?><timedtext format="3"><body><p t="1000" d="500">Hi &#39;you&#39;</p>'
    b"<p t='3000' d='400'><s>a</s><s t='100'>b</s></p></body></timedtext>",
    "json": text([{"text": "a", "start_time": 1, "end_time": 2}, {"timestamp": [3, 4.5], "text": "b"}]),
    "jsonl": lines(
        {"start": "00:00:01", "end": "00:00:02", "line": "a"}, {"start": 3, "end": None, "line": "b"}
    ),
}


def _subtitles() -> Iterator[Reader]:
    from vidkit.video.subtitles import read_subtitles

    for suffix, seed in _CUES.items():
        yield Reader(f"subtitles {suffix}", f"s.{suffix}", (seed,), read_subtitles)


def _of_agents() -> Iterator[Reader]:
    from vidkit.agents.calibration import tokens_of
    from vidkit.agents.gate_file import GateFile, read_gate
    from vidkit.evaluation.rows import read_rows

    gate = GateFile("m", "t", "margin", 20, 0.5, 0.1, 0.1, 40, 0.7, 0.9)
    yield Reader("gate", "gate.json", (text(gate.as_dict()),), read_gate)
    token = {
        "text": "A",
        "logprob": -0.1,
        "top": [{"token": "A", "logprob": -0.1}, {"token": "B", "logprob": -2}],
    }
    yield Reader(
        "tokens of a log",
        "p.jsonl",
        (lines({"id": "a", "response": "A", "meta": {"tokens": [token, token]}}),),
        lambda path: [tokens_of(row) for _, row in read_rows(path)],
    )


def _of_attention() -> Iterator[Reader]:
    from vidkit.attention.thresholds import ThresholdTable
    from vidkit.generation.prompt import read_prompts
    from vidkit.hooks.snapshots import load_snapshots

    table: dict[str, Any] = {
        "format": 1,
        "model": "maze",
        "predictor": {"name": "xattention", "block": 8},
        "candidates": [0.8, 0.9],
        "budget": 0.5,
        "tau": [[0.8, 0.9], [0.9, 0.9]],
        "E": [[[0.1, 0.05], [0.1, 0.05]]] * 2,
        "S": [[[0.5, 0.4], [0.5, 0.4]]] * 2,
        "achieved_sparsity": 0.4,
        "objective": 0.1,
        "delta": 0.01,
        "steps": 5,
    }
    yield Reader("threshold table", "t.json", (text(table),), ThresholdTable.load)
    yield Reader("prompts", "p.txt", (b"# mine\na red ball\n\na green ball\n",), read_prompts)
    yield Reader("snapshots", "s.pt", (_snapshots(),), load_snapshots)


def _snapshots() -> bytes:
    import torch

    made = io.BytesIO()
    torch.save([{"prompt": 0, "step": 1, "inputs": {"x": torch.zeros(2, 2)}}], made)
    return made.getvalue()


def _of_mazes() -> Iterator[Reader]:
    from vidkit.mazes import make
    from vidkit.mazes.dataset.set_folder import LEVELS_FILE, read_plan
    from vidkit.mazes.state_file import read_state
    from vidkit.mazes.types import MazeType

    for kind in MazeType:
        state = make(str(kind), "easy", 1).state
        yield Reader(f"level {kind}", "easy_0001.json", (text(state),), read_state)
    entry = {
        "path": "x",
        "split": "train",
        "type": "regular",
        "difficulty": "easy",
        "skin": 1,
        "skin_name": "classic",
        "number": 1,
        "seed": 3,
        "fingerprint": "ab",
        "moves": 4,
        "routes": 1,
    }
    yield Reader("levels of a set", LEVELS_FILE, (lines(entry),), lambda path: read_plan(path.parent))
    yield from _skins()
    yield from _vr_bench_results()
    yield from _vr_bench_sets()


def _skins() -> Iterator[Reader]:
    from vidkit.mazes.drawing.skin_folder import read_skin_folder

    skin = {
        "game_type": "regular",
        "visual_description": dict.fromkeys(("player", "goal", "wall", "floor"), "it"),
    }
    tiles = {f"{name}.png": _picture("PNG") for name in ("floor", "wall", "player", "target")}
    colours = {
        "default_cube": "#ffffff",
        "start_pos": "#00ff00",
        "goal_pos": "#ff0000",
        "ball": "#0000ff",
        "ball_edge": "#000000",
    }
    yield Reader("skin", "description.json", (text(skin),), lambda path: read_skin_folder(path.parent), tiles)
    yield Reader(
        "tile of a skin",
        "wall.png",
        (_picture("PNG"),),
        lambda path: read_skin_folder(path.parent),
        {**tiles, "description.json": text(skin)},
    )
    cubes = {
        "game_type": "maze3d",
        "visual_description": dict.fromkeys(("ball", "start_cube", "goal_cube", "default_cube"), "it"),
    }
    yield Reader(
        "skin colours",
        "colors.json",
        (text(colours),),
        lambda path: read_skin_folder(path.parent),
        {"description.json": text(cubes)},
    )


def _vr_bench_results() -> Iterator[Reader]:
    from vidkit.evaluation.tasks.vr_bench.beside import table_with
    from vidkit.evaluation.tasks.vr_bench.released import FILE, read_released

    bounds = {"values": {"success": 0.5}, "intervals": {"success": [0.4, 0.6]}, "levels": 3}
    result = {
        "benchmark": "vr-bench",
        "kind": "videos",
        "types": {"regular": bounds},
        "overall": bounds,
        "model": "m",
    }
    yield Reader(
        "result of vr-bench", "r.json", (text(result),), lambda path: table_with(result, [str(path)])
    )
    released = {
        "summary": {"difficulty": "easy", "avg_pr": 0.5, "avg_sr": 0.4},
        "results": [{"video": "easy_0001_0.mp4", "status": "success", "pr": 0.4, "sr": 1}],
    }
    yield Reader("table of vr-bench", FILE, (text(released),), lambda path: read_released(path.parent))


def _vr_bench_sets() -> Iterator[Reader]:
    from vidkit.evaluation.tasks.vr_bench.level_set import load_level, read_set
    from vidkit.evaluation.tasks.vr_bench.vlm_questions import items, prompt, rows_in
    from vidkit.evaluation.types import PromptMode
    from vidkit.mazes import make
    from vidkit.mazes.types import MazeType

    level = make(str(MazeType.REGULAR), "easy", 1)
    picture = _png(level.picture())

    def first(path: Path) -> object:
        return [load_level(each) for each in read_set(path.parents[4])]

    tree = f"{_folder_of(MazeType.REGULAR)}/1/easy/{{}}/easy_0001.{{}}"
    yield Reader(
        "state of a set",
        f"set/{tree.format('states', 'json')}",
        (text(level.state),),
        first,
        {f"set/{tree.format('images', 'png')}": picture},
    )
    yield Reader(
        "picture of a set",
        f"set/{tree.format('images', 'png')}",
        (picture,),
        lambda path: [load_level(each) for each in read_set(path.parents[4])],
        {f"set/{tree.format('states', 'json')}": text(level.state)},
    )
    kind = _folder_of(MazeType.REGULAR)
    mode = PromptMode()

    def asked(path: Path) -> object:
        rows = [row for _, row in rows_in(path.parents[2] / tree.format("states", "json"))]
        return [prompt(item, mode) for item in items(rows)]

    yield Reader(
        "words of a skin",
        f"set/skins/{kind}/1_description.json",
        (text({"visual_description": {"ball": "a ball"}}),),
        lambda path: asked(path),
        {
            f"set/{tree.format('states', 'json')}": text(level.state),
            f"set/{tree.format('images', 'png')}": picture,
        },
    )


def _folder_of(kind: Any) -> str:
    from vidkit.mazes.types import FOLDERS

    return str(FOLDERS[kind])


def _png(pixels: Any) -> bytes:
    from PIL import Image

    made = io.BytesIO()
    Image.fromarray(pixels).save(made, "PNG")
    return made.getvalue()


def _of_algoviz() -> Iterator[Reader]:
    import random

    from scripts.fuzz_traces import seed_trace
    from vidkit.algoviz.rsl.reading import read_style
    from vidkit.algoviz.tracing.run import read_script
    from vidkit.algoviz.vta.trace import load

    seeds = tuple(text(seed_trace(random.Random(number))) for number in range(6))
    yield Reader("trace", "t.json", seeds, lambda path: load(path).replay())
    style = {"meta": {"rsl_version": "1.0"}, "theme": {"preset": "dark"}}
    yield Reader("style", "s.json", (text(style),), read_style)
    yield Reader("script", "s.py", (b"def f(a):\n    return sorted(a)\nf([3, 1, 2])\n",), read_script)


def _of_models() -> Iterator[Reader]:
    import dataclasses

    from vidkit.agents.pair.folder import load_model
    from vidkit.caching.magnitudes import FORMAT as MAGNITUDES
    from vidkit.caching.magnitudes import Magnitudes
    from vidkit.commands.generate.prompts_file import clips_of
    from vidkit.config.schema import GenerateSettings
    from vidkit.generation.folder import embedded_folder, read_spec
    from vidkit.generation.magi.captions import read_learned_tokens

    folder = embedded_folder()
    beside: dict[str, bytes] = {}
    for file in folder.rglob("*"):
        if file.suffix == ".json" and file.stat().st_size < 1 << 16:
            beside[f"model/{file.relative_to(folder)}"] = file.read_bytes()
    header = text({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})
    weights = len(header).to_bytes(8, "little") + header + b"\0\0\0\0"
    for part in ("transformer", "vae", "text_encoder", "image_encoder"):
        if (folder / part).is_dir():
            beside[f"model/{part}/model.safetensors"] = weights
    for name in ("model_index.json", "transformer/config.json", "vae/config.json"):
        others = {key: value for key, value in beside.items() if key != f"model/{name}"}
        depth = name.count("/")
        yield Reader(
            f"model {name.replace('/', ' ')}",
            f"model/{name}",
            (beside[f"model/{name}"],),
            lambda path, depth=depth: read_spec(path.parents[depth]),
            others,
        )
    name = "model/transformer/model.safetensors"
    others = {key: value for key, value in beside.items() if key != name}
    yield Reader("weights", name, (weights,), lambda path: read_spec(path.parents[1]), others)
    curve = {"levels": [1.0, 0.5], "log_magnitude": [0.1, 0.2]}
    magnitudes = {"format": MAGNITUDES, "model": "maze", "steps": 5, "clips": 2, "curves": {"cond": curve}}
    yield Reader("magnitudes", "m.json", (text(magnitudes),), Magnitudes.load)
    tokens = io.BytesIO()
    np.savez(tokens, other_tokens=np.zeros((15, 4), np.float32))
    yield Reader(
        "learned tokens",
        "special_tokens.npz",
        (tokens.getvalue(),),
        lambda path: read_learned_tokens(path, 4),
    )
    shared = GenerateSettings()
    rows = lines(
        {"prompt": "a red ball", "seed": 3}, "a green ball", {"prompt": "x", "name": "y", "steps": 2}
    )
    yield Reader(
        "prompts of a batch",
        "p.jsonl",
        (rows,),
        lambda path: clips_of(dataclasses.replace(shared, prompts=str(path)), 1),
    )
    yield Reader("agent pair", "p.safetensors", (_pair(),), load_model)


def _pair() -> bytes:
    from vidkit.agents.pair.folder import save_model
    from vidkit.agents.pair.network import PairConfig, PairNetwork

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.safetensors"
        save_model(PairNetwork(PairConfig(view=16, width=8, depth=1, heads=1)), path, {})
        return path.read_bytes()
