"""Only what vidkit wrote, and nobody changed, may be overwritten; inputs never."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vidkit.errors import OutputError
from vidkit.utils.files import atomic_path, write_text_atomic
from vidkit.utils.ownership import _seal, check_targets, marks_in, signed, unchanged_files
from vidkit.utils.reservation import free, reserve, reserve_free


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a run's clip, a file in a folder below, and the record that owns them."""
    (tmp_path / "frames").mkdir()
    for name in ("clip.mp4", "frames/one.jpg"):
        (tmp_path / name).write_text(name)
    files = {tmp_path / name: tmp_path / name for name in ("clip.mp4", "frames/one.jpg")}
    record = signed({"seed": 5, "share": 0.1, "words": "été", "pair": (1, 2)}, tmp_path, files)
    write_text_atomic(tmp_path / "clip.json", json.dumps(record, indent=1, ensure_ascii=False))
    return tmp_path


def targets(folder: Path) -> list[Path]:
    return [folder / "clip.mp4", folder / "frames/one.jpg", folder / "clip.json"]


def refusal(folder: Path, inputs: list[Path] | None = None, force: bool = False) -> tuple[str, str]:
    with pytest.raises(OutputError) as error:
        check_targets(targets(folder), folder / "clip.json", inputs or [], force)
    return error.value.message, error.value.hint


def test_files_of_an_earlier_run_may_be_overwritten(own: Path) -> None:
    check_targets(targets(own), own / "clip.json", [], force=False)
    assert unchanged_files(own / "clip.json") == [own / "clip.mp4", own / "frames/one.jpg"]


def test_a_free_place_needs_no_record(tmp_path: Path) -> None:
    check_targets(targets(tmp_path), tmp_path / "clip.json", [tmp_path / "no such input"], force=False)


@pytest.mark.parametrize("name", ["clip.mp4", "frames/one.jpg"])
def test_a_changed_file_is_refused_and_forced(own: Path, name: str) -> None:
    size = (own / name).stat().st_size
    (own / name).write_text("x" * size)
    message, hint = refusal(own)
    assert message == f"'{own / name}' was changed after vidkit wrote it"
    assert hint == "choose another --output, or overwrite it with --force"
    assert own / name not in unchanged_files(own / "clip.json")
    check_targets(targets(own), own / "clip.json", [], force=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record | {"seed": 6},
        lambda record: {key: value for key, value in record.items() if key != "seal"},
        lambda record: record | {"files": {}},
        lambda record: [record],
    ],
)
def test_a_changed_record_owns_nothing(own: Path, change) -> None:
    record = json.loads((own / "clip.json").read_text())
    (own / "clip.json").write_text(json.dumps(change(record)))
    assert marks_in(own / "clip.json") == {}
    assert "no record next to it says that vidkit wrote it" in refusal(own)[0]
    (own / "clip.mp4").unlink()
    (own / "frames/one.jpg").unlink()
    assert refusal(own)[0] == f"'{own / 'clip.json'}' already exists and is not an unchanged output of vidkit"


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 100_000, b'{"n": ' + b"9" * 5000 + b"}", b"\xff\xfe"])
def test_a_foreign_json_is_refused_whatever_it_holds(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "clip.json").write_bytes(content)
    assert "already exists" in refusal(tmp_path)[0]
    assert (tmp_path / "clip.json").read_bytes() == content


def test_a_record_cannot_own_files_elsewhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    outside.write_text("mine")
    folder = tmp_path / "run"
    folder.mkdir()
    record = signed({}, tmp_path, {outside: outside})
    for name in ("../outside.png", str(outside)):
        whole = {"files": {name: record["files"]["outside.png"]}}
        whole["seal"] = _seal(whole)
        (folder / "clip.json").write_text(json.dumps(whole))
        assert marks_in(folder / "clip.json") == {}


def test_a_symbolic_link_is_refused_and_with_force_replaced_not_followed(own: Path) -> None:
    elsewhere = own / "elsewhere.mp4"
    elsewhere.write_text("keep")
    (own / "clip.mp4").unlink()
    (own / "clip.mp4").symlink_to(elsewhere)
    assert refusal(own)[0] == f"'{own / 'clip.mp4'}' is a symbolic link"
    check_targets(targets(own), own / "clip.json", [], force=True)
    with atomic_path(own / "clip.mp4") as temporary:
        temporary.write_text("new")
    assert elsewhere.read_text() == "keep"
    assert not (own / "clip.mp4").is_symlink()


@pytest.mark.parametrize("kind", ["same", "link", "hard link", "folder", "linked folder", "dotted"])
def test_an_input_is_refused_by_any_name_even_with_force(own: Path, kind: str) -> None:
    given = own / "in.bin"
    target = own / "clip.mp4"
    if kind == "same":
        given = target
    elif kind == "link":
        given.symlink_to(target)
    elif kind == "hard link":
        os.link(target, given)
    elif kind == "folder":
        given = own
    elif kind == "linked folder":
        given.symlink_to(own)
    else:
        given = own / "frames" / ".." / "clip.mp4"
    message, hint = refusal(own, [given], force=True)
    assert message == f"'{target}' would overwrite '{given}', which this run reads"
    assert hint == "choose another --output"


def test_a_folder_in_place_of_a_file_is_refused_even_with_force(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").mkdir()
    assert refusal(tmp_path, force=True)[0].endswith("is a folder, where a file is to be written")


def test_a_fresh_file_never_replaces_one_that_appeared(tmp_path: Path, monkeypatch) -> None:
    def no_links(*args: object, **options: object) -> None:
        raise OSError(95, "not supported")

    for patched in (False, True):
        if patched:
            monkeypatch.setattr(os, "link", no_links)
        target = tmp_path / f"{patched}.txt"
        with pytest.raises(OutputError, match="appeared while"), atomic_path(target, fresh=True) as temporary:
            temporary.write_text("ours")
            target.write_text("theirs")
        assert target.read_text() == "theirs"
        target.unlink()
        with atomic_path(target, fresh=True) as temporary:
            temporary.write_text("ours")
        assert [path.read_text() for path in tmp_path.iterdir()] == ["ours"]
        target.unlink()


def test_a_long_name_is_written_and_one_too_long_is_named(tmp_path: Path) -> None:
    for name in ("n" * 250 + ".json", "é" * 120 + ".json"):
        with reserve((tmp_path / name).with_suffix("")):
            write_text_atomic(tmp_path / name, "{}")
    with pytest.raises(OutputError, match="is too long for a file here"):
        write_text_atomic(tmp_path / ("n" * 300), "")
    assert len(list(tmp_path.iterdir())) == 2


def test_names_held_by_a_run_are_refused_and_default_names_count_on(tmp_path: Path) -> None:
    (tmp_path / "clip-2.png").write_text("somebody's")
    is_free = free(".mp4", ".png", ".json")
    with reserve(tmp_path / "clip"):
        with pytest.raises(OutputError, match="another run of vidkit is writing"), reserve(tmp_path / "clip"):
            pass
        with reserve_free(tmp_path / "clip", is_free) as base:
            assert base == tmp_path / "clip-3"
    with reserve_free(tmp_path / "clip", is_free) as base:
        assert base == tmp_path / "clip"
    assert [path.name for path in tmp_path.iterdir()] == ["clip-2.png"]


def test_many_at_once_get_different_names(tmp_path: Path) -> None:
    got, gate = [], threading.Barrier(8)

    def one() -> None:
        gate.wait()
        with reserve_free(tmp_path / "clip", free(".mp4")) as base:
            write_text_atomic(base.with_suffix(".mp4"), "x")
            got.append(base.name)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == 8
    assert all(path.suffix == ".mp4" for path in tmp_path.iterdir())


def test_a_killed_run_blocks_nobody(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from vidkit.utils.reservation import reserve\n"
        "with reserve(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    for name in ("clip", "other"):
        child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / name)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(OutputError), reserve(tmp_path / name):
            pass
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    assert len(list(tmp_path.iterdir())) > 0
    with reserve(tmp_path / "clip"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_foreign_file_named_like_a_reservation_is_kept(tmp_path: Path) -> None:
    foreign = tmp_path / ".notes.vidkit-lock"
    foreign.write_text("mine")
    with reserve(tmp_path / "clip"):
        pass
    assert foreign.read_text() == "mine"
