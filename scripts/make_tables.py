"""The tables that ship with the embedded model, made anew: run it whenever its weights change.

    python scripts/make_tables.py                              # 2 x 7 minutes on two quiet cores
    PYTHONPATH=.:kernels python scripts/make_tables.py --device cuda     # where nothing is installed

Settings are those of configs/calibrate/maze.yaml, read without Hydra. A killed run resumes.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
import typing
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from vidkit.attention.presets import embedded_masks
from vidkit.attention.shipped import FOLDER, shipped_path
from vidkit.config.calibrate_schema import CalibrateSettings
from vidkit.errors import VidkitError

ROOT = Path(__file__).resolve().parents[1]


def settings_of(predictor: str, device: str, work: Path) -> CalibrateSettings:
    """`vidkit calibrate attention=PREDICTOR` with a table in the package."""
    row = _yaml("calibrate/maze")
    row["model"] = _yaml("model/maze")
    row["attention"] = _yaml(f"attention/{predictor}") | embedded_masks()
    row |= {"output": str(shipped_path("maze", predictor)), "device": device, "work": str(work / predictor)}
    made = build(CalibrateSettings, row)
    assert isinstance(made, CalibrateSettings)
    return made


def _yaml(name: str) -> dict[str, Any]:
    row = yaml.safe_load((ROOT / "configs" / f"{name}.yaml").read_text(encoding="utf-8"))
    return {key: value for key, value in row.items() if key != "defaults"}


def build(kind: Any, value: Any) -> Any:
    """Plain values to a dataclass, enums and nested dataclasses included."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        kinds = typing.get_type_hints(kind)
        # settings of a method are not fields: they pass as they are
        return kind(**{key: build(kinds.get(key), item) for key, item in value.items()})
    if typing.get_origin(kind) is list:
        return [build(typing.get_args(kind)[0], item) for item in value]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    return value


def main() -> int:
    """Calibrate both predictors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--predictors", nargs="+", default=["xattention", "svg2"])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--work", type=Path, default=Path("outputs/tables"), help="measurements")
    parser.add_argument("--fresh", action="store_true", help="forget an earlier run and its tables")
    given = parser.parse_args()
    from vidkit.commands.calibrate.command import run

    FOLDER.mkdir(exist_ok=True)
    for predictor in given.predictors:
        if given.fresh:
            shutil.rmtree(given.work / predictor, ignore_errors=True)
            # a table for other masks would be refused as another's
            shipped_path("maze", predictor).unlink(missing_ok=True)
        try:
            run(settings_of(predictor, given.device, given.work))
        except VidkitError as error:
            print(f"error: {error.message}\nhint: {error.hint or ''}", file=sys.stderr)
            return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
