"""Level 2, "how": what the model would say, scored by a panel of judges on a stated scale."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from vidkit.evaluation.answers import reply_text
from vidkit.evaluation.answers.clean import windowed
from vidkit.evaluation.answers.said import after_thinking
from vidkit.evaluation.tasks.social_omni.records import YES, as_reply
from vidkit.evaluation.tasks.social_omni.when import WhenAnswer
from vidkit.evaluation.types import Mode

SCALE = (0, 25, 50, 75, 100)
_NUMBER = re.compile(r"-?\d{1,12}+(?:\.\d{1,12}+)?(?:[eE][+-]?\d{1,3}+)?")
_OVER = re.compile(r"\s{0,4}+(?:/|out\s+of|of|von|sur|de|из)\s{0,4}+(\d{1,6}+)(?![\d.])", re.IGNORECASE)
_LEAST = 10  # a smaller score that is not 0 was given on another scale (1 to 5, 0 to 1)
_PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DECLARED = re.compile(
    r"\b(?:score|rating|grade|verdict)\b[\s*_`\"']{0,8}+(?:is|of|=)?[\s*_`\"':：]{0,8}+(?=-?\d)|boxed\{\s{0,4}+(?=-?\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One level-2 item's reply and its judges.

    Attributes:
        decided: the item with its "when" reply.
        reply: what the model said, empty for nothing.
        scores: score by judge; failed judges are absent.
        failures: judges that gave no usable score.
    """

    decided: WhenAnswer
    reply: str
    scores: Mapping[str, int]
    failures: tuple[str, ...]

    @property
    def gold_yes(self) -> bool:
        return self.decided.item.gold == YES

    @property
    def spoke(self) -> bool:
        """Gold YES, said YES and a reply that is not empty: the items that are judged."""
        return self.gold_yes and self.decided.choice.letter == YES and bool(self.reply)

    @property
    def is_silent(self) -> bool:
        """Gold YES and said YES, but no utterance came."""
        return self.gold_yes and self.decided.choice.letter == YES and not self.reply

    @property
    def mean(self) -> float | None:
        return sum(self.scores.values()) / len(self.scores) if self.scores else None


def nearest_on_scale(value: float) -> int:
    """The nearest point of the scale, ties down: 12.5 is 0 and 37.5 is 25."""
    return min(SCALE, key=lambda point: (abs(point - value), point))


def parse_judge(text: object, mode: Mode = Mode.ROBUST) -> int | None:
    """A judge's score on the scale 0, 25, 50, 75, 100.

    Robust: after thinking, the last declared score ("Score: 75"), else a first or last line that is a number,
        else the only number; a fraction of another total ("4/5"), a value that only another scale has (0.75,
        3), one outside 0..100 or none is a failure (None).
    Official: the first number, clamped; no number is 0.
    """
    reply = reply_text(text)
    if mode is Mode.OFFICIAL:
        match = _PLAIN_NUMBER.search(reply)
        return nearest_on_scale(min(max(float(match.group()), 0.0), 100.0)) if match else 0
    said = after_thinking(reply)
    return None if said is None else _robust_score(windowed(said).strip())


def _robust_score(said: str) -> int | None:
    declared = [match.end() for match in _DECLARED.finditer(said)]
    if declared:
        return _on_scale(said, declared[-1])
    lines = [line.strip(" \t*_`#.") for line in said.splitlines() if line.strip()]
    for line in (lines[:1], lines[-1:]):
        if line and (match := _NUMBER.match(line[0])) is not None and _ends(line[0], match.end()):
            return _on_scale(line[0], 0)
    found = list(_NUMBER.finditer(said))
    of_100 = [m for m in found if (over := _OVER.match(said, m.end())) is not None and over.group(1) == "100"]
    if len({float(m.group()) for m in of_100}) == 1:
        return _on_scale(said, of_100[0].start())
    own = [m for m in found if not _is_total(said, m.start())]
    if len({float(m.group()) for m in own}) != 1:
        return None
    return _on_scale(said, own[0].start())


def _ends(line: str, at: int) -> bool:
    over = _OVER.match(line, at)
    return not line[over.end() if over else at :].strip(" %*_`.,;)")


def _is_total(said: str, at: int) -> bool:
    before = re.sub(r"\s+", " ", said[max(0, at - 8) : at]).rstrip()
    return before.endswith(("/", "out of"))


def _on_scale(said: str, at: int) -> int | None:
    match = _NUMBER.match(said, at)
    if match is None:
        return None
    value, over = float(match.group()), _OVER.match(said, match.end())
    if over is not None and int(over.group(1)) != 100:
        return None
    inside = value == 0 or (_LEAST <= value <= 100)
    return nearest_on_scale(value) if inside else None


def grade(decided: Sequence[WhenAnswer], mode: Mode) -> list[Judged]:
    """Collect replies and judges' scores of every level-2 item."""
    out = []
    for d in decided:
        scores, failures = {}, []
        for judge, reply in sorted(d.item.judges.items()):
            failed = bool(reply.get("error")) and not reply_text(reply.get("prediction"))
            score = None if failed else parse_judge(reply.get("prediction"), mode)
            if score is None:
                failures.append(judge)
            else:
                scores[judge] = score
        text = reply_text((as_reply(d.item.row.get("q2")) or {}).get("prediction"))
        out.append(Judged(d, text, scores, tuple(failures)))
    return out


def how_scores(judged: Sequence[Judged]) -> dict[str, Any]:
    """The "how" scores by name; None where nothing was judged.

    `how`: mean over items with gold YES, said YES and a reply (zeros kept). `how_official_pos`: zeros
    dropped, as the authors' summary. `how_all_yes`: over all gold-YES items, 0 for those without a reply.
    `coverage`: judged items over all items. `gap_25` and `gap_20`: share of items of two or more judges with
    a pair that far apart.
    """
    spoke = [j for j in judged if j.spoke]
    means = [j.mean for j in spoke if j.mean is not None]
    positive = [m for m in means if m > 0]
    gold_yes = sum(j.gold_yes for j in judged)
    unjudged = len(spoke) - len(means)
    paired = [j for j in spoke if len(j.scores) > 1]
    names = sorted({name for j in spoke for name in (*j.scores, *j.failures)})
    return {
        "how": _mean(means),
        "how_official_pos": _mean(positive),
        "how_all_yes": sum(means) / gold_yes if gold_yes and means else None,
        "coverage": 100 * len(spoke) / len(judged) if judged else None,
        "coverage_gold_yes": 100 * len(spoke) / gold_yes if gold_yes else None,
        "gap_25": _share([_spread(j) >= 25 for j in paired]),
        "gap_20": _share([_spread(j) >= 20 for j in paired]),
        "items_spoken": len(spoke),
        "items_judged": len(means),
        "items_without_score": unjudged,
        "items_without_reply": sum(j.is_silent for j in judged),
        "judges": {name: _judge(name, spoke) for name in names},
    }


def _judge(name: str, spoke: Sequence[Judged]) -> dict[str, Any]:
    scores = [j.scores[name] for j in spoke if name in j.scores]
    return {
        "mean": _mean(scores),
        "scored": len(scores),
        "failed": sum(name in j.failures for j in spoke),
        "missing": sum(name not in j.scores and name not in j.failures for j in spoke),
        "zeros": sum(score == 0 for score in scores),
    }


def _spread(j: Judged) -> int:
    return max(abs(a - b) for a, b in combinations(j.scores.values(), 2))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _share(hits: Sequence[bool]) -> float | None:
    return 100 * sum(hits) / len(hits) if hits else None
