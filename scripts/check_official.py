"""Compare `--mode official` with the authors' own functions, on random texts and random data sets.

Needs clones of their repositories (nothing of them is part of vidkit), and pandas for the scores:

    python scripts/check_official.py --video-mme-v2 CLONE --social-omni CLONE [--texts 200000] [--sets 150]

Clones: MME-Benchmarks/Video-MME-v2 (b24176a), MAC-AutoML/SocialOmni (0fab46a).
Exit status 1 if anything differs.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import math
import random
import re
import sys
from pathlib import Path
from typing import Any

from vidkit.evaluation.tasks import video_mme_v2
from vidkit.evaluation.tasks.social_omni.official import parse_social_omni
from vidkit.evaluation.tasks.video_mme_v2.official import parse_video_mme_v2

_PIECES = (
    "A", "b", "C", "D", "G", "H", "a man", "answer", "Answer:", "Final Answer:", " is ", ":", "\n",
    "\nassistant\n", "assistant:", "<|im_start|>assistant\n", "<|im_end|>", "</think>", "<think>", "option",
    "choice ", "(", ")", ".", "yes", "no", "know", "the", "The correct answer is", "\u3002", "\uff0c",
    "\nanswer", "user:\n", "\nuser\n", "x" * 1300, " ", "\u00df", "\u0130", "Correct choice",
    "correct answer", "Best option:",
)  # fmt: skip
_REPLIES = (
    "{}",
    "Final Answer: {}",
    "The best answer is {}",
    "no idea",
    "",
    "I cannot",
    "First I see. Answer: {}",
    "(b)",
)
_STRUCTURES = ("[1, 2, 3, 4]", "[1, [2, 3], 4]", "[[1, 2], 3, 4]")
_SCORES = {
    "total": "non_lin",
    "level_1": "level_1",
    "level_2": "level_2",
    "level_3": "level_3",
    "relevance_score": "consistency",
    "logic_score": "coherence",
    "relevance_linear_score": "relevance_linear",
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--video-mme-v2", type=Path)
    parser.add_argument("--social-omni", type=Path)
    parser.add_argument("--texts", type=int, default=200_000)
    parser.add_argument("--sets", type=int, default=150)
    given = parser.parse_args()
    wrong = 0
    if given.video_mme_v2:
        names = functions_of(given.video_mme_v2 / "evaluation" / "test_video_mme_v2.py")
        extract = names["extract_characters_regex_v2"]
        wrong += texts(
            "Video-MME-v2", given.texts, lambda t: extract(t), lambda t: parse_video_mme_v2(t).letter or ""
        )
        wrong += sets(given.sets, names)
    if given.social_omni:
        module = module_of(given.social_omni / "models" / "pipeline" / "answer_extraction.py")
        for options in ("ABCD", "AB"):
            wrong += texts(
                f"SocialOmni {options}",
                given.texts,
                lambda t, options=options: module.extract_choice(t, list(options)),
                lambda t, options=options: parse_social_omni(t, options).letter or "",
            )
    return int(wrong > 0)


def functions_of(file: Path) -> dict[str, Any]:
    """The functions of a script whose imports (torch, decord) are not wanted here."""
    names: dict[str, Any] = {"re": re, "ast": ast}
    for package, short in (("numpy", "np"), ("pandas", "pd")):
        if importlib.util.find_spec(package):
            names[short] = importlib.import_module(package)
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            exec(compile(ast.Module([node], []), str(file), "exec"), names)
    return names


def module_of(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location("authors", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def texts(what: str, count: int, theirs: Any, ours: Any) -> int:
    """How many random texts are read differently."""
    draw = random.Random(0)
    wrong = 0
    for _ in range(count):
        text = "".join(draw.choice(_PIECES) + draw.choice(("", " ")) for _ in range(draw.randint(0, 9)))
        if theirs(text) != ours(text):
            wrong += 1
            print(f"differs: {text!r}: theirs {theirs(text)!r}, ours {ours(text)!r}")
    print(f"{what}: {count} texts, {wrong} read differently")
    return wrong


def sets(count: int, names: dict[str, Any]) -> int:
    """How many scores of random data sets differ; every second set is shuffled."""
    if "pd" not in names:
        print("skipped: the scores of Video-MME-v2 need pandas")
        return 0
    draw = random.Random(5)
    wrong = 0
    for number in range(count):
        rows = made_rows(draw)
        if number % 2:
            draw.shuffle(rows)
        frame = names["pd"].DataFrame(rows)
        letters = [names["extract_characters_regex_v2"](text) for text in frame["prediction"]]
        frame["score"] = [-1 if not x else int(x == y) for x, y in zip(letters, frame["answer"], strict=True)]
        theirs = names["get_final_rating"](frame)["final_rating"]
        ours = video_mme_v2.score(rows, "official", resamples=1)["modes"]["official"]
        for name, own in _SCORES.items():
            expected, found = float(theirs[name]), ours[own]
            absent = found is None and (math.isnan(expected) or expected == 0)
            if not absent and abs(expected - found) > 1e-9:
                wrong += 1
                print(f"differs: set {number}, {name}: theirs {expected}, ours {found}")
    print(f"Video-MME-v2: {count} data sets, {wrong} scores differ")
    return wrong


def made_rows(draw: random.Random) -> list[dict[str, Any]]:
    rows = []
    for video in range(1, draw.randint(2, 9)):
        kind, structure = draw.choice(("relevance", "logic")), draw.choice(_STRUCTURES)
        for k in range(1, 5):
            gold = draw.choice("ABCDEFGH")
            rows.append(
                {
                    "video_id": f"{video:03d}",
                    "question_id": f"{video:03d}-{k}",
                    "group_type": kind,
                    "group_structure": structure if kind == "logic" else "None",
                    "level": draw.choice((1, 2, 3)),
                    "second_head": f"h{draw.randint(0, 3)}",
                    "third_head": f"t{draw.randint(0, 5)}",
                    "options": "",
                    "answer": gold,
                    "prediction": draw.choice(_REPLIES).format(draw.choice((gold, gold, "C"))),
                }
            )
    return rows


if __name__ == "__main__":
    sys.exit(main())
