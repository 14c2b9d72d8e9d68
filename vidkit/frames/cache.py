"""Embeddings on disk, keyed by what the file holds, the encoder and the sampling (setting `cache`)."""

from __future__ import annotations

import hashlib
import logging
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidkit.errors import OutputError
from vidkit.utils.files import atomic_path

_MIB = 1 << 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CachedRows:
    """Rows [N, D] of candidates [N], scores [N] or None, and frames lost in decoding."""

    indices: NDArray[np.int64]
    rows: NDArray[np.float16]
    scores: NDArray[np.float32] | None
    decode_errors: int = 0


def content_key(path: Path) -> str:
    """Hash of a file's first and last MiB and its size; of a folder, of its files' names and sizes."""
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(path.iterdir()):
            digest.update(f"{file.name}\0{file.stat().st_size}\0{file.stat().st_mtime_ns}\n".encode())
        return digest.hexdigest()
    size = path.stat().st_size
    with path.open("rb") as stream:
        digest.update(stream.read(_MIB))
        stream.seek(max(0, size - _MIB))
        digest.update(stream.read(_MIB))
    digest.update(str(size).encode())
    return digest.hexdigest()


def default_folder() -> Path:
    """`$XDG_CACHE_HOME/vidkit/frames`, or `~/.cache/vidkit/frames`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "vidkit" / "frames"


class EmbeddingCache:
    """A folder of npz files, one an encoder and video. Never fails a run: a bad entry is a miss."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, *key: str) -> Path:
        """File of a key: content, stream, reader, sampling, encoder (and query, where it matters)."""
        name = hashlib.sha256("\0".join(key).encode()).hexdigest()
        return self.folder / name[:2] / f"{name}.npz"

    def load(self, path: Path) -> CachedRows | None:
        """An entry, or None when there is none or it is damaged."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                scores = stored.get("scores", None)
                entry = CachedRows(stored["indices"], stored["rows"], scores, int(stored["decode_errors"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            _log.warning("damaged cache entry %s ignored: %s", path, error)
            return None
        return entry if entry.rows.shape[0] == entry.indices.shape[0] else None

    def save(self, path: Path, entry: CachedRows) -> None:
        """Write an entry; a full or read-only disk costs the entry, not the run."""
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
            _log.warning("embedding not cached: %s", error)
