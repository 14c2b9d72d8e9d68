"""Names of the selectors, their settings, and the one call that runs them. Used by `vidkit select-frames`."""

from __future__ import annotations

import dataclasses
import operator
from enum import Enum
from typing import Any, ClassVar, Protocol, cast

import numpy as np

from vidkit.errors import ConfigError
from vidkit.frames.checks import NanPolicy, clean_candidates, is_constant
from vidkit.frames.notes import NO_RELEVANCE, with_notes
from vidkit.frames.types import Candidates, NoConfig, Segment, Selection
from vidkit.utils.blas import one_blas_thread
from vidkit.utils.method_settings import make_config
from vidkit.utils.plugins import load_class

SELECTORS = {
    "wfs-sb": "vidkit.frames.selectors.wfs_sb:WfsSb",
    "efs": "vidkit.frames.selectors.efs:Efs",
    "uniform": "vidkit.frames.selectors.uniform:Uniform",
    "topk": "vidkit.frames.selectors.ranking:TopK",
    "mmr": "vidkit.frames.selectors.ranking:Mmr",
    "bin": "vidkit.frames.selectors.ranking:Bin",
    "aks": "vidkit.frames.selectors.aks:Aks",
    "aks-authors": "vidkit.frames.selectors.aks:AksAuthors",
    "bolt": "vidkit.frames.selectors.bolt:Bolt",
    "dig": "vidkit.frames.selectors.dig:Dig",
    "dig-authors": "vidkit.frames.selectors.dig_authors:DigAuthors",
    "omp": "vidkit.frames.selectors.omp:Omp",
    "dpp": "vidkit.frames.selectors.dpp:Dpp",
    "lddr": "vidkit.frames.selectors.lddr:Lddr",
    "facility": "vidkit.frames.selectors.facility:Facility",
    "focus": "vidkit.frames.selectors.focus:Focus",
    "fps": "vidkit.frames.selectors.spread:FarthestPoint",
    "scene": "vidkit.frames.selectors.spread:Scene",
    "wfs-sb+": "vidkit.frames.selectors.robust:WfsSbPlus",
    "efs+": "vidkit.frames.selectors.robust:EfsPlus",
}
METHODS = tuple(SELECTORS)


class Selector(Protocol):
    """A selection rule: a pure, deterministic function of arrays.

    `needs` is what the rule cannot run without, of "relevance", "features", "rewards" and "query_features";
    `uses` is what it looks at when present. `config` is the dataclass of its settings.
    """

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]]
    uses: ClassVar[frozenset[str]]
    config: ClassVar[type[Any]]
    note: ClassVar[str]

    def select(self, candidates: Candidates, k: int, cfg: Any) -> Selection: ...


def load_selector(name: str) -> Selector:
    """The selector called `name`: ours, an installed plugin's, or `FILE.py:Class`.

    A class from elsewhere needs `select(candidates, k, cfg)` alone: without `needs` and `uses` it is taken to
    need nothing and to look at relevance and features, without `config` to have no settings.

    Raises:
        ConfigError: there is no such method, file or class, or it cannot select; the hint names near ones.
    """
    found = load_class("selector", name, SELECTORS, ("select",))
    made = found()
    given = {
        "name": name,
        "needs": frozenset(),
        "uses": frozenset({"relevance", "features"}),
        "config": NoConfig,
        "note": "",
    }
    for attribute, value in given.items():
        if not hasattr(made, attribute):
            setattr(made, attribute, value)
    return cast(Selector, made)


def method_settings(name: str, values: dict[str, Any]) -> Any:
    """Build the settings of a method from plain values.

    Raises:
        ConfigError: an unknown key, a wrong type, or a value out of range.
    """
    hint = "'vidkit config select-frames frames' lists the settings" if name in SELECTORS else ""
    return make_config(load_selector(name).config, name, values, hint)


def check_budget(k: Any) -> int:
    """`k` as a whole number of at least 1.

    Raises:
        ConfigError: anything else.
    """
    try:
        if isinstance(k, bool):
            raise TypeError
        number = operator.index(k)
    except TypeError as error:
        raise ConfigError(f"k must be a whole number >= 1, got {k!r}", "e.g. k=16") from error
    if number < 1:
        raise ConfigError(f"k must be a whole number >= 1, got {number}", "e.g. k=16")
    return number


def select(name: str, candidates: Candidates, k: int, *, nan: str = "reject", **cfg: Any) -> Selection:
    """Keep `k` of the candidates by the method `name`.

    Args:
        name: one of `METHODS`.
        candidates: times, and what the method looks at.
        k: frame budget, >= 1; with k >= N every candidate is kept and no method runs.
        nan: "reject" values that are not finite, or "impute" them (median; +-inf: extremes).
        cfg: the method's settings (`strict_paper=True`, `alpha=0.1`, ...).

    Returns:
        Exactly min(k, N) strictly increasing indices, except for `aks-authors` and `dig-authors`, which may
        keep fewer.

    Raises:
        ConfigError: unknown method or setting, or k < 1.
        DataError: values that are not finite under nan="reject" (exit code 3), or a missing input.
    """
    k = check_budget(k)
    selector = load_selector(name)
    settings = method_settings(name, cfg)
    policy = _nan_policy(nan)
    candidates, notes = clean_candidates(candidates, policy)
    if k >= len(candidates):
        return _keep_all(name, candidates, k, notes)
    _require_inputs(selector, candidates)
    relevance, given = candidates.relevance, candidates
    strict = bool(getattr(settings, "strict_paper", False)) or name.endswith("-authors")
    if relevance is not None and is_constant(relevance) and not strict and "relevance" in selector.uses:
        notes.append("relevance is constant: treated as no relevance")
        candidates = dataclasses.replace(candidates, relevance=None)
    with one_blas_thread():
        selection = selector.select(candidates, k, settings)
    missing = NO_RELEVANCE if candidates is given else "relevance is constant"
    if selection.fallback == NO_RELEVANCE:
        selection = dataclasses.replace(selection, fallback=missing)
    selection = with_notes(selection, candidates, k, selector.uses, missing)
    return dataclasses.replace(
        selection,
        warnings=(*notes, *selection.warnings),
        method_applied=selection.method_applied or name,
    )


def _nan_policy(nan: str) -> NanPolicy:
    try:
        return NanPolicy(nan)
    except ValueError as error:
        raise ConfigError(
            f"no policy '{nan}' for values that are not finite", "use reject or impute"
        ) from error


def _keep_all(name: str, candidates: Candidates, k: int, notes: list[str]) -> Selection:
    n = len(candidates)
    if k > n:
        notes.append("budget exceeds candidates")
    why = f"{n} candidate{'s' if n > 1 else ''} for k = {k}"
    return Selection(name, np.arange(n), (Segment(0, n),), ("all",) * n, {}, tuple(notes), "all", why)


def _require_inputs(selector: Selector, candidates: Candidates) -> None:
    for need in sorted(selector.needs):
        if getattr(candidates, need) is None:
            raise ConfigError(
                f"'{selector.name}' needs {need.replace('_', ' ')}, and there is none",
                "give a query (and an encoder that scores it), or use uniform, fps, scene or efs",
            )


def config_dict(settings: Any) -> dict[str, Any]:
    """A method's settings as plain values for the record."""
    return {
        key: value.value if isinstance(value, Enum) else value
        for key, value in dataclasses.asdict(settings).items()
    }
