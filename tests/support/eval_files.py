"""Rows of a benchmark with groups, replies to them, and files of both in every format."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli.main import run

Rows = list[dict[str, Any]]


Write = Callable[[str, object], str]


LETTERS = "ABCDEFGH"


def question(video: int, k: int, **more: Any) -> dict[str, Any]:
    return {
        "video_id": f"{video:03d}",
        "question_id": f"{video:03d}-{k}",
        "group_type": "relevance",
        "group_structure": "None",
        "level": k % 3 + 1,
        "second_head": "Order",
        "third_head": "Order / first",
        "question": "what happens first?",
        "options": "\n".join(f"{c}. event {c.lower() * 2}" for c in LETTERS),
        "answer": LETTERS[(video + k) % 8],
        **more,
    }


def data_rows(videos: int = 3) -> Rows:
    return [question(video, k) for video in range(1, videos + 1) for k in range(1, 5)]


def replies(rows: Rows, wrong: int = 5) -> Rows:
    return [
        {
            "question_id": row["question_id"],
            "prediction": f"Final Answer: {row['answer'] if i % wrong else 'A'}",
        }
        for i, row in enumerate(rows)
    ]


def writer_in(folder: Path) -> Write:
    """Writes a file of rows in the format of its name; texts and bytes as they are."""

    def writer(name: str, content: object) -> str:
        path = folder / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content)
        elif path.suffix == ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in content))  # type: ignore[attr-defined]
        elif path.suffix == ".tsv":
            _write_tsv(path, content)  # type: ignore[arg-type]
        elif path.suffix == ".parquet":
            _write_parquet(path, content)  # type: ignore[arg-type]
        else:
            path.write_text(json.dumps(content))
        return str(path)

    return writer


def _write_tsv(path: Path, rows: Rows) -> None:
    import csv

    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter="\t")
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(path: Path, rows: Rows) -> None:
    arrow = pytest.importorskip("pyarrow", reason="parquet needs the extra 'eval'")
    parquet = pytest.importorskip("pyarrow.parquet", reason="parquet needs the extra 'eval'")
    parquet.write_table(arrow.Table.from_pylist(rows), path)


def scored(write: Write, data: str, predictions: str, *more: str) -> dict[str, Any]:
    assert run(["eval", "video-mme-v2", "--data", data, "-p", predictions, "--json", "out.json", *more]) == 0
    result: dict[str, Any] = json.loads(Path("out.json").read_text())
    return result
