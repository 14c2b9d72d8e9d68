"""Embeddings on disk, keyed by everything that changes them (setting `cache`).

A key is made of
- the content of the file: a hash of all of it up to 256 MiB, of pieces throughout with size and time of
  change above; of an image folder, the same over its files;
- the frames: stream, and number and time of every candidate, which rate, start, end, phase, limit and the
  frame rate of a folder all come down to;
- the encoder: its name, weights, number type and preprocessing, and the query where it takes part;
- the code: vidkit's that reads and encodes, and the versions of the libraries below it;
- the reader that was asked for and chosen.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import OutputError
from vidkit.utils.caches import cache_root, own_folder
from vidkit.utils.damaged import DAMAGED_ARRAYS
from vidkit.utils.files import atomic_path

_MIB = 1 << 20
WHOLE = 256 * _MIB  # bytes that are read whole: a quarter of a second
_PIECES, _PIECE = 512, 64 << 10  # of larger files
_LAYOUT = "2"
_CODE = ("video", "frames/encoders", "frames/embed.py")  # what makes rows out of a file
_LIBRARIES = ("av", "decord2", "numpy", "opencv-python-headless", "torch", "transformers")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CachedRows:
    """Rows [N, D] of candidates [N], scores [N] or None, and frames lost in decoding."""

    indices: NDArray[np.int64]
    rows: NDArray[np.float16]
    scores: NDArray[np.float32] | None
    decode_errors: int = 0


def content_key(path: Path) -> str:
    """Hash of a file, or of a folder's files: whole up to 256 MiB, else pieces, sizes and times of change."""
    digest = hashlib.sha256()
    if not path.is_dir():
        _add_file(digest, path, WHOLE)
        return digest.hexdigest()
    files = sorted(file for file in path.iterdir() if file.is_file())
    left = WHOLE
    for file in files:
        digest.update(f"{file.name}\0".encode("utf-8", "surrogateescape"))
        left -= _add_file(digest, file, left)
    return digest.hexdigest()


def _add_file(digest: hashlib._Hash, path: Path, whole: int) -> int:
    """Take a file into a hash; returns the bytes that were read."""
    state = path.stat()
    digest.update(f"{state.st_size}\0".encode())
    with path.open("rb") as stream:
        if state.st_size <= whole:
            while chunk := stream.read(_MIB):
                digest.update(chunk)
            return state.st_size
        digest.update(f"{state.st_mtime_ns}\0".encode())
        last = max(0, state.st_size - _PIECE)
        for start in sorted({last * number // (_PIECES - 1) for number in range(_PIECES)}):
            stream.seek(start)
            digest.update(stream.read(_PIECE))
    return 0


def frames_key(indices: NDArray[np.int64], times: NDArray[np.float64], stream: int) -> str:
    """Hash of the candidates: their numbers and times, and the stream they are of."""
    digest = hashlib.sha256(f"{stream}\0{indices.size}\0".encode())
    digest.update(np.ascontiguousarray(indices, dtype="<i8").tobytes())
    digest.update(np.ascontiguousarray(times, dtype="<f8").tobytes())
    return digest.hexdigest()


@functools.cache
def code_key() -> str:
    """Hash of the code that reads and encodes, and of the versions of the libraries that it calls."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(_LAYOUT.encode())
    for name in _CODE:
        place = root / name
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    for library in _LIBRARIES:
        digest.update(f"{library}={_version(library)}\0".encode())
    return digest.hexdigest()


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "none"


def default_folder() -> Path:
    """`$XDG_CACHE_HOME/vidkit/frames`, or `~/.cache/vidkit/frames`."""
    return cache_root() / "frames"


class EmbeddingCache:
    """A folder of npz files, one an encoder and video. Never fails a run: a bad entry is a miss."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._is_usable = True
        if folder == default_folder():
            try:
                own_folder("frames")
            except OutputError as error:
                _log.warning("no embeddings are cached: %s", error.message)
                self._is_usable = False

    def path_of(self, *key: str) -> Path:
        """File of a key: content, frames, reader, encoder (and query, where it matters)."""
        name = hashlib.sha256(json.dumps([code_key(), *key]).encode()).hexdigest()
        return self.folder / name[:2] / f"{name}.npz"

    def load(self, path: Path) -> CachedRows | None:
        """An entry, or None when there is none or it is damaged."""
        if not self._is_usable:
            return None
        try:
            with np.load(path, allow_pickle=False) as stored:
                scores = stored.get("scores", None)
                entry = CachedRows(stored["indices"], stored["rows"], scores, int(stored["decode_errors"]))
        except FileNotFoundError:
            return None
        except OSError as error:
            self._give_up(error)
            return None
        except DAMAGED_ARRAYS as error:
            _log.warning("damaged cache entry %s ignored: %s", path, error)
            return None
        return entry if _is_whole(entry) else None

    def save(self, path: Path, entry: CachedRows) -> None:
        """Write an entry; a full or read-only disk costs the entry, not the run."""
        if not self._is_usable:
            return
        arrays = {
            "indices": entry.indices,
            "rows": entry.rows,
            "decode_errors": np.array(entry.decode_errors),
        }
        if entry.scores is not None:
            arrays["scores"] = entry.scores
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(path) as temporary, temporary.open("wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]
        except (OSError, OutputError) as error:
            self._give_up(error)

    def _give_up(self, error: OSError | OutputError) -> None:
        """Say once that the folder is of no use."""
        self._is_usable = False
        reason = getattr(error, "strerror", None) or str(error)
        _log.warning("no embeddings are cached in '%s': %s", self.folder, reason)


def _is_whole(entry: CachedRows) -> bool:
    sizes = {entry.indices.shape[0], entry.rows.shape[0]} if entry.indices.ndim == 1 else set()
    if entry.scores is not None:
        sizes.add(entry.scores.shape[0])
    return len(sizes) == 1 and entry.rows.ndim == 2
