"""The parser on a corpus of replies, each with what a careful reader sees."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from vidkit.evaluation.answers import parse_choice, parse_yes_no
from vidkit.evaluation.answers.asked import asked_of
from vidkit.evaluation.answers.characters import plain_characters
from vidkit.evaluation.answers.parse import decide
from vidkit.evaluation.answers.quick import quick
from vidkit.evaluation.tasks.social_omni.how import parse_judge

CORPUS = Path(__file__).parents[2] / "data" / "answer_replies.json"
SHORT = CORPUS.with_name("short_replies.json")
HARD = Path(__file__).resolve().parents[4] / "shared" / "data" / "faults" / "eval" / "parser_replies.json"

MISSED = "missed"


class Said(NamedTuple):
    kind: str
    options: list[str]
    letter: str | None
    reply: str

    @property
    def letters(self) -> str:
        return "ABCDEFGHIJ"[: len(self.options)]


def corpus() -> list[Said]:
    content = json.loads(CORPUS.read_text(encoding="utf-8"))
    return [
        Said(kind, content["options"][name], letter, reply)
        for kind, name, letter, reply in content["replies"]
    ]


def hard_replies() -> list[Said]:
    content = json.loads(HARD.read_text(encoding="utf-8"))
    sets = content["option_sets"]
    return [Said(c["category"], sets[c["options"]], c["letter"], c["reply"]) for c in content["cases"]]


def shares(said: list[Said], isolated: bool) -> tuple[float, float]:
    """Share of replies read as the reader does, and of letters that are his."""
    read = [parse_choice(s.reply, s.letters, s.options, isolated=isolated).letter for s in said]
    right = [letter == s.letter for letter, s in zip(read, said, strict=True)]
    given = [ok for ok, letter in zip(right, read, strict=True) if letter]
    return sum(right) / len(right), sum(given) / len(given)


def test_corpus_has_many_kinds_of_replies() -> None:
    said = corpus()
    assert len(said) > 900 and len({s.kind for s in said}) > 20
    assert 0.2 < sum(s.letter is None for s in said) / len(said) < 0.4


@pytest.mark.parametrize("kind", sorted({said.kind for said in corpus()} - {MISSED}))
def test_replies_are_read_as_a_careful_reader_does(kind: str) -> None:
    wrong = [
        (said.reply, said.letter, read)
        for said in corpus()
        if said.kind == kind
        and (read := parse_choice(said.reply, said.letters, said.options)).letter != said.letter
    ]
    assert not wrong


def test_what_is_missed_is_not_read_wrong() -> None:
    """Replies that a reader understands and the rules do not: never a letter, and few."""
    missed = [said for said in corpus() if said.kind == MISSED]
    assert all(parse_choice(s.reply, s.letters, s.options).letter is None for s in missed)
    assert all(s.letter for s in missed) and len(missed) < len(corpus()) / 100


def test_isolated_letters_cost_little() -> None:
    right, given = shares(corpus(), isolated=True)
    assert right >= 0.99 and given >= 0.985


@pytest.mark.parametrize("isolated", [False, True])
def test_hard_replies_of_the_shared_set(isolated: bool) -> None:
    if not HARD.is_file():
        pytest.skip(f"no {HARD.name} beside the repository")
    right, given = shares(hard_replies(), isolated)
    assert right >= 0.95 and given >= 0.985


def test_yes_and_no_are_read_as_a_careful_reader_does() -> None:
    said = json.loads(SHORT.read_text(encoding="utf-8"))["yes_no"]
    assert len(said) > 150
    assert not [(word, reply) for word, reply in said if parse_yes_no(reply).letter != word]


def test_scores_of_judges_are_read_as_a_careful_reader_does() -> None:
    said = json.loads(SHORT.read_text(encoding="utf-8"))["judge"]
    assert len(said) > 60
    assert not [(score, reply) for score, reply in said if parse_judge(reply) != score]


def test_the_quick_reading_says_what_the_whole_pipeline_says() -> None:
    compared = 0
    for said in corpus():
        plainly = quick(said.reply.strip(), said.letters, said.options)
        if plainly is not None:
            compared += 1
            whole = decide(
                plain_characters(said.reply.strip()), asked_of(said.letters, tuple(said.options)), False
            )
            assert whole.letter == plainly.letter, said.reply
    assert compared > 50
