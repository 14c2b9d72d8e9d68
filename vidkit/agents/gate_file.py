"""A calibrated gate on disk: its threshold with all that it holds for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidkit.agents.engines.speculative import GateRule
from vidkit.agents.gate import KINDS
from vidkit.agents.risk_control import METHODS
from vidkit.errors import ConfigError, DataError
from vidkit.utils.ownership import FILES, SEAL
from vidkit.utils.strict_json import load_json

FORM = "vidkit gate 1"


@dataclass(frozen=True, slots=True)
class GateFile:
    """A threshold, and for what it was found.

    Attributes:
        model: name of the small model.
        task: benchmark whose prompts it was asked with.
        kind: of the score.
        k: alternatives per token.
        threshold: None where no threshold keeps the risk: nothing is believed.
        risk: share of wrong drafts among the believed, at most.
        delta: probability that this does not hold.
        count: drafts it was found on.
        coverage: share of them that it believes.
        accuracy: share of those that are right; None where none is believed.
        method: by which the threshold was found, one of `risk_control.METHODS`.
    """

    model: str
    task: str
    kind: str
    k: int
    threshold: float | None
    risk: float
    delta: float
    count: int
    coverage: float
    accuracy: float | None
    method: str = METHODS[0]

    def rule_for(self, model: str, task: str) -> GateRule:
        """The rule for a run.

        Raises:
            ConfigError: the gate was found for another model or benchmark, or believes nothing.
        """
        for what, own, given in (("model", self.model, model), ("benchmark", self.task, task)):
            if own != given:
                raise ConfigError(
                    f"the gate was calibrated for the {what} '{own}', not for '{given}'",
                    "a threshold holds for one model and one prompt: run vidkit calibrate gate for this one",
                )
        if self.threshold is None:
            raise ConfigError(
                f"the gate believes nothing: no threshold keeps the risk of {self.risk:g}",
                "calibrate with a larger risk or more drafts, or use engine=agent",
            )
        try:
            return GateRule(self.threshold, self.kind, self.k)
        except ValueError as error:
            raise ConfigError(f"the gate's {error}", "calibrate it again") from error

    def as_dict(self) -> dict[str, Any]:
        """As it lies on disk."""
        return {"form": FORM, **asdict(self)}


def read_gate(path: str | Path) -> GateFile:
    """Read a gate.

    Raises:
        ConfigError: no such file.
        DataError: it is no gate; the message names the field.
    """
    place = Path(path)
    try:
        text = place.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"no gate file '{path}'", "make one with vidkit calibrate gate") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the gate file '{path}': {error}", "check the path") from error
    try:
        found = load_json(text, place.name)
    except ValueError as error:
        raise DataError(f"'{place.name}' is not JSON: {error}", "vidkit calibrate gate makes them") from error
    if not isinstance(found, dict) or found.pop("form", None) != FORM:
        raise DataError(f"'{place.name}' is not a gate file", "vidkit calibrate gate makes them")
    for mark in (FILES, SEAL):  # by which vidkit knows the file as its own
        found.pop(mark, None)
    return _checked(found, place.name)


def _checked(found: dict[str, Any], name: str) -> GateFile:
    found = {"method": METHODS[0], **found}  # which files did not always name
    wanted = set(GateFile.__dataclass_fields__)
    if found.keys() != wanted:
        odd = sorted(found.keys() ^ wanted)[0]
        problem = "lacks" if odd in wanted else "has an unknown field"
        raise DataError(f"{name}: the gate {problem} '{odd}'", "vidkit calibrate gate makes such files")
    for field in ("model", "task", "kind", "method"):
        if not isinstance(found[field], str):
            raise DataError(f"{name}: '{field}' must be text, got {found[field]!r:.40}")
    if found["kind"] not in KINDS:
        raise DataError(f"{name}: unknown gate '{found['kind'][:40]}'", f"one of {', '.join(KINDS)}")
    if found["method"] not in METHODS:
        raise DataError(f"{name}: unknown method '{found['method'][:40]}'", f"one of {', '.join(METHODS)}")
    for field in ("threshold", "risk", "delta", "coverage", "accuracy"):
        value, may_lack = found[field], field in ("threshold", "accuracy")
        if value is None and may_lack:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 1e300:
            raise DataError(f"{name}: '{field}' must be a number, got {value!r:.40}")
    for field, least in (("k", 3), ("count", 0)):
        value = found[field]
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise DataError(f"{name}: '{field}' must be a whole number >= {least}, got {value!r:.40}")
    return GateFile(**found)
