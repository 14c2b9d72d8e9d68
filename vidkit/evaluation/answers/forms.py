"""Replies that are an answer by their form: one letter, a lettered line, a verdict on each option, a text."""

from __future__ import annotations

import re
from functools import lru_cache

from vidkit.evaluation.answers.asked import Asked, plain, with_digits
from vidkit.evaluation.answers.characters import is_unspaced
from vidkit.evaluation.answers.values import Reply, follows, letter_end, read_value
from vidkit.evaluation.answers.words import (
    DENIAL,
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
# scripts without blanks may touch the letter
_MENTION = re.compile(r"(?<![/'’.&@#-])(?<![^\W\u2e80-\uffff])[A-Z](?!['’+#&])(?![^\W\u2e80-\uffff])")
_ASKED = re.compile(r"(?<!\w)([a-z])\)?\?\s{1,3}(yes|no)\b")
_LABEL = re.compile(r"(?<![^\W_])[A-Z](?=[\])]?\s?[.):\]–—-])")
_OTHER_LETTER = re.compile(r"\s{0,4}[(\[*]{0,3}([A-Z])[)\]*.]{0,3}(?=\s{0,3}(?:$|[(,;>=–—→-]))")
# a reply that breaks off within a sentence
_OPEN_END = re.compile(
    r"\b(?:that|the|an?|is|are|was|of|to|and|or|because|with|in|on|at|by|from|as|which|who|says|not|option)\s{0,3}$",
    re.IGNORECASE,
)
_NOT_THESE = re.compile(r"(?<=[^\W\d_]{3}),?\snot\s(?![^.!?\n]*\bbut\b)[^.!?;\n]{1,80}[.!]?$")
# a line of reasoning that stops without a stop
_BROKEN_OFF = re.compile(
    r"\s*(?:let['’]?s|let me|to (?:answer|determine|find|solve)|first|looking at|step)\b"
    r"[^\n]*[.:!]\s[^.!?\n]*[^.!?\n\s)\"'”]",
    re.IGNORECASE,
)
# "A: D" names the answer and gives it; "print('B')" is an answer in code
_CALLED = re.compile(r"\s*A\s?:\s{0,3}([A-Z])[.\s]*|\s*\w{1,30}\(\s?[\"']([A-Z])[\"']\s?\)[;\s]*")
_HEDGE_AFTER = re.compile(r"[\s)\].:,–—-]{1,5}(?:maybe|perhaps|possibly)\b")
_SHARE = re.compile(r"([A-Z])\s?[:=(-]\s?(\d{1,3}(?:\.\d{1,3})?)\s?%")
_SHARES = re.compile(r"(?:\s*[A-Z]\s?[:=(-]\s?\d{1,3}(?:\.\d{1,3})?\s?%\)?[\s,;.]*){2,26}")
_ARROW = re.compile(r"[)\]*.]{0,3}\s?(?:→|⇒|=>|->|➜|>)\s?[(\[*]{0,3}[A-Z](?![\w'’])")
_CLOSING = re.compile(
    r"[(\[\"“']{1,3}([A-Z])[)\]\"”']{1,3}[.!\s]*$|(?<=[^\W\d_]{2})\s?[,:;–—-]\s{1,3}[(\"*]{0,2}([A-Z])[)\"*]{0,2}[.!]?$"
)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NAMED = re.compile(
    r"(?:figure|fig\.?|frame|image|picture|panel|scene|clip|video|camera|team|player|group"
    r"|part|section|step|point"
    r"|vitamin|hepatitis|type|class|grade|plan|level|shot|appendix|table|room|gate|platform|sign|letter"
    r"|note|key|chord|statement|exit|door|lane|row|seat|mr\.?|mrs\.?|ms\.?|dr\.?)s?\s*$",
    re.IGNORECASE,
)

# no choice either: "he got a B", "from A to Z", "there is no evidence for A", "let me look at option A"
_NO_CHOICE = re.compile(
    r"\b(?:gets?|got|scor\w{1,3}|earn\w{0,2}|receiv\w{1,2})\san?\s$|\ban\s$|\bfrom\s$|\bvs\.?\s$"
    r"|(?:can(?:no|['’])t\sbe|doubt\sthat\sit\sis|(?:no|enough)\s(?:\w+\s)?evidence\sfor|anything\sbut|all\sbut"
    r"|\bconsider(?:ing)?(?:\soption)?|\bsays?:?)\s[\"'“(]{0,2}$"
)
_LISTING = re.compile(r"\b(?:option|choice)\s$")


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
    called = _CALLED.fullmatch(line)
    if called is not None and called.group(called.lastindex or 0) in asked.letters:
        return {called.group(called.lastindex or 0)}
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
    if (
        others
        and first not in others
        and _start(lines[1], asked) is None
        and first in _lettered(lines[0], asked)
    ):
        return {first}  # a letter with its text, then the case against the others
    return {first} | others


def _lettered(line: str, asked: Asked) -> set[str]:
    """The letter of a line that is an option with its own text."""
    letter, _, said = line.strip(" ()[]").partition(" ")
    place = asked.letters.find(letter[:1])
    return {letter[:1]} if 0 <= place < len(asked.texts) and plain(said) == asked.texts[place] else set()


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
        if _ARROW.match(line, at + 1):
            return None  # "B → A"
        value = read_value(made, at, asked, weak=True)
        asks = (
            value is not None and line[value.end :].lstrip(" )]\"'").startswith("?") and line[value.end + 3 :]
        )
        shares = line.count("%") > 1  # "A (50 %), C (50 %)"
        read = value is not None and len(value.letters) == 1 and not asks and not shares
        return value.letters if value is not None and read else None
    letter = match.group("letter").upper()
    at = match.start("letter")
    if _HEDGE_AFTER.match(made.lower, at + 1) and len(set(_MENTION.findall(line))) > 1:
        return None  # "A - maybe. B - maybe."
    if letter_end(made, at, asked) is None and not follows(made, at + 1, asked, letter):
        return None
    rest = line[match.end() :].strip().lower()
    other = _OTHER_LETTER.match(line, match.end())
    if line.count("%") > 1 or (other and other.group(1) in asked.letters.replace(letter, "")):
        return None  # "A > B", "A (50 %), C (50 %)"
    if not follows(made, at + 1, asked, letter) and (
        NEGATIVE_AFTER.match(made.lower, at + 1) or _is_refusal_only(rest)
    ):
        return None
    value = read_value(made, at, asked)
    if value is not None and value.letters != letter:
        return None
    return letter


def shares_of_all(reply: Reply, asked: Asked) -> str | None:
    """The likeliest option of a reply that is a share for each of them: "A: 90%, B: 5%, C: 5%"."""
    if reply.text.count("%") < len(asked.letters) or not _SHARES.fullmatch(reply.text[:400]):
        return None
    shares = {letter: float(share) for letter, share in _SHARE.findall(reply.text)}
    most = [letter for letter, share in shares.items() if share == max(shares.values())]
    return most[0] if set(shares) == set(asked.letters) and len(most) == 1 else None


def other_of_two(reply: Reply, asked: Asked) -> set[str]:
    """Of two options the one that is left when the reply is the denial of the other: "Not true."."""
    if len(asked.letters) != 2 or len(reply.text) > 2 * asked.longest + 40:
        return set()
    denial = read_value(reply, 0, asked)
    if denial is None or denial.kind != "negated":
        return set()
    denied = read_value(reply, denial.end, asked)
    if denied is None or len(denied.letters) != 1 or reply.text[denied.end :].strip(" .!)"):
        return set()
    return set(asked.letters) - {denied.letters}


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
    if (
        closing
        and letter in asked.letters
        and (closing.group(1) or not _NAMED.search(line[-200:][: closing.start()]))
    ):
        return set(mentions(Reply(line, line.lower()), asked)[0])
    return set()


def verdicts(reply: Reply, asked: Asked) -> set[str]:
    """The only option that is called right where each of several is judged in its turn."""
    if len(asked_of_each := dict(_ASKED.findall(reply.lower))) > 1:
        yes = {letter.upper() for letter, said in asked_of_each.items() if said == "yes"} & set(asked.letters)
        if len(yes) == 1:
            return yes
    places = [
        m
        for m in list(_MENTION.finditer(reply.text))[:200]
        if m.group() in asked.letters and letter_end(reply, m.start(), asked) is not None
    ][:64]
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
    if _BROKEN_OFF.fullmatch(lines[-1] if lines else ""):
        return set()
    last = lines[-1] if lines else ""
    for said in (reply.text, last, last.rpartition(": ")[2]):
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
    if len(said) > 3 * asked.longest + 160 or said.rstrip().endswith(":") or _refuses(reply, asked):
        return set()
    said = said.rpartition("? ")[2]  # "What does he feel? Anger."
    if _OPEN_END.search(said):
        return set()
    said = _NOT_THESE.sub("", said)
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
    if any(char.isdigit() for char in form) and {"sure", "certain", "confident", "confidence"} & set(others):
        return set()
    hedged = {"or", "maybe", "perhaps", "either", "whether", "unclear", "if", "e.g", "doubt"} & set(others)
    return set() if hedged else set(kept)


def _refuses(reply: Reply, asked: Asked) -> bool:
    """Whether the reply refuses, in words that are not an option's own ("He says 'Sorry'.")."""
    match = REFUSAL.search(reply.lower)
    if match is None:
        return False
    own = [text for text in asked.texts if text and REFUSAL.search(text) and text in reply.lower]
    return not own or REFUSAL.search(reply.lower.replace(max(own, key=len), " ")) is not None


def _named_in(known: str, asked: Asked) -> dict[str, str]:
    """Text by letter of the options that plain text names and does not deny."""
    found = {}
    for letter, text in zip(asked.letters, asked.texts, strict=False):
        form = with_digits(text)
        first, _, rest = form.partition(" ")
        if first in ("a", "an", "the") and " " in rest:
            form = rest  # "The man in red" names "A man in red"
        at = known.find(f" {form} ") if form else -1
        if at < 0 and form and is_unspaced(form[0]):
            at = _unspaced_at(known, form) - 1  # as if a blank stood before
            if (
                at < -1
                or DENIAL.search(known[max(0, at - 3) : at + 1])
                or DENIAL.search(known[at + len(form) + 1 :][:6])
            ):
                continue
            found[letter] = (at, form)
        elif at >= 0:
            found[letter] = (at, form)
    longest = {
        letter: (at, form)
        for letter, (at, form) in found.items()
        if not any(form != other and f" {form} " in f" {other} " for _, other in found.values())
    }
    ends = [at + len(form) + 1 for at, form in longest.values()]
    return {letter: form for letter, (at, form) in longest.items() if not _denied(known, at, form, ends)}


def _unspaced_at(known: str, form: str) -> int:
    """Where a text stands that no blanks set off; a single character must not be a part of a word."""
    if len(form) > 1:
        return known.find(form)
    script = "\u4e00-\u9fff" if form < "\uac00" else "\uac00-\ud7a3"
    particle = "" if form < "\uac00" else "(?=[은는이가을를도만입\\s])"
    behind = particle or f"(?![{script}])"
    match = re.search(f"(?<![{script}]){re.escape(form)}{behind}", known)
    return match.start() if match else -1


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
        if UNCERTAIN_BEFORE.search(before) or _NO_CHOICE.search(before):
            continue
        if not text[at:].strip() and match.start() > 20 and _LISTING.search(before):
            continue  # cut where it starts to look at an option
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
