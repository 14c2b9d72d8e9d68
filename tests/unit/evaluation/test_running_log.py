"""The log, its index and the manifest: nothing is lost, doubled or mixed."""

import asyncio
import json
import os

import pytest

from vidkit.errors import ConfigError, DataError, OutputError
from vidkit.evaluation.predictions import read_predictions
from vidkit.evaluation.running.index import LogIndex, Place
from vidkit.evaluation.running.manifest import check_manifest, set_aside, write_json
from vidkit.evaluation.running.output import write_predictions
from vidkit.evaluation.running.resume_log import Durability, PredictionLog, read_record, write_record
from vidkit.evaluation.types import Prediction


def fill(path, *records, durability=None):
    async def main():
        log = PredictionLog(path, durability)
        await asyncio.gather(*(log.append(record) for record in records))
        await log.aclose()

    asyncio.run(main())


def good(key, text="A", **meta):
    return Prediction(key, text, finish_reason="stop", latency_s=0.1, usage={"prompt_tokens": 3}, meta=meta)


def test_record_survives_the_line():
    record = good("a", "zwölf \ud800 \u2028 \x00", prompt_sha256="f00")
    line = write_record(record)
    assert line.count(b"\n") == 1
    assert read_record(line) == record


def test_columns_of_a_record_stand_in_the_row():
    row = json.loads(write_record(good("l2/x/stream", row={"tau_s": None, "steps": [[1, False]]})))
    assert row["tau_s"] is None
    assert row["steps"] == [[1, False]]


def test_log_comes_back(tmp_path):
    path = tmp_path / "log.jsonl"
    fill(path, good("a"), Prediction("b", None, error="no"), good("c", "C"))
    log = PredictionLog(path)
    assert log.get("a").response == "A"
    assert log.get("b").error == "no"
    assert log.get("d") is None
    log.release()
    assert [row["id"] for row in map(json.loads, path.read_text().splitlines())] == ["a", "b", "c"]


@pytest.mark.parametrize("tail", [b'{"id": "b", "resp', b'{"id": "b", "response": "B"}', b"\x00\x00\x00"])
def test_torn_last_line_is_dropped_and_said(tmp_path, tail, caplog):
    path = tmp_path / "log.jsonl"
    fill(path, good("a"))
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    log = PredictionLog(path)
    assert f"{path}:2: cut off ({len(tail)} bytes); dropped, its item will be asked again" in caplog.text
    assert log.get("b") is None
    log.release()
    assert path.read_bytes() == whole
    fill(path, good("b", "B"))
    assert read_predictions(path).rows["b"]["prediction"] == "B"


@pytest.mark.parametrize("line", ["junk", "[1]", '{"response": "A"}', ""])
def test_bad_line_in_the_middle_is_told_once_and_asked_again(tmp_path, line, caplog):
    path = tmp_path / "log.jsonl"
    path.write_text('{"id": "a", "response": "A"}\n' + line + '\n{"id": "b", "response": "B"}\n')
    log = PredictionLog(path)
    assert caplog.text.count(f"{path}:2: ") == 1 and "dropped, its item will be asked again" in caplog.text
    # what was found behind the line is at its new place
    assert (log.get("a").response, log.get("b").response) == ("A", "B")
    log.release()
    assert path.read_text() == '{"id": "a", "response": "A"}\n{"id": "b", "response": "B"}\n'
    caplog.clear()
    PredictionLog(path).release()
    assert not caplog.text


def test_failure_does_not_replace_a_reply(tmp_path):
    path = tmp_path / "log.jsonl"
    fill(path, Prediction("a", None, error="no"), good("a", "B"), Prediction("a", None, error="again"))
    log = PredictionLog(path)
    assert log.get("a").response == "B"
    log.release()


def test_two_runs_cannot_share_a_log(tmp_path):
    log = PredictionLog(tmp_path / "log.jsonl")
    with pytest.raises(OutputError, match="another run is writing"):
        PredictionLog(tmp_path / "log.jsonl")
    log.release()
    PredictionLog(tmp_path / "log.jsonl").release()


@pytest.mark.parametrize(("policy", "most"), [("record", 8), ("never", 0), ("3600", 0)])
def test_durability_decides_the_syncs(tmp_path, monkeypatch, policy, most):
    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(fd) or real(fd))

    async def main():
        log = PredictionLog(tmp_path / "log.jsonl", Durability.parse(policy))
        for place in range(8):
            await log.append(good(str(place)))
        before = len(synced)
        await log.aclose()
        return before

    assert asyncio.run(main()) == most
    assert len(synced) == most + 1  # the end is always forced


def test_lines_that_come_together_share_a_sync(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    fill(tmp_path / "log.jsonl", *(good(str(place)) for place in range(100)))
    assert len(synced) < 10


@pytest.mark.parametrize("text", ["sometimes", "-1", "nan", "inf"])
def test_unknown_durability_is_refused(text):
    with pytest.raises(ConfigError, match=f"cannot read the sync policy '{text}'"):
        Durability.parse(text)


def test_full_disk_is_an_error_of_the_call(tmp_path, monkeypatch):
    def full(fd, data):
        raise OSError(28, "No space left on device")

    async def main():
        log = PredictionLog(tmp_path / "log.jsonl")
        monkeypatch.setattr(os, "write", full)
        try:
            await log.append(good("a"))
        finally:
            await log.aclose()

    with pytest.raises(OutputError, match="No space left on device"):
        asyncio.run(main())


def test_half_a_line_does_not_stay(tmp_path, monkeypatch):
    path = tmp_path / "log.jsonl"
    real = os.write

    def full_before_the_last_five_bytes(fd, data):
        if len(data) <= 5:
            raise OSError(28, "No space left on device")
        return real(fd, data[:-5])

    async def main():
        log = PredictionLog(path)
        monkeypatch.setattr(os, "write", full_before_the_last_five_bytes)
        with pytest.raises(OutputError):
            await log.append(good("a", "x" * 1000))
        monkeypatch.setattr(os, "write", real)
        await log.append(good("b"))
        await log.aclose()

    asyncio.run(main())
    assert [row["id"] for row in map(json.loads, path.read_text().splitlines())] == ["b"]


def test_index_keeps_the_order_of_items():
    index = LogIndex()
    assert [index.add_item(key) for key in ("b", "a", "b")] == [True, True, False]
    index.add_extra("judge/x/y")
    index.put("a", Place(0, 5, False))
    assert [(key, place is None) for key, place in index.in_order()] == [
        ("b", True),
        ("a", False),
        ("judge/x/y", True),
    ]
    assert index.count_items() == 2
    assert index.has_item("a")
    assert not index.has_item("z")


WANTED = {
    "model": {"engine": "openai", "model": "m-1"},
    "budget": {"count": 64},
    "prompt": {"wording": "repo"},
}


def test_same_run_is_continued(tmp_path):
    path = tmp_path / "manifest.json"
    check_manifest(path, WANTED)
    check_manifest(path, {**WANTED, "made": "another day"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": {"engine": "openai", "model": "m-2"}}, 'begun with model.model = "m-1", now it is "m-2"'),
        ({"budget": {"count": 32}}, "begun with budget.count = 64, now it is 32"),
        ({"prompt": {"wording": "paper"}}, 'begun with prompt.wording = "repo", now it is "paper"'),
        ({"judge": "x"}, 'begun with judge = null, now it is "x"'),
        ({"budget": {"count": 1}, "prompt": {}}, "now it is 1 (and 1 more: prompt.wording)"),
    ],
)
def test_other_run_is_refused_with_both_values(tmp_path, change, message):
    path = tmp_path / "manifest.json"
    check_manifest(path, WANTED)
    with pytest.raises(ConfigError) as caught:
        check_manifest(path, {**WANTED, **change})
    assert message in caught.value.message
    assert "use another folder" in caught.value.hint


def test_manifest_that_is_none(tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text("[]")
    with pytest.raises(DataError, match="is not a manifest"):
        check_manifest(path, WANTED)


def test_setting_aside_deletes_nothing(tmp_path):
    for text in ("first", "second"):
        (tmp_path / "log.jsonl").write_text(text)
        set_aside(tmp_path, ("log.jsonl", "manifest.json"))
    assert (tmp_path / "log.jsonl.1").read_text() == "first"
    assert (tmp_path / "log.jsonl.2").read_text() == "second"


def test_json_is_written_whole(tmp_path):
    write_json(tmp_path / "a.json", {"a": (1, 2)})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": [1, 2]}


def test_no_fixed_name_is_written_through(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    for name in ("predictions.jsonl.part", "summary.json.part"):
        (tmp_path / name).symlink_to(tmp_path / "mine.txt")
    write_json(tmp_path / "summary.json", {"a": 1})
    fill(tmp_path / "log.jsonl", good("a"))
    log = PredictionLog(tmp_path / "log.jsonl")
    assert write_predictions(tmp_path / "predictions.jsonl", log) <= 1
    log.release()
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert (tmp_path / "predictions.jsonl.part").is_symlink()
