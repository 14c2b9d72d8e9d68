"""`vidkit generate` beside files of others: nothing is overwritten, nothing is lost."""

import json
import os
from pathlib import Path

import pytest
import vidkit_process
from PIL import Image

from vidkit.cli.main import run
from vidkit.utils.ownership import unchanged_files


@pytest.fixture
def words(tiny_model: Path) -> list[str]:
    """`vidkit generate` with the tiny model, text to video."""
    small = ["height=32", "width=32", "frames=5", "steps=1", "model.family=skyreels_df"]
    model = ["model.weights=pretrained", f"model.path={tiny_model}"]
    return ["generate", *small, *model, "--device", "cpu", "--seed", "1", "a red ball"]


def refused(words: list[str], capsys) -> str:
    assert run(words) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith(("error:", "hint:"))]
    assert [line.split(":")[0] for line in lines] == ["error", "hint"]
    return " ".join(lines)


@pytest.mark.parametrize("name", ["keep.mp4", "keep.png", "keep.json"])
def test_a_file_of_somebody_else_is_kept(words, tmp_path: Path, capsys, name: str) -> None:
    (tmp_path / name).write_bytes(b'{"mine": 1}')
    said = refused([*words, "image=null", "--output", str(tmp_path / "keep.mp4")], capsys)
    assert f"'{tmp_path / name}' already exists" in said
    assert "--force" in said
    assert (tmp_path / name).read_bytes() == b'{"mine": 1}'
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert run([*words, "image=null", "--output", str(tmp_path / "keep.mp4"), "--force"]) == 0
    assert len(unchanged_files(tmp_path / "keep.json")) == 2


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
@pytest.mark.parametrize("by", ["name", "link", "hard link"])
def test_the_first_frame_is_never_overwritten(words, tmp_path: Path, capsys, by: str, force) -> None:
    picture = tmp_path / "mine.png"
    Image.new("RGB", (32, 32), "teal").save(picture)
    before = picture.read_bytes()
    given = picture if by == "name" else tmp_path / "given.png"
    if by == "link":
        given.symlink_to(picture)
    elif by == "hard link":
        os.link(picture, given)
    said = refused([*words, f"image={given}", "--output", str(tmp_path / "mine.mp4"), *force], capsys)
    assert f"'{picture}' would overwrite '{given}', which this run reads" in said
    assert picture.read_bytes() == before
    assert not (tmp_path / "mine.mp4").exists()


def test_a_run_may_be_repeated_over_its_own_files(words, tmp_path: Path, capsys) -> None:
    again = [*words, "image=null", "--output", str(tmp_path / "x.mp4")]
    assert run(again) == 0
    record = json.loads((tmp_path / "x.json").read_text())
    assert sorted(record["files"]) == ["x.mp4", "x.png"]
    assert run(again) == 0
    (tmp_path / "x.png").write_bytes(b"painted over")
    assert "'x.png' was changed after vidkit wrote it" in refused(again, capsys).replace(f"{tmp_path}/", "")
    assert (tmp_path / "x.png").read_bytes() == b"painted over"


def test_a_file_that_appears_meanwhile_is_kept_and_the_result_too(
    words, tmp_path, monkeypatch, capsys
) -> None:
    import vidkit.generation.load as loading

    load = loading.load_pipeline

    def meanwhile(*arguments):
        (tmp_path / "x.png").write_text("theirs")
        return load(*arguments)

    monkeypatch.setattr(loading, "load_pipeline", meanwhile)
    assert run([*words, "image=null", "--output", str(tmp_path / "x.mp4")]) == 0
    assert (tmp_path / "x.png").read_text() == "theirs"
    record = json.loads((tmp_path / "x-2.json").read_text())
    assert record["outputs"]["video"] == str(tmp_path / "x-2.mp4")
    said = f"files at '{tmp_path / 'x'}' appeared or changed meanwhile: this clip is '{tmp_path / 'x-2'}'"
    assert record["warnings"] == [said]
    assert f"warning: {said}" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x-2.json", "x-2.mp4", "x-2.png", "x.png"]


def test_runs_in_the_same_second_write_different_files(words, tmp_path: Path) -> None:
    # the clock stands still, so that both choose the same name
    code = (
        "import datetime as d, vidkit.commands.generate.output as o\n"
        "class Still(d.datetime):\n"
        "    now = classmethod(lambda cls, tz=None: d.datetime(2026, 1, 2, tzinfo=d.UTC))\n"
        "o.datetime = Still"
    )
    given = [*words, "image=null", "--output", str(tmp_path)]
    runs = [vidkit_process.start(given, heavy=True, prepare=code) for _ in range(2)]
    assert [one.wait(600) for one in runs] == [0, 0]
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 6, names
    assert sum(name.endswith("-2.mp4") for name in names) == 1
    for record in tmp_path.glob("*.json"):
        assert len(unchanged_files(record)) == 2


def dry(capsys, *words: str) -> tuple[int, str]:
    status = run(["generate", "--dry-run", *words])
    told = capsys.readouterr()
    return status, told.out + told.err


def test_a_dry_run_reads_the_first_frame(tmp_path: Path, capsys) -> None:
    config = ["-c", "wan14b_i2v_720p"]
    status, said = dry(capsys, *config, f"image={tmp_path / 'none.png'}")
    assert (status, f"no image at '{tmp_path / 'none.png'}'" in said) == (2, True)
    broken = tmp_path / "broken.png"
    Image.new("RGB", (640, 360)).save(broken)
    assert dry(capsys, *config, f"image={broken}")[0] == 0
    Image.new("RGB", (640, 640)).save(broken)
    status, said = dry(capsys, *config, f"image={broken}")
    assert (status, "the image is 640x640" in said) == (2, True)
    broken.write_bytes(broken.read_bytes()[:40])
    status, said = dry(capsys, *config, f"image={broken}")
    assert (status, f"cannot read '{broken}' as an image" in said) == (2, True)


def test_a_dry_run_reads_the_table(tmp_path: Path, capsys) -> None:
    from vidkit.attention.shipped import shipped_path

    table = tmp_path / "table.json"
    words = ["attention=haste_xattention", f"attention.table={table}"]
    status, said = dry(capsys, *words)
    assert (status, str(table) in said) == (2, True)
    table.write_text("{")
    assert dry(capsys, *words)[0] == 2
    shipped = json.loads(shipped_path("maze", "xattention").read_text())
    table.write_text(json.dumps(shipped))
    assert dry(capsys, *words)[0] == 0
    table.write_text(json.dumps(shipped | {"model": "other"}))
    assert dry(capsys, *words)[0] == 2


def test_a_dry_run_counts_fp32_on_a_cpu(capsys) -> None:
    for words, dtype in (
        (["--device", "cpu"], "fp32"),
        (["--device", "cuda"], "bf16"),
        (["--device", "cpu", "dtype=bf16"], "bf16"),
    ):
        status, said = dry(capsys, *words)
        assert status == 0
        assert f"({dtype}; VAE fp32)" in said
