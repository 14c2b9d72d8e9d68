"""`vidkit bench algoviz`: folders and models over tasks, levels with intervals, resuming, the baseline."""

import json
from pathlib import Path

import pytest
from made_trackers import reply
from scripted_server import Act, ScriptedServer

from vidkit import sandbox
from vidkit.algoviz.asking.judging import Task
from vidkit.algoviz.asking.tracker import Conditions
from vidkit.bench.algoviz import baseline
from vidkit.bench.algoviz.summary import level_table, summary
from vidkit.bench.algoviz.task_set import all_tasks
from vidkit.cli.main import run

SANDBOXED = pytest.mark.skipif(
    not any(backend.works for backend in sandbox.backends()), reason="no sandbox works here"
)
REVERSE = """
def solve(data):
    return [data["numbers"][::-1], len(data["numbers"]) // 2]


def trace(data):
    a = list(data["numbers"])
    deltas = []
    first = {"data_state": {"type": "array", "data": list(a)}}
    for i in range(len(a) // 2):
        j = len(a) - 1 - i
        a[i], a[j] = a[j], a[i]
        op = {"op": "updateValues", "params": {"updates": [{"index": k, "value": a[k]} for k in (i, j)]}}
        deltas.append({"operations": [[op]]})
    result = [a, len(a) // 2]
    return {"svl_version": "5.0", "initial_frame": first, "deltas": deltas, "x-result": result}
"""
IDS = "tasks=[array-reverse,dp-rod,graph-maze]"


def bench(capsys, folder: Path, *words: str) -> tuple[int, dict]:
    status = run(["bench", "algoviz", *words, "-o", str(folder), "--json", "-"])
    out = capsys.readouterr().out
    return status, json.loads(out) if out.strip() else {}


@SANDBOXED
def test_folder_of_programs_is_judged_by_level(tmp_path, capsys):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "array-reverse.py").write_text(REVERSE)
    (programs / "dp-rod.py").write_text(REVERSE)
    status, made = bench(capsys, tmp_path / "out", f"programs={programs}", IDS)
    assert status == 0
    levels = {row["task"]: (row["level"], row["stage"]) for row in made["rows"]}
    assert levels == {"array-reverse": (5, ""), "dp-rod": (0, "run"), "graph-maze": (-1, "reply")}
    line = made["summary"][0]
    assert [line[f"S{n}"]["count"] for n in range(6)] == [2, 1, 1, 1, 1, 1]
    assert made["complete"] and made["levels"]["S4"] == "the answer is right"


@SANDBOXED
def test_model_is_asked_for_what_is_missing_alone(tmp_path, capsys):
    answered = {"numbers": Act(reply(REVERSE))}

    def serve(body):
        asked = body["messages"][1]["content"]
        return next(
            (act for word, act in answered.items() if f'"{word}"' in asked), Act(status=400, body=b"{}")
        )

    with ScriptedServer(serve) as server:
        words = ("model=m", f"base_url={server.base_url}", "attempts=1", IDS)
        status, made = bench(capsys, tmp_path, *words)
        assert status == 5 and [row["task"] for row in made["rows"]] == ["array-reverse"]
        assert set(made["unanswered"]) == {"tracker/dp-rod", "tracker/graph-maze"}
        answered |= {"prices": Act("no program"), "grid": Act("no program")}
        before = len(server.requests)
        status, made = bench(capsys, tmp_path, *words)
        assert status == 0 and len(server.requests) == before + 2
        status, made = bench(capsys, tmp_path, *words)
        assert len(server.requests) == before + 2
        assert sorted(row["level"] for row in made["rows"]) == [-1, -1, 5] and not made["unanswered"]
        row = next(row for row in made["rows"] if row["level"] == 5)
        assert (row["tokens"], row["attempts"], row["first_level"]) == (8, 1, 5)
        assert "def solve" in row["program"]
        status, _ = bench(capsys, tmp_path, *words[:2], "attempts=2", IDS)
        assert status == 2  # the rows there were made under other conditions


def test_shares_have_wilson_intervals_and_name_their_level():
    usual = {"form": "tracker", "steps": 4, "kept": 4, "laid_out": 10, "run_s": 1.0, "stage": ""}
    rows = [{**usual, "area": "dp", "level": 5, "overlaps": 0} for _ in range(9)]
    rows.append({**usual, "area": "tree", "level": 3, "overlaps": 2, "stage": "answer"})
    lines = summary(rows)
    assert [(line["area"], line["tasks"]) for line in lines] == [("all", 10), ("dp", 9), ("tree", 1)]
    assert lines[0]["S4"]["share"] == 0.9
    # Wilson's interval of 9 of 10: 0.596 to 0.982
    assert lines[0]["S4"]["interval"] == pytest.approx([0.5958, 0.9821], abs=1e-3)
    assert lines[0]["overlaps_per_100_steps"] == 2.0 and lines[0]["stages"] == {"answer": 1}
    assert level_table(lines, "").rows[0][3:10] == ["100.0"] * 4 + ["90.0", "90.0", "59.6 to 98.2"]


def test_tasks_can_be_written_for_other_harnesses(tmp_path, capsys):
    file = tmp_path / "tasks.jsonl"
    assert run(["bench", "algoviz", f"export={file}"]) == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(lines) == 200 and lines[0]["problem"] and "expected" in lines[0]
    assert run(["bench", "algoviz", f"export={file}"]) == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "give either programs or a model"),
        (("programs=reference", "model=m"), "give either programs or a model"),
        (("model=m",), "needs base_url"),
        (("programs=reference",), "ordinary programs"),
        (("programs=nowhere",), "is not a folder"),
        (("programs=reference", "forms=[script]", "areas=[dpp]"), "no area 'dpp'"),
        (("programs=reference", "forms=[script]", "limit=0"), "limit must be >= 1"),
        (("programs=reference", "forms=[script]", "--device", "cuda"), "does not use a device"),
    ],
)
def test_mistakes_are_told(tmp_path, capsys, words, told):
    assert run(["bench", "algoviz", *words, "-o", str(tmp_path)]) == 2
    assert told in capsys.readouterr().err


def outcome(found: dict, **fields) -> sandbox.Outcome:
    usual = {"exit": 0, "signal": None, "limit": "", "stdout": "", "stderr": "", "stdout_bytes": 0}
    usual |= {"stderr_bytes": 0, "files": {baseline.FOUND: json.dumps(found).encode()}, "files_left_out": {}}
    usual |= {
        "seconds": 1.0,
        "cpu_s": 1.0,
        "peak_memory_mib": 1.0,
        "peak_processes": 1,
        "backend": "landlock",
    }
    return sandbox.Outcome(**{**usual, **fields})


GOOD = {"kind": "end", "scenes": 1, "looks": 5, "overlaps": 0, "outside": 0, "frames": 60, "pictures": 30}


@SANDBOXED
@pytest.mark.parametrize(
    ("found", "fields", "level"),
    [
        ({**GOOD, "duration_s": 4.0}, {}, 5),
        ({**GOOD, "duration_s": 4.0, "overlaps": 2}, {}, 4),
        ({**GOOD, "duration_s": 0.5}, {}, 2),
        ({**GOOD, "frames": 0, "duration_s": 0}, {}, 1),
        ({"kind": "exception", "type": "NameError", "message": "x", "line": 3}, {}, 0),
        ({}, {"limit": "memory"}, 0),
        ([1], {"exit": 1}, 0),
    ],
)
def test_baseline_is_judged_by_the_same_levels(found, fields, level):
    task = all_tasks()[9].task
    assert isinstance(task, Task) and "solve(data)" in baseline.baseline_prompt(task)[0]
    judged = baseline._judged(REVERSE, task, Conditions(), outcome(found, **fields), [])
    assert judged.level == level, judged.findings


def test_a_folder_without_a_program_for_any_task_is_refused_and_not_scored(tmp_path, capsys):
    (tmp_path / "sorting.txt").write_text(REVERSE)
    (tmp_path / "array-reverse.py").mkdir()
    status = run(["bench", "algoviz", f"programs={tmp_path}", IDS, "-o", str(tmp_path / "out")])
    said = capsys.readouterr().err
    assert status == 2 and "has no program for any of the 3 tasks" in said and "array-reverse.py" in said
    assert not (tmp_path / "out").exists()


@SANDBOXED
def test_a_program_that_is_no_text_fails_alone(tmp_path, capsys):
    (tmp_path / "array-reverse.py").write_bytes(b"# caf\xe9\nprint(1)\n")
    (tmp_path / "dp-rod.py").write_text("")
    status, made = bench(capsys, tmp_path / "out", f"programs={tmp_path}", IDS)
    levels = {row["task"]: (row["level"], row["stage"]) for row in made["rows"]}
    assert status == 0
    assert levels == {"array-reverse": (0, "static"), "dp-rod": (-1, "reply"), "graph-maze": (-1, "reply")}
