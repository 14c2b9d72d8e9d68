"""Columns of the pair that were computed, in a folder: a run that was cut short or asks for more goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vidkit.agents.pair.columns import FIRST_SEED, Column, pair_columns
from vidkit.agents.pair.network import PairNetwork
from vidkit.errors import DataError
from vidkit.utils.damaged import DAMAGED_ARRAYS
from vidkit.utils.files import atomic_path, check_writable

CHUNK = 64
"""Questions that are drawn together, and kept together."""
_STRIDE = 1000  # seeds between chunks: one in twenty is of a split


def stored_columns(
    folder: Path | None,
    small: PairNetwork,
    large: PairNetwork | None,
    count: int,
    split: str,
    tell: Callable[[str], None],
) -> dict[str, Column]:
    """`pair_columns` in chunks, each of which is kept as soon as it is there.

    Args:
        folder: of the chunks; None keeps none. A chunk's name holds its split and a hash of the weights.
        small: model.
        large: model, None for columns of the small one alone.
        count: questions.
        split: of them.
        tell: told how far it is.

    Raises:
        OutputError: the folder cannot be written to.
        DataError: a chunk that cannot be read.
    """
    if folder is not None:
        check_writable(folder, create=True)
    weights = _hash_of(small, large)
    parts = []
    for number in range(-(-count // CHUNK)):
        file = None if folder is None else folder / f"{split}-{weights}-{CHUNK * number:06d}.npz"
        found = None if file is None or not file.exists() else _read(file)
        if found is None:
            start = FIRST_SEED + _STRIDE * number
            found = pair_columns(small, large, CHUNK, CHUNK, split, start=start)
            if file is not None:
                with atomic_path(file) as part, part.open("wb") as target:
                    np.savez_compressed(target, **found)  # type: ignore[arg-type]
        parts.append(found)
        tell(f"{min(count, (number + 1) * CHUNK)} of {count} questions")
    return {name: np.concatenate([part[name] for part in parts])[:count] for name in parts[0]}


def _read(file: Path) -> dict[str, Column]:
    try:
        with np.load(file, allow_pickle=False) as held:
            return {name: held[name].astype(np.float64) for name in held.files}
    except DAMAGED_ARRAYS as error:
        raise DataError(f"cannot read '{file}': {error}", "delete it; it will be computed again") from error


def _hash_of(small: PairNetwork, large: PairNetwork | None) -> str:
    digest = hashlib.sha256()
    for model in (small, large):
        for values in [] if model is None else model.state_dict().values():
            digest.update(values.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]
