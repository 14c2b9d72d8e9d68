"""The option whose own words a reply says."""

from __future__ import annotations

import re

from vidkit.evaluation.answers.asked import Asked, plain, with_digits
from vidkit.evaluation.answers.characters import is_unspaced
from vidkit.evaluation.answers.polarity import ASKED_FOR
from vidkit.evaluation.answers.recital import recital
from vidkit.evaluation.answers.values import NO_SUCH, SURE, Reply
from vidkit.evaluation.answers.words import DENIAL, NEGATORS, REFUSAL

# a reply that breaks off within a sentence
OPEN_END = re.compile(
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
_EITHER_WORD = re.compile(r"\byes\s?[-/]\s?no\b", re.IGNORECASE)
_AS_YES_OR_NO = {"yep": "yes", "yeah": "yes", "yup": "yes", "nope": "no", "nah": "no",
    "no way": "no", "not at all": "no", "certainly not": "no", "absolutely not": "no", "of course not": "no",
    "absolutely": "yes", "certainly": "yes", "definitely": "yes", "of course": "yes"}  # fmt: skip
_EITHER_WAY = re.compile(r"\b(?:whether\sor\snot|even\sif)\b[^.,!?;\n]{1,80},", re.IGNORECASE)
# words before a noun that may be left out: "the landlord", "Her landlord", "in the evening"
_LEADING = re.compile(r"(?:(?:a|an|the|his|her|their|its|my|your|in|at|on|to|by|from)\s)+(?=\w)")
_CLOCK = re.compile(r"\d{1,2}:\d{2}")
_ISE = re.compile(r"(?<=\w[iy])s(?=(?:e[ds]?|ing|ations?)\b)")  # "apologise" and "apologize" alike
_NUMBER_AND_UNIT = re.compile(r"(\d)([^\W\d_])")
_UNITS = {
    **dict.fromkeys(("metre", "metres", "meter", "meters"), "m"),
    **dict.fromkeys(("kilometre", "kilometres", "kilometer", "kilometers"), "km"),
    **dict.fromkeys(("centimetre", "centimetres", "centimeter", "centimeters"), "cm"),
    **dict.fromkeys(("second", "seconds", "sec", "secs"), "s"),
    **dict.fromkeys(("minute", "minutes", "mins"), "min"),
    **dict.fromkeys(("hour", "hours", "hrs"), "h"),
    **dict.fromkeys(("kilogram", "kilograms", "kilos"), "kg"),
    "percent": "%",
}
_NOT_WORD = re.compile(r"[^\w%]+")
_SIGNED = re.compile(r"\d\W|\W\d")  # "1/2", "-5", "0.5": signs that mean something
# "more than 4", "it could just as well be boredom"
_NOT_EXACT = re.compile(
    r"\b(?:more|less|fewer|greater|other)\sthan\b|\bat\s(?:least|most)\b|\bup\sto\s(?=\d)|\b(?:just\s)?as\swell\b|\bequally\b"
)
_OR = frozenset(("oder", "ou", "или", "veya", "atau", "eller", "czy", "nebo", "lub", "vagy", "sau", "або"))
_CLAUSE = re.compile(r",?\s(?:because|since|which|as|where|while|when|given|who|so\sthat)\b")
# what stays of "isn't" in plain text
_CUT_NEGATORS = frozenset(("isn", "wasn", "aren", "doesn", "don", "didn", "couldn", "hardly", "doubt"))


def option_text(reply: Reply, asked: Asked) -> set[str]:
    """The option whose text the reply is, or the only one that a short reply names without a doubt."""
    if not asked.firsts:
        return set()
    lines = [line for line in reply.text.splitlines() if line.strip()]
    if _BROKEN_OFF.fullmatch(lines[-1] if lines else ""):
        return set()
    last = lines[-1] if lines else ""
    recited = recital(reply.text, asked)
    lasts = () if _recites(reply, last, recited) else (last, last.rpartition(": ")[2])
    for said in (reply.text, *lasts):
        if exact := exactly(said, asked):
            return exact
    if within := _within_text(reply.text.strip(" 。.!！"), asked):
        return within
    return set() if len(recited) > 1 else _named_once(reply, asked, lines)


def _recites(reply: Reply, last: str, recited: dict[int, str]) -> bool:
    """Whether the last line is one of the options that a reply repeats with their letters."""
    start = reply.text.rfind(last) if last else 0
    return any(start <= at < start + 16 for at in recited)


def exactly(said: str, asked: Asked) -> set[str]:
    """The options whose text is all that is said; an article and kinds of dashes do not count."""
    if len(said) > 2 * asked.longest + 80 or not asked.firsts:
        return set()
    known = plain(said)
    known = _AS_YES_OR_NO.get(known, known)
    texts = [(x, text) for x, text in zip(asked.letters, asked.texts, strict=False) if text]
    for form in (known, with_digits(known)):
        if exact := {x for x, text in texts if text == form}:
            return exact
    bare = _LEADING.sub("", known, count=1)
    exact = {x for x, text in texts if _LEADING.sub("", text, count=1) == bare}
    if len(exact) == 1:
        return exact
    measured = _measured(known)
    if measured[:1].isdigit():
        exact = {x for x, text in texts if _measured(text) == measured}
        if len(exact) == 1:
            return exact
    loose = _loose(known)
    exact = (
        {x for x, text in texts if _loose(text) == loose} if loose and not _SIGNED.search(known) else set()
    )
    return exact if len(exact) == 1 else set()


def _loose(known: str) -> str:
    words = _NOT_WORD.sub(" ", _LEADING.sub("", known, count=1)).split()
    return _ISE.sub("z", " ".join(words))


def _measured(known: str) -> str:
    """A number with its unit, as "2.1m": "2.1 metres" alike."""
    apart = _NUMBER_AND_UNIT.sub(r"\1 \2", known.replace("per cent", "percent"))
    return "".join(_UNITS.get(word, word) for word in apart.split())


def _within_text(said: str, asked: Asked) -> set[str]:
    """The only option of which a reply in a script without blanks is a part: "食堂" of "在食堂"."""
    if not 2 <= len(said) <= asked.longest or not all(map(is_unspaced, said)):
        return set()
    found = {x for x, text in zip(asked.letters, asked.texts, strict=False) if said in text}
    return found if len(found) == 1 else set()


def _named_once(reply: Reply, asked: Asked, lines: list[str]) -> set[str]:
    said = lines[-1] if lines else ""
    if len(said) > 3 * asked.longest + 160 or said.rstrip().endswith(":") or _refuses(reply, asked):
        return set()
    said = said.rpartition("? ")[2]  # "What does he feel? Anger."
    if "no" in asked.texts:
        said = NO_SUCH.sub(" ", SURE.sub(" ", _EITHER_WORD.sub(" ", said)))
    if OPEN_END.search(said) or _NOT_EXACT.search(_without_options(said, asked)):
        return set()
    said = _NOT_THESE.sub("", _EITHER_WAY.sub(" ", said))
    known = f" {re.sub(r'[.,:/+-]+(?= )', '', with_digits(plain(said)))} "
    kept = _named_in(known, asked)
    if len(kept) > 1:
        # "I considered London, but the gate means Berlin."
        clause = max(known.rfind(" but "), known.rfind(" however "), known.rfind(" yet "))
        kept = _named_in(known[clause:], asked) if clause >= 0 else kept
    kept = {x: form for x, form in kept.items() if not _denied_behind(said, form)}
    because = _CLAUSE.search(known) if len(kept) > 1 else None
    if because is not None and len(head := _named_in(known[: because.start()] + " ", asked)) == 1:
        kept = head  # "Carla, because Anna and Boris are outside"
    if len(kept) != 1 or "?" in said:
        return set() if len(kept) < 2 else set(kept)
    form = next(iter(kept.values()))
    others = known.replace(form, " ").split()
    if form.isdigit() and any(word.isdigit() for word in others):
        return set()
    if any(char.isdigit() for char in form) and {"sure", "certain", "confident", "confidence"} & set(others):
        return set()
    hedged = (_OR | {"or", "maybe", "perhaps", "either", "whether", "unclear", "if", "e.g", "doubt"}) & set(
        others
    )
    return set() if hedged else set(kept)


def _without_options(said: str, asked: Asked) -> str:
    """The words of a line that are not an option's own ("More than three")."""
    lower = said.casefold()
    for text in sorted(filter(None, asked.texts), key=len, reverse=True):
        lower = lower.replace(text, " ")
    return lower


def _denied_behind(said: str, form: str) -> bool:
    """Whether a word right behind an option's text denies it: "es schneit nicht"."""
    return (
        re.search(rf"{re.escape(form)}\s(?:nicht|pas|niet|inte|ikke|değil|bukan|نیست)\b", said.casefold())
        is not None
    )


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
                or DENIAL.search(known[at + len(form) + 1 :][:8])
            ):
                continue
            found[letter] = (at, form)
        elif at < 0 and _CLOCK.fullmatch(rest) and (hit := known.find(f" {rest} ")) >= 0:
            found[letter] = (hit, rest)  # "Platform 7, 8:30" names "At 8:30"
        elif at < 0 and rest and any(f" {joiner} {rest} " in known for joiner in ("and", "or", "then")):
            found[letter] = (known.index(f" {rest} "), rest)  # "He waves and bows"
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


def _denied(known: str, at: int, form: str, ends: list[int]) -> bool:
    start = max((end for end in ends if end <= at), default=0)  # what is denied before is another option
    before = known[start:at].split()[-4:]
    if before[-2:] in (["anything", "but"], ["far", "from"]):
        return True
    after = known[at + len(form) + 1 :].split()[:3]
    if ASKED_FOR.search(known, start, at + 1):
        return False
    return bool((NEGATORS | _CUT_NEGATORS) & set(before)) or (
        bool({"is", "was", "are"} & set(after[:1])) and bool({"not", "wrong", "incorrect"} & set(after))
    )
