"""The gates of the embedded pair: how well each tells right drafts from wrong ones, and its promise kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from vidkit.agents.blend import Blend, fit_blend
from vidkit.agents.gate_scores import aurc, auroc
from vidkit.agents.pair.columns import Column, gate_columns
from vidkit.agents.risk_control import calibrate_threshold
from vidkit.synthetic.zoom_scenes.layout import SIZE_BOUNDS
from vidkit.synthetic.zoom_scenes.questions import KINDS

BLEND = "blend (ours)"
OURS, PAPER = "margin (ours), K = 64", "separability, K = 64"
_RESAMPLES = 2000
_BLENDED = ("separability, K = 8", "margin", "min_prob", "entropy", "tool_free")


@dataclass(frozen=True, slots=True)
class Scored:
    """Drafts with their scores.

    Attributes:
        columns: of `pair_columns`.
        scores: by name of the gate [N].
        blend: fitted on other drafts.
    """

    columns: dict[str, Column]
    scores: dict[str, Column]
    blend: Blend


def blend_inputs(logits: Column, tool_free: Column) -> dict[str, Column]:
    """What the blend is made of; probabilities as log odds."""
    scores = gate_columns(logits)
    top = -np.sort(-logits.astype(np.float64), axis=-1)[..., :2]
    gaps = top[..., 0] - top[..., 1]
    found = {"margin": np.minimum(gaps[:, 0], gaps[:, 1]), **scores, "tool_free": _odds(tool_free)}
    found["min_prob"] = _odds(scores["min_prob"])
    return {name: found[name] for name in _BLENDED}


def _odds(share: Column) -> Column:
    kept = np.clip(share, 1e-6, 1 - 1e-6)
    odds: Column = np.log(kept / (1 - kept))
    return odds


def score_all(columns: dict[str, Column], blend: Blend | None = None) -> tuple[Scored, Scored]:
    """Every gate's scores; without a blend it is fitted on the first third, which is then left out.

    Returns:
        The rest of the drafts, and those it was fitted on (none where a blend was given).
    """
    count = len(columns["small"])
    cut = 0 if blend is not None else count // 3
    first, rest = ({name: values[part] for name, values in columns.items()} for part in _parts(cut))
    if blend is None:
        blend = fit_blend(blend_inputs(first["logits"], first["tool_free"]), first["small"] > 0)
    return _scored(rest, blend), _scored(first, blend)


def _parts(cut: int) -> tuple[slice, slice]:
    return slice(0, cut), slice(cut, None)


def _scored(columns: dict[str, Column], blend: Blend) -> Scored:
    if len(columns["small"]) == 0:
        return Scored(columns, {}, blend)
    scores = gate_columns(columns["logits"])
    inputs = blend_inputs(columns["logits"], columns["tool_free"])
    scores[BLEND] = blend.score(np.stack([inputs[name] for name in blend.names], 1))
    return Scored(columns, scores, blend)


def gate_rows(
    calibrate: Scored, test: Scored, risk: float, delta: float, splits: int, seed: int
) -> Iterator[dict[str, Any]]:
    """One row a gate.

    Each threshold is calibrated on one split and applied to the other; then, on `splits` random divisions of
    all drafts into a third to calibrate on and the rest, how often the risk was kept.
    """
    for name, scores in test.scores.items():
        right, own = test.columns["small"] > 0, calibrate.columns["small"] > 0
        threshold = calibrate_threshold(calibrate.scores[name], own, risk, delta)
        believed = scores > (np.inf if threshold is None else threshold)
        within = [auroc(scores[rows], right[rows]) for rows in _templates(test.columns["kind"])]
        both = np.concatenate([calibrate.scores[name], scores])
        truth = np.concatenate([own, right])
        yield {
            "gate": name,
            "auroc": auroc(scores, right),
            "auroc_within": float(np.nanmean(within)) if np.isfinite(within).any() else None,
            "auroc_by_kind": {
                kind: None if np.isnan(value) else float(value)
                for kind, value in zip(KINDS, within, strict=True)
            },
            "aurc": aurc(scores, right),
            "threshold": threshold,
            "believed": float(believed.mean()),
            "wrong_of_believed": float(1 - right[believed].mean()) if believed.any() else None,
            **kept_risk(both, truth, risk, delta, splits, seed),
        }


def _templates(kind: Column) -> list[Any]:
    return [kind == place for place in range(len(KINDS))]


def kept_risk(
    scores: Column, right: Column, risk: float, delta: float, splits: int, seed: int
) -> dict[str, Any]:
    """On how many random divisions at most `risk` of the believed were wrong; none believed keeps it too."""
    draw, kept, believed = np.random.default_rng(seed), 0, []
    third = len(scores) // 3
    for _ in range(splits):
        order = draw.permutation(len(scores))
        own, rest = order[:third], order[third:]
        threshold = calibrate_threshold(scores[own], right[own], risk, delta)
        accepted = scores[rest] > (np.inf if threshold is None else threshold)
        believed.append(float(accepted.mean()))
        kept += bool(not accepted.any() or 1 - right[rest][accepted].mean() <= risk)
    return {"kept": kept, "splits": splits, "believed_over_splits": float(np.mean(believed))}


def paired_interval(differences: Column, seed: int = 0) -> tuple[float, float]:
    """95 % interval of a mean of paired differences, by the bootstrap over questions."""
    draw = np.random.default_rng(seed)
    values, counts = np.unique(differences, return_counts=True)
    drawn = draw.multinomial(len(differences), counts / len(differences), _RESAMPLES)
    low, high = np.percentile(drawn @ values / len(differences), [2.5, 97.5])
    return float(low), float(high)


def size_rows(test: Scored) -> Iterator[dict[str, Any]]:
    """What zooming is worth, by the side of the smallest object that decides the answer."""
    key, needs = test.columns["key"], test.columns["needs"] > 0
    groups = {f"{low}-{high} px": (key >= low) & (key < high) for low, high in pairwise(SIZE_BOUNDS)}
    groups |= {"zoom needed": needs, "zoom not needed": ~needs, "all": needs | ~needs}
    for name, rows in groups.items():
        if not rows.any():
            continue
        shares = {who: float(test.columns[who][rows].mean()) for who in ("small", "no_zoom", "agent")}
        gains = test.columns["agent"][rows] - test.columns["no_zoom"][rows]
        low, high = paired_interval(gains)
        yield {
            "size": name,
            "questions": int(rows.sum()),
            **shares,
            "gain": float(gains.mean()),
            "gain_low": low,
            "gain_high": high,
            "crops": float(test.columns["crops"][rows].mean()),
        }


def template_rows(test: Scored) -> Iterator[dict[str, Any]]:
    """Why a score that is good within a kind may be bad across kinds: its level differs from kind to kind."""
    for place, kind in enumerate(KINDS):
        rows = test.columns["kind"] == place
        right = test.columns["small"][rows] > 0
        if not rows.any():
            continue
        row: dict[str, Any] = {"kind": kind, "questions": int(rows.sum()), "small": float(right.mean())}
        for name in (PAPER, OURS, "min_prob", BLEND):
            scores = test.scores[name][rows]
            for word, some in (("right", scores[right]), ("wrong", scores[~right])):
                row[f"{name}, {word}"] = float(np.median(some)) if len(some) else None
        yield row
