"""Cached embeddings: everything that changes them enters the key."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidkit.frames import cache
from vidkit.frames.cache import CachedRows, EmbeddingCache, code_key, content_key, frames_key
from vidkit.frames.encoders.models import _folder_mark
from vidkit.frames.options import FrameOptions
from vidkit.frames.pipeline import select_from_video

SIZE = 40 << 10
ENCODER_FILES = ("model.safetensors", "config.json", "preprocessor_config.json", "words.txt")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.bin"
    path.write_bytes(np.random.default_rng(0).bytes(SIZE))
    return path


def change_byte(path: Path, place: int) -> None:
    """Flip a byte and put the time of change back."""
    state = path.stat()
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.mark.parametrize("place", [0, SIZE // 3, SIZE // 2, SIZE - 1])
def test_any_byte_of_a_file_counts(file: Path, place: int) -> None:
    before = content_key(file)
    change_byte(file, place)
    assert content_key(file) != before


def test_a_copy_has_the_key_of_its_original(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "b.bin"
    copy.write_bytes(file.read_bytes())
    os.utime(copy, ns=(1, 1))
    assert content_key(copy) == content_key(file)


@pytest.mark.parametrize("place", [0, SIZE // 2, SIZE - 1])
def test_large_files_are_known_by_pieces_throughout_and_by_their_time(
    file: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    monkeypatch.setattr(cache, "WHOLE", 1 << 10)
    monkeypatch.setattr(cache, "_PIECES", 41)
    monkeypatch.setattr(cache, "_PIECE", 256)
    before = content_key(file)
    change_byte(file, place)
    assert content_key(file) != before
    between = content_key(file)
    change_byte(file, 700)  # between two pieces
    assert content_key(file) == between
    os.utime(file, ns=(1, 1))
    assert content_key(file) != between


def test_a_folder_is_known_by_the_content_of_its_files(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(b"x" * 99)
    before = content_key(tmp_path)
    change_byte(tmp_path / "1.png", 50)
    after = content_key(tmp_path)
    (tmp_path / "2.png").rename(tmp_path / "3.png")
    assert len({before, after, content_key(tmp_path)}) == 3


def test_frames_are_known_by_stream_number_and_time() -> None:
    numbers, times = np.arange(200), np.arange(200) / 4.0
    keys = [
        frames_key(numbers, times, 0),
        frames_key(numbers, times, 1),
        frames_key(numbers + 1, times, 0),
        frames_key(numbers, times / 2, 0),
        frames_key(numbers[:-1], times[:-1], 0),
        frames_key(np.where(numbers == 100, 101, numbers), times, 0),
    ]
    assert len(set(keys)) == len(keys)


def test_every_part_of_the_key_counts(tmp_path: Path) -> None:
    store = EmbeddingCache(tmp_path)
    parts = ["content", "frames", "pyav", "clip@1", "query"]
    paths = {store.path_of(*parts)}
    for place in range(len(parts)):
        paths.add(store.path_of(*parts[:place], parts[place] + "x", *parts[place + 1 :]))
    paths |= {
        store.path_of("ab", "c"),
        store.path_of("a", "bc"),
        store.path_of("a\0bc"),
        store.path_of("a", "b", "c"),
    }
    assert len(paths) == 1 + len(parts) + 4


def test_code_and_library_versions_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_key()
    code_key.cache_clear()
    assert code_key() == before
    for name in cache._LIBRARIES:
        code_key.cache_clear()
        monkeypatch.setattr(cache, "_version", lambda library, name=name: "9.9" if library == name else "1")
        other = code_key()
        assert other != before
        before = other
    monkeypatch.undo()
    code_key.cache_clear()


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "preprocessor_config.json", "words.txt"]
)
def test_every_file_of_an_encoder_counts(tmp_path: Path, name: str) -> None:
    for file in ENCODER_FILES:
        (tmp_path / file).write_bytes(b"{}" * 40)
    before = _folder_mark(str(tmp_path))
    change_byte(tmp_path / name, 41)
    assert _folder_mark(str(tmp_path)) != before


def test_damaged_and_foreign_entries_are_misses(tmp_path: Path) -> None:
    store = EmbeddingCache(tmp_path)
    rows = CachedRows(np.arange(3), np.zeros((3, 2), np.float16), None)
    path = store.path_of("a")
    store.save(path, rows)
    assert store.load(path) is not None
    store.save(path, CachedRows(np.arange(3), np.zeros((2, 2), np.float16), None))
    assert store.load(path) is None
    path.write_bytes(b"torn")
    assert store.load(path) is None


def test_a_default_folder_that_others_can_write_to_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = cache.default_folder()
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    store = EmbeddingCache(folder)
    store.save(store.path_of("a"), CachedRows(np.arange(1), np.zeros((1, 2), np.float16), None))
    assert list(folder.iterdir()) == []


def test_another_rate_or_stretch_of_a_folder_is_another_selection(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    rng = np.random.default_rng(0)
    for number in range(40):
        Image.fromarray(rng.integers(0, 255, (24, 32, 3), np.uint8)).save(images / f"{number:03d}.png")
    store = EmbeddingCache(tmp_path / "cache")
    for rate in (1.0, 2.0, 5.0, 1.0):
        options = FrameOptions(method="topk", k=4, frame_rate=rate, relevance="lexicon")
        kept = select_from_video(images, "red", options, cache=store)
        fresh = select_from_video(images, "red", options)
        assert kept.frame_numbers.tolist() == fresh.frame_numbers.tolist() and kept.lost == fresh.lost == 0
        assert kept.candidates.times.tolist() == fresh.candidates.times.tolist()
    assert kept.from_cache
    Image.fromarray(np.full((24, 32, 3), (255, 0, 0), np.uint8)).save(images / "020.png")
    again = select_from_video(images, "red", options, cache=store)
    assert not again.from_cache and 20 in again.frame_numbers


def test_a_folder_that_cannot_be_used_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("mine")
    cache = EmbeddingCache(tmp_path / "file")
    entry = CachedRows(np.arange(2), np.zeros((2, 3), np.float16), None)
    for key in ("a", "b"):
        assert cache.load(cache.path_of(key)) is None
        cache.save(cache.path_of(key), entry)
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith("no embeddings are cached in") and "damaged" not in told
