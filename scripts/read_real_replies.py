"""Read replies that models really gave, out of public repositories, beside what a careful reader sees.

    python scripts/read_real_replies.py MMMU_CLONE MMLU_PRO_CLONE

Clones: MMMU-Benchmark/MMMU (four files of gpt-4o's replies, up to ten options) and TIGER-AI-Lab/MMLU-Pro
(replies of 29 models, of which a sample is read). Only the letters of `tests/data/real_reply_labels.json` are
part of vidkit: where our parser, an older one and the authors' extraction agreed, that letter; a reader
looked at all others.

Sets: `mmmu_pro`; `plain`, 200 replies of each of 17 models; `undeclared`, up to 25 of each that never say
"the answer is"; and `later`, 100 and 20 of each of twelve models that were read after the parser was changed.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from vidkit.evaluation.answers import parse_choice

LABELS = Path(__file__).resolve().parents[1] / "tests" / "data" / "real_reply_labels.json"
MMLU_PRO_SETS = ("plain", "undeclared", "later", "later_undeclared")
MMMU_FILES = {
    "standard10options_cot": "gpt-4o_standard(10 options)_cot",
    "standard10options_direct": "gpt-4o_standard(10 options)_direct",
    "vision_cot": "gpt-4o_vision_cot",
    "vision_direct": "gpt-4o_vision_direct",
}


class Said(NamedTuple):
    options: list[str]
    reply: str
    letter: str | None

    @property
    def letters(self) -> str:
        return "ABCDEFGHIJ"[: len(self.options)]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("mmmu", type=Path, help="a clone of MMMU-Benchmark/MMMU")
    parser.add_argument("mmlu_pro", type=Path, help="a clone of TIGER-AI-Lab/MMLU-Pro")
    parser.add_argument(
        "--wrong", action="store_true", help="also print the ends of replies that are misread"
    )
    given = parser.parse_args()
    labels = json.loads(LABELS.read_text(encoding="utf-8"))
    print("| Set | Replies | Right | Letters given | Of these right | ms per reply |")
    print("| --- | --- | --- | --- | --- | --- |")
    row("mmmu_pro", list(mmmu_pro(given.mmmu, labels["mmmu_pro"])), given.wrong)
    archives = {model for name in MMLU_PRO_SETS for model in labels[name]}
    outputs = {model: dict(model_outputs(given.mmlu_pro, model)) for model in sorted(archives)}
    for name in MMLU_PRO_SETS:
        said = [
            Said(*outputs[model][number], letter)
            for model, letters in labels[name].items()
            for number, letter in letters.items()
        ]
        row(name, said, given.wrong)
    return 0


def file_of(clone: Path, path: str) -> bytes:
    """A file of a clone's newest commit, which need not be checked out."""
    return subprocess.run(
        ["git", "-C", str(clone), "show", f"HEAD:{path}"], capture_output=True, check=True
    ).stdout


def mmmu_pro(clone: Path, exceptions: dict[str, dict[str, str | None]]) -> Iterator[Said]:
    for name, file in MMMU_FILES.items():
        for line in file_of(clone, f"mmmu-pro/output/{file}.jsonl").decode("utf-8").splitlines():
            row = json.loads(line)
            options = [str(text) for text in ast.literal_eval(row["options"])]
            if 1 < len(options) <= 10:
                letter = exceptions[name].get(row["id"], row["pred_indexs"])
                yield Said(options, row["response"], letter)


def model_outputs(clone: Path, model: str) -> Iterator[tuple[str, tuple[list[str], str]]]:
    """Options and reply by the number of the question."""
    packed = file_of(clone, f"eval_results/model_outputs_{model}_5shots.zip")
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for name in archive.namelist():
            if name.endswith(".json") and "MACOSX" not in name:
                for row in json.loads(archive.read(name)):
                    if isinstance(row, dict):
                        yield str(row["question_id"]), (list(map(str, row["options"])), reply_of(row))


def reply_of(row: dict[str, Any]) -> str:
    reply = row.get("generated_text") or row.get("model_outputs") or ""
    return reply if isinstance(reply, str) else ""


def row(name: str, said: list[Said], wrong: bool) -> None:
    started = time.process_time()
    read = [parse_choice(each.reply, each.letters, each.options).letter for each in said]
    spent = time.process_time() - started
    right = sum(letter == each.letter for letter, each in zip(read, said, strict=True))
    given = [letter == each.letter for letter, each in zip(read, said, strict=True) if letter is not None]
    shares = f"{100 * right / len(said):.1f} % | {len(given)} | {100 * sum(given) / max(1, len(given)):.1f} %"
    print(f"| {name} | {len(said)} | {shares} | {1000 * spent / len(said):.2f} |", flush=True)
    for letter, each in zip(read, said, strict=True):
        if wrong and letter != each.letter:
            print(f"    {letter} for {each.letter}: {each.reply[-200:]!r}")


if __name__ == "__main__":
    sys.exit(main())
