"""Tables that ship with vidkit, for the models that ship with it: `attention.table=auto`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vidkit.attention.predictors import MaskPredictor
from vidkit.attention.thresholds import ThresholdTable

AUTO = "auto"
FOLDER = Path(__file__).parent / "tables"


@dataclass(frozen=True)
class ShippedTable:
    """What `auto` came to.

    Attributes:
        table: None: every head takes the shared tau.
        path: of the file, None when no table is there.
        why_not: why a table that is there is not used, in one clause.
    """

    table: ThresholdTable | None = None
    path: Path | None = None
    why_not: str | None = None


def shipped_path(model: str, predictor: str) -> Path:
    """Where the table of a model and a predictor would be."""
    return FOLDER / f"{model}-{predictor}.json"


def shipped_table(
    model: str | None, predictor: MaskPredictor, tau: float, fingerprint: str | None
) -> ShippedTable:
    """The shipped table where it fits, else none and why.

    Args:
        model: name of the model about to run.
        predictor: whose masks will use the table.
        tau: shared threshold asked for; another one than the table's budget was taken from wins over it.
        fingerprint: of the transformer's weights, None: not known, which no shipped table fits.
    """
    if model is None or "/" in model or not (path := shipped_path(model, predictor.name)).is_file():
        return ShippedTable()
    table = ThresholdTable.load(path)
    shared = table.meta.get("shared_tau")
    if table.meta.get("fingerprint") != fingerprint:
        made_on, ours_are = table.meta.get("fingerprint"), fingerprint or "not known"
        why: str | None = f"it was calibrated on other weights ({made_on}, these are {ours_are})"
    elif table.predictor != {name: predictor.describe().get(name) for name in table.predictor}:
        ours = predictor.describe()
        differs = [f"{n}={ours.get(n)}, there {v}" for n, v in table.predictor.items() if ours.get(n) != v]
        why = f"it was made with other masks ({'; '.join(differs)})"
    elif shared is not None and abs(shared - tau) > 1e-9:
        why = f"tau={tau:g} was asked for, its budget is that of tau={shared:g}"
    else:
        why = None
    return ShippedTable(None if why else table, path, why)
