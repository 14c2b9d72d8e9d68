"""Many clips from a file of prompts, or several of a prompt: one model load, resumable, errors with lines."""

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidkit.cli.main import run
from vidkit.commands.generate import session
from vidkit.commands.generate.prompts_file import clips_of
from vidkit.config.schema import GenerateSettings
from vidkit.errors import DataError
from vidkit.video.reading import read_clip

SIZE = ["height=32", "width=32", "frames=5", "steps=1", "contact_sheet=false", "image=null"]


@pytest.fixture
def words(tiny_model: Path, tmp_path: Path) -> list[str]:
    model = [f"model.path={tiny_model}", "model.weights=pretrained"]
    return ["generate", *SIZE, *model, "--device", "cpu", "--output", str(tmp_path / "out")]


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Counts model loads."""
    import vidkit.generation.load as loading

    counted: list[str] = []
    load = loading.load_pipeline

    def counting(spec, folder, options):
        counted.append(spec.name)
        return load(spec, folder, options)

    monkeypatch.setattr(loading, "load_pipeline", counting)
    return counted


def prompts(folder: Path, *lines: object, name: str = "clips.jsonl") -> list[str]:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / name).write_text(text + "\n")
    return ["--prompts", str(folder / name)]


def records(folder: Path) -> dict[str, dict]:
    return {path.stem: json.loads(path.read_text()) for path in sorted((folder / "out").glob("*.json"))}


def error_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith(("error:", "hint:"))]


THREE = [
    {"prompt": "a red ball", "name": "red"},
    {"prompt": "a green ball", "seed": 7, "steps": 2, "negative_prompt": "red"},
    {"prompt": "a ball", "num_videos": 2},
]


def test_each_line_is_a_clip_with_its_own_settings_after_one_load(words, tmp_path, loads, capsys) -> None:
    assert run([*words, *prompts(tmp_path, *THREE), "--seed", "1", "--json", str(tmp_path / "r.json")]) == 0
    found = records(tmp_path)
    assert list(found) == ["0002", "0003-1", "0003-2", "red"] and len(loads) == 1
    second = found["0002"]
    assert second["prompt"] == "a green ball" and second["seed"] == 7 and len(second["steps"]) == 2
    assert second["settings"]["negative_prompt"] == "red"
    assert len({record["seed"] for record in found.values()}) == 4
    assert read_clip(tmp_path / "out" / "red.mp4").frames.shape == (5, 32, 32, 3)
    result = json.loads((tmp_path / "r.json").read_text())
    assert sorted(result["made"]) == list(found) and result["kept"] == [] and result["seed"] == 1
    assert "4 clips made, 0 kept, 0 failed" in capsys.readouterr().out


def test_a_killed_batch_goes_on_and_its_clips_are_those_of_a_whole_one(
    words, tmp_path, loads, monkeypatch, capsys
) -> None:
    batch = [*words, *prompts(tmp_path, *THREE)]
    finish, count = session._finish, iter(range(9))

    def killed(*arguments):
        if next(count) == 2:
            raise KeyboardInterrupt
        return finish(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(session, "_finish", killed)
        assert run(batch) == 130
    before = records(tmp_path)
    assert list(before) == ["0002", "red"]
    # a killed process may leave the beginning of a line
    with (tmp_path / "out" / "batch.jsonl").open("a") as log:
        log.write('{"name": "0003-1", "sett')
    assert run(batch) == 0
    after = records(tmp_path)
    assert {name: after[name]["started_at"] for name in before} == {
        name: record["started_at"] for name, record in before.items()
    }
    assert list(after) == ["0002", "0003-1", "0003-2", "red"] and len(loads) == 2
    assert "2 of 4 clips are there already" in capsys.readouterr().out
    base = json.loads((tmp_path / "out" / "batch.jsonl").read_text().splitlines()[0])["seed"]
    assert run(batch) == 0 and len(loads) == 2, "nothing is missing, so nothing is loaded"
    again = [*words[:-1], str(tmp_path / "again" / "out"), *prompts(tmp_path, *THREE), "--seed", str(base)]
    (tmp_path / "again").mkdir()
    assert run(again) == 0
    one, two = (read_clip(tmp_path / d / "out" / "0003-2.mp4").frames for d in ("", "again"))
    assert np.array_equal(one, two)


def test_a_changed_line_or_a_touched_file_is_made_again(words, tmp_path, capsys) -> None:
    lines = [{"prompt": "a ball"}, {"prompt": "a red ball"}]
    assert run([*words, *prompts(tmp_path, *lines)]) == 0
    first = records(tmp_path)
    (tmp_path / "out" / "0001.mp4").unlink()
    lines[1]["prompt"] = "a green ball"
    assert run([*words, *prompts(tmp_path, *lines, {"prompt": "a ball"})]) == 0
    second = records(tmp_path)
    assert "3 clips made, 0 kept" in capsys.readouterr().out
    assert second["0002"]["prompt"] == "a green ball" and second["0001"]["seed"] == first["0001"]["seed"]
    assert run([*words, *prompts(tmp_path, *lines), "--seed", "5"]) == 2
    assert "belongs to another run (seed: file" in error_lines(capsys)[0]


def test_a_file_of_others_in_the_way_is_kept_and_the_message_says_what_to_do(words, tmp_path, capsys) -> None:
    foreign = tmp_path / "out" / "0001.mp4"
    foreign.parent.mkdir()
    foreign.write_bytes(b"a film of somebody")
    assert run([*words, *prompts(tmp_path, "a ball", name="clips.txt")]) == 5
    assert "--force" in error_lines(capsys)[0]
    assert foreign.read_bytes() == b"a film of somebody"


def test_a_clip_that_fails_does_not_stop_the_others(words, tmp_path, monkeypatch, capsys) -> None:
    finish = session._finish

    def failing(settings, *arguments):
        if settings.prompt == "a red ball":
            raise DataError("the disk is on fire")
        return finish(settings, *arguments)

    monkeypatch.setattr(session, "_finish", failing)
    batch = [*words, *prompts(tmp_path, "a red ball", "a ball", name="clips.txt")]
    assert run(batch) == 5
    assert error_lines(capsys) == [
        "error: 1 of 2 clips could not be made; the first: 0001: the disk is on fire",
        "hint: run the same command again: existing clips are kept",
    ]
    assert list(records(tmp_path)) == ["0002"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['{"prompt": "a"}', '{"prompt": '], "HERE:2: not JSON (Expecting value)"),
        (['{"prompt": "a"}', "", "3"], "HERE:3: a line must be an object, got 3"),
        (['{"promt": "a"}'], "HERE:1: a line has no setting 'promt'"),
        (['{"prompt": "a", "prompt": "b"}'], "HERE line 1: duplicate key 'prompt'"),
        (['{"prompt": 3}'], "HERE:1: 'prompt' takes text, got 3"),
        (['{"prompt": "a", "steps": 2.5}'], "HERE:1: 'steps' takes a whole number, got 2.5"),
        (['{"prompt": "a", "steps": true}'], "HERE:1: 'steps' takes a whole number, got true"),
        (['{"prompt": "a", "steps": 0}'], "HERE:1: steps must be >= 1, got 0"),
        (['{"prompt": "a", "frames": 6}'], "HERE:1: frames=6 does not fit"),
        (['{"prompt": "a", "image": "no.png"}'], "HERE:1: no image at 'no.png'"),
        (['{"prompt": "a", "name": "../a"}'], "HERE:1: name '../a' cannot be a file's"),
        (
            ['{"prompt": "a", "name": "x"}', '{"prompt": "a", "name": "x"}'],
            "HERE:2: the name 'x' is that of HERE:1",
        ),
        (['{"prompt": "a", "name": "x"}', '{"prompt": "a", "name": "X"}'], "HERE:2: the name 'X' is that of"),
        (['{"prompt": "a", "name": "a.cache"}'], "HERE:1: name 'a.cache' ends like a heat map's"),
        (['{"prompt": "a", "name": "' + "x" * 300 + '"}'], "HERE:1: a name of 300 bytes is too long"),
        (['{"prompt": "a", "name": "' + "ü" * 121 + '"}'], "HERE:1: a name of 242 bytes is too long"),
        (
            ['{"prompt": "a", "seed": -1}'],
            "HERE:1: seed must be in 0..18446744073709551615 (64 bits)",
        ),
        (['{"prompt": "a", "seed": 18446744073709551616}'], "HERE:1: seed must be in 0.."),
        (['{"prompt": "a", "guidance": 1e999}'], "HERE:1: guidance must be a finite number, got inf"),
        (['{"prompt": ""}'], "HERE:1: no prompt was given"),
        (['{"prompt": "' + "ball " * 30 + '"}'], "HERE:1: the prompt has"),
        (["", " "], "'HERE' holds no prompts"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_before_anything_is_loaded(
    lines, message, words, tmp_path, loads, capsys
) -> None:
    assert run([*words, *prompts(tmp_path, *lines), "max_sequence_length=20"]) == 2
    wanted = "error: " + message.replace("HERE", str(tmp_path / "clips.jsonl"))
    assert error_lines(capsys)[0].startswith(wanted)
    assert not loads and not (tmp_path / "out").exists()


def test_several_videos_of_a_prompt_differ_by_their_seeds(words, tmp_path, loads, capsys) -> None:
    Image.new("RGB", (32, 32), "red").save(tmp_path / "first.png")
    words = [word for word in words if word != "image=null"]
    one = [*words[:-1], str(tmp_path / "x.mp4"), "--image", str(tmp_path / "first.png"), "num_videos=2"]
    assert run([*one, "a ball", "--seed", "3"]) == 0 and len(loads) == 1
    first, second = (json.loads((tmp_path / f"x-{n}.json").read_text()) for n in (1, 2))
    assert first["seed"] == 3 and second["seed"] != 3
    assert not np.array_equal(*(read_clip(tmp_path / f"x-{n}.mp4").frames for n in (1, 2)))
    assert not (tmp_path / "batch.jsonl").exists()


def test_a_dry_run_counts_the_whole_batch(words, tmp_path, loads, capsys) -> None:
    assert run([*words, *prompts(tmp_path, *THREE), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "clips       4" in out and "forwards    5" in out and not loads
    assert not (tmp_path / "out").exists()


def test_a_file_of_a_clip_is_no_folder_for_many(words, tmp_path, capsys) -> None:
    wrong = [*words[:-1], str(tmp_path / "x.mp4"), *prompts(tmp_path, "a", name="p.txt")]
    assert run(wrong) == 2
    assert error_lines(capsys)[1] == "hint: name a folder as --output"


def test_seeds_do_not_depend_on_what_else_is_in_a_line(tmp_path) -> None:
    prompts(tmp_path, {"prompt": "a"}, {"prompt": "b", "seed": 5, "num_videos": 2}, {"prompt": "c"})
    settings = GenerateSettings(prompts=str(tmp_path / "clips.jsonl"))
    seeds = [clip.settings.seed for clip in clips_of(settings, 1)]
    assert seeds[1] == 5 and len(set(seeds)) == 4
    prompts(tmp_path, {"prompt": "a", "steps": 3}, {"prompt": "x"}, {"prompt": "c"})
    again = [clip.settings.seed for clip in clips_of(settings, 1)]
    assert (again[0], again[2]) == (seeds[0], seeds[3])


def test_a_dry_run_of_several_videos_makes_no_folder(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["generate", "num_videos=2", "--dry-run"]) == 0
    assert "clips       2" in capsys.readouterr().out and list(tmp_path.iterdir()) == []


def test_prompts_may_come_from_a_pipe(tmp_path) -> None:
    pipe = tmp_path / "clips.jsonl"
    os.mkfifo(pipe)
    lines = '{"seed": 1}\n{"seed": 2, "prompt": "a kite"}\n'
    threading.Thread(target=pipe.write_text, args=(lines,), daemon=True).start()
    clips = clips_of(GenerateSettings(prompts=str(pipe), prompt="a lake"), 1)
    assert [clip.settings.prompt for clip in clips] == ["a lake", "a kite"]
