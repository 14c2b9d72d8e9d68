"""Readers of what models, servers and people write, and of model folders, with good texts to begin from."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from scripts.foreign_records import lines, text
from scripts.fuzz_readers import Reader
from vidkit.errors import VidkitError


def text_readers() -> list[Reader]:
    """All of them."""
    return [
        *_replies_of_agents(),
        *_replies_of_benchmarks(),
        *_of_trackers(),
        *_queries(),
        *_words(),
        *_of_servers(),
        *_magi(),
        *_loras(),
    ]


def _of(name: str, seeds: tuple[str, ...], read: Callable[[str], object]) -> Reader:
    """A reader of text."""
    return Reader(
        name,
        "t.txt",
        tuple(seed.encode() for seed in seeds),
        lambda path: read(path.read_bytes().decode("utf-8", "replace")),
    )


_CALL = json.dumps({"name": "zoom", "arguments": {"bbox_2d": [10, 20, 200, 220], "label": "cat"}})


def _replies_of_agents() -> Iterator[Reader]:
    from PIL import Image

    from vidkit.agents.dialects.hermes_text import HermesText
    from vidkit.agents.dialects.openai_tools import OpenAITools
    from vidkit.agents.dialects.python_block import PythonBlock
    from vidkit.agents.tools.boxes import FRAMES, source_box
    from vidkit.agents.types import ToolError
    from vidkit.agents.workspace import Workspace
    from vidkit.serving.reply import Reply

    told = (
        f"<think>hm, [1, 2]</think>\n<tool_call>\n{_CALL}\n</tool_call>",
        "<think>so</think><answer>(A) red</answer>",
        "<think>so</think><code>\n```python\nprint(1)\n```\n</code>",
    )
    for dialect in (HermesText(), PythonBlock(), OpenAITools()):

        def read(said: str, dialect: Any = dialect) -> object:
            reply = Reply(said, tool_calls=({"id": "1", "function": {"name": said, "arguments": said}},))
            turns = [dialect.read(reply), dialect.read(Reply(said)), dialect.read(Reply(said, "length"))]
            return [dialect.turn(reply, turn) for turn in turns]

        yield _of(f"turn {dialect.name}", told, read)
    workspace = Workspace([Image.new("RGB", (400, 300))])

    def boxes(said: str) -> None:
        with suppress(ValueError, RecursionError):
            value = json.loads(said)
            for frame in FRAMES:
                with suppress(ToolError):
                    source_box(value, workspace, 0, frame)

    yield _of("box", ("[10, 20, 200, 220]", "[0.1, 0.2, 0.5, 0.6]", "[1, 2, 3]"), boxes)


def _replies_of_benchmarks() -> Iterator[Reader]:
    from vidkit.evaluation.answer_judge import parse_verdict
    from vidkit.evaluation.answers import parse_choice, parse_yes_no
    from vidkit.evaluation.option_list import options_by_place
    from vidkit.evaluation.tasks.social_omni.how import parse_judge
    from vidkit.evaluation.tasks.vr_bench.vlm_replies import official_moves, read_moves
    from vidkit.evaluation.types import Mode
    from vidkit.mazes.types import MazeType

    choices = ("<think>B?</think> The answer is **(A)**, not B.", '{"answer": "C"}', "A. a cat\nB. a dog")
    options = ("a cat", "a dog", "a cow", "none of the above")
    yield _of("choice", choices, lambda said: parse_choice(said, "ABCD", option_texts=options))
    yield _of("choice alone", choices, lambda said: parse_choice(said, "ABCD", isolated=True))
    yield _of("yes or no", ("Yes, there is a cat.", "<think>no</think> yes"), parse_yes_no)
    yield _of("options", ("A. a\nB. b\nC. c", "['a', 'b']", '["a", "b"]'), options_by_place)
    yield _of(
        "score of a judge",
        ("Score: 75", "75/100, since 3 of 4", "I give 50."),
        lambda said: [parse_judge(said, mode) for mode in Mode],
    )
    yield _of("verdict of a judge", ("Choice: B", "<think>C</think>Choice: none"), parse_verdict)
    moves = ('```json\n{"path": ["up", "left"]}\n```', "up, left, 2x down", "(0, 1) -> (1, 1)", "↑ ↓")
    for kind in (MazeType.REGULAR, MazeType.SOKOBAN, MazeType.MAZE3D):
        yield _of(
            f"moves {kind}",
            moves,
            lambda said, kind=kind: (official_moves(said, kind), read_moves(said, kind)),
        )


@cache
def _trace() -> dict[str, Any]:
    import random

    from scripts.fuzz_traces import seed_trace

    return seed_trace(random.Random(2))


def _of_trackers() -> Iterator[Reader]:
    from vidkit.algoviz.asking.answers import read_answer
    from vidkit.algoviz.asking.mechanical import mended_text
    from vidkit.algoviz.asking.reply import program_in
    from vidkit.algoviz.asking.salvage import kept_text, up_to_fault
    from vidkit.algoviz.asking.static import check_source, has_function
    from vidkit.algoviz.tracing.recording import parse
    from vidkit.algoviz.tracing.run import trace_of_recording
    from vidkit.algoviz.vta.trace import load

    source = "def solve(data):\n    return sorted(data)\n"
    reply = f"<think>```python\nno\n```</think>\nHere:\n```python\n{source}```\nDone."
    yield _of("program of a reply", (reply, source, "~~~\nx = 1\n~~~"), program_in)
    yield _of(
        "source of a tracker", (source,), lambda said: (check_source(said), has_function(said, "solve"))
    )
    yield _of("answer of a tracker", ("[1, 2, 3]", "{'a': (1, 2)}", "7", "yes"), read_answer)
    trace = json.dumps(_trace())

    def salvaged(said: str) -> None:
        mended, _ = mended_text(said)
        raw = kept_text(mended)
        if raw is not None:
            up_to_fault(raw)

    yield _of("trace of a tracker", (trace, trace[:-90], trace[:-2] + ", // more\n NaN]}"), salvaged)
    head = {key: value for key, value in _trace().items() if key != "deltas"}
    yield Reader(
        "trace in lines", "t.jsonl", (lines(head, *_trace()["deltas"]),), lambda path: load(path).replay()
    )
    yield Reader(
        "output of a run",
        "log.jsonl",
        (_LOG,),
        lambda path: trace_of_recording(parse(path.read_bytes(), "x = [3]\n"), "run", (), 2000).replay(),
    )


_LOG = lines(
    {"c": [0, "<module>", 0, []], "l": 0, "v": {"0": {}}},
    {"l": 4, "v": {"0": {"x": {"r": 1}}}, "h": {"1": {"k": "list", "v": [3, 1]}}},
    {"l": 5, "v": {"0": {"y": {"r": 2}}}, "h": {"2": {"k": "dict", "v": [["k", {"r": 1}]]}}},
    {"c": [1, "f", 1, ["a"]], "l": 6, "v": {"1": {"a": {"r": 1}}}},
    {"l": 2, "h": {"1": {"k": "list", "v": [1, 3]}}},
    {"l": 3, "r": [["r", 1, 0]]},
    {"q": [1, 1], "l": 3},
    {"l": 7, "o": "[1, 3]\n"},
    {"q": [0, None], "l": 7},
    {"end": {"kind": "end"}},
)


def _queries() -> Iterator[Reader]:
    from vidkit.frames.relevance.query import read_query
    from vidkit.frames.relevance.words import terms_of
    from vidkit.generation.magi.captions import clean_caption
    from vidkit.utils.naming import check_id, file_name

    asked = ("a red ball without a dog, after 1:30", "first 10 seconds, not the end", "l'été at 90 %")
    yield _of("query", asked, lambda said: (read_query(said), terms_of(said)))
    yield _of("caption", ("<b>A cat</b> &amp; a dog, http://x.org",), clean_caption)

    def names(said: str) -> object:
        check_id(said)
        return file_name(said)

    yield _of("id", ("q1/a b:c", "ü"), names)


def _words() -> Iterator[Reader]:
    from vidkit.cli.execute import Request, settings_of

    words = {
        "generate": ("steps=4", "attention.tau=0.7", "prompt='a, [b'", "cache=interval", "maze.size=5"),
        "eval": ("limit=4", "kinds=[a,b]", "agent.dialect=python_block", "media=x/y"),
        "bench vr-bench": ("types=[regular]", "truth.seeds=2"),
    }
    start = {"generate": ("maze_demo", ()), "eval": ("default", ("task",)), "bench vr-bench": ("default", ())}
    for command, seeds in words.items():
        config, positional = start[command]
        given = ["pope"] if positional else []

        def settings(said: str, command: str = command, rest: Any = (config, positional, given)) -> object:
            config, positional, given = rest
            return settings_of(Request(command, config, [*given, said], positional=positional))

        yield _of(f"word {command}", seeds, settings)


def _of_servers() -> Iterator[Reader]:
    from vidkit.serving.dialect import PLAIN
    from vidkit.serving.server_wire import parse_request
    from vidkit.utils.redaction import redact, redact_message

    body = {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "A?"}]}],
            "max_tokens": 4, "stop": ["x"]}  # fmt: skip

    def request(said: str) -> None:
        with suppress(ValueError, RecursionError):
            found = json.loads(said)
            if isinstance(found, dict):
                parse_request(found)

    yield _of("request to our server", (json.dumps(body),), request)
    refusal = {"error": {"message": "Unsupported parameter: 'logprobs'", "param": "logprobs", "code": "x"}}
    yield _of("refusal of a field", (json.dumps(refusal),), lambda said: PLAIN.after(400, said.encode()))
    yield _of(
        "message",
        ("cannot reach http://me:secret@host:8/v1?key=abc", "Authorization: Bearer abc"),
        lambda said: (redact(said), redact_message(said)),
    )


def _magi() -> Iterator[Reader]:
    import torch

    from vidkit.models.magi.checkpoint import INDEX, read_autoencoder, read_transformer

    device, dtype = torch.device("cpu"), torch.float32
    sizes = {"num_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "attention_head_dim": 24}
    sizes |= {"text_dim": 8, "ffn_dim": 16}
    index = {"metadata": {}, "weight_map": {"x_embedder.weight": "model.safetensors"}}
    header = text({"x_embedder.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})
    weights = len(header).to_bytes(8, "little") + header + b"\0\0\0\0"

    def transformer(path: Path) -> None:
        # good files of this size do not fit: what is tried is whether that is said
        with suppress(VidkitError):
            read_transformer(path.parent, sizes, device, dtype)

    yield Reader("index of MAGI", INDEX, (text(index),), transformer, {"model.safetensors": weights})
    yield Reader("weights of MAGI", "model.safetensors", (weights,), transformer)
    config = {"patch_size": 8, "latent_channels": 16}

    def autoencoder(path: Path) -> None:
        with suppress(VidkitError):
            read_autoencoder(path.parent, device, dtype)

    yield Reader("config of MAGI's autoencoder", "config.json", (text(config),), autoencoder)


def _loras() -> Iterator[Reader]:
    import torch
    from safetensors.torch import save_file

    from vidkit.generation.lora import Lora, check_loras, parse_loras

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "l.safetensors"
        save_file({"transformer.blocks.0.attn1.to_q.lora_A.weight": torch.zeros(2, 4)}, path)
        seed = path.read_bytes()
    yield Reader("LoRA", "l.safetensors", (seed,), lambda path: check_loras([Lora(path)]))

    def named(said: str) -> None:
        with suppress(VidkitError):  # none of the files is there
            parse_loras(said)

    yield _of("loras", ("a.safetensors:0.8,b.safetensors@transformer_2",), named)
