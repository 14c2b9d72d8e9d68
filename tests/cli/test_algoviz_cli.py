"""`vidkit algoviz` as a process: what it prints, what it writes, how it ends."""

import json
import subprocess
import sys
from pathlib import Path

import made_traces as made
import pytest
import vidkit_process

SWAP = made.op("updateValues", updates=[{"index": 0, "value": 2}, {"index": 1, "value": 5}])
WRONG = made.op("updateValues", updates=[{"index": 9, "value": 2}])


def vidkit(*words: object) -> "subprocess.CompletedProcess[str]":
    return vidkit_process.run(["algoviz", *words])


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.json"
    path.write_text(json.dumps(made.trace("array", [5, 2], made.step(SWAP, code=1))))
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(made.trace("array", [5, 2], *[made.step(WRONG, code=99)] * 7)))
    return path


def test_validate_tells_code_place_and_what_to_do(good: Path, bad: Path) -> None:
    done = vidkit("validate", good)
    assert (done.returncode, done.stdout) == (0, f"{good}: made: array, 1 step; nothing found\n")
    done = vidkit("validate", good, bad)
    assert done.returncode == 1
    assert "7 errors, 7 warnings" in done.stdout
    assert "V306 error /deltas/0/operations/0/0: updateValues: index 9" in done.stdout
    assert "V306 ... and 2 more (--all)" in done.stdout
    assert vidkit("validate", "--all", bad).stdout.count("V306 error") == 7


def test_validate_reads_all_files_whatever_one_of_them_is(good: Path, tmp_path: Path) -> None:
    done = vidkit("validate", tmp_path / "none.json", good)
    assert done.returncode == 2
    assert "none.json: refused: no file" in done.stdout and "nothing found" in done.stdout
    assert len(done.stderr.splitlines()) == 2


def test_validate_is_strict_where_asked(bad: Path) -> None:
    done = vidkit("validate", "--strict", bad)
    assert done.returncode == 3
    assert done.stderr.startswith(f"error: {bad} /deltas/0/operations/0/0: V306: ")


def test_validate_as_json(bad: Path) -> None:
    done = vidkit("validate", bad, "--json", "-")
    (made_,) = json.loads(done.stdout)
    assert made_["errors"] == 7
    assert made_["diagnostics"][0]["pointer"] == "/deltas/0"


def test_what_is_no_trace_ends_with_two_lines(tmp_path: Path) -> None:
    path = tmp_path / "no.json"
    path.write_text('{"svl_version": "5.0",\n "deltas": [}')
    done = vidkit("validate", path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: {path}:2:13: expecting value",
        'hint: near: "5.0", "deltas": [}',
    ]


def test_hashes_of_a_trace_and_its_states(good: Path) -> None:
    done = vidkit("hash", good, "--each-step", "--json", "-")
    made_ = json.loads(done.stdout)
    assert len(made_["states"]) == 2 and len(set(made_["states"])) == 2
    good.write_text(json.dumps(json.loads(good.read_text()), indent=4, sort_keys=True))
    assert vidkit("hash", good).stdout.split()[0] == made_["trace"]


def test_diff_names_the_first_step_that_differs(good: Path, tmp_path: Path) -> None:
    assert (done := vidkit("diff", good, good)).returncode == 0 and done.stdout == "equal: 1 step\n"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(made.trace("array", [5, 2], made.step(SWAP, code=2), made.step(code=1))))
    done = vidkit("diff", good, other)
    assert done.returncode == 1
    assert "first difference at step 1 (of 1 and 2)\n  code/0: 1 -> 2\n" in done.stdout


def test_lower_writes_a_trace_of_core_operations(tmp_path: Path) -> None:
    push = made.op("appendToList", view_id="data_state", value=7)
    source, target = tmp_path / "x.json", tmp_path / "core.json"
    source.write_text(json.dumps(made.trace("x-stack", [1], made.step(push, made.op("x-note", text="hm")))))
    assert vidkit("lower", source, "-o", target).returncode == 0
    assert "x-" not in target.read_text()
    assert vidkit("validate", target).stdout.endswith("array, 1 step; nothing found\n")
    done = vidkit("lower", source, "-o", target)
    assert done.returncode == 2 and "--force" in done.stderr


def test_compose_writes_traces_as_one(good: Path, tmp_path: Path) -> None:
    target = tmp_path / "two.json"
    done = vidkit("compose", good, good, "-o", target)
    assert done.returncode == 2 and "does not begin where" in done.stderr
    assert vidkit("compose", good, good, "--rebase", "-o", target).returncode == 0
    assert "2 steps" in vidkit("validate", target).stdout
    assert vidkit("compose", good, good, "--beside", "--force", "-o", target).returncode == 0
    assert "1 auxiliary view, 1 step; nothing found" in vidkit("validate", target).stdout
    assert vidkit("compose", good, "--beside").returncode == 2


def test_lists_and_unknown_names() -> None:
    assert "updateTableCell" in vidkit("list", "operations").stdout
    assert "V306" in vidkit("list").stdout
    done = vidkit("list", "code")
    assert done.returncode == 2 and "did you mean 'codes'" in done.stderr
    done = vidkit("vlidate")
    assert done.returncode == 2 and "did you mean 'validate'" in done.stderr


def test_a_file_in_place_of_a_subcommand_is_read(tmp_path: Path) -> None:
    done = vidkit(tmp_path / "none.json")
    assert done.returncode == 2 and "no file" in done.stderr


def test_check_tells_whether_a_style_fits(good: Path, tmp_path: Path) -> None:
    done = vidkit("check", good, "--style", "print")
    assert done.returncode == 0 and " s, 2 of 2 steps shown" in done.stdout
    style = tmp_path / "style.json"
    style.write_text(json.dumps({"meta": {"rsl_version": "1.0"}, "layout": {"main": {"type": "matrix"}}}))
    done = vidkit("check", good, "-s", style, "--json", "-")
    assert done.returncode == 1
    assert json.loads(done.stdout)["style_findings"][0]["code"] == "R201"
    style.write_text(json.dumps({"meta": {"rsl_version": "1.0"}, "layuot": {}}))
    done = vidkit("check", good, "-s", style)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {style} /layuot: R102: ")
    assert "did you mean 'layout'" in done.stderr


def test_check_lays_out_every_step_where_asked(good: Path) -> None:
    done = vidkit("check", good, "--overlap", "--json", "-")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["overlaps"] == []
    assert "overlap: 0 in 2 steps" in done.stderr


def test_a_trace_is_drawn_without_a_subcommand(good: Path, bad: Path, tmp_path: Path) -> None:
    target = tmp_path / "step.svg"
    done = vidkit(good, "-o", target, "--steps", "1", "--json", "-")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"] == 1
    assert target.read_text().startswith("<svg") or "<svg" in target.read_text()[:200]
    done = vidkit(bad, "-o", tmp_path / "bad.svg", "--steps", "0:1")
    assert done.returncode == 0 and "7 errors" in done.stdout and len(list(tmp_path.glob("bad-*.svg"))) == 2


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("--to", "svgg"), 2, "svg"),
        (("--to", "svg", "--steps", "5:9"), 2, "the trace has 0 to 1"),
        (("--to", "svg", "--steps", "x"), 2, "not a range of steps"),
        (("--to", "svg", "--style", "drak"), 2, "did you mean 'dark'"),
        (("--height", "3"), 2, "height"),
        (("--colour", "red"), 2, "no option '--colour'"),
    ],
)
def test_drawing_that_cannot_be(good: Path, words: tuple[str, ...], status: int, says: str) -> None:
    done = vidkit(good, *words)
    assert done.returncode == status and says in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_the_group_starts_light() -> None:
    code = (
        "from vidkit.cli.main import run; import vidkit.algoviz, sys; assert run(['algoviz', '--help']) == 0;"
        "print('LOADED', *sorted({'torch', 'numpy', 'PIL', 'skia', 'av'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED"
