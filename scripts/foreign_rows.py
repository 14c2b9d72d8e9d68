"""Readers of benchmarks' data, replies and task files, with good files to begin from."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.fuzz_readers import Reader
from vidkit.evaluation.rows import read_rows

_ROWS: dict[str, dict[str, Any]] = {
    "video-mme-v2": {
        "video_id": "001",
        "question_id": "001-1",
        "group_type": "relevance",
        "group_structure": "None",
        "level": 1,
        "second_head": "Order",
        "third_head": "Order / first",
        "question": "what?",
        "options": "\n".join(f"{c}. event {c}" for c in "ABCDEFGH"),
        "answer": "B",
    },
    "pope": {
        "question_id": "1",
        "category": "random",
        "image_source": "x",
        "image": "x.png",
        "question": "a cat?",
        "answer": "yes",
    },
    "longvideobench": {
        "id": "a",
        "video_id": "v",
        "question": "?",
        "candidates": ["x", "y", "z"],
        "correct_choice": 1,
        "question_category": "S2E",
        "level": "L1-Perception",
        "duration_group": 15,
        "video_path": "v.mp4",
        "subtitle_path": "v.json",
        "topic_category": "x",
        "duration": 10.0,
        "starting_timestamp_for_subtitles": 0.0,
    },
    "mlvu": {
        "video": "v.mp4",
        "question": "?",
        "candidates": ["x", "y"],
        "answer": "y",
        "question_type": "plotQA",
        "duration": 10.0,
    },
    "video-mme": {
        "video_id": "001",
        "duration": "short",
        "domain": "x",
        "sub_category": "y",
        "url": "u",
        "videoID": "abc",
        "question_id": "001-1",
        "task_type": "Counting",
        "question": "?",
        "options": ["A. x", "B. y", "C. z", "D. w"],
        "answer": "B",
    },
    "v-star": {
        "question_id": 1,
        "image": "x.jpg",
        "text": "?\n(A) x\n(B) y",
        "category": "attributes",
        "label": "A",
    },
    "hr-bench": {
        "index": 1,
        "question": "?",
        "A": "x",
        "B": "y",
        "C": "z",
        "D": "w",
        "answer": "A",
        "category": "single",
        "cycle_category": "",
        "image": "x",
    },
}
_FOUR = [{"question_id": f"001-{k}", "level": k % 3 + 1} for k in range(1, 5)]
_TASK = b"""name: birds
title: Questions about birds
id: "{id}"
group: "{clip}"
question: question
options: choices
answer: gold
answer_is: index
video: "clips/{clip}.mp4"
tables:
  place: By place
"""
_BIRD = {
    "id": "b1",
    "clip": "wren",
    "question": "?",
    "choices": ["sings", "sleeps"],
    "gold": 0,
    "place": "wood",
}


def eval_readers() -> Iterator[Reader]:
    """Tables in every format, data of every benchmark, replies, task files and their functions."""
    yield from _tables()
    yield from _benchmarks()
    yield from _tasks()


def _tables() -> Iterator[Reader]:
    rows = [
        {"id": "a", "prediction": "A", "n": 1.5, "who": "x"},
        {"id": "b", "prediction": None, "n": 2, "who": "y"},
    ]
    names = list(rows[0])
    made: dict[str, bytes] = {
        "jsonl": b"".join(json.dumps(row).encode() + b"\n" for row in rows),
        "json": json.dumps(rows).encode(),
        "csv": (",".join(names) + "\n" + "\n".join(",".join(map(str, r.values())) for r in rows)).encode(),
        "tsv": ("\t".join(names) + "\n" + "\n".join("\t".join(map(str, r.values())) for r in rows)).encode(),
        "parquet": _parquet(rows),
        "xlsx": _workbook(rows),
    }
    for kind, seed in made.items():
        yield Reader(f"rows {kind}", f"r.{kind}", (seed,), lambda path: list(read_rows(path)))


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    made = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), made)
    return made.getvalue()


def _workbook(rows: list[dict[str, Any]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (list(rows[0]), *(list(row.values()) for row in rows)):
        book.active.append(row)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _benchmarks() -> Iterator[Reader]:
    from vidkit.commands.eval.command import tasks_dir
    from vidkit.evaluation.scoring import read_joined
    from vidkit.evaluation.task import load_task

    for name, row in _ROWS.items():
        task = load_task(name, [tasks_dir()])
        rows = [
            {**row, **(_FOUR[k] if name == "video-mme-v2" else {})}
            for k in range(4 if name == "video-mme-v2" else 1)
        ]
        good = [{**each, "prediction": "Final Answer: B"} for each in rows]

        def data(path: Path, task: Any = task) -> object:
            joined = read_joined(task, path)
            list(task.functions.items(joined.rows))
            return task.functions.score(joined.rows)

        yield Reader(f"data {name}", "d.json", (json.dumps(good).encode(),), data)
        item = next(iter(task.functions.items([row]))).id

        def replies(path: Path, task: Any = task) -> object:
            joined = read_joined(task, path.with_name("d.json"), path)
            return task.functions.score(joined.rows)

        sample = {"doc": row, "doc_id": 0, "filtered_resps": ["B"], "resps": [["B"]], "target": "B"}
        seeds = tuple(json.dumps(each).encode() for each in ({"id": item, "prediction": "B"}, sample))
        yield Reader(f"replies {name}", "p.jsonl", seeds, replies, {"d.json": json.dumps(rows).encode()})


def _tasks() -> Iterator[Reader]:
    from vidkit.evaluation.scoring import read_joined
    from vidkit.evaluation.task import load_task

    data = json.dumps([{**_BIRD, "prediction": "A"}]).encode()

    def whole(path: Path) -> object:
        task = load_task(str(path), [])
        joined = read_joined(task, path.with_name("d.json"))
        list(task.functions.items(joined.rows))
        return task.functions.score(joined.rows)

    yield Reader(
        "task",
        "birds.yaml",
        (_TASK, _TASK + b"functions: birds.py\n"),
        whole,
        {"d.json": data, "birds.py": b"def prompt(item, mode):\n    return None\n"},
    )
    yield Reader(
        "functions of a task",
        "birds.py",
        (b"def prompt(item, mode):\n    return None\n",),
        lambda path: load_task(str(path.with_suffix(".yaml")), []),
        {"birds.yaml": _TASK + b"functions: birds.py\n"},
    )
