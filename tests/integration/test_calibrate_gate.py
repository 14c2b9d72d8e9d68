"""`vidkit calibrate gate`: from a run of a small model to a threshold; and what is refused."""

import json
import math

import numpy as np
import pytest

from vidkit.agents.calibration import LoggedDraft, choose_kind
from vidkit.agents.gate_file import read_gate
from vidkit.cli.main import run
from vidkit.errors import ConfigError, DataError
from vidkit.serving.reply import Alternative, Token


@pytest.fixture
def drafts(tmp_path):
    """400 questions; the surer a draft, the likelier it is right."""
    rng = np.random.default_rng(0)
    rows, log = [], []
    for number in range(400):
        margin = rng.exponential(4)
        right = rng.random() < 1 - 0.5 * math.exp(-margin)
        label = "AB"[number % 2]
        said = label if right else "BA"[number % 2]
        text = "Which?\n(A) red\n(B) blue"
        row = {"question_id": number, "category": "c", "text": text, "label": label}
        rows.append({**row, "image": f"{number}.png"})
        logprobs = [-math.log1p(math.exp(-margin)), -margin - math.log1p(math.exp(-margin)), -12, -13, -14]
        top = [{"token": f"t{place}", "logprob": value} for place, value in enumerate(logprobs)]
        tokens = [{"text": said, "logprob": logprobs[0], "top": top}]
        log.append(
            {"id": f"c-{number}", "response": said, "finish_reason": "stop", "meta": {"tokens": tokens}}
        )
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, log)))
    return tmp_path


def calibrate(folder, *words, log="log.jsonl"):
    files = ["--data", str(folder / "data.jsonl"), "--predictions", str(folder / log)]
    return run(
        ["calibrate", "gate", "v-star", *files, "-o", str(folder / "gate.json"), "model=small", *words]
    )


def test_a_gate_keeps_the_risk_and_is_taken_for_its_own_model_alone(drafts, capsys) -> None:
    assert calibrate(drafts, "risk=0.1", "kind=margin", "--json", str(drafts / "result.json")) == 0
    gate = read_gate(drafts / "gate.json")
    assert (gate.model, gate.task, gate.kind, gate.k, gate.count) == ("small", "v-star", "margin", 5, 400)
    assert gate.threshold is not None and gate.accuracy > 0.9 and 0.3 < gate.coverage < 0.9
    assert (drafts / "gate.png").stat().st_size > 5000
    scores = {row["score"]: row for row in json.loads((drafts / "result.json").read_text())["scores"]}
    assert set(scores) == {"margin", "paper", "min_prob", "log_mean", "entropy"}
    assert 0.7 < scores["min_prob"]["auroc"] < 1
    assert gate.rule_for("small", "v-star").k == 5
    for model, task in (("other", "v-star"), ("small", "pope")):
        with pytest.raises(ConfigError, match="calibrated for the"):
            gate.rule_for(model, task)
    assert "AUROC" in capsys.readouterr().out
    assert calibrate(drafts, "risk=0.2") == 0  # its own files may be renewed
    (drafts / "gate.json").write_text("{}")
    assert calibrate(drafts) != 0  # another's may not


def test_by_default_the_best_score_is_taken_and_judged_on_other_drafts(drafts, capsys) -> None:
    assert calibrate(drafts, "risk=0.1", "--json", str(drafts / "result.json")) == 0
    told = " ".join(capsys.readouterr().out.split())
    gate = read_gate(drafts / "gate.json")
    assert gate.count == 400 - 133 and f"{gate.kind} was the best score on 133 other drafts" in told
    assert gate.kind == "min_prob"  # all scores rank this log alike
    scores = {row["score"]: row for row in json.loads((drafts / "result.json").read_text())["scores"]}
    assert scores[gate.kind]["auroc"] >= scores["paper"]["auroc"] - 0.02
    assert gate.coverage == pytest.approx(scores[gate.kind]["coverage"], abs=1e-4)


def test_the_best_score_is_the_one_that_tells_right_from_wrong() -> None:
    rng, made = np.random.default_rng(3), []
    for number in range(600):
        right, twins = rng.random() < 0.7, int(rng.integers(1, 4))
        # the first probability says nothing, the distance to the second does
        first = math.log(0.5)
        second = first - (3.0 if right else 0.1) * rng.uniform(0.5, 1)
        top = [first, second, *[-6.0 - place for place in range(twins)], -12.0]
        listed = tuple(Alternative(str(place), value) for place, value in enumerate(top))
        made.append(LoggedDraft(str(number), (Token("0", first, listed),), right))
    kind, rest = choose_kind(made, 4)
    assert kind in ("margin", "entropy") and len(rest) == 400
    assert choose_kind(list(reversed(made)), 4)[1] == rest  # whatever the order of the log
    assert choose_kind([], 4) == ("min_prob", [])


def test_a_conformal_gate(drafts, capsys) -> None:
    assert calibrate(drafts, "risk=0.05", "method=conformal") == 0
    assert "of all drafts are believed and wrong" in " ".join(capsys.readouterr().out.split())
    gate = read_gate(drafts / "gate.json")
    assert gate.method == "conformal" and (1 - gate.accuracy) * gate.coverage <= 0.05


def test_no_threshold_is_said_and_refused(drafts, capsys) -> None:
    assert calibrate(drafts, "risk=0.001") == 0
    out = capsys.readouterr().out
    assert "believes nothing" in out
    assert "of the believed are wrong, with a probability of 0.9" in " ".join(out.split())
    with pytest.raises(ConfigError, match="believes nothing"):
        read_gate(drafts / "gate.json").rule_for("small", "v-star")


@pytest.mark.parametrize(
    ("words", "told"),
    [(["k=9"], "5 alternatives per token, fewer than k=9"), (["kind=luck"], "unknown gate 'luck'"),
     (["method=luck"], "method must be clopper-pearson or conformal"),
     (["risk=0"], "risk must be between 0 and 1, both excluded"), (["k=2"], "k must be >= 3")],
)  # fmt: skip
def test_settings_that_cannot_be(drafts, capsys, words, told) -> None:
    assert calibrate(drafts, *words) != 0
    assert told in capsys.readouterr().err


def test_a_log_without_log_probabilities(drafts, capsys) -> None:
    rows = [json.loads(line) | {"meta": {}} for line in (drafts / "log.jsonl").read_text().splitlines()]
    (drafts / "bare.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert calibrate(drafts, log="bare.jsonl") != 0
    assert "keeps no log-probabilities" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "told"),
    [({"k": 2}, "'k' must be a whole number >= 3"), ({"kind": "odd"}, "unknown gate 'odd'"),
     ({"form": "x"}, "not a gate"), ({"threshold": "high"}, "'threshold' must be a number"),
     ({"more": 1}, "unknown field 'more'"), ({"risk": None}, "'risk'")],
)  # fmt: skip
def test_damaged_gate_files(tmp_path, change, told) -> None:
    good = {"form": "vidkit gate 1", "model": "m", "task": "t", "kind": "margin", "k": 20, "threshold": 0.9}
    good |= {"risk": 0.1, "delta": 0.1, "count": 5, "coverage": 0.5, "accuracy": None}
    file = tmp_path / "g.json"
    file.write_text(json.dumps(good))
    assert read_gate(file).k == 20
    file.write_text(json.dumps(good | change))
    with pytest.raises(DataError, match=told):
        read_gate(file)
    file.write_text("[1, 2")
    with pytest.raises(DataError, match="not JSON"):
        read_gate(file)


@pytest.mark.parametrize(
    ("words", "told"),
    [([], "error: no data was given\nhint: give the questions with their answers: --data FILE\n"),
     (["--data", "d.jsonl"], "error: no predictions were given\nhint: run the small model"),
     (["--data", ".", "--predictions", "p.jsonl"],
      "in the folder '.'\nhint: name the file itself: data=FILE\n")],
)  # fmt: skip
def test_missing_files_are_named(tmp_path, monkeypatch, capsys, words, told) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["calibrate", "gate", "v-star", *words]) == 2
    assert told in capsys.readouterr().err
