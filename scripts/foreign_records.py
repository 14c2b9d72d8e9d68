"""Readers of vidkit's own records, of configs, and of servers' replies, with good files to begin from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from scripts.fuzz_readers import Reader
from vidkit.errors import ConfigError


def text(value: Any) -> bytes:
    """A value as a JSON file."""
    return json.dumps(value, ensure_ascii=False).encode()


def lines(*rows: Any) -> bytes:
    """Rows as JSON lines."""
    return b"".join(text(row) + b"\n" for row in rows)


def record_readers() -> Iterator[Reader]:
    from vidkit.bench.record import content_of
    from vidkit.bench.vbench.official import read_results
    from vidkit.evaluation.running.judging import check_panel
    from vidkit.evaluation.running.manifest import check_manifest
    from vidkit.evaluation.running.resume_log import PredictionLog
    from vidkit.evaluation.scoring import manifest_beside
    from vidkit.utils.jsonl_log import JsonlLog
    from vidkit.utils.ownership import unchanged_files
    from vidkit.utils.sealing import is_sealed, sealed

    yield Reader("bench record", "b.json", (text(sealed({"rows": [1, 2], "complete": True})),), content_of)
    videos = [{"video_path": f"a/red ball-{n}.mp4", "video_results": 0.9} for n in range(2)]
    scores = {"temporal_flickering": [0.9, videos], "motion smoothness": [0.95, []]}
    yield Reader("results of VBench", "x_eval_results.json", (text(scores),), read_results)
    yield Reader("sealed file", "b.json", (text(sealed({"rows": [1]})),), is_sealed)
    yield Reader(
        "owned files", "b.json", (text(sealed({"rows": [1]})),), lambda path: list(unchanged_files(path))
    )
    yield Reader(
        "judges",
        "panel.json",
        (text({"j": {"engine": "x", "question": "1"}}),),
        lambda path: check_panel(path, {}, "1"),
    )
    yield Reader(
        "run manifest",
        "manifest.json",
        (text({"schema": 1, "task": "t"}),),
        lambda path: check_manifest(path, {"task": "t"}),
    )
    yield Reader(
        "manifest beside",
        "manifest.json",
        (text({"engine": "x"}),),
        lambda path: manifest_beside(path.parent / "p.jsonl"),
    )
    header = {"fingerprint": "f"}
    rows = [{"mark": "m", "id": "a", "video": "v", "query": "q", "status": "failed", "error": "e"}]

    def log(path: Path) -> None:
        JsonlLog(path, lambda row, place: row["mark"], header=header).release()

    yield Reader("log", "log.jsonl", (lines(header, *rows),), log)

    def predictions(path: Path) -> None:
        found = PredictionLog(path)
        with suppress(KeyError):
            found.get("a")
        found.release()

    yield Reader("prediction log", "p.jsonl", (lines({"id": "a", "response": "A", "meta": {}}),), predictions)


def config_readers() -> Iterator[Reader]:
    from vidkit.config.compose import compose

    seeds = {
        "generate": b"# @package _global_\ndefaults: [/generate_schema, _self_]\n"
        b"steps: 4\nmodel:\n  name: x\n",
        "eval": b"# @package _global_\ndefaults: [/eval_schema, _self_]\ntask: pope\n",
    }
    for command, seed in seeds.items():
        yield Reader(
            f"config {command}",
            "mine.yaml",
            (seed,),
            lambda path, command=command: compose(command, str(path)),
        )


def reply_readers() -> Iterator[Reader]:
    from vidkit.agents.dialects.hermes_text import read_call
    from vidkit.serving.wire import decode_json, decode_reply, error_message

    reply = {
        "choices": [
            {
                "message": {"content": "A"},
                "finish_reason": "stop",
                "logprobs": {
                    "content": [
                        {"token": "A", "logprob": -0.1, "top_logprobs": [{"token": "A", "logprob": -0.1}]}
                    ]
                },
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
    yield Reader("reply", "r.json", (text(reply),), _refusing(lambda data: decode_reply(decode_json(data))))
    yield Reader(
        "refusal", "r.json", (text({"error": {"message": "no", "code": 3}}),), _refusing(error_message)
    )
    yield Reader(
        "tool call",
        "c.txt",
        (text({"name": "zoom", "arguments": {"box": [1, 2, 3, 4]}}),),
        lambda path: read_call(path.read_text("utf-8", "replace")),
    )


def _refusing(read: Callable[[bytes], object]) -> Callable[[Path], object]:
    """An engine's error belongs to one item; here it counts as refused."""
    from vidkit.serving.engine import EngineError

    def reading(path: Path) -> object:
        try:
            return read(path.read_bytes())
        except EngineError as error:
            raise ConfigError(str(error).replace("\n", " ") or "?") from error

    return reading
