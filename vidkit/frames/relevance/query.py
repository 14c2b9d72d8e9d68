"""What a query asks for: words, words that it negates, and times."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vidkit.errors import DataError
from vidkit.frames.relevance.moments import Span, find_spans
from vidkit.frames.relevance.words import STOP_WORDS, words_of

_TOKEN = re.compile(r"[\ue000-\ue063]|[^\W_]+(?:'[^\W_]+)*|[.,;:!?()]")
_SPAN_SIGNS = re.compile(r"[\ue000-\ue063]")
_NEGATORS = frozenset([
    "ain't", "aren't", "can't", "cannot", "couldn't", "didn't", "doesn't", "don't", "except", "excluding",
    "hadn't", "hasn't", "haven't", "isn't", "lacking", "minus", "neither", "never", "no", "nobody", "non",
    "nor", "not", "nothing", "shouldn't", "wasn't", "weren't", "without", "won't", "wouldn't"
])  # fmt: skip
_POSITIVE_AFTER = {
    "not": ("only", "just", "until", "till", "least"),
    "nothing": ("but",),
    "no": ("matter", "doubt"),
}
_LONG = frozenset(("no", "without", "neither", "nor", "except", "excluding", "lacking"))  # reach over "and"
_ENDS = frozenset([
    "above", "across", "after", "against", "although", "at", "because", "before", "behind", "below",
    "beneath", "beside", "between", "but", "by", "during", "from", "in", "instead", "into", "near", "on",
    "only", "onto", "over", "rather", "that", "then", "through", "under", "when", "where", "which", "while",
    "who"
])  # fmt: skip
_MARKS = frozenset(".,;:!?()")
_LONGEST = 100_000  # characters; a query is a sentence, an encoder reads some hundred of them


@dataclass(frozen=True)
class Query:
    """A query read.

    Attributes:
        wanted: words in order, function words included, negated ones and times left out.
        negated: content words that must not be there.
        spans: times to look at.
        negated_spans: times not to look at.
    """

    wanted: tuple[str, ...]
    negated: tuple[str, ...]
    spans: tuple[Span, ...]
    negated_spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        """The wanted words as a text, for what reads no negation."""
        return " ".join(self.wanted)


def read_query(query: str) -> Query:
    """Find what a query negates ("not red", "without a car") and the times it names.

    A negation reaches to the next preposition, mark, "but" or relative pronoun behind its first content word;
    a second negation within takes it back. English.

    Raises:
        DataError: it is longer than any question.
    """
    if len(query) > _LONGEST:
        raise DataError(
            f"the query has {len(query):,} characters, of which {_LONGEST:,} can be read",
            "ask in a sentence; a text to look through belongs in subtitles=FILE",
        )
    query = _SPAN_SIGNS.sub(" ", query)  # they stand for times below
    text, spans = find_spans(" ".join(query.lower().replace("’", "'").split()))
    wanted: list[str] = []
    negated: list[str] = []
    times: tuple[list[Span], list[Span]] = ([], [])
    negator, seen = "", False
    tokens = [match[0] for match in _TOKEN.finditer(text)]
    for place, token in enumerate(tokens):
        after = tokens[place + 1] if place + 1 < len(tokens) else ""
        if token in _NEGATORS:
            if after in _POSITIVE_AFTER.get(token, ()):
                continue
            negator, seen = ("" if negator and not seen and token != "nor" else token), False
        elif _ends(token, seen, negator):
            negator = ""
        elif "\ue000" <= token <= "\ue063":
            times[bool(negator)].append(spans[ord(token) - 0xE000])
            seen = True
        elif not negator:
            wanted += words_of(token)
        else:
            words = [word for word in words_of(token) if word not in STOP_WORDS]
            negated += words
            seen = seen or bool(words)
    return Query(tuple(wanted), tuple(negated), tuple(times[0]), tuple(times[1]))


def _ends(token: str, seen: bool, negator: str) -> bool:
    """Whether a token is the end of what a negator reaches over."""
    if token == "and":
        return seen and negator not in _LONG
    return token in _MARKS or (token in _ENDS and (seen or token == "but"))
