"""The tables of SocialOmni: who, when, how, streaming, and how replies were read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vidkit.evaluation.replies import UNREAD_HEADING, Unread, rule_table
from vidkit.evaluation.types import ScoreTable
from vidkit.utils.statistics import EACH_BY_ITSELF, Interval

if TYPE_CHECKING:
    from vidkit.evaluation.tasks.social_omni.graded import Graded

_WHO = {
    "who": "Who",
    "who_consistent": "consistent",
    "who_inconsistent": "inconsistent",
    "who_gap": "gap",
    "who_macro_f1": "macro-F1",
    "who_answered": "over answered",
}
_WHEN = {
    "when_accuracy": "accuracy",
    "when_precision": "precision",
    "when_recall": "recall",
    "when_f1": "F1",
    "when_early": "early",
    "when_late": "late",
    "when_answered": "over answered",
}
_DIAGNOSIS = {
    "who_content_right": "right content",
    "who_speaker_right": "right speaker",
    "who_wrong_speaker_right_content": "wrong speaker, right content",
}
_HOW = {
    "how": "mean over spoken gold-YES items, zeros kept",
    "how_official_pos": "zeros dropped (authors' summary)",
    "how_all_yes": "over all gold-YES items, 0 for silence",
}


def make(
    result: Mapping[str, Any], graded: Graded, values: Mapping[str, float], bounds: Mapping[str, Interval]
) -> list[ScoreTable]:
    """All tables in the order they are printed."""
    out: list[ScoreTable] = []
    if graded.heard:
        out += [_who(result, values, bounds), _diagnosis(values, bounds)]
        out.append(rule_table(result["counts"]["who"], "who_answers", 'How "who" replies were read'))
    if graded.decided:
        out += [_when(result, values, bounds), _how(result, values, bounds)]
        if result["how"]["judges"]:
            out.append(_judges(result["how"]))
        if result["streaming"]:
            out += _streaming(result["streaming"])
        out.append(rule_table(result["counts"]["when"], "when_answers", 'How "when" replies were read'))
    return out


def _cell(name: str, values: Mapping[str, float], bounds: Mapping[str, Interval]) -> Any:
    value = values[name]
    return None if value != value else (value, bounds[name].low, bounds[name].high)


def _bins(summary: Mapping[str, Any]) -> str:
    return str(Unread(summary["unparsed"], summary["refused"], summary["missing"]))


def _with_other_mode(
    result: Mapping[str, Any], names: Mapping[str, str], rows: list[tuple[Any, ...]], extra: int
) -> None:
    mode = result["mode"]
    for other, headline in result["modes"].items():
        if other != mode and any(headline[name] != result["modes"][mode][name] for name in names):
            rows.append((other, *(headline[name] for name in names), *([None] * extra)))


def _differing(result: Mapping[str, Any], level: str) -> str:
    count = sum(name.startswith(f"{level}/") for name in result["differing_ids"])
    return f"; {count} items differ between the modes" if count else ""


def _who(
    result: Mapping[str, Any], values: Mapping[str, float], bounds: Mapping[str, Interval]
) -> ScoreTable:
    counts = result["counts"]["who"]
    rows: list[tuple[Any, ...]] = [
        (result["mode"], *(_cell(name, values, bounds) for name in _WHO), counts["answered"], _bins(counts))
    ]
    _with_other_mode(result, _WHO, rows, 2)
    for name, share in result["baselines"]["who"].items():
        rows.append((name, share, *([None] * (len(_WHO) + 1))))
    note = f"{result['who']['counted']} of {counts['items']} items counted; macro-F1 over readable replies"
    note += f"; {EACH_BY_ITSELF}"
    note += _differing(result, "l1")
    low, high = result["who_wilson"]
    if low is not None:
        note += f"; Wilson interval of Who: {low:.2f} to {high:.2f}"
    columns = ("", *_WHO.values(), "answered", UNREAD_HEADING)
    return ScoreTable("who", 'SocialOmni "who"', columns, tuple(rows), note)


def _diagnosis(values: Mapping[str, float], bounds: Mapping[str, Interval]) -> ScoreTable:
    cells = tuple((title, _cell(name, values, bounds)) for name, title in _DIAGNOSIS.items())
    return ScoreTable(
        "who_diagnosis",
        "What was heard right",
        ("", "%"),
        cells,
        "over items whose chosen and gold options split at a word of speech",
    )


def _when(
    result: Mapping[str, Any], values: Mapping[str, float], bounds: Mapping[str, Interval]
) -> ScoreTable:
    counts = result["counts"]["when"]
    rows: list[tuple[Any, ...]] = [
        (result["mode"], *(_cell(name, values, bounds) for name in _WHEN), counts["answered"], _bins(counts))
    ]
    _with_other_mode(result, _WHEN, rows, 2)
    for name, shares in result["baselines"]["when"].items():
        cells = (shares.get(metric.removeprefix("when_")) for metric in _WHEN)
        rows.append((name, *cells, None, None))
    cells_note = ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in result["when"]["cells"].items())
    columns = ("", *_WHEN.values(), "answered", UNREAD_HEADING)
    return ScoreTable(
        "when",
        'SocialOmni "when" (one annotated time)',
        columns,
        tuple(rows),
        f"{EACH_BY_ITSELF}; items: {cells_note}{_differing(result, 'l2')}",
    )


def _how(
    result: Mapping[str, Any], values: Mapping[str, float], bounds: Mapping[str, Interval]
) -> ScoreTable:
    entry = result["how"]
    rows: list[tuple[Any, ...]] = [
        (name, _cell(name, values, bounds), meaning) for name, meaning in _HOW.items()
    ]
    rows += [
        ("coverage", entry["coverage"], "spoken gold-YES items of all items, %"),
        ("coverage_gold_yes", entry["coverage_gold_yes"], "of gold-YES items, %"),
        ("gap_25", entry["gap_25"], "items with judges 25 or more apart, %"),
        ("gap_20", entry["gap_20"], "items with judges 20 or more apart, %"),
    ]
    note = f"{entry['items_judged']} of {entry['items_spoken']} spoken items have a judge's score"
    if entry["items_without_reply"]:
        note += f"; {entry['items_without_reply']} items with a rightful YES have no utterance"
    return ScoreTable("how", 'SocialOmni "how" (0 to 100)', ("score", "value", "meaning"), tuple(rows), note)


def _judges(entry: Mapping[str, Any]) -> ScoreTable:
    rows = tuple(
        (name, judge["mean"], judge["scored"], judge["zeros"], judge["failed"], judge["missing"])
        for name, judge in entry["judges"].items()
    )
    return ScoreTable("judges", "Judges", ("judge", "mean", "scored", "zeros", "failed", "missing"), rows)


def _streaming(entry: Mapping[str, Any]) -> list[ScoreTable]:
    offsets = tuple(
        ("mean offset, s" if name == "mean_offset_s" else f"{name.replace('_', ' ')}, %", value)
        for name, value in entry["offsets"].items()
    )
    note = (
        f"{entry['without_reply']} of {entry['items']} items have no streaming reply (counted as NoResponse)"
    )
    out = [ScoreTable("streaming_offsets", "Streaming when: offset labels", ("", "value"), offsets, note)]
    if entry["tolerance"]:
        rows = tuple(
            (f"{delta} s", t["precision"], t["recall"], t["f1"], t["steps"])
            for delta, t in entry["tolerance"].items()
        )
        columns = ("tolerance", "precision", "recall", "F1", "steps")
        out.append(ScoreTable("streaming_tolerance", "Streaming when: tolerance target", columns, rows))
    phases = tuple(
        (f"{delta} s", p["early"], p["on_time"], p["late"], p["no_response"], p["responders"])
        for delta, p in entry["phases"].items()
    )
    headings = ("tolerance", "early", "on time", "late", "no response", "responders")
    note = "early, on time and late over responders only; the three streaming definitions are not comparable"
    return [*out, ScoreTable("streaming_phases", "Streaming when: phases", headings, phases, note)]
