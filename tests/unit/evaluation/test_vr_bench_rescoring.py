"""A published table is scored anew from its folder, and what differs is named."""

import json
from pathlib import Path
from typing import Any

import pytest
from vr_bench_set import solved, static, write_set

from vidkit.errors import DataError
from vidkit.evaluation.own_run import OwnResult, OwnRun
from vidkit.evaluation.tasks.vr_bench.released import FILE, read_released
from vidkit.evaluation.tasks.vr_bench.rescoring import rescore
from vidkit.evaluation.tasks.vr_bench.scoring_run import score_videos
from vidkit.video.writing import write_mp4


def published(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """As the authors' program writes a difficulty."""
    results = []
    for row in rows:
        own = row["official"]
        results.append(
            {
                "video": f"{row['level'].rpartition('/')[2]}.mp4",
                "status": "success",
                "pr": own["pr"],
                "step": own["sd"],
                "em": own["em"],
                "sr": own["sr"],
                "fidelity": own["mf"],
            }
        )
    means = {
        name: sum(row[name] for row in results) / len(results) for name in ("pr", "em", "sr", "fidelity")
    }
    steps = [row["step"] for row in results if row["step"] is not None]
    summary = {"difficulty": "easy", "avg_pr": means["pr"], "avg_step": sum(steps) / max(len(steps), 1)}
    return {"summary": summary | {name: means[name] for name in ("em", "sr", "fidelity")}, "results": results}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    levels = write_set(tmp_path / "set", ("trapfield",), 3)
    for number, level in enumerate(levels, 1):
        path = tmp_path / "model" / "trapfield" / f"easy_{number:04d}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_mp4(path, static(level) if number == 3 else solved(level, 160), 24)
    score_videos(OwnRun(tmp_path / "model", tmp_path / "set", tmp_path / "first", resamples=20))
    lines = (tmp_path / "first" / "clips.jsonl").read_text().splitlines()[1:]
    rows = sorted(map(json.loads, lines), key=lambda row: str(row["level"]))
    file = tmp_path / "model" / "trapfield" / "easy" / FILE
    file.parent.mkdir()
    file.write_text(json.dumps(published(rows)))
    return tmp_path


def again(place: Path, **more: Any) -> OwnResult:
    return rescore(OwnRun(place / "model", place / "set", place / "again", resamples=20, **more))


def change(place: Path, edit: Any) -> None:
    file = place / "model" / "trapfield" / "easy" / FILE
    content = json.loads(file.read_text())
    edit(content)
    file.write_text(json.dumps(content))


def test_a_true_table_has_no_differences(place: Path) -> None:
    made = again(place)
    assert made.result["differences"] == []
    table = made.result["tables"][0]
    assert table["name"] == "rescored"
    rows = {row[2]: row[3:] for row in table["rows"]}
    assert rows["SR"][0] == 3
    assert rows["SR"][1] == rows["SR"][2] == pytest.approx(200 / 3)
    assert rows["PR"][3:] == (0.0, 0)
    assert not any("its means are not" in line for line in made.result["warnings"])


def test_every_difference_is_named(place: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        content["results"][2]["sr"] = 1.0
        content["results"][0] = {"video": "easy_0001.mp4", "status": "error", "error": "x"}
        content["results"].append({**content["results"][1], "video": "easy_0002__s5.mp4"})
        content["results"].append({**content["results"][1], "video": "easy_0077.mp4"})

    change(place, edit)
    made = again(place)
    assert [(one["clip"], one["metric"]) for one in made.result["differences"]] == [
        ("trapfield/easy/3/0", "sr")
    ]
    told = "\n".join(made.result["warnings"])
    assert "its means are not those of its rows" in told
    assert "1 videos were left out of its means: easy_0001.mp4" in told
    assert "1 published videos are of no level of the set" in told
    assert "trapfield/easy/2/5" in told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "is not what the authors' program writes"),
        ("{", "is not what the authors' program writes"),
        ('{"summary": {}, "results": [{"video": "a.mp4"}]}', "names no level"),
        ('{"summary": {"sr": "x"}, "results": []}', "is not a number"),
    ],
)
def test_files_of_another_form_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "maze").mkdir()
    (tmp_path / "maze" / FILE).write_text(text)
    with pytest.raises(DataError, match=message):
        read_released(tmp_path)


def test_folders_without_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        read_released(tmp_path / "none")
    with pytest.raises(DataError, match=f"no {FILE}"):
        read_released(tmp_path)
