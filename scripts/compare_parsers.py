"""Read the corpus of replies with our parser, the authors' rule and other toolkits' parsers, side by side.

    python scripts/compare_parsers.py [--lmms-eval CLONE] [--vlmevalkit CLONE] [--replies FILE]

Clones: EvolvingLMMs-Lab/lmms-eval (75571cf), open-compass/VLMEvalKit (e8e78f0). Nothing of them is part of
vidkit, and only their parsing functions are run. Without a clone its row is left out and said so. The corpus,
`tests/data/answer_replies.json`, was written together with our parser, so our own row is not a forecast for
replies that nobody has seen.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import os
import re
import string
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from vidkit.evaluation.answers import parse_choice
from vidkit.evaluation.answers_official import parse_first_capital

CORPUS = Path(__file__).resolve().parents[1] / "tests" / "data" / "answer_replies.json"
Reader = Callable[[str, str, Sequence[str]], str | None]


class Said(NamedTuple):
    kind: str
    options: list[str]
    letter: str | None
    reply: str


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lmms-eval", type=Path)
    parser.add_argument("--vlmevalkit", type=Path)
    parser.add_argument("--replies", type=Path, default=CORPUS)
    parser.add_argument("--kinds", action="store_true", help="also the share by kind of reply")
    given = parser.parse_args()
    said = read_corpus(given.replies)
    readers = {
        "vidkit": lambda reply, letters, texts: parse_choice(reply, letters, texts).letter,
        "vidkit, isolated": lambda reply, letters, texts: (
            parse_choice(reply, letters, texts, isolated=True).letter
        ),
        "first capital (`official`)": lambda reply, letters, texts: (
            parse_first_capital(reply, letters).letter
        ),
    }
    for name, clone, load in (
        ("lmms-eval", given.lmms_eval, lmms_eval),
        ("VLMEvalKit", given.vlmevalkit, vlmevalkit),
    ):
        if clone is None:
            print(f"{name} left out: give its clone", file=sys.stderr)
        else:
            readers[name] = load(clone)
    print(f"{len(said)} replies, {sum(s.letter is None for s in said)} without a letter\n")
    print("| Parser | Right | Letters given | Of these right |\n| --- | --- | --- | --- |")
    by_kind = {name: row(name, reader, said) for name, reader in readers.items()}
    if given.kinds:
        print_kinds(by_kind)
    return 0


def read_corpus(path: Path) -> list[Said]:
    """Replies of our corpus, or of a file with `option_sets` and `cases`."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if "cases" in content:
        sets = content["option_sets"]
        return [Said(c["category"], sets[c["options"]], c["letter"], c["reply"]) for c in content["cases"]]
    sets = content["options"]
    return [Said(kind, sets[name], letter, reply) for kind, name, letter, reply in content["replies"]]


def row(name: str, reader: Reader, said: Sequence[Said]) -> dict[str, list[bool]]:
    """Print a parser's line; returns right or wrong by kind. An exception counts as a wrong reading."""
    kinds: dict[str, list[bool]] = defaultdict(list)
    given = right_given = 0
    for each in said:
        letters = string.ascii_uppercase[: len(each.options)]
        try:
            letter = reader(each.reply, letters, each.options)
        except Exception as error:
            print(f"{name}: {each.reply!r}: {type(error).__name__}", file=sys.stderr)
            letter = "!"
        right = letter == each.letter
        kinds[each.kind].append(right)
        given += letter is not None
        right_given += right and letter is not None
    total = sum(map(sum, kinds.values()))
    print(
        f"| {name} | {100 * total / len(said):.1f} % | {given} | {100 * right_given / max(given, 1):.1f} % |"
    )
    return kinds


def print_kinds(by_kind: dict[str, dict[str, list[bool]]]) -> None:
    names = list(by_kind)
    print(f"\n| Kind | Replies | {' | '.join(names)} |\n| --- | --- |{' --- |' * len(names)}")
    for kind, first in by_kind[names[0]].items():
        shares = [100 * sum(by_kind[name][kind]) / len(first) for name in names]
        print(f"| {kind} | {len(first)} | {' | '.join(f'{share:.0f} %' for share in shares)} |")


def lmms_eval(clone: Path) -> Reader:
    """The extraction that several of lmms-eval's tasks share; an empty text is not a letter."""
    names = functions_of(clone / "lmms_eval" / "tasks" / "_task_utils" / "mcq_extract.py")
    extract = names["extract_mcq_answer"]
    return lambda reply, letters, texts: extract(reply, list(letters)) or None


def vlmevalkit(clone: Path) -> Reader:
    """VLMEvalKit's exact matching, without the model that it asks where that fails."""
    names = functions_of(clone / "vlmeval" / "utils" / "matching_util.py")
    infer = names["can_infer"]

    def read(reply: str, letters: str, texts: Sequence[str]) -> str | None:
        found = infer(reply, dict(zip(letters, texts, strict=True)))
        return found if found and found in letters else None  # "Z" says that there is no answer

    return read


def functions_of(file: Path) -> dict[str, Any]:
    """Functions and constants of a file, without the packages that it imports."""
    from typing import Optional

    class Silent:
        def __getattr__(self, name: str) -> Any:
            return lambda *args, **kwargs: None

    names: dict[str, Any] = {
        "re": re,
        "os": os,
        "string": string,
        "cp": copy,
        "copy": copy,
        "Counter": Counter,
        "List": list,
        "Optional": Optional,
        "get_logger": lambda *args, **kwargs: Silent(),
    }
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.Assign, ast.AnnAssign)):
            exec(compile(ast.Module([node], []), str(file), "exec"), names)
    return names


if __name__ == "__main__":
    sys.exit(main())
