"""Option letters belong to columns and places, whatever is empty, absent or two lines long before them."""

import json
from pathlib import Path
from typing import Any

import pytest

from vidkit.errors import DataError
from vidkit.evaluation.option_list import options_by_place, options_of_columns
from vidkit.evaluation.scoring import read_joined
from vidkit.evaluation.task import task_from
from vidkit.evaluation.task_spec import spec_from
from vidkit.evaluation.tasks.multiple_choice import MultipleChoice
from vidkit.evaluation.types import Mode, PromptMode

COLUMNS = ("A", "B", "C", "D")


def columns_task(**more: Any) -> MultipleChoice:
    values = {
        "name": "made",
        "id": "{id}",
        "group": "{id}",
        "options": list(COLUMNS),
        "official": "first_capital",
    }
    return MultipleChoice(spec_from({**values, **more}, "made.yaml"))


@pytest.mark.parametrize("absent", [None, "", "N/A", float("nan")])
@pytest.mark.parametrize("place", range(3))
def test_an_absent_column_moves_no_letter(absent: object, place: int) -> None:
    cells: dict[str, Any] = {"A": "red", "B": "green", "C": "blue", "D": "black", COLUMNS[place]: absent}
    row = {"id": "1", "question": "Which?", "answer": "D", **cells}
    task = columns_task()
    item = next(task.items([row]))
    assert item.letters == "ABCD".replace(COLUMNS[place], "") and item.shown[-1] == ("D", "black")
    text = task.prompt(item, PromptMode()).parts[-1].text
    assert "D. black" in text and f"{COLUMNS[place]}." not in text
    for said in ("D", "black", "Answer: D", "D. black"):
        for mode in Mode:
            if mode is Mode.OFFICIAL and said == "black":
                continue  # the authors' rule reads letters alone
            result = task.score([{**row, "prediction": said}], mode, resamples=10)
            assert result["accuracy"] == 100, (said, mode)
    assert task.score([{**row, "prediction": "C"}], resamples=10)["accuracy"] == 0


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("A. red\nB. green\nC. blue", ("red", "green", "blue")),
        ("A. red\nB.\nC. blue", ("red", "", "blue")),
        ("A. red\nC. blue", ("red", "", "blue")),
        ("A. a long\ntext\nB. green", ("a long text", "green")),
        ("(A) red\n\n(B) green\n\n(C) blue", ("red", "green", "blue")),
        ("A. red\nB. N/A\nC. blue", ("red", "", "blue")),
        ("A. he says\nA. Smith is here\nB. no", ("he says A. Smith is here", "no")),
        ("red\ngreen\nblue", ("red", "green", "blue")),
        ("red\n\ngreen\n\nblue", ("red", "green", "blue")),
        ("red\n\ngreen\nblue", ("red", "", "green", "blue")),
        (["red", "", "blue"], ("red", "", "blue")),
        (["red", None, "blue"], ("red", "", "blue")),
        (["A. red", "C. blue"], ("red", "", "blue")),
        (["A. red", "", "C. blue"], ("red", "", "blue")),
        (["two\nlines", "one"], ("two\nlines", "one")),
        ([1, 2.0, True], ("1", "2", "True")),
        ({"A": "red", "C": "blue"}, ("red", "", "blue")),
        ('["red", "N/A", "blue"]', ("red", "", "blue")),
        ("['red', 'green']", ("red", "green")),
        (["C. Ronaldo", "D. Beckham"], ("C. Ronaldo", "D. Beckham")),
        (["red", "green", "N/A"], ("red", "green")),
    ],
)
def test_options_keep_their_places(raw: object, expected: tuple[str, ...]) -> None:
    assert options_by_place(raw, ("N/A",)) == expected


def test_columns_lose_only_their_own_letters() -> None:
    assert options_of_columns(["A. red", None, "C) blue"]) == ("red", "", "blue")
    assert options_of_columns(["B. Obama", "A. Merkel"]) == ("B. Obama", "A. Merkel")


def test_options_in_the_question_go_on_over_lines() -> None:
    from vidkit.evaluation.tasks.v_star import items

    text = "Which?\n(A) a very\nlong one\n(B) short\nAnswer with the letter."
    item = next(items([{"text": text, "label": "B", "question_id": 1, "category": "x"}]))
    assert item.options == ("a very long one", "short") and item.answer == "B" and item.question == "Which?"


def test_gold_that_names_an_absent_option_is_refused() -> None:
    row = {"id": "1", "question": "?", "answer": "B", "A": "red", "B": "N/A", "C": "blue", "D": "x"}
    with pytest.raises(DataError, match="answer 'B' is 'N/A', which means that there is no such option"):
        next(columns_task().items([row]))


@pytest.mark.parametrize("suffix", ["tsv", "csv", "jsonl", "json", "parquet", "xlsx"])
def test_letters_stay_through_every_reader(tmp_path: Path, suffix: str) -> None:
    rows = [
        {"id": "0", "question": "Sign?", "answer": "C", "A": "None", "B": "N/A", "C": "Exit", "D": "Open"},
        {"id": "1", "question": "Door?", "answer": "B", "A": "", "B": "Pull", "C": "two\nlines", "D": "Open"},
    ]
    data = tmp_path / f"made.{suffix}"
    if suffix == "parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
        pytest.importorskip("pyarrow")
        import pyarrow

        parquet.write_table(pyarrow.Table.from_pylist(rows), data)
    elif suffix == "xlsx":
        book = pytest.importorskip("openpyxl").Workbook()
        for cells in (list(rows[0]), *(list(row.values()) for row in rows)):
            book.active.append(cells)
        book.save(data)
    elif suffix == "json":
        data.write_text(json.dumps(rows))
    elif suffix == "jsonl":
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        import csv

        with data.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if suffix == "tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    said = tmp_path / "said.jsonl"
    said.write_text('{"id": "0", "prediction": "Exit"}\n{"id": "1", "prediction": "Pull"}\n')
    values = {"name": "made", "id": "{id}", "group": "{id}", "options": list(COLUMNS)}
    task = task_from(values, Path("made.yaml"))
    result = task.functions.score(read_joined(task, data, said).rows, Mode.ROBUST)
    assert [item["letter"] for item in result["items"]] == ["C", "B"] and result["accuracy"] == 100


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "d.tsv",
            "id\tanswer\tanswer\n1\tA\tB\n",
            r"d.tsv line 1: duplicate column 'answer' \(columns 2 and 3\)",
        ),
        ("d.csv", "id,answer,id\n1,A,B\n", "d.csv line 1: duplicate column 'id'"),
        (
            "d.jsonl",
            '{"id": 1}\n{"id": 2, "answer": "A", "answer": "B"}\n',
            "d.jsonl line 2: duplicate key 'answer'",
        ),
        ("d.json", '[\n {"id": 1,\n  "x": {"a": 1,\n  "a": 2}}\n]', "d.json line 4: duplicate key 'a'"),
        (
            "d.json",
            '[{"a": "{\\"a\\": 1}", "b": [{"a": 1}, {"a": 2}],\n"b": 1}]',
            "d.json line 2: duplicate key 'b'",
        ),
    ],
)
def test_duplicate_names_are_refused_with_file_and_line(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    from vidkit.evaluation.rows import read_rows

    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(DataError, match=message):
        list(read_rows(file))


def test_duplicate_parquet_columns_are_refused(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    from vidkit.evaluation.rows import read_rows

    table = pyarrow.table(
        [pyarrow.array(["1"]), pyarrow.array(["A"]), pyarrow.array(["B"])], ["id", "gold", "gold"]
    )
    parquet.write_table(table, tmp_path / "d.parquet")
    with pytest.raises(DataError, match="duplicate column 'gold'"):
        list(read_rows(tmp_path / "d.parquet"))


def test_duplicate_keys_of_manifests_are_refused(tmp_path: Path) -> None:
    from vidkit.evaluation.scoring import manifest_beside
    from vidkit.frames.manifest import read_manifest

    items = tmp_path / "items.jsonl"
    items.write_text('{"video": "a.mp4"}\n{"video": "b.mp4", "video": "c.mp4"}\n')
    with pytest.raises(DataError, match=r"items.jsonl line 2: duplicate key 'video'"):
        read_manifest(items)
    (tmp_path / "manifest.json").write_text('{"data": 1,\n "data": 2}')
    with pytest.raises(DataError, match=r"manifest.json line 2: duplicate key 'data'"):
        manifest_beside(tmp_path / "predictions.jsonl")


SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "faults" / "eval" / "option_letters"


def test_shared_rows_with_absent_options(tmp_path: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip("no shared inputs beside the repository")
    from vidkit.evaluation.task import load_task

    task = load_task("hr-bench", [Path(__file__).parents[3] / "configs" / "eval" / "tasks"])
    joined = read_joined(task, SHARED / "hr.tsv", SHARED / "hr_predictions.jsonl")
    assert task.functions.score(joined.rows, Mode.ROBUST)["accuracy"] == 100
