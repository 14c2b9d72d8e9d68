"""The one answer parser: from a model's reply to an option letter, with the rule that decided."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from vidkit.evaluation.answers.asides import moves_on, plainly_put, without_asides
from vidkit.evaluation.answers.asked import Asked, asked_of, check_letters
from vidkit.evaluation.answers.characters import numbered_by_alphabet, plain_characters
from vidkit.evaluation.answers.choice import Choice, reply_text
from vidkit.evaluation.answers.clean import cleaned, windowed
from vidkit.evaluation.answers.evidence import (
    LONG,
    breaks_off,
    finds_none,
    goes_round,
    is_faulty,
    turns_to_next,
)
from vidkit.evaluation.answers.fields import json_answer, table_answer, tagged
from vidkit.evaluation.answers.forms import (
    final_letter,
    labelled,
    last_sentence,
    other_of_two,
    short,
    starts,
    whole,
)
from vidkit.evaluation.answers.judged_clauses import judged_clauses
from vidkit.evaluation.answers.judged_rows import without_rows
from vidkit.evaluation.answers.languages import is_foreign
from vidkit.evaluation.answers.mentions import MENTION, mentions
from vidkit.evaluation.answers.polarity import CONCLUDING
from vidkit.evaluation.answers.quick import declared_last, quick
from vidkit.evaluation.answers.recital import is_cut, recital
from vidkit.evaluation.answers.said import after_thinking, without_tokens
from vidkit.evaluation.answers.standing import standing
from vidkit.evaluation.answers.statements import (
    Finding,
    corrections,
    declarations,
    exceptions,
    subjects,
    weak_statements,
)
from vidkit.evaluation.answers.texts import OPEN_END, exactly, option_text
from vidkit.evaluation.answers.values import Reply, Value, read_value, reply_of
from vidkit.evaluation.answers.verdicts import shares_of_all, verdicts
from vidkit.evaluation.answers.words import DENIAL, REFUSAL, UNDECIDED

_NOTHING = re.compile(
    r"[\W_]*(?:n\s*/\s*a|n\.\s?a\.?|nan|none|null|nil|undefined|unknown|error)?[\W_]*", re.IGNORECASE
)
_BUT = re.compile(r"\b(?:but|however|yet)\b[^\n]{0,80}$")
_TOOK_BACK = re.compile(
    r"\b(?:wait|actually|mis(?:read|took|counted)|sorry|correction|mistake|no,|oops|second thought"
    r"|rethink|re-?check|re-?examin|however|instead)"
)
_BREAKS_OFF = re.compile(r"[-–—:,]\s{0,3}$")
_OPENING = re.compile(r"[^A-Za-z]{0,6}[A-Z][\W_]{0,6}")
_OTHERWISE = re.compile(r"[^\n]{0,80}?[.,;]\s{0,3}(?:and\s|but\s)?(?:otherwise|else|if\s+not)\b")
_ASKED_AND_ANSWERED = re.compile(r"(?<=\s)A:(?=\s)")
# a model that goes on with a question of its own has answered above it
_MADE_UP = re.compile(
    r"\n\s{0,8}(?:Next\s|New\s)?(?:Question|Q|问题|質問|Frage|Pregunta)\s?\d{0,3}\s?[:：]"
    r"|\n#{2,4}\s?(?:Instruction|Input|Question|Problem|Task|Example)\b"
)
# read from the whole of a reply, where a clause alone would mislead ("all but D are wrong")
_BEYOND_CLAUSES = ("remaining", "verdict", "whole", "out_of_range")
# read from words that may be about something else than the answer
_PASSING = ("start", "option_text", "statement", "isolated", "option_word")
# what a long reply says in passing, and nothing where it stops short or finds no option right
_WEAK = ("statement", "option_word", "option_text", "remaining", "verdict", "last_line", "isolated")
_EXPLICIT = ("field", "declaration")
_LIST = r"[{0}](?:[\s,/&+|;.()]+(?:and\s+|or\s+)?[{0}])+[\s.]*"


def parse_choice(
    text: object,
    options: str = "ABCDEFGH",
    option_texts: Sequence[str] = (),
    *,
    isolated: bool = False,
    think_tags: Sequence[tuple[str, str]] = (),
) -> Choice:
    """Read the option letter out of a model's reply.

    Source: the robust rules of this project (docs/methods/answers.md); the authors' own rules are in
    `vidkit.evaluation.answers_official`.

    Args:
        text: the reply; None, NaN and blanks are `empty`.
        options: the allowed letters, in order.
        option_texts: texts of the options without their letters, in the same order; enables `option_text`.
        isolated: also accept a single distinct capital letter that stands alone somewhere.
        think_tags: pairs of marks around thinking, beside the known ones.

    Returns:
        The letter and the rule; never raises on a reply, whatever is in it.

    Raises:
        ValueError: `options` is not a string of distinct capital letters.
    """
    check_letters(options)
    raw = reply_text(text)
    if (plainly := quick(raw, options, option_texts)) is not None:
        return plainly
    said = after_thinking(raw, think_tags) if raw else ""
    if said is None:
        return Choice(None, "truncated")
    said = without_tokens(plain_characters(windowed(said))).strip()
    if (plainly := quick(said, options, option_texts) or declared_last(said, options)) is not None:
        return plainly
    asked = asked_of(options, tuple(option_texts))
    if _NOTHING.fullmatch(said[:80]) and len(said) < 80 and not _is_option(said, asked):
        return Choice(None, "unparsed" if any(c.isalnum() for c in said) else "empty")
    return decide(said, asked, isolated)


def _is_option(said: str, asked: Asked) -> bool:
    return bool(option_text(reply_of(said), asked)) or bool(whole(said, asked))


def decide(text: str, asked: Asked, isolated: bool, depth: int = 0) -> Choice:
    """The letter of what was said; fields first, then statements, forms and texts."""
    if depth == 0:
        structured, value = json_answer(text)
        inner = value if structured else tagged(text) or table_answer(text)
        if inner is not None and (structured or inner.strip()):
            found = decide(inner, asked, True, 1) if inner.strip() else Choice(None, "unparsed")
            if found.letter is not None:
                return Choice(found.letter, "field")
            if structured or found.rule in ("ambiguous", "out_of_range", "refused"):
                return found
        if (judged := without_rows(text, asked)) is not None:
            rest, right = judged
            found = decide(rest, asked, isolated, 1)
            return Choice(right, "verdict") if found.letter is None and right is not None else found
        made_up = _MADE_UP.search(text, 1)
        if made_up is not None and text[: made_up.start()].strip():
            first = decide(text[: made_up.start()], asked, isolated, 1)
            if first.letter is not None:
                return first
    if moves_on(text, asked):
        return Choice(None, "ambiguous")
    text = plainly_put(text)
    if depth < 2 and (aside := without_asides(text, asked)) is not None:
        found = decide(aside.text, asked, isolated, 2)
        if found.letter is not None and found.rule not in ("start", "isolated"):
            return found
        if aside.sure:
            return Choice(None, found.rule if found.letter is None else "unparsed")
    short = numbered_by_alphabet(text) if len(text) <= 40 else text
    if short.lstrip().startswith(("Q:", "Question:")):
        short = _ASKED_AND_ANSWERED.sub("Answer:", short)
    reply = reply_of(cleaned(short))
    if not reply.text.strip():
        return Choice(None, "empty")
    if asked.labels and (label := reply.text.strip(" .()[]:")) in asked.labels:
        return Choice(asked.labels[label], "whole")
    if len(reply.text) < 80 and re.fullmatch(_LIST.format(asked.letters), reply.text.strip()):
        letters = set(re.findall("[A-Z]", reply.text))
        return Choice(None, "ambiguous") if len(letters) > 1 else Choice(letters.pop(), "whole")
    if (likeliest := shares_of_all(reply, asked)) is not None:
        return Choice(likeliest, "verdict")
    found_whole = whole(text, asked) or whole(reply.text, asked)
    if len(found_whole) == 1:
        return Choice(found_whole.pop(), "whole")
    if len(exact := exactly(reply.text, asked)) == 1:
        return Choice(exact.pop(), "option_text")
    brief = _brief(reply, asked) if len(reply.text) < 40 else None
    choice = _of_statements(reply, asked) or brief or _of_forms(reply, asked, isolated)
    choice = _as_it_stands(reply, asked, choice)
    if choice.letter is not None and choice.rule not in _EXPLICIT and is_faulty(reply):
        return Choice(None, "unparsed")
    if choice.letter is not None and choice.rule in _WEAK and _is_unsure(reply, asked, choice.letter):
        return Choice(None, "unparsed")
    if choice.rule == "option_text" and OPEN_END.search(reply.text):
        return Choice(None, "unparsed")  # cut within a sentence
    undecided = (
        choice.letter is not None and choice.rule != "declaration" and UNDECIDED.search(reply.lower[-120:])
    )
    return Choice(None, "ambiguous") if undecided else choice


def _is_unsure(reply: Reply, asked: Asked, letter: str) -> bool:
    """Whether a long reply that only names an option breaks off, or then finds that none is right."""
    if len(reply.text) <= LONG:
        return turns_to_next(reply)
    text = asked.texts[asked.letters.index(letter)] if asked.texts else ""
    places = [match.start() for match in MENTION.finditer(reply.text) if match.group() == letter]
    last = max([*places, reply.lower.rfind(text) if text else -1, 0])
    none_is_one = bool(text) and finds_none(reply_of(text))
    if turns_to_next(reply) or (breaks_off(reply) and not is_cut(reply, last + 1, asked, letter)):
        return True
    return not none_is_one and finds_none(reply, last)


def _as_it_stands(reply: Reply, asked: Asked, choice: Choice) -> Choice:
    """What the rules read, unless the clauses deny it or take it back; a letter that is in doubt is none."""
    if choice.rule in _BEYOND_CLAUSES:
        return choice
    if choice.rule == "ambiguous" and choice == judged_clauses(reply, asked):
        return choice
    stands = standing(reply, asked)
    if choice.letter is None:
        if stands.letter is not None and choice.rule != "refused" and not _BREAKS_OFF.search(reply.text):
            return Choice(stands.letter, "correction")
        if stands.affirmed is None and choice.rule in ("ambiguous", "unparsed"):
            return Choice(stands.final, "statement") if stands.final is not None else choice
        return Choice(stands.affirmed, "statement") if stands.affirmed is not None else choice
    if stands.final is not None and stands.final != choice.letter and choice.rule in _PASSING:
        return Choice(stands.final, "statement")
    if choice.rule == "start" and choice.letter in stands.contested:
        return Choice(None, "ambiguous")
    if choice.letter not in stands.fallen:
        return choice
    return Choice(stands.letter, "correction" if stands.letter else "unparsed")


def _brief(reply: Reply, asked: Asked) -> Choice | None:
    """A capital letter behind a few words that mean nothing: "Es la A", "It is B"."""
    value = read_value(reply, 0, asked)
    if value is None or value.kind != "letter" or len(value.letters) != 1:
        return None
    capital = reply.text[value.end - 1 : value.end] == value.letters
    if len(re.findall(r"\b[A-Z]\b", reply.text)) > 1:
        return None
    return (
        Choice(value.letters, "statement") if capital and not reply.text[value.end :].strip(" .!") else None
    )


def _of_statements(reply: Reply, asked: Asked) -> Choice | None:
    """What the last statement says; None where none does."""
    found = sorted(declarations(reply, asked), key=lambda finding: finding.at)
    strong = [f for f in found if f.rule != "option_word"]
    if not strong and (found_in_clauses := judged_clauses(reply, asked)) is not None:
        return found_in_clauses
    judged = verdicts(reply, asked) if not strong else set()
    if len(judged) == 1:
        return Choice(judged.pop(), "verdict")
    strong += [
        Finding(at, Value(letter, "letter", at + 1), "last_line") for at, letter in final_letter(reply, asked)
    ]
    if goes_round([f.value.letters for f in strong if len(f.value.letters) == 1]):
        return Choice(None, "ambiguous")
    said = _last(strong)
    start = said.at if said is not None else 0
    last = _last(
        [
            *strong,
            *exceptions(reply, asked),
            *corrections(reply, asked, start),
            *subjects(reply, asked, start),
        ]
    )
    if last is not None:
        if _TOOK_BACK.search(reply.lower, last.at):
            passing = weak_statements(reply, asked, last.at)
            later = _last(f for f in passing if f.at > last.at and f.value.end > last.value.end)
            if later is not None and _TOOK_BACK.search(reply.lower[last.at : later.at]):
                last = later
        return _open_otherwise(reply, last, asked) or _choice(last)
    recited = recital(reply.text, asked)
    bare = [
        f
        for f in found
        if f.rule == "option_word"
        and f.value.letters
        and not _cut(reply, f, asked)
        and f.value.end - 1 not in recited
    ]
    # a letter at the head outranks a passing word below it
    opened = starts(reply, asked)
    concluded = _last(weak_statements(reply, asked)) if len(opened) == 1 else None
    if (
        concluded is not None
        and len(concluded.value.letters) == 1
        and (
            _BUT.search(reply.lower[: concluded.at])
            or _TOOK_BACK.match(reply.lower, _behind_start(reply))
            or _summed_up(reply, concluded, asked)
        )
    ):
        return _choice(concluded)
    if len(opened) == 1:
        closing = last_sentence(reply, asked)
        if len(closing) == 1 and closing != opened and _TOOK_BACK.search(reply.lower):
            return Choice(closing.pop(), "correction")
        return Choice(opened.pop(), "start")
    head = read_value(reply, 0, asked, weak=True)
    several = (
        [Finding(-1, head, "start")] if head is not None and len(head.letters) > 1 and not recited else []
    )
    weak = _last([*several, *(f for f in weak_statements(reply, asked) if f.value.end - 1 not in recited)])
    if weak is not None and (left_open := _open_otherwise(reply, weak, asked)) is not None:
        return left_open
    if weak is not None and not (len({f.value.letters for f in bare}) == 1 and weak.at < bare[-1].at):
        return _choice(weak)
    letters = {f.value.letters for f in bare}
    ruled_out = mentions(reply, asked)[1] if len(letters) > 1 else set()
    left = letters - ruled_out
    if len(left) == 1 and len(next(iter(left))) == 1:
        return Choice(left.pop(), "option_word")
    return None


def _summed_up(reply: Reply, concluded: Finding, asked: Asked) -> bool:
    """Whether a conclusion follows what is said of each of several options: "A is ..., B is ..., so D"."""
    named = {letter for letter in MENTION.findall(reply.text[: concluded.at]) if letter in asked.letters}
    return len(named) > 2 and CONCLUDING.match(reply.lower, concluded.at) is not None


def _behind_start(reply: Reply) -> int:
    """Where the words behind an opening letter begin: "A. Wait, ..."."""
    opening = _OPENING.match(reply.text)
    return opening.end() if opening is not None else 0


def _open_otherwise(reply: Reply, last: Finding, asked: Asked) -> Choice | None:
    """A condition that the reply leaves open: "if it is night, the answer is A, otherwise C"."""
    match = _OTHERWISE.match(reply.lower, last.value.end) if len(last.value.letters) == 1 else None
    if match is None:
        return None
    other = read_value(reply, match.end(), asked)
    named = other is not None and len(other.letters) == 1 and other.letters != last.value.letters
    return Choice(None, "ambiguous") if named else None


def _cut(reply: Reply, finding: Finding, asked: Asked) -> bool:
    """Whether the reply breaks off at a bare "option A", or the letter only opens the list below."""
    letters, end = finding.value.letters, finding.value.end
    if "\n" in reply.text[finding.at : end]:
        return True
    ended = not reply.text[end:].strip() and len(reply.text[: finding.at].split()) > 3
    return ended or (len(letters) == 1 and is_cut(reply, end, asked, letters))


def _last(findings: Iterable[Finding]) -> Finding | None:
    """The last finding that says something; what is merely denied is none."""
    said = [f for f in findings if f.value.kind != "negated"]
    last = max(said, key=lambda f: (f.at, f.value.end), default=None)
    if last is None:
        return None
    # "possibly A or possibly C": what is a part of a list is not a statement of its own
    around = [f for f in said if len(f.value.letters) > 1 and f.at < last.at < f.value.end]
    return around[0] if around else last


def _choice(finding: Finding) -> Choice:
    value = finding.value
    if len(value.letters) == 1:
        return Choice(value.letters, "option_text" if value.kind == "text" else finding.rule)
    if value.kind == "beyond":
        return Choice(None, "out_of_range")
    return Choice(None, "refused" if value.kind == "refused" else "ambiguous")


def _of_forms(reply: Reply, asked: Asked, isolated: bool) -> Choice:
    ambiguous = False
    open_, ruled_out = mentions(reply, asked)
    lone = set(open_)
    for rule, letters in (
        ("start", starts(reply, asked)),
        ("last_line", last_sentence(reply, asked)),
        ("option_text", option_text(reply, asked)),
        ("statement", labelled(reply, asked)),
        ("remaining", (lone or _last_left(asked, ruled_out)) if ruled_out else set()),
        ("remaining", other_of_two(reply, asked)),
        ("isolated", short(reply, asked)),
        ("isolated", lone if isolated or _foreign(reply) else set()),
    ):
        if len(letters) == 1:
            return Choice(letters.pop(), rule)
        ambiguous = ambiguous or len(letters) > 1
    if ambiguous or re.fullmatch(_LIST.format(asked.letters), reply.text[:200]):
        return Choice(None, "ambiguous")
    return Choice(None, _failure(reply, asked))


def _last_left(asked: Asked, ruled_out: set[str]) -> set[str]:
    """The option that is left when every other one is called wrong."""
    left = set(asked.letters) - ruled_out
    return left if len(left) == 1 and len(asked.letters) > 2 else set()


def _foreign(reply: Reply) -> bool:
    """Whether a lone letter may be read although its sentence is not: a short one in a language not known."""
    return is_foreign(reply.text) and not DENIAL.search(reply.lower) and "?" not in reply.text


def _failure(reply: Reply, asked: Asked) -> str:
    first = re.match(r"[\s(\[\"']{0,4}([A-Z])\s?(?:[.):\]]|$)", reply.text)
    if first is not None and first.group(1) not in asked.letters and len(reply.text) < 80:
        return "out_of_range"
    value = read_value(reply, 0, asked)
    if value is not None and value.kind == "refused":
        return "refused"
    return "refused" if REFUSAL.search(reply.lower) else "unparsed"
