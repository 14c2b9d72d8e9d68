"""`vidkit select-frames` as people type it: outputs, messages, exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import vidkit_process
from PIL import Image

from vidkit.cli.main import run
from vidkit.utils.ownership import unchanged_files
from vidkit.video.mp4_stream import mp4_stream

SRT = "1\n00:00:20,000 --> 00:00:23,000\nHere the penguins dive.\n\n2\n00:00:40,000 --> 00:00:42,000\nA car."
COLOURS = [(200, 30, 30), (30, 160, 60), (40, 60, 200), (230, 220, 60), (20, 20, 20), (240, 240, 240)]


def write_video(path: Path, seconds: int = 60, fps: int = 4) -> Path:
    """Six plain shots of ten seconds with a little noise."""
    rng = np.random.default_rng(0)
    with mp4_stream(path) as stream:
        for i in range(seconds * fps):
            base = np.array(COLOURS[i * 6 // (seconds * fps)])
            picture = np.clip(base + rng.normal(0, 6, (48, 80, 1)), 0, 255).astype(np.uint8)
            stream.add(picture, i / fps)
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "shots.mp4")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def select_frames(*words: object) -> int:
    typed = list(map(str, words))
    if not any(word.startswith("write.") for word in typed):  # a plot takes longer than all the rest
        typed += ["write.plot=none", "write.sheet=false"]
    return run(["select-frames", *typed])


def record(folder: Path) -> dict:
    return json.loads((folder / "selection.json").read_text())


def test_every_output_is_written_and_opens(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = [
        "-k",
        4,
        "--html",
        "--clip",
        "-o",
        out,
        "write.keyframe_video=true",
        "write.messages=interleaved",
    ]
    assert select_frames(video, "a blue scene", *words, "write.plot=svg", "compare=[efs,topk]") == 0
    shown = capsys.readouterr().out
    assert "a blue scene" in shown and "lexicon" in shown and "blind: objects" in shown
    data = record(out)
    assert (
        data["schema"] == 1
        and len(data["frames"]) == 4
        and set(data["compared"]) == {"uniform", "efs", "topk"}
    )
    best = max(data["frames"], key=lambda row: row["relevance"])
    assert 20 <= best["time_s"] < 30
    pictures = sorted((out / "frames").iterdir())
    assert len(pictures) == 4 and Image.open(pictures[0]).size == (80, 48)
    assert Image.open(out / "sheet.png").width > 500
    assert "<svg" in (out / "plot.svg").read_text()[:400]
    page = (out / "page.html").read_text()
    assert (
        page.count("data:image/jpeg;base64,") == 4
        and "<script" not in page
        and "http://" not in page.split("<svg")[0]
    )
    content = json.loads((out / "messages.json").read_text())[0]["content"]
    assert "not evenly spaced" in content[0]["text"] and "uniformly" not in json.dumps(content[0])
    assert [part["text"] for part in content[1:-1:2]] == [
        f"<{row['time_s']:.1f} s>" for row in data["frames"]
    ]
    keyframes = json.loads((out / "keyframes.json").read_text())[0]
    assert keyframes["keyframe_indices"] == [row["source_index"] for row in data["frames"]]
    import av

    with av.open(str(out / "clip.mp4")) as clip:
        assert 2 < float(clip.duration / 1e6) < 9
    with av.open(str(out / "keyframes.mp4")) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 4


def test_subtitles_decide_when_they_answer(video: Path, tmp_path: Path) -> None:
    copy = tmp_path / "talk.mp4"
    copy.write_bytes(video.read_bytes())
    (tmp_path / "talk.srt").write_text(SRT)
    assert (
        select_frames(copy, "when do the penguins dive?", "k=3", "method=topk", "-o", tmp_path / "out") == 0
    )
    data = record(tmp_path / "out")
    assert data["relevance"]["source"] == "subtitle" and data["relevance"]["best_cues"][0]["start_s"] == 20.0
    assert all(20 <= row["time_s"] <= 23 for row in data["frames"])


def test_corrupt_sidecar_is_a_note_and_explicit_one_an_error(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "talk.mp4"
    copy.write_bytes(video.read_bytes())
    (tmp_path / "talk.srt").write_bytes(b"\x00\xff" * 50)
    assert select_frames(copy, "red", "k=3", "-o", tmp_path / "out") == 0
    assert any("no subtitle in" in note for note in record(tmp_path / "out")["warnings"])
    capsys.readouterr()
    assert select_frames(copy, "red", f"subtitles={tmp_path / 'talk.srt'}", "-o", tmp_path / "out2") == 2
    assert "error: no subtitle in" in capsys.readouterr().err


def test_second_query_uses_the_cache_and_selects_the_same(video: Path, tmp_path: Path) -> None:
    words = ["k=5", f"cache={tmp_path / 'c'}"]
    assert select_frames(video, "green", *words, "-o", tmp_path / "a") == 0
    assert select_frames(video, "green", *words, "-o", tmp_path / "b") == 0
    one, two = record(tmp_path / "a"), record(tmp_path / "b")
    assert one.pop("seal") != two.pop("seal")  # it covers the timings
    assert not one.pop("timings")["from_cache"] and two.pop("timings")["from_cache"]
    assert one == two
    assert select_frames(video, "blue", *words, "-o", tmp_path / "c2") == 0
    assert record(tmp_path / "c2")["timings"]["from_cache"]
    for entry in (tmp_path / "c").rglob("*.npz"):
        entry.write_bytes(b"torn")
    assert select_frames(video, "green", *words, "-o", tmp_path / "d") == 0
    assert record(tmp_path / "d")["frames"] == one["frames"]


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["missing.mp4", "q"], 2, "error: no video at 'missing.mp4'"),
        ([], 2, "error: no video was given"),
        (["{video}", "q", "k=0"], 2, "error: k must be a whole number >= 1, got 0"),
        (["{video}", "q", "k=2.5"], 2, "error:"),
        (["{video}", "q", "method=wfs"], 2, "error: no selection method 'wfs'"),
        (["{video}", "q", "frames=nothing"], 2, "error:"),
        (["{video}", "q", "fps=fast"], 2, "error: fps must be a number or auto, got 'fast'"),
        (["{video}", "q", "fps=-1"], 2, "error: fps must be > 0, got -1.0"),
        (["{video}", "relevance=lexicon"], 2, "error: relevance=lexicon needs a query"),
        (["{video}", "q", "relevance=subtitle"], 2, "error: no subtitles next to or inside"),
        (["{video}", "q", "relevance=clip"], 2, "error: no relevance 'clip'"),
        (["{video}", "q", "relevance=encoder"], 2, "error: relevance=encoder needs an encoder"),
        (["{video}", "q", "--encoder", "{folder}"], 2, "error: cannot load the encoder"),
        (["{video}", "q", "strict_paper=true", "method=efs"], 2, "error: strict_paper=true does not apply"),
        (["{video}", "q", "kk=3"], 2, "error: unknown setting 'kk'"),
        (["{video}", "q", "--ask", "why?"], 2, "error: --ask needs a model"),
        (["{video}", "q", "cache={text}"], 2, "text.mp4' is not a folder: cache="),
        (["{video}", "q", "cache={text}/below"], 2, "text.mp4' is not a folder: cache="),
        (["{text}", "q"], 4, "error: cannot read"),
        (["{folder}", "q"], 4, "error: no image in the folder"),
    ],
)
def test_mistakes_are_one_line_with_a_hint(
    words: list[str],
    status: int,
    message: str,
    video: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mp4").write_text("no video " * 300)
    places = {"video": video, "folder": tmp_path / "empty", "text": tmp_path / "text.mp4"}
    assert select_frames(*[word.format(**places) for word in words], "-o", tmp_path / "out") == status
    shown = capsys.readouterr().err
    assert message in shown and "hint: " in shown and "Traceback" not in shown
    assert not (tmp_path / "out" / "selection.json").exists()


def test_scores_with_nan_exit_3_and_impute_works(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = np.linspace(0, 1, 60)
    scores[[4, 9]] = np.nan
    np.save(tmp_path / "s.npy", scores)
    words = [video, "q", "k=4", f"relevance={tmp_path / 's.npy'}"]
    assert select_frames(*words, "-o", tmp_path / "a") == 3
    assert "relevance has 2 of 60 rows that are not finite, first at candidate 4" in capsys.readouterr().err
    assert select_frames(*words, "nan=impute", "-o", tmp_path / "b") == 0


def test_constant_scores_are_no_relevance(video: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "s.npy", np.full(60, 0.4))
    assert select_frames(video, "q", "k=4", f"relevance={tmp_path / 's.npy'}", "-o", tmp_path / "a") == 0
    data = record(tmp_path / "a")
    assert (
        data["method_applied"] == "uniform"
        and "relevance is constant: treated as no relevance" in data["warnings"]
    )


def test_titles_say_what_ran(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from vidkit.frames.outputs import images, plot

    titles = []
    sheet = images.contact_sheet
    monkeypatch.setattr(
        images, "contact_sheet", lambda *words, **more: titles.append(words[3]) or sheet(*words, **more)
    )
    draw = plot.draw_selection
    monkeypatch.setattr(
        plot, "draw_selection", lambda r: titles.append(draw(r)._suptitle.get_text()) or draw(r)
    )
    words = [video, "a zebra", "k=4", "relevance=lexicon", "compare=[topk]", "--html", "-o", tmp_path / "a"]
    assert select_frames(*words, "write.plot=svg") == 0
    title, page = "uniform (wfs-sb fell back: no relevance)", (tmp_path / "a" / "page.html").read_text()
    data, shown = record(tmp_path / "a"), capsys.readouterr().out
    assert len(titles) == 3 and all(title in text for text in titles)
    assert data["title"] == title and page.count(title) >= 3 and title in shown.replace("\n", " ")
    other = "uniform (topk fell back: no relevance)"
    assert data["compared"]["topk"]["title"] == other and other in page and other in shown
    assert "by wfs-sb" not in page and "none (lexicon gave nothing)" in page


def test_a_rule_that_looks_at_no_relevance_says_so(video: Path, tmp_path: Path) -> None:
    assert select_frames(video, "a blue scene", "k=4", "method=uniform", "-o", tmp_path / "a") == 0
    data = record(tmp_path / "a")
    assert data["relevance"]["query_used"] is False and data["title"] == "uniform"
    assert "the query was not used: 'uniform' does not look at relevance" in data["warnings"]
    assert select_frames(video, "a blue scene", "k=70", "short_video=keep", "-o", tmp_path / "b") == 0
    assert any("not used: 60 candidates for k = 70" in w for w in record(tmp_path / "b")["warnings"])


def test_no_query_is_a_query_free_run(video: Path, tmp_path: Path) -> None:
    assert select_frames(video, "frames=efs", "k=6", "-o", tmp_path / "a") == 0
    data = record(tmp_path / "a")
    assert data["relevance"]["query_used"] is False and len(data["frames"]) == 6
    # six plain shots: event centres fall into all of them
    assert len({int(row["time_s"] // 10) for row in data["frames"]}) == 6


def test_unknown_words_are_said(video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert select_frames(video, "a zebra", "k=3", "relevance=lexicon", "-o", tmp_path / "a") == 0
    assert "the query was not used" in " ".join(record(tmp_path / "a")["warnings"])
    assert "zebra" in capsys.readouterr().out


def test_results_are_not_overwritten_unasked(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert select_frames(video, "k=3", "-o", tmp_path / "a") == 0
    assert select_frames(video, "k=2", "-o", tmp_path / "a") == 2
    assert "already holds a selection" in capsys.readouterr().err
    assert select_frames(video, "k=2", "-o", tmp_path / "a", "--force") == 0
    assert len(list((tmp_path / "a" / "frames").iterdir())) == 2


def test_short_videos_are_sampled_denser_or_kept(tmp_path: Path) -> None:
    short = write_video(tmp_path / "short.mp4", seconds=6)
    assert select_frames(short, "k=16", "-o", tmp_path / "a") == 0
    assert len(record(tmp_path / "a")["frames"]) == 16
    assert select_frames(short, "k=16", "short_video=keep", "-o", tmp_path / "b") == 0
    assert len(record(tmp_path / "b")["frames"]) == 6
    assert select_frames(short, "k=16", "short_video=keep", "pad=repeat", "-o", tmp_path / "c") == 0
    rows = json.loads((tmp_path / "c" / "keyframes.json").read_text())[0]["keyframe_indices"]
    assert len(rows) == 16 and rows[5:] == [rows[5]] * 11


def test_json_on_standard_output_is_json_alone(video: Path, tmp_path: Path) -> None:
    words = ["select-frames", str(video), "k=3", "-o", str(tmp_path / "a"), "--json", "-"]
    done = vidkit_process.run(words)
    assert len(json.loads(done.stdout)["frames"]) == 3


@pytest.mark.parametrize("after", [0, 2, 7, 12])
def test_a_full_disk_is_said_and_leaves_no_torn_file(
    after: int,
    video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The disk fills up after some files: what is there then is whole and known as ours, without a record."""
    import errno

    from vidkit.utils import files

    written = 0

    def sync(path: Path) -> None:
        nonlocal written
        written += 1
        if written > after:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "_sync", sync)
    words = ["k=3", "cache=off", "--html", "write.plot=svg", "write.sheet=true"]
    assert select_frames(video, "red", *words, "-o", tmp_path / "a") == 2
    shown = capsys.readouterr().err
    assert f"the disk is full: could not write '{tmp_path / 'a'}/" in shown and ".staged" not in shown
    assert "Traceback" not in shown
    left = {path for path in (tmp_path / "a").rglob("*") if path.is_file()}
    journal = tmp_path / "a" / ".selection.json"
    assert left == ({*unchanged_files(journal), journal} & left if journal in left else set())
    # what was published before the disk filled is known as ours: the next run goes over it unasked
    monkeypatch.undo()
    assert select_frames(video, "red", *words, "-o", tmp_path / "a") == 0
    assert not journal.exists() and (tmp_path / "a" / "selection.json").exists()


def test_unreadable_folder(video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("x")
    assert select_frames(video, "k=3", "-o", tmp_path / "file" / "out") == 2
    assert capsys.readouterr().err.startswith("error: ")
    if os.geteuid() != 0:
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o000)
        assert select_frames(locked, "k=3", "-o", tmp_path / "b") == 4


def test_unreadable_image_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    Image.new("RGB", (20, 20)).save(locked / "a.png")
    listing = Path.iterdir

    def refuse(path: Path) -> object:  # what others get there; the superuser may look into any folder
        if path == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert select_frames(locked, "k=3", "-o", tmp_path / "b") in (2, 4)
    shown = capsys.readouterr().err
    assert "error: " in shown and "Permission denied" in shown and "Traceback" not in shown


def test_dry_run_decodes_and_writes_nothing(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import vidkit.frames.pipeline as pipeline

    monkeypatch.setattr(pipeline, "embed_frames", None)
    assert select_frames(video, "red", "--dry-run", "-o", tmp_path / "a") == 0
    shown = capsys.readouterr().out
    assert "candidates   60" in shown and "lexicon" in shown and not (tmp_path / "a").exists()


def test_files_that_vidkit_did_not_write_stay(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (out / "frames").mkdir(parents=True)
    holiday = [out / "frames" / name for name in ("holiday_t1s_f2.jpg", "00_t0000.000s_f999999.jpg")]
    for file in holiday:
        file.write_bytes(b"mine")
    assert select_frames(video, "red", "k=3", "-o", out) == 0
    assert all(file.read_bytes() == b"mine" for file in holiday)
    assert any("2 files in" in note for note in record(out)["warnings"])
    first = {file.name for file in (out / "frames").iterdir()} - {file.name for file in holiday}
    assert len(first) == 3
    assert select_frames(video, "blue", "k=2", "--force", "-o", out) == 0
    names = {file.name for file in (out / "frames").iterdir()}
    assert len(names) == 4 and all(file.read_bytes() == b"mine" for file in holiday)
    capsys.readouterr()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "selection.csv").write_bytes(b"mine")
    assert select_frames(video, "red", "k=2", "-o", tmp_path / "other") == 2
    assert "selection.csv' already exists" in capsys.readouterr().err
    assert (tmp_path / "other" / "selection.csv").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["new\nline.mp4", "x\x1b[31m\x9b2J.mp4", "\u202ertl.mp4"], ids=ascii)
def test_names_do_not_steer_the_terminal(
    name: str,
    video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(video.read_bytes())
    assert select_frames(name, "red", "k=2", "cache=off", "write.plot=none") == 0
    assert select_frames("none" + name) == 2
    shown = capsys.readouterr()
    for text in (shown.out, shown.err):
        assert not {"\x1b", "\x9b", "\u202e"} & set(text)
    assert f"record     outputs/select_frames/{ascii(Path(name).stem)[1:-1]}/selection.json" in shown.out
    assert (tmp_path / "outputs" / "select_frames" / Path(name).stem / "selection.json").is_file()


@pytest.mark.parametrize(("name", "folder"), [("..mp4", "..mp4"), (".mp4", ".mp4"), ("a.b.mp4", "a.b")])
def test_the_folder_has_the_videos_name(
    name: str, folder: str, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(video.read_bytes())
    assert select_frames(f"./{name}", "k=2", "cache=off", "write.plot=none") == 0
    assert [path.name for path in (tmp_path / "outputs" / "select_frames").iterdir()] == [folder]


def test_a_name_that_is_no_text_is_drawn_and_printed(video: Path, tmp_path: Path) -> None:
    name = tmp_path / "caf\udce9.mp4"  # Latin-1 on a disk that says UTF-8
    name.write_bytes(video.read_bytes())
    words = ["k=2", "cache=off", "--html", "write.plot=svg", "write.sheet=true", "write.clip=true"]
    assert select_frames(name, "red", *words, "-o", tmp_path / "out") == 0
    assert "caf\\udce9.mp4" in (tmp_path / "out" / "plot.svg").read_text()
