"""Scores of multiple-choice and yes/no tasks: accuracy, break-downs, baselines, intervals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.always_yes import always_no, always_yes
from vidkit.evaluation.answers import Choice, parse_yes_no
from vidkit.evaluation.answers_official import parse_first_capital, parse_pope
from vidkit.evaluation.benchmark import Benchmark
from vidkit.evaluation.comparing import Comparable
from vidkit.evaluation.option_list import ALPHABET
from vidkit.evaluation.ratios import RatioMetrics
from vidkit.evaluation.replies import (
    UNREAD_HEADING,
    choice_of,
    judged_choice,
    read_reply,
    rule_table,
    summarise,
    unread,
    warn_missing,
)
from vidkit.evaluation.rows import text_id
from vidkit.evaluation.task_spec import TaskSpec
from vidkit.evaluation.types import Item, Mode, Row, ScoreTable
from vidkit.utils.statistics import (
    EACH_BY_ITSELF,
    RESAMPLES,
    SEED,
    Array,
    Interval,
    groups_alike,
    intervals,
    none_if_nan,
    ratio,
    too_few_groups,
)

_YES_NO = {"YES": "A", "NO": "B"}


@dataclass(frozen=True, slots=True)
class Answered:
    """One graded item."""

    item: Item
    row: Row
    choice: Choice

    @property
    def right(self) -> bool:
        return self.choice.letter is not None and self.choice.letter == self.item.answer


def score(
    functions: Benchmark,
    spec: TaskSpec,
    rows: Sequence[Row],
    mode: Mode | str = Mode.ROBUST,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, Any]:
    """Score rows that carry the gold column and `prediction`.

    Returns:
        `accuracy` in percent (for yes/no also `precision`, `recall`, `f1`, `yes_share`), `macro` where the
        task has one, `by` column and value, `intervals`, `counts`, `modes`, `differing_items`, `baselines`,
        `tables`, `warnings`.

    Raises:
        DataError: no rows, a row without a gold answer, a duplicate id.
        ConfigError: official mode of a task without a known rule.
    """
    mode = Mode(mode)
    if mode is Mode.OFFICIAL and not spec.official:
        raise ConfigError(f"task '{spec.name}' has no official rule for reading replies", "use --mode robust")
    modes = list(Mode) if spec.official else [Mode.ROBUST]
    pairs = _pairs(functions, rows)
    graded = {
        each: [Answered(item, row, _read(spec, item, row, each)) for item, row in pairs] for each in modes
    }
    here = graded[mode]
    metrics = ratio_metrics(spec, here)
    values = _derived(spec, {k: np.array([v]) for k, v in metrics.values().items()})
    points = {name: float(value[0]) for name, value in values.items()}
    groups = metrics.groups()
    alike = metrics.alike()
    draws = _derived(spec, metrics.draws(resamples, seed))
    bounds = intervals(draws, groups_of(spec, groups), alike=alike)
    counts = summarise([a.choice for a in here], [a.row for a in here], [a.item.id for a in here])
    headline = [name for name in points if "/" not in name]
    result: dict[str, Any] = {
        "benchmark": spec.name,
        "mode": str(mode),
        **{name: none_if_nan(points[name]) for name in headline},
        "by": {column: _by(column, points, metrics.denominators()) for column in spec.tables},
        "intervals": {name: bound.rounded() for name, bound in bounds.items()},
        "bootstrap": {"resamples": resamples, "seed": seed, "unit": spec.group, "level": 0.95},
        "counts": counts,
        "items": [
            {
                "id": a.item.id,
                "letter": a.choice.letter,
                "rule": a.choice.rule,
                "gold": a.item.answer,
                "score": int(a.right),
            }
            for a in here
        ],
        "baselines": baselines(spec, here),
        **_modes(spec, graded),
        "warnings": [
            *warn_missing(counts, "questions"),
            *too_few_groups(groups, "group"),
            *groups_alike(bounds, alike, "group", headline),
        ],
    }
    if points["accuracy"] > 99:
        result["warnings"].append("more than 99 % correct: check that the answers were not in the prompt")
    made = [_main(spec, result, here, headline, points, bounds)]
    made += [_table(spec, column, here, points, bounds) for column in spec.tables]
    result["tables"] = [asdict(table) for table in (*made, rule_table(counts))]
    return result


def _pairs(functions: Benchmark, rows: Sequence[Row]) -> list[tuple[Item, Row]]:
    if not rows:
        raise DataError("no rows to score", "give the benchmark's rows with predictions")
    made = list(functions.items(rows))
    if len(made) != len(rows):
        raise DataError(f"{len(rows)} rows gave {len(made)} items", "a task's items() gives one item per row")
    seen: dict[str, int] = {}
    for number, item in enumerate(made, 1):
        if item.answer is None:
            raise DataError(
                f"row {number} ({item.id}): no gold answer", "scores need the answers of the data"
            )
        if item.id in seen:
            raise DataError(
                f"row {number}: duplicate id '{item.id}', first is row {seen[item.id]}", "ids are unique"
            )
        seen[item.id] = number
    return list(zip(made, rows, strict=True))


def _read(spec: TaskSpec, item: Item, row: Row, mode: Mode) -> Choice:
    parse: Callable[[object], Choice]
    if spec.kind == "yes_no":
        parse = parse_pope if mode is Mode.OFFICIAL else parse_yes_no
    elif mode is Mode.OFFICIAL:
        parse = partial(parse_first_capital, options=ALPHABET[: len(item.options)])
    else:
        parse = partial(choice_of, options=item.letters, option_texts=item.texts)
    choice = read_reply(row, parse)
    if mode is Mode.ROBUST:
        choice = judged_choice(row, choice)
    return Choice(_YES_NO.get(choice.letter, choice.letter), choice.rule) if choice.letter else choice


def comparable(functions: Benchmark, spec: TaskSpec, rows: Sequence[Row], mode: Mode) -> Comparable:
    """What a paired comparison of two runs needs."""
    answered = [Answered(item, row, _read(spec, item, row, mode)) for item, row in _pairs(functions, rows)]
    metrics = ratio_metrics(spec, answered)
    headline = [name for name in _derived(spec, metrics.of_sums(metrics.sums[:1])) if "/" not in name]
    right: dict[str, dict[str, bool | None]] = {"accuracy": {a.item.id: a.right for a in answered}}
    bins = str(unread(a.choice for a in answered))
    groups = groups_of(spec, metrics.groups())
    return Comparable(metrics, partial(_derived, spec), tuple(headline), right, bins, groups)


def groups_of(spec: TaskSpec, groups: dict[str, int]) -> dict[str, int]:
    """Groups under each metric; a mean of categories stands on all of them."""
    return {**groups, **({"macro": groups["accuracy"]} if spec.macro else {})}


def ratio_metrics(spec: TaskSpec, answered: Sequence[Answered]) -> RatioMetrics:
    """Every metric over the items; clusters are the task's groups."""
    metrics = RatioMetrics([a.item.group for a in answered])
    right = np.array([a.right for a in answered], float)
    read = np.array([a.choice.letter is not None for a in answered], float)
    metrics.add("accuracy", right)
    metrics.add("over_answered", right * read, read)
    if spec.kind == "yes_no":
        said = np.array([a.choice.letter == "A" for a in answered], float)
        gold = np.array([a.item.answer == "A" for a in answered], float)
        metrics.add("precision", said * gold, said, empty=0.0)
        metrics.add("recall", said * gold, gold, empty=0.0)
        metrics.add("f1", 2 * said * gold, said + gold, empty=0.0)
        metrics.add("yes_share", said)
    for column in spec.tables:
        labels = [label_of(a.row, column) for a in answered]
        numbers = {label: number for number, label in enumerate(sorted(set(labels)))}
        own = np.array([numbers[label] for label in labels])
        for label, number in numbers.items():
            metrics.add(f"{column}/{label}", right * (own == number), own == number)
    return metrics


def label_of(row: Row, column: str) -> str:
    return text_id(row.get(column)) or "(none)"


def _derived(spec: TaskSpec, values: dict[str, Array]) -> dict[str, Array]:
    if not spec.macro:
        return values
    parts = np.stack([value for name, value in values.items() if name.startswith(f"{spec.macro}/")])
    defined = ~np.isnan(parts)
    macro = ratio(np.where(defined, parts, 0).sum(0), defined.sum(0).astype(np.float64))
    return {"macro": macro, **values}


def _by(column: str, points: dict[str, float], sizes: dict[str, int]) -> dict[str, dict[str, Any]]:
    names = [name for name in points if name.startswith(f"{column}/")]
    return {
        name.split("/", 1)[1]: {"questions": sizes[name], "accuracy": none_if_nan(points[name])}
        for name in names
    }


def baselines(spec: TaskSpec, answered: Sequence[Answered]) -> dict[str, dict[str, float]]:
    """Guessing evenly, and always giving one answer, in percent."""
    n = len(answered)
    gold = Counter(a.item.answer for a in answered)
    if spec.kind == "yes_no":
        yes, no = gold["A"], n - gold["A"]
        return {
            "chance": {"accuracy": 50.0},
            "always YES": always_yes(yes, no),
            "always NO": always_no(yes, no),
        }
    letter, most = gold.most_common(1)[0]
    return {
        "chance": {"accuracy": 100 * sum(1 / len(a.item.letters) for a in answered) / n},
        f"always {letter}": {"accuracy": 100 * most / n},
    }


def _modes(spec: TaskSpec, graded: dict[Mode, list[Answered]]) -> dict[str, Any]:
    headline = {}
    for each, answered in graded.items():
        values = _derived(spec, {k: np.array([v]) for k, v in ratio_metrics(spec, answered).values().items()})
        headline[str(each)] = {
            name: none_if_nan(float(v[0])) for name, v in values.items() if "/" not in name
        }
    if len(graded) < len(Mode):
        return {"modes": headline, "differing_items": None, "differing_ids": []}
    pairs = zip(graded[Mode.ROBUST], graded[Mode.OFFICIAL], strict=True)
    differing = [a.item.id for a, b in pairs if a.choice.letter != b.choice.letter]
    return {"modes": headline, "differing_items": len(differing), "differing_ids": differing}


def _cell(name: str, points: dict[str, float], bounds: dict[str, Interval]) -> Any:
    return None if math.isnan(points[name]) else (points[name], bounds[name].low, bounds[name].high)


def _main(
    spec: TaskSpec,
    result: dict[str, Any],
    answered: Sequence[Answered],
    headline: Sequence[str],
    points: dict[str, float],
    bounds: dict[str, Interval],
) -> ScoreTable:
    mode = result["mode"]
    bins = str(unread(a.choice for a in answered))
    rows: list[tuple[Any, ...]] = [(mode, *(_cell(name, points, bounds) for name in headline), bins)]
    for other, values in result["modes"].items():
        if other != mode and values != result["modes"][mode]:
            rows.append((other, *(values[name] for name in headline), None))
    for name, shares in result["baselines"].items():
        rows.append((name, *(shares.get(metric) for metric in headline), None))
    groups = len({a.item.group for a in answered})
    note = f"{_counted(len(answered), 'question')}, {_counted(groups, 'group')}; {EACH_BY_ITSELF}"
    if result["differing_items"]:
        note += f"; {result['differing_items']} items differ between the modes"
    columns = ("", *(name.replace("_", " ") for name in headline), UNREAD_HEADING)
    return ScoreTable("main", spec.title or spec.name, columns, tuple(rows), note)


def _table(
    spec: TaskSpec,
    column: str,
    answered: Sequence[Answered],
    points: dict[str, float],
    bounds: dict[str, Interval],
) -> ScoreTable:
    members: dict[str, list[Choice]] = {}
    for a in answered:
        members.setdefault(label_of(a.row, column), []).append(a.choice)
    rows = tuple(
        (label, len(members[label]), _cell(f"{column}/{label}", points, bounds), str(unread(members[label])))
        for label in sorted(members)
    )
    note = f"{EACH_BY_ITSELF}" + ("; their mean is the headline 'macro'" if column == spec.macro else "")
    return ScoreTable(
        column, spec.tables[column], (column, "questions", "accuracy", UNREAD_HEADING), rows, note
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
