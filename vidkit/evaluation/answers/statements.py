"""What a reply states: "the answer is B", "E is correct", "no, wait, C", "so it must be (D)"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vidkit.evaluation.answers.asked import Asked, plain, with_digits
from vidkit.evaluation.answers.characters import is_unspaced
from vidkit.evaluation.answers.evidence import is_function, is_passing, is_quantity
from vidkit.evaluation.answers.polarity import ASKED_FOR, TURN
from vidkit.evaluation.answers.recital import recital
from vidkit.evaluation.answers.values import Reply, Value, letter_end, read_value
from vidkit.evaluation.answers.words import (
    ANSWER,
    CONCEDED,
    CONDITION_BEFORE,
    COUNTERFACTUAL,
    DENIAL,
    EXCEPTION,
    EXCLUDED_AFTER,
    IF_BEHIND,
    NEGATIVE_AFTER,
    NEGATIVE_BEFORE,
    NO_ANSWER_BEFORE,
    OPEN_TOO,
    OPTION,
    POSITIVE,
    QUALIFIERS,
    QUOTED_BEFORE,
    RETRACTED_BEFORE,
    UNCERTAIN_BEFORE,
    UNSPACED_ANSWER,
    UNSPACED_OPTION,
)

_ENGLISH = frozenset((
    "answer", "ans", "prediction", "predicted", "verdict", "conclusion", "solution", "finalanswer",
    "option", "choice", "letter", "selection", "pick",
))  # fmt: skip
_WORD = re.compile(r"(?:[^\W\d_]|[\u0900-\u0dff\u0e00-\u0eff]){2,24}+")
_KEYWORDS = ANSWER | OPTION
_LETTER_WORDS = frozenset(["letter", "buchstabe", "lettre", "letra", "lettera", "letter", "буква"])
_TO_QUESTION = re.compile(
    r"\s{1,4}(?:to|for|of|that|which|i|we|based|given)\b[^.!?\n:]{0,80}?(?=\s(?:is|would\s+be|must\s+be"
    r"|should\s+be)\s|:)"
    r"|\s{0,4},[^.!?\n:]{0,80}?,(?=\s{0,4}(?:is|would\s+be|must\s+be|should\s+be)\s)"
    r"|\s{0,4}\([^)\n]{0,60}\)(?=\s{0,3}(?:is\b|:|=))"
    r"|\s{0,4}(?:#|no\.?|number)?\s{0,2}\d{1,3}(?=\s{0,3}(?:is\b|:|=|\)))"
)
_BOXED = re.compile(r"boxed\s?\{|fbox\s?\{|(?<!#)#{3,}\s?(?=[a-z]\s*$)")
_CORRECTION = re.compile(
    r"(?:\b(?:no|nope|nein|non|нет|nej|nee|hayır|tidak)\s?(?:[,.:;!…–—-]|\bwait\b)|\b(?:wait|actually"
    r"|rather(?!\s+than)|correction|sorry|oops|instead(?!\s+of)"
    r"|scratch\s+that|i\s+mean(?:t)?|make\s+(?:that|it)|on\s+second\s+thoughts?"
    r"|revis(?:e|ed|ing)\s+(?:it|this|that|my\s+answer)?\s?to|replac(?:e|ing)\s\w\s(?:with|by)"
    r"|(?:rather\s+than|instead\s+of)\s[(\"']?[a-z][)\"']?(?=\s?,)"
    r"|revising(?=\s?:)|chang(?:e|es|ed|ing)\s+(?:my\s+(?:answer|mind)\s+)?(?:from\s+\w\s+)?to|switch(?:ed)?\s+to|correct(?:ing)?\s+myself"
    r"|corrected|revised|on\s+(?:a\s+)?(?:closer|second)\s+(?:look|inspection|view\w*)|looking\s+(?:closer|again)|re-?watching|eigentlich|sondern|sino|perdón|en\s+fait|plutôt|на\s+самом\s+деле)\b|不对|不對|不，|而是|而应该?是|いや"
    r"|更正(?:为|為)?|改(?:为|為|选|選)|修正为|訂正|違う|아니(?:라|고)?|では?なく、?て?|じゃなくて?、?|不是[^。，,\n]{1,6}[，,]\s?(?:而)?是)"
)
_TO = (" to", " with", " by")
_WEAK = re.compile(
    r"\b(?:it\s+is|it['’]s|it\s+(?:must|should|would|has\s+to|can\s+only)\s+(?:only\s+)?be|that['’]s"
    r"|that\s+is|this\s+is|this\s+must\s+be"
    r"|which\s+is|go(?:ing)?\s+(?:with|for)|went\s+with|prefer|choose|choosing|chose|pick|picking|select"
    r"|selecting|selected|chosen|opt(?:ing)?\s+for"
    r"|stick(?:ing)?\s(?:with|to)|stay(?:ing)?\swith|vote(?:\s+(?:for|is))?|ergo|finally|lastly|settl(?:e|ed|ing)\s+(?:on|for)|lean(?:ing)?(?:\s+(?:to|towards?))?|leav(?:es?|ing)(?:\s+(?:us|me"
    r"|only|just))*(?:\s+with)?|left\s+with"
    r"|remaining\s+(?:option|choice|one)|narrows?\s+(?:it\s+)?(?:down\s+)?to|suggests?|indicates?"
    r"|points?\s+(?:clearly\s+)?to(?:wards?)?|supports?|means?|gives|equals|convinced\s+me\s+of"
    r"|match(?:es)?|corresponds?\s+to|consistent\s+with|conclude|guess|say|i\s+think|i\s+believe"
    r"|therefore|thus|hence|so|consequently|accordingly|in\s+other\s+words|without\s+(?:a\s+|any\s+)?(?:doubt|question)"
    r"|but|only|now|is|makes?(?:\s+it)?|must\s+be|should\s+be|would\s+be|favou?rs?|aligns?\s+with|fits|described\s+(?:by|in)"
    r"|es\s+ist|das\s+ist|nehme|wähle|also|c['’]est|choisis|donc|elijo|escojo|elegiría|así\s+que|es\s+la"
    r"|escolho|é\s+a|portanto|scelgo|quindi"
    r"|è\s+la|kies|het\s+is|dus|väljer|vælger|velger|det\s+är|det\s+er|valitsen|se\s+on|wybieram|więc"
    r"|to\s+jest|volím|vyberám|je\s+to|választom"
    r"|aleg|выбираю|выберу|это|значит|обираю|це|избирам|επιλέγω|seçiyorum|seçerim|memilih|pilih|chọn|là"
    r"|somit|folglich|d\.h\.|das\s+heißt|c['’]est-à-dire|ossia|cioè|ou\s+seja|o\s+sea|es\s+decir|por\s+(?:lo\s+)?tanto|por\s+isso"
    r"|alltså|altså|siis|czyli|zatem|tedy|čili|takže|тобто|отже|то\s+есть|итак|tehát|vagyis|adică|deci|yani|jadi|berarti|maka"
    r"|δηλαδή|άρα|إذن|لذا|بنابراین|לכן|इसलिए|אני\s+בוחר(?:ת)?|זה)(?=[\s:,(\"'“])"
    r"|\b(?:definitely|probably|certainly|clearly|surely|likely|maybe|perhaps|obviously|possibly)(?=\s)"
    r"|\b(?:correct|right|true|richtig|korrekt|correcta|correcto|correta|corretta|верно"
    r"|правильно)(?=\s{0,3}(?:[:=]|one\b|is\b|ist\b|es\b|est\b|é\b|è\b))"
    r"|\b100\s?%|(?<=[\d)%])\s?=|=>|->|[→⇒➜➔➡⟶►▶]|∴|所以|因此|选|選|(?<!不)(?:只能|应该?|就|而|认为|認為)是|只有|أختار|اختار|मैं|เลือก|したがって|よって|つまり|따라서|그러므로"
)
_SUBJECT_AFTER = re.compile(
    r"[\s)\]}.,:\"'»”-]{0,5}+(?:"
    r"(?:is|are|was|were|seems?|looks?|appears?|must\s+be|should\s+be|would\s+be|has\s+to\s+be"
    r"|sounds?)\s+(?:to\s+be\s+)?"
    r"(?:(?!not\b|in)[\w-]+\s+){0,3}?(?:correct|right|best|answer|accurate|closest|better|preferable|suitable|appropriate|plausible|reasonable|convincing|probable|match|fit|true|one|the\s+only\s+(?:one|option|choice|answer)"
    r"|correctly|winner|supported|likely|plausible)\b"
    r"|(?:fits?|match(?:es)?|describes?|captures?|reflects?|answers?|summari[sz]es)\b(?!\s+(?:not|neither))"
    r"|(?:best|most|clearly|correctly|accurately|perfectly)\s+(?:\w+ly\s+)?(?:fits?|match(?:es)?"
    r"|describes?|captures?|reflects?|answers?|summari[sz]es)\b"
    r"|(?:has|is|are)\s+(?:the\s+)?strongest\b|remains?\b|is\s+left\b(?!\s+of)|(?<!,)(?<!,\s)it\s+(?:is|must\s+be|has\s+to\s+be|should\s+be)\b|wins\b|makes\s+(?:the\s+most\s+)?sense|✓|✔|✅|☑|√"
    r"|(?:is|was)?\s?my\s+(?:final\s+)?(?:answer|choice|pick|guess)|for\s+sure\b)"
)
_FOREIGN_SUBJECT = re.compile(r"[^.!?\n。！？]{0,24}?(?=$|[.!?\n。！？])")
_OWNER = re.compile(
    r"\b(?:none of [a-z, /]{0,30}(?:,|and|or|nor)|team|point|player|group|frame|figure|panel|vitamin"
    r"|hepatitis|room|gate|camera|class|grade)\s$"
)
_THEN = re.compile(
    r"[^.;!?]{0,40}?\b(?:and|then|or|und|dann|oder|et|puis|ou|y|luego|later)\s(?:then\s|later\s)?(?P<rest>.+)"
)
_MAY = re.compile(r"\b(?:might|may|could)\s+also$")
_MAY_TOO = re.compile(r"[\s)\"']{0,3}(?:might|may|could)\s+(?:also|equally|just\s+as\s+well)\b")
_NOT_WRONG = re.compile(r"[\s)\"']{0,3}(?:(?:is|was)\s+not|isn['’]t|wasn['’]t)\s+(?:wrong|incorrect|false)\b")
_POSSESSED = re.compile(
    r"['’]s\s+(?:the\s+(?:one|answer|best|only)\b|(?:right|correct|my)\b"
    r"|(?:description|text|statement|claim|wording)\b[^.!?\n]{0,20}\b(?:match|fit|best|correct|right))"
)
_CONCEDING = re.compile(
    r"(?:^|[.!?;\n]\s{0,2})(?:while|although|though|even\sif|whereas)\s(?:option\s)?[(\"']{0,2}$"
)
_EARLIER = re.compile(
    r"[\s)\"']{0,3}(?:was|had\s+been)\s+(?:my|the)\s+(?:earlier|first|initial|previous|original|former|old)\b"
)
_LEFT = re.compile(
    r"[\s:*]{0,4}(?:(?:the\s)?(?:option|choice|answer)\s)?[(\"'*]{0,3}([A-Z])(?![\w'’])(?!\s?(?:,|and|or|&)\s?[(\"'*]{0,2}[A-Z](?!\w))"
)
_WOULD = re.compile(r"[\s)\"']{0,3}(?:would|could|might)\b")
# "option A says that ...": what an option says, not which is taken
_TELLS = re.compile(
    r"[\s*_`\"')\]}]{0,4}+(?:says?|states?|claims?|describes|suggests?|mentions?|involves?|refers?|talks?|implies|means"
    r"|reads|proposes?|would\s+(?:mean|imply|need|require)|is\s+about)\b"
)
# "he writes option C on the board", "2nd choice: F"
_NOT_TAKEN = re.compile(
    r"\b(?:writes?|wrote|draws?|drew|circles?|circled|holds?|displays?|erases?|underlines?|reads)\s(?:the\s|an?\s|down\s)?$"
    r"|\b(?:2nd|second|third|3rd|next|alternative|runner-up|backup|fallback)(?:\s(?:best|most\s\w+))?\s$"
)
_SAID_ALREADY = re.compile(r"\b(?:is|was|be)\s(?:the|my)\s(?:\w+\s){0,2}$")
_ASKS = re.compile(r"\b(?:is|was|could|might|would)\s(?:the|my)\s(?:\w+\s)?$")
_HEDGED = re.compile(
    r"\b(?:could|might|may|possibly|perhaps|maybe|könnte|pourrait|podría|poderia|potrebbe|может)\b"
)
_CHOSEN_AFTER = re.compile(
    r"[^.!?,\n。！？]{0,14}?(?:\b(?:wähle?n?|nehmen?|tippen|kiezen|välja|velge|vælge|valitsen|choisir|elegir|escolher|scegliere"
    r"|seç\w{2,8}|işaretl\w+|диктую|выбрать|выбираю|обрати)\b|选择|選択|選び|選ぶ|を選|을?\s?선택|를?\s?선택|고르|골랐|चुन)"
)
_CAPITAL = re.compile(r"[A-Z](?![a-z])")
_GAP = re.compile(r"[^.!?\n。！？؟]{0,36}")
_DENIED_BEFORE = re.compile(
    r"(?:\bnot|n['’]t|\bnever|\bneither|\bnor|\bif|\bwhether|\bcannot|\bhow|\bwhat)\s+(?:\w+\s+)?$"
    r"|\b(?:anything|everything|all|any|none|nothing|any\s[^\W\d_]{2,12})\s+$"
    r"|(?<!no )(?<!without )(?<!without any )(?<!beyond )(?<!little )\bdoubt(?:s|ful)?\b[^.!?\n]{0,20}$"
    r"|\b(?:não|no|non|ne|nicht|не|nie|inte|ikke|ei|niet|nu|nem|δεν|bukan|không)\s+$"
)
_BEFORE = 90
_CLAUSES = 180
_FIRST, _LAST = 10, 50  # places looked at from either end; the last statements decide


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement: where, what and how firmly."""

    at: int
    value: Value
    rule: str


def _ends(matches: Iterable[re.Match[str]]) -> list[re.Match[str]]:
    found = list(matches)
    return found if len(found) <= _FIRST + _LAST else found[:_FIRST] + found[-_LAST:]


def declarations(reply: Reply, asked: Asked) -> Iterator[Finding]:
    """Statements about the answer itself, as they come: "answer: B", "the correct option is C", a box."""
    for match in _ends(m for m in _WORD.finditer(reply.lower) if m.group() in _KEYWORDS):
        word = match.group()
        if word in ANSWER:
            rule = "declaration"
        else:
            rule = "declaration" if _qualified(reply, match.start()) else "option_word"
        if word in _LETTER_WORDS and rule == "option_word" and reply.lower[: match.start()].strip(" \"'(["):
            continue  # "there is a letter B on the sign"
        value = _declared(reply, match, asked, foreign=word not in _ENGLISH)
        if value is not None and not (
            rule == "option_word" and is_passing(reply, match.start(), value, asked)
        ):
            yield Finding(match.start(), value, rule)
    if "boxed" in reply.lower or "fbox" in reply.lower:
        for match in _ends(_BOXED.finditer(reply.lower)):
            value = read_value(reply, match.end(), asked)
            if value is not None:
                yield Finding(match.start(), value, "field")
    if not reply.text.isascii():
        for pattern, rule in ((UNSPACED_ANSWER, "declaration"), (UNSPACED_OPTION, "option_word")):
            for match in _ends(pattern.finditer(reply.lower)):
                value = _declared(reply, match, asked, foreign=True)
                if value is not None:
                    yield Finding(match.start(), value, rule)


def _qualified(reply: Reply, at: int) -> bool:
    words = _WORD.findall(reply.lower[max(0, at - 24) : at])
    return any(word in QUALIFIERS for word in words[-2:])


def _declared(reply: Reply, word: re.Match[str], asked: Asked, foreign: bool) -> Value | None:
    before = reply.lower[max(0, word.start() - _BEFORE) : word.start()]
    if NO_ANSWER_BEFORE.search(before) or UNCERTAIN_BEFORE.search(before):
        return None
    if RETRACTED_BEFORE.search(before) or QUOTED_BEFORE.search(before):
        return None
    if (word.group() in ("option", "choice", "letter")) and NEGATIVE_BEFORE.search(before):
        return None
    if _SAID_ALREADY.search(before) and reply.text[word.end() :].lstrip().startswith(","):
        return None  # "B is the answer, C was a trap"
    if _conditional(reply, word.start()) or (word.group() in OPTION and _NOT_TAKEN.search(before)):
        return None
    at = word.end()
    if not foreign and (clause := _TO_QUESTION.match(reply.lower, at)) is not None:
        at = clause.end()
    value = read_value(reply, at, asked)
    if value is None and foreign:
        return _behind_gap(reply, at, asked)
    if value is not None and _lists_all(reply, value, asked):
        return None
    if value is not None and (
        (_is_asked(reply, value) and _ASKS.search(before)) or is_function(reply, value)
    ):
        return None
    if value is not None and word.group() in OPTION and _TELLS.match(reply.lower, value.end):
        return None
    return value


def _lists_all(reply: Reply, value: Value, asked: Asked) -> bool:
    """Whether all options follow instead of an answer: "Answer: A. a cat B. a dog"."""
    if value.kind != "letter" or value.letters != asked.letters[0]:
        return False
    listed = recital(reply.text[value.end - 1 : value.end + (asked.longest + 8) * len(asked.letters)], asked)
    return len(set(listed.values())) == len(asked.letters)


def _conditional(reply: Reply, at: int) -> bool:
    """Whether a statement holds only under a condition of which the reply says nothing."""
    return CONDITION_BEFORE.search(reply.lower, max(0, at - _CLAUSES), at) is not None


def _behind_gap(reply: Reply, at: int, asked: Asked) -> Value | None:
    """The first capital letter that stands alone a few words on, in a language whose words are not known."""
    gap = _GAP.match(reply.text, at)
    assert gap is not None
    for match in _CAPITAL.finditer(reply.text, at, gap.end()):
        if match.group() not in asked.letters or is_quantity(reply, match.end(), asked, match.group()):
            continue
        if letter_end(reply, match.start(), asked, weak=True) is not None:
            if DENIAL.search(reply.lower[at : match.start()]):
                return Value("", "negated", match.end())
            return read_value(reply, match.start(), asked, weak=True)
    return _text_in_gap(reply, at, gap.end(), asked)


def _text_in_gap(reply: Reply, at: int, end: int, asked: Asked) -> Value | None:
    """The option whose text stands there in a script without blanks: "答案是一只鸟"."""
    said = reply.lower[at:end]
    texts = zip(asked.letters, asked.texts, strict=False)
    found = [(letter, text) for letter, text in texts if text and is_unspaced(text[0]) and text in said]
    longest = max((text for _, text in found), key=len, default="")
    letters = [letter for letter, text in found if text == longest or text not in longest]
    if len(letters) != 1 or DENIAL.search(said[: said.index(longest)]):
        return None
    return Value(letters[0], "text", at + said.index(longest) + len(longest))


def corrections(reply: Reply, asked: Asked, start: int = 0) -> Iterator[Finding]:
    """Letters that take an earlier word back: "no, wait, C"."""
    for match in _ends(_CORRECTION.finditer(reply.lower, start)):
        # behind "change to" a letter is no word of the sentence
        value = read_value(reply, match.end(), asked, weak=not match.group().endswith(_TO))
        if value is None or not value.letters:
            continue
        if match.group()[:2] == "no" and "\n" in reply.text[match.end() : value.end - 1]:
            continue  # "A. Rome - no.\nB. Vienna - "
        yield Finding(match.start(), value, "correction")


def subjects(reply: Reply, asked: Asked, start: int = 0) -> Iterator[Finding]:
    """Letters of which something good is said: "E is correct", "C ist richtig"."""
    recited = recital(reply.text, asked)
    for match in _ends(m for m in _CAPITAL.finditer(reply.text, start) if m.group() in asked.letters):
        at, letter = match.start(), match.group()
        end = at + 1
        if at in recited and len(set(recited.values())) == len(asked.letters):
            continue  # "D. It is never explained"
        if letter_end(reply, at, asked) is None and not _POSSESSED.match(reply.lower, end):
            continue
        before = reply.lower[max(0, at - _BEFORE) : at]
        if (
            NEGATIVE_BEFORE.search(before)
            or UNCERTAIN_BEFORE.search(before)
            or QUOTED_BEFORE.search(before)
            or (COUNTERFACTUAL.search(before) and _WOULD.match(reply.lower, end))
            or before.endswith(("is ", "are "))
            or _OWNER.search(before)
            or (CONCEDED.match(reply.lower, end) is not None)
            or (_CONCEDING.search(before) is not None)
        ):
            continue
        if _MAY_TOO.match(reply.lower, end) or not _positive(reply, end):
            continue
        value = read_value(reply, _list_start(reply, at, asked), asked, weak=True)
        if value is None or letter not in value.letters:
            value = Value(letter, "letter", end)
        if not is_quantity(reply, end, asked, letter):
            yield Finding(at, value, "statement")


def _list_start(reply: Reply, at: int, asked: Asked) -> int:
    """Where the list of letters begins that ends with this one ("Both A and D are correct")."""
    match = re.search(
        rf"(?<!\w)[{asked.letters}](?:\s*,\s*[{asked.letters}]){{0,6}}\s*(?:,|/|&|,?\s(?:and|or|und|oder|et|ou|y|o|e|и|или))\s*"
        r"(?:option\s|choice\s|\()?$",
        reply.text[max(0, at - 40) : at],
    )
    return at if match is None else max(0, at - 40) + match.start()


def _positive(reply: Reply, end: int) -> bool:
    if _NOT_WRONG.match(reply.lower, end) or _POSSESSED.match(reply.lower, end):
        return True
    if NEGATIVE_AFTER.match(reply.lower, end):
        return False
    if _EARLIER.match(reply.lower, end) or IF_BEHIND.match(reply.lower, end):
        return False
    if _SUBJECT_AFTER.match(reply.lower, end):
        return True
    if _CHOSEN_AFTER.match(reply.lower, end):
        return not DENIAL.search(reply.lower, end, end + 24)
    clause = _FOREIGN_SUBJECT.match(reply.lower, end)
    if clause is None:
        return False
    good = POSITIVE.search(clause.group())
    if good is None:
        return False
    if _HEDGED.search(clause.group()[: good.start()]):
        return False
    between = reply.text[end : end + good.start()]
    if TURN.search(between.lower()):
        return False  # "I wanted to say B, but A is right"
    return len(between.split()) <= 3 and not _CAPITAL.search(between) and not DENIAL.search(between.lower())


_LABELLED_END = re.compile(
    r"(?<![^\W\d_])(?P<label>[^\W\d_]{2,20}|q\d{1,3}):\s{0,3}(?=[(\"*]{0,2}[a-z][)\"*]{0,2}[.!]?\s{0,3}$)"
)
_NO_LABELS = frozenset((
    "grade", "class", "room", "gate", "platform", "section", "figure", "panel", "exit", "group",
    "level", "type", "key", "note", "vitamin", "sign", "text", "speaker", "team", "options",
    "choices", "hepatitis", "plan", "row", "column", "user", "player",
))  # fmt: skip


def _labelled_end(reply: Reply, asked: Asked) -> Iterator[Finding]:
    """A letter that ends the reply behind a colon: "in summary: B"."""
    start = max(0, len(reply.lower) - 60)
    match = _LABELLED_END.search(reply.lower, start)
    labelled = match is not None and match.group("label") not in _NO_LABELS
    if match is not None and labelled and not _NOT_TAKEN.search(reply.lower, start, match.start()):
        value = read_value(reply, match.end(), asked, weak=True)
        if value is not None and value.kind == "letter":
            yield Finding(match.start(), value, "statement")


def _is_asked(reply: Reply, value: Value) -> bool:
    return reply.lower[value.end : value.end + 4].lstrip(" )]\"'").startswith("?")


def _one_of_several(reply: Reply, value: Value, asked: Asked) -> bool:
    """Whether more follows on equal terms: "one, then two", "it is sunny at first and rainy later"."""
    joined = _THEN.match(plain(reply.text[value.end : value.end + 120]))
    other = asked.text_at(joined.group("rest")) if joined is not None else None
    if other is not None and other[0] != value.letters:
        return True
    place = asked.letters.find(value.letters)
    text = with_digits(asked.texts[place]) if 0 <= place < len(asked.texts) else ""
    later = with_digits(plain(reply.text[value.end : value.end + 200])).split()
    return text.isdigit() and any(word.isdigit() for word in later)


def exceptions(reply: Reply, asked: Asked) -> Iterator[Finding]:
    """The option that is left where all others are excluded: "none but C", "all except C are wrong"."""
    for match in _ends(EXCEPTION.finditer(reply.lower)):
        letter = _LEFT.match(reply.text, match.end())
        if letter is None or letter.group(1) not in asked.letters:
            continue
        if bool(match.group("many")) is bool(EXCLUDED_AFTER.match(reply.lower, letter.end())):
            yield Finding(match.start(), Value(letter.group(1), "letter", letter.end()), "remaining")


def weak_statements(reply: Reply, asked: Asked, start: int = 0) -> Iterator[Finding]:
    """Letters behind words that introduce a conclusion: "so B", "I would choose E", "it must be (D)"."""
    yield from _labelled_end(reply, asked)
    for match in _ends(_WEAK.finditer(reply.lower, start)):
        before = reply.lower[max(0, match.start() - _BEFORE) : match.start()]
        asked_for = ASKED_FOR.search(reply.lower, max(0, match.start() - 120), match.end())
        if (
            (_DENIED_BEFORE.search(before[-30:]) and not asked_for)
            or RETRACTED_BEFORE.search(before)
            or QUOTED_BEFORE.search(before)
        ):
            continue
        if (
            _conditional(reply, match.start())
            or OPEN_TOO.match(reply.lower, match.end())
            or _MAY.search(before + match.group())
        ):
            continue
        value = read_value(reply, match.end(), asked, weak=True)
        if value is None or is_passing(reply, match.start(), value, asked):
            continue
        if value.kind == "text" and _one_of_several(reply, value, asked):
            continue
        if value.kind != "refused" and not _is_asked(reply, value):
            yield Finding(match.start(), value, "statement")
