"""Replies that are an answer by their form: one letter, a lettered line, a verdict on each option, a text."""

from __future__ import annotations

import re
from functools import lru_cache

from vidkit.evaluation.answers.asked import Asked, plain, with_digits
from vidkit.evaluation.answers.values import Reply, follows, letter_end, read_value
from vidkit.evaluation.answers.words import (
    JOINERS,
    NEGATIVE_AFTER,
    NEGATIVE_BEFORE,
    NEGATORS,
    REFUSAL,
    UNCERTAIN_BEFORE,
)

_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_YES = re.compile(
    r"[^\n]{0,160}?(?:\b(?:yes|correct|true|right|matches|supported|ja|oui|sí|да)\b|✓|✔|✅|☑|√|正确|对|○)"
)
_NO = re.compile(
    r"[^\n]{0,160}?(?:\b(?:no|not|incorrect|false|wrong|isn['’]t|doesn['’]t|contradicted|unsupported|nein"
    r"|non|нет)\b|✗|✘|❌|×|✖|错|不)"
)
_MENTION = re.compile(r"(?<![\w/'’.&@#-])[A-Z](?![\w'’+#&])")
_LABEL = re.compile(r"(?<![^\W_])[A-Z](?=[\])]?\s?[.):\]–—-])")
_CLOSING = re.compile(
    r"[(\[\"“']{1,3}([A-Z])[)\]\"”']{1,3}[.!\s]*$|(?<=[^\W\d_]{2})\s?[,:;–—-]\s{1,3}[(\"*]{0,2}([A-Z])[)\"*]{0,2}[.!]?$"
)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NAMED = re.compile(
    r"(?:figure|fig\.?|frame|image|picture|panel|scene|clip|video|camera|team|player|group"
    r"|part|section|step|point"
    r"|vitamin|hepatitis|type|class|grade|plan|level|shot|appendix|table|room|gate|platform|sign|letter"
    r"|note|key|chord|statement)s?\s*$",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)
def _patterns(letters: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    one = rf"(?P<letter>[{letters}{letters.lower()}])"
    return (
        re.compile(rf"(?:option|choice|opción|opção|вариант|选项)?[^\w]{{0,200}}+{one}[^\w]{{0,200}}+"),
        re.compile(rf"[\s\"'“(\[<{{【]{{0,12}}+{one}\s?[.):：\]】、．。,，;–—>=-]+(?![A-Za-z]\.)"),
    )


def whole(line: str, asked: Asked) -> set[str]:
    """The letter of a line that is nothing else."""
    if len(line) > 400:
        return set()
    match = _patterns(asked.letters)[0].fullmatch(line)
    return {match.group("letter").upper()} if match and "n/a" not in line.lower() else set()


def starts(reply: Reply, asked: Asked) -> set[str]:
    """The letters that open the lines; a reply that recites the options has several and chooses none."""
    lines = [line for line in reply.text.splitlines() if line.strip()]
    first = _start(lines[0], asked) if lines else None
    if first is None:
        return set()
    recited = recital(lines[0], asked)
    if len(recited) > 1:
        return set(recited.values())
    others = {letter for line in lines[1:200] if (letter := _start(line, asked)) is not None}
    if len(alone := _bare_lines(lines, asked)) > 1:
        return alone
    if others - {first} and _bare(lines[0], asked):
        return {first}  # a letter alone on the first line, explained below
    return {first} | others


def _bare_lines(lines: list[str], asked: Asked) -> set[str]:
    """Letters of a reply whose every line is a letter alone."""
    letters = [whole(line.strip(), asked) for line in lines[:200]]
    return {letter for each in letters for letter in each} if all(letters) else set()


def _bare(line: str, asked: Asked) -> bool:
    return bool(whole(line.strip(), asked))


def _start(line: str, asked: Asked) -> str | None:
    made = Reply(line, line.lower())
    match = _patterns(asked.letters)[1].match(line)
    if match is None:
        # "B because ...", "C Berlin": a capital letter that the words behind it speak about
        at = len(line) - len(line.lstrip(" \t\"'“([{<"))
        letter = line[at : at + 1]
        if not letter or letter not in asked.letters or letter_end(made, at, asked, weak=True) is None:
            return None
        value = read_value(made, at, asked, weak=True)
        asks = (
            value is not None and line[value.end :].lstrip(" )]\"'").startswith("?") and line[value.end + 3 :]
        )
        shares = line.count("%") > 1  # "A (50 %), C (50 %)"
        read = value is not None and len(value.letters) == 1 and not asks and not shares
        return value.letters if value is not None and read else None
    letter = match.group("letter").upper()
    at = match.start("letter")
    if letter_end(made, at, asked) is None and not follows(made, at + 1, asked, letter):
        return None
    rest = line[match.end() :].strip().lower()
    if line.count("%") > 1 or (rest and whole(rest, asked) - {letter}):
        return None  # "A > B", "A (50 %), C (50 %)"
    if not follows(made, at + 1, asked, letter) and (
        NEGATIVE_AFTER.match(made.lower, at + 1) or _is_refusal_only(rest)
    ):
        return None
    value = read_value(made, at, asked)
    if value is not None and value.letters != letter:
        return None
    return letter


def recital(text: str, asked: Asked) -> dict[int, str]:
    """Places of the options that a reply merely repeats, letter and text; empty for less than two."""
    made = Reply(text, text.lower())
    found = {
        match.start(): match.group()
        for match in list(_LABEL.finditer(text))[:100]
        if match.group() in asked.letters and follows(made, match.end(), asked, match.group())
    }
    return found if len(set(found.values())) > 1 else {}


def is_cut(reply: Reply, end: int, asked: Asked, letter: str) -> bool:
    """Whether the reply breaks off within the text of the letter's option."""
    place = asked.letters.find(letter)
    text = asked.texts[place] if 0 <= place < len(asked.texts) else ""
    rest = plain(reply.text[end:]) if len(reply.text) - end <= len(text) + 8 else ""
    return bool(rest) and rest != text and text.startswith(rest)


def _is_refusal_only(rest: str) -> bool:
    return bool(REFUSAL.match(rest)) and len(rest) < 80


def last_sentence(reply: Reply, asked: Asked) -> set[str]:
    """The letter that is the last sentence, or that opens or closes the last line."""
    line = next((each for each in reversed(reply.text.splitlines()) if each.strip()), "").strip()
    every = _bare_lines([each for each in reply.text.splitlines() if each.strip()], asked)
    if line.endswith(":") or len(every) > 1:
        return every
    sentences = [part.strip() for part in _SENTENCE.split(line) if part.strip()]
    found = whole(sentences[-1], asked) if sentences else set()
    if found and len(sentences) > 1 and line.endswith("?"):
        return set()  # "A? B? C?"
    if found:
        return found
    opened = _start(line, asked)
    if opened is not None and len(recital(line, asked)) > 1:
        return set(recital(line, asked).values())
    if opened is not None:
        lines = [each for each in reply.text.splitlines() if each.strip()]
        earlier = {_start(each, asked) for each in lines[-200:]} - {None}
        cut = len(lines) > 1 and is_cut(
            Reply(line, line.lower()), line.index(opened) + 1 if opened in line else 0, asked, opened
        )
        return {opened} if earlier == {opened} and not cut else set()
    closing = _CLOSING.search(line[-200:])
    letter = str(closing.group(1) or closing.group(2)) if closing else ""
    if closing and letter in asked.letters and not _NAMED.search(line[-200:][: closing.start()]):
        return set(mentions(Reply(line, line.lower()), asked)[0])
    return set()


def verdicts(reply: Reply, asked: Asked) -> set[str]:
    """The only option that is called right where each of several is judged in its turn."""
    places = [m for m in _MENTION.finditer(reply.text) if m.group() in asked.letters][:64]
    if len({m.group() for m in places}) < 3 and len({m.group() for m in places}) < len(asked.letters):
        return set()
    right, judged = set(), set()
    for place, following in zip(places, [*places[1:], None], strict=True):
        stop = following.start() if following else len(reply.text)
        said = reply.lower[place.end() : min(stop, place.end() + 200)]
        wrong = _NO.match(said)
        if wrong is not None:
            judged.add(place.group())
        elif _YES.match(said) is not None:
            judged.add(place.group())
            right.add(place.group())
    return right if len(judged) >= 2 else set()


def option_text(reply: Reply, asked: Asked) -> set[str]:
    """The option whose text the reply is, or the only one that a short reply names without a doubt."""
    if not asked.firsts:
        return set()
    lines = [line for line in reply.text.splitlines() if line.strip()]
    for said in (reply.text, lines[-1] if lines else ""):
        if len(said) <= 2 * asked.longest + 80:
            known = plain(said)
            for form in (known, with_digits(known)):
                exact = {
                    x for x, text in zip(asked.letters, asked.texts, strict=False) if text and text == form
                }
                if exact:
                    return exact
    return set() if len(recital(reply.text, asked)) > 1 else _named_once(reply, asked, lines)


def _named_once(reply: Reply, asked: Asked, lines: list[str]) -> set[str]:
    said = lines[-1] if lines else ""
    if len(said) > 3 * asked.longest + 160 or said.rstrip().endswith(":") or REFUSAL.search(reply.lower):
        return set()
    known = f" {re.sub(r'[.,:/+-]+(?= )', '', with_digits(plain(said)))} "
    kept = _named_in(known, asked)
    if len(kept) > 1:
        # "I considered London, but the gate means Berlin."
        clause = max(known.rfind(" but "), known.rfind(" however "), known.rfind(" yet "))
        kept = _named_in(known[clause:], asked) if clause >= 0 else kept
    if len(kept) != 1 or "?" in said:
        return set() if len(kept) < 2 else set(kept)
    form = next(iter(kept.values()))
    others = known.replace(form, " ").split()
    if form.isdigit() and any(word.isdigit() for word in others):
        return set()
    hedged = {"or", "maybe", "perhaps", "either", "whether", "unclear", "if", "e.g", "doubt"} & set(others)
    return set() if hedged else set(kept)


def _named_in(known: str, asked: Asked) -> dict[str, str]:
    """Text by letter of the options that plain text names and does not deny."""
    found = {}
    for letter, text in zip(asked.letters, asked.texts, strict=False):
        form = with_digits(text)
        at = known.find(f" {form} ") if form else -1
        if at >= 0:
            found[letter] = (at, form)
    longest = {
        letter: (at, form)
        for letter, (at, form) in found.items()
        if not any(form != other and f" {form} " in f" {other} " for _, other in found.values())
    }
    ends = [at + len(form) + 1 for at, form in longest.values()]
    return {letter: form for letter, (at, form) in longest.items() if not _denied(known, at, form, ends)}


# what stays of "isn't" in plain text
_CUT_NEGATORS = frozenset(("isn", "wasn", "aren", "doesn", "don", "didn", "couldn", "hardly", "doubt"))


def _denied(known: str, at: int, form: str, ends: list[int]) -> bool:
    start = max((end for end in ends if end <= at), default=0)  # what is denied before is another option
    before = known[start:at].split()[-4:]
    after = known[at + len(form) + 1 :].split()[:3]
    return bool((NEGATORS | _CUT_NEGATORS) & set(before)) or (
        bool({"is", "was", "are"} & set(after[:1])) and bool({"not", "wrong", "incorrect"} & set(after))
    )


def mentions(reply: Reply, asked: Asked) -> tuple[dict[str, int], set[str]]:
    """Capital letters that stand alone, with their first places, and those that are ruled out."""
    open_, ruled_out = dict[str, int](), set[str]()
    text, lower, at = reply.text, reply.lower, 0
    for match in list(_MENTION.finditer(text))[-200:]:
        letter = match.group()
        if match.start() < at or letter not in asked.letters:
            continue
        if letter_end(reply, match.start(), asked) is None and not _list_member(reply, match.end()):
            continue
        group, at = _list(reply, match.start(), asked)
        before = lower[max(0, match.start() - 90) : match.start()]
        negative = NEGATIVE_AFTER.match(lower, at)
        if _NAMED.search(before) or lower[at : at + 2].lstrip(") ").startswith("?"):
            continue
        if len(group) == 1 and (open_ or len(text) > at + 2) and is_cut(reply, at, asked, group):
            continue
        if UNCERTAIN_BEFORE.search(before):
            continue
        if NEGATIVE_BEFORE.search(before) or negative:
            ruled_out |= set(group)
            continue
        for each in group:
            open_.setdefault(each, match.start())
    return {x: place for x, place in open_.items() if x not in ruled_out}, ruled_out


def _list_member(reply: Reply, end: int) -> bool:
    word = re.match(r"\s+(\w+)", reply.text[end : end + 12])
    return word is not None and (word.group(1).lower() in JOINERS or word.group(1) in ALPHABET)


def _list(reply: Reply, at: int, asked: Asked) -> tuple[str, int]:
    """A run of letters such as "A, B and C", and where it ends."""
    letter = rf"[(\[]?[{asked.letters}][)\]]?(?![\w'’])"
    word = r"(?:and|or|nor|und|oder|et|ou|y|o|e|и|или|&|/|和|或|、)"
    match = re.compile(
        rf"{letter}(?:(?:\s{{0,3}},\s{{0,3}}(?:{word}\s{{1,3}})?|\s{{0,3}}{word}\s{{0,3}})(?:options?\s)?{letter}){{0,8}}"
    ).match(reply.text, at)
    if match is None:
        return reply.text[at], at + 1
    return "".join(
        c for c in re.sub(r"[a-z]{2,}|[^A-Z]", "", match.group()) if c in asked.letters
    ), match.end()
