"""Files are whole or absent, and a place that cannot be written to is named."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from vidkit.errors import OutputError
from vidkit.utils.files import atomic_path, check_writable, write_text_atomic


def test_a_file_appears_whole(tmp_path: Path) -> None:
    write_text_atomic(tmp_path / "record.json", "{}")
    assert (tmp_path / "record.json").read_text() == "{}"
    assert list(tmp_path.iterdir()) == [tmp_path / "record.json"]
    assert (tmp_path / "record.json").stat().st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_failure_keeps_the_old_file(tmp_path: Path, failure: type[BaseException]) -> None:
    target = tmp_path / "clip.mp4"
    target.write_text("old")
    with pytest.raises(failure), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise failure
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "clip.mp4"
    with pytest.raises(OutputError) as error, atomic_path(target):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert error.value.message == f"the disk is full: could not write '{target}', and no part of it is left"
    assert error.value.hint == "free space, or choose another --output"
    assert list(tmp_path.iterdir()) == []


def test_a_real_limit_on_file_size_while_encoding_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys, numpy as np; from pathlib import Path;"
        "from vidkit.video.writing import write_mp4; from vidkit.errors import OutputError;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192));"
        "frames = np.random.default_rng(0).integers(0, 256, (40, 128, 128, 3), dtype=np.uint8)\n"
        "try: write_mp4(Path(sys.argv[1]), frames, 12)\n"
        "except OutputError as error: print(error.message)"
    )
    target = tmp_path / "clip.mp4"
    done = subprocess.run([sys.executable, "-c", code, str(target)], capture_output=True, text=True)
    expected = f"'{target}' would be larger than a file may be here; no part of it is left"
    assert done.stdout.strip() == expected, done.stderr[-500:]
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    with pytest.raises(OutputError) as error:
        check_writable(folder)
    assert error.value.message == f"output folder '{folder}' does not exist"
    assert error.value.hint == f"create it: mkdir -p '{folder}'"
    check_writable(folder, create=True)
    assert folder.is_dir()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_read_only_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    # permission bits do not stop the superuser, who may run this test
    def refuse(**options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(OutputError) as error:
        check_writable(tmp_path)
    assert error.value.message == f"output folder '{tmp_path}' is read-only"


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as error:
        check_writable(tmp_path / "file")
    assert error.value.message == f"output folder '{tmp_path}/file' is not a folder"


def test_a_file_or_a_dangling_link_where_the_folder_would_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "x")
    for folder, said in (
        (tmp_path / "file", f"'{tmp_path}/file' is not a folder: no output can go to '{tmp_path}/file'"),
        (
            tmp_path / "file" / "sub",
            f"'{tmp_path}/file' is not a folder: no output can go to '{tmp_path}/file/sub'",
        ),
        (tmp_path / "link", f"'{tmp_path}/link' is a link to nothing: no output can go to '{tmp_path}/link'"),
    ):
        with pytest.raises(OutputError) as error:
            check_writable(folder, create=True)
        assert (error.value.message, error.value.hint) == (said, "choose another --output")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc")
def test_a_folder_that_takes_no_files_is_not_called_missing() -> None:
    with pytest.raises(OutputError, match=r"output folder '/proc' (does not allow new files|is read-only)"):
        check_writable(Path("/proc"))
