"""Thresholds tau by layer and head: one shared value, or a calibrated threshold table in a file."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidkit.errors import ConfigError, DataError
from vidkit.utils.files import write_text_atomic
from vidkit.utils.sealing import KEY as SEALED
from vidkit.utils.sealing import sealed
from vidkit.utils.strict_json import load_json

FORMAT = 1
JOINT = ("joint", "predicted", "shared", "sparsity", "shared_sparsity")
FLOOR = ("layers", "median", "heads", "heads_at_floor")
# what a number of a table may be, where it has it
_FROM_0 = (0.0, math.inf)
RANGES = {
    "budget": (0.0, 1.0), "delta": _FROM_0, "delta_reuse": (0.0, 1.0), "target_reuse": (0.0, 1.0),
    "shared_tau": (1e-9, 1.0), "shared_tau_objective": _FROM_0, "shared_tau_sparsity": (0.0, 1.0),
    "calibration_seconds": _FROM_0, "gap": _FROM_0, "achieved_sparsity": (0.0, 1.0), "objective": _FROM_0,
    "steps": (1, math.inf), "dense_steps": _FROM_0, "frames": (1, math.inf),
}  # fmt: skip
JOINT_RANGES = {
    "joint": _FROM_0,
    "predicted": _FROM_0,
    "shared": _FROM_0,
    "sparsity": (0.0, 1.0),
    "shared_sparsity": (0.0, 1.0),
    "above_floor": _FROM_0,
    "runs": (1, math.inf),
}
REQUIRED = ("format", "model", "predictor", "candidates", "budget", "tau", "E", "S")


def check_tau(tau: float) -> float:
    """The threshold itself.

    Raises:
        ConfigError: outside (0, 1].
    """
    if not 0 < tau <= 1:
        raise ConfigError(
            f"tau must be in (0, 1], got {tau}", "0.9 keeps 90 % of the estimated attention mass; 1 is dense"
        )
    return tau


@dataclass
class ThresholdTable:
    """A calibrated table, as stored on disk.

    Attributes:
        model: model the errors were measured on.
        predictor: `MaskPredictor.describe()` of the predictor.
        candidates: K thresholds that were probed, ascending.
        budget: minimum mean sparsity the choice had to reach.
        achieved_sparsity: mean sparsity of the choice, from S.
        objective: summed error of the choice, from E.
        tau: chosen thresholds `[L][H]`.
        E: measured errors `[L][H][K]`.
        S: measured sparsities `[L][H][K]`.
        meta: revision, transformer, resolution, frames, steps, shift, guidance, solver, gap, weights, bands,
            prompts_sha, seed, shared_tau_objective, floor, joint, delta and whatever else the maker records.
    """

    model: str
    predictor: dict[str, Any]
    candidates: list[float]
    budget: float
    achieved_sparsity: float
    objective: float
    tau: list[list[float]]
    E: list[list[list[float]]]
    S: list[list[list[float]]]
    meta: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def layers(self) -> int:
        """L."""
        return len(self.tau)

    @property
    def heads(self) -> int:
        """H."""
        return len(self.tau[0])

    def tensor(self) -> Tensor:
        """Tau as fp32 `[L, H]`."""
        return torch.tensor(self.tau, dtype=torch.float32)

    def save(self, path: str | Path) -> None:
        """Write atomically as JSON."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        row = asdict(self)
        row = {**row.pop("meta"), **row}
        write_text_atomic(path, json.dumps(sealed(row), indent=1))

    @classmethod
    def load(cls, path: str | Path) -> ThresholdTable:
        """Read and check a table file.

        Raises:
            DataError: missing, truncated, of another format, or inconsistent; names file and line or field.
        """
        path = Path(path)
        try:
            row = load_json(path.read_text(encoding="utf-8"), str(path))
        except FileNotFoundError as error:
            raise DataError(f"no table file {path}", "make one with `vidkit calibrate`") from error
        except OSError as error:
            raise DataError(f"table file {path} cannot be read: {error.strerror}") from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            line = getattr(error, "lineno", 1)
            raise DataError(
                f"{path}, line {line}: not a whole table file ({error})",
                "the file is truncated or damaged; "
                "run `vidkit calibrate` again, it resumes from its measurements",
            ) from error
        return cls._checked(row, path)

    @classmethod
    def _checked(cls, row: Any, path: Path) -> ThresholdTable:
        if not isinstance(row, dict):
            raise DataError(f"{path}: a table file holds a JSON object, not a {type(row).__name__}")
        if row.get("format") != FORMAT:
            raise DataError(
                f"{path}: table format {row.get('format')!r}, this version reads format {FORMAT}",
                "calibrate again with this version",
            )
        for name in REQUIRED:
            if name not in row:
                raise DataError(
                    f"{path}: field '{name}' is missing", "the file is truncated or is not a table"
                )
        _check_fields(row, path)
        names = (
            "model",
            "predictor",
            "candidates",
            "budget",
            "achieved_sparsity",
            "objective",
            "tau",
            "E",
            "S",
        )
        known = {n: row[n] for n in names if n in row}
        for name in ("achieved_sparsity", "objective"):
            known[name] = _number(known.get(name))
        table = cls(**known, meta={n: v for n, v in row.items() if n not in (*names, "format", SEALED)})
        table._check_shapes(path)
        return table

    def _check_shapes(self, path: Path) -> None:
        try:
            tau, E, S = (torch.tensor(x, dtype=torch.float64) for x in (self.tau, self.E, self.S))
        except (TypeError, ValueError, OverflowError, RuntimeError) as error:
            raise DataError(f"{path}: tau, E or S is not a rectangular array of numbers ({error})") from error
        K = len(self.candidates)
        if tau.dim() != 2 or E.shape != (*tau.shape, K) or S.shape != E.shape:
            raise DataError(
                f"{path}: shapes do not agree: tau {list(tau.shape)}, E {list(E.shape)}, S {list(S.shape)}, "
                f"{K} candidates"
            )
        if not bool(((tau > 0) & (tau <= 1)).all()):
            raise DataError(f"{path}: a threshold lies outside (0, 1]")
        for name, values, most in (("E", E, math.inf), ("S", S, 1.0)):
            if not bool((values.isfinite() & (values >= 0) & (values <= most)).all()):
                raise DataError(f"{path}: field '{name}' holds a value below 0, above {most:g} or not finite")

    def check_fits(
        self, path: str | Path, model: str | None, predictor: dict[str, Any], layers: int, heads: int
    ) -> None:
        """Refuse a table made for something else, naming both.

        Raises:
            ConfigError: model, predictor or shape differ.
        """
        if model is not None and self.model != model:
            raise ConfigError(
                f"table {path} was made for model '{self.model}', this is '{model}'",
                "calibrate this model, or use a shared tau",
            )
        ours = {n: predictor[n] for n in self.predictor if n in predictor}
        if self.predictor.get("name") != predictor["name"] or ours != self.predictor:
            raise ConfigError(
                f"table {path} was made with predictor {self.predictor}, this is {predictor}",
                "use the same predictor settings, or calibrate again",
            )
        if (self.layers, self.heads) != (layers, heads):
            raise ConfigError(
                f"table {path} has {self.layers} layers x {self.heads} heads, the model {layers} x {heads}"
            )


def _check_fields(row: dict[str, Any], path: Path) -> None:
    """Refuse fields of another kind, which would only fail where they are used."""

    def refuse(name: str, kind: str) -> None:
        raise DataError(
            f"{path}: field '{name}' is {row[name]!r:.60}, not {kind}",
            "the file was changed by hand, or is not a table",
        )

    predictor, joint = row["predictor"], row.get("joint")
    if not isinstance(row["model"], str):
        refuse("model", "a name")
    if not isinstance(predictor, dict) or not isinstance(predictor.get("name"), str):
        refuse("predictor", "a predictor with its name and parameters")
    if not isinstance(row["candidates"], list) or not all(0 < _number(x) <= 1 for x in row["candidates"]):
        refuse("candidates", "a list of thresholds in (0, 1]")
    if row["budget"] is None:
        refuse("budget", "a number from 0 to 1")
    for name, limits in RANGES.items():
        unknown = name in ("achieved_sparsity", "objective") and row.get(name) != row.get(name)
        if not unknown and not _within(row.get(name), limits):
            refuse(name, _range_words(limits))
    if row.get("floor") is not None and not _is_floor(row["floor"], row["tau"]):
        refuse("floor", f"the fields {', '.join(FLOOR)}, with one error per layer")
    if joint is not None and not (
        isinstance(joint, dict)
        and all(joint.get(name) is not None for name in JOINT)
        and all(_within(joint.get(name), limits) for name, limits in JOINT_RANGES.items())
    ):
        refuse("joint", f"the fields {', '.join(JOINT)}, numbers >= 0, and sparsities of at most 1")


def _within(value: object, limits: tuple[float, float]) -> bool:
    """True for a finite number within the limits, and for a field that is not there."""
    number = _number(value)
    return value is None or (limits[0] <= number <= limits[1] and number < math.inf)


def _range_words(limits: tuple[float, float]) -> str:
    least, most = limits
    return f"a number >= {least:g}" if most == math.inf else f"a number from {least:g} to {most:g}"


def _is_floor(floor: object, tau: object) -> bool:
    if not isinstance(floor, dict) or not isinstance(floor.get("layers"), list):
        return False
    values = [*floor["layers"], *(floor.get(name) for name in FLOOR[1:])]
    fits = not isinstance(tau, list) or len(floor["layers"]) == len(tau)
    return fits and all(0 <= _number(x) < math.inf for x in values)


def _number(value: object) -> float:
    """A JSON number as it is; NaN for anything else, which no range holds."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


class Thresholds:
    """tau for a layer as a tensor on the device of the call, made once.

    Args:
        tau: one shared value, or `[L, H]`.
        layers: L.
        heads: H.
    """

    def __init__(self, tau: float | Tensor, layers: int, heads: int) -> None:
        values = tau if isinstance(tau, Tensor) else torch.full((layers, heads), check_tau(tau))
        if values.shape != (layers, heads):
            raise ConfigError(f"thresholds {tuple(values.shape)} do not fit {layers} layers x {heads} heads")
        for value in values.flatten().tolist():
            check_tau(value)
        self.values = values.float()
        self._dense = self.values.ge(1).all(-1).tolist()
        self._on_device: dict[tuple[int, int, torch.device], Tensor] = {}

    def all_dense(self, layer: int) -> bool:
        """True when every head of the layer has tau = 1, which means dense."""
        return bool(self._dense[layer])

    def tau(self, layer: int, B: int, device: torch.device) -> Tensor:
        """`[B, H]` fp32."""
        key = (layer, B, device)
        if key not in self._on_device:
            self._on_device[key] = self.values[layer].to(device).expand(B, -1).contiguous()
        return self._on_device[key]
