"""`vidkit bench` from words to tables, JSON and picture; nothing is shown when a check fails."""

import importlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import vidkit_process

from vidkit.bench.record import content_of
from vidkit.cli.bench import BENCHMARKS
from vidkit.cli.execute import runner_of
from vidkit.cli.main import run
from vidkit.config.bench_schema import AttentionSection
from vidkit.config.catalog import config_names, settings_class
from vidkit.config.compose import compose
from vidkit.config.keys import keys_of
from vidkit.errors import VidkitError

COMMON = {"output", "seed", "device", "dry_run", "force", "verbose"}
SMALL = ["sections=[rates,prediction,memory]", "shapes=[odd]", "--device", "cpu"]


def runner() -> ModuleType:
    """The module, which the package's function of that name hides."""
    return importlib.import_module("vidkit.bench.attention.run")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One call a measurement: the figures mean nothing here."""
    from vidkit.bench import timing
    from vidkit.bench.attention import prediction, rates

    def measure(call, device, budget_ms=0.0, least=5):
        call()
        return timing.Timing(2.0, 1.0, 3.0)

    for module in (rates, prediction):
        monkeypatch.setattr(module, "measure", measure)
    monkeypatch.setattr(runner(), "matmul_peak_tflops", lambda device, dtype: 0.5)


def error_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith(("error:", "hint:"))]


@pytest.mark.parametrize("words", [["bench"], ["bench", "--help"]], ids=["alone", "help"])
def test_help_lists_every_benchmark_with_a_whole_line(words, capsys) -> None:
    assert run(words) == 0
    listed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert all(f"{name} {about.line}" in listed for name, about in BENCHMARKS.items())


@pytest.mark.parametrize("name", BENCHMARKS)
def test_an_entry_of_the_registry_is_whole(name: str) -> None:
    command = f"bench {name}"
    assert set(keys_of(settings_class(command))) >= COMMON
    assert "default" in config_names(command)
    for config in config_names(command):
        assert isinstance(compose(command, config), settings_class(command))
    assert callable(runner_of(command))


def test_unknown_benchmark_suggests_near_name(capsys) -> None:
    assert run(["bench", "attentoin"]) == 2
    assert error_lines(capsys) == [
        "error: no command 'attentoin'",
        "hint: did you mean 'attention'? see 'vidkit bench --help'",
    ]


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (
            ["sections=[rate]"],
            "error: unknown choice 'rate' for 'sections[0]'",
            "hint: did you mean 'rates'? choices: rates, prediction, memory, loop, launch",
        ),
        (["sections=[]"], "error: sections=[] is empty", "hint: name at least one, or leave sections out"),
        (["shapes=[maz]"], "error: unknown shape 'maz'", "hint: choose from: wan-1.3b-480p"),
        (["loops=[tinny]"], "error: unknown benchmark part 'tinny'", "hint: choose from: wan-1.3b-480p"),
        (
            ["shape=[maze]"],
            "error: unknown setting 'shape' for 'bench attention'",
            "hint: did you mean 'shapes'?",
        ),
    ],
    ids=["section", "none", "shape", "loop", "key"],
)
def test_mistakes_are_told_before_anything_runs(words, error, hint, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["bench", "attention", "--device", "cpu", *words]) == 2
    told = error_lines(capsys)
    assert told[0] == error and told[1].startswith(hint)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("by_name", [True, False], ids=["name", "file"])
def test_a_config_of_your_own(by_name: bool, tmp_path: Path) -> None:
    file = tmp_path / "bench" / "attention" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("# @package _global_\ndefaults: [/bench/attention/default, _self_]\nshapes: [odd]\n")
    folder = tmp_path if by_name else None
    made = compose("bench attention", "mine" if by_name else str(file), config_dir=folder)
    assert made.shapes == ["odd"] and len(made.sections) == 4


def test_sections_are_those_of_the_benchmark() -> None:
    from vidkit.bench.attention import SECTIONS

    assert {section.value for section in AttentionSection} == set(SECTIONS)


def test_attention_dry_run_says_what_and_how_long(capsys, tmp_path, quick) -> None:
    out = tmp_path / "out"
    words = [*SMALL, "--output", str(out), "--dry-run", "--json", str(tmp_path / "plan.json")]
    assert run(["bench", "attention", *words]) == 0
    shown = capsys.readouterr().out
    assert "rates" in shown and "odd" in shown and not out.exists()
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert [row["part"] for row in plan["parts"]] == ["checks", "rates", "prediction", "memory"]
    assert all(row["about_s"] > 0 for row in plan["parts"])
    assert plan["command"] == "vidkit bench attention sections=[rates,prediction,memory] shapes=[odd]"


def test_attention_on_a_cpu(capsys, tmp_path, quick) -> None:
    assert run(["bench", "attention", *SMALL, "--seed", "3", "-o", str(tmp_path), "--json", "-"]) == 0
    told = capsys.readouterr()
    record = json.loads(told.out)
    assert record == content_of(tmp_path / "attention.json")
    assert [row["part"] for row in record["parts"]] == ["checks", "rates odd", "prediction odd", "memory odd"]
    assert record["environment"]["seed"] == 3
    assert record["complete"] and all(check["passed"] for check in record["checks"])
    assert {"date", "commit", "load_before", "device", "versions", "dtype"} <= set(record["environment"])
    assert record["inputs"]["rates"] == "random Q, K, V; random block lists"
    assert record["made_by"].endswith("shapes=[odd] seed=3")
    assert {row["section"] for row in record["rows"]} == {
        "ceiling",
        "dense",
        "executor",
        "prediction",
        "memory",
    }
    dense = next(row for row in record["rows"] if row["section"] == "dense")
    assert dense["share_of_peak"] == pytest.approx(dense["tflops"] / 0.5)
    assert "random Q, K, V; random block lists" in told.err  # tables are for people
    assert (tmp_path / "attention.png").read_bytes()[:4] == b"\x89PNG"


def test_no_figure_when_a_check_fails(capsys, tmp_path, quick, monkeypatch) -> None:
    from vidkit.bench.attention import Check

    wrong = [Check("gather", 0.3, 0.01), Check("top_p", 0.0, 0.0), Check("fa4", float("inf"), 0.01, "no")]
    monkeypatch.setattr(runner(), "verify", lambda device, dtype: wrong)
    assert run(["bench", "attention", *SMALL, "-o", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "error: 2 of 3 checks failed, so nothing was measured: gather, fa4" in told.err
    assert "GFLOP/s" not in told.out + told.err and "2 of 3 checks failed" in told.out
    record = json.loads((tmp_path / "attention.json").read_text())
    assert record["rows"] == [] and not record["complete"] and record["checks"][2]["error"] is None
    assert not (tmp_path / "attention.png").exists()


def test_interrupted_attention_keeps_its_rows(tmp_path) -> None:
    importlib.import_module("torch")  # missing, it would only be said in the process below
    words = ["sections=[rates,prediction]", "shapes=[odd]", "--device", "cpu", "-o", str(tmp_path)]
    checked = (  # the checks take longer than what is interrupted
        "import importlib; from vidkit.bench.attention import Check;"
        "run = importlib.import_module('vidkit.bench.attention.run');"
        "run.verify = lambda device, dtype: [Check('gather', 0.0, 0.01)]"
    )
    process = vidkit_process.start(["bench", "attention", *words], heavy=True, prepare=checked)
    for line in process.stderr:
        if "gather" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 130 and err.splitlines()[-1] == "interrupted", err
    record = json.loads((tmp_path / "attention.json").read_text())
    assert not record["complete"] and any(row["provider"] == "gather" for row in record["rows"])
    assert "gather" in out and (tmp_path / "attention.png").is_file()


def test_attention_needs_nothing_of_video(tmp_path) -> None:
    words = ["bench", "attention", "sections=[memory]", "shapes=[odd]", "--device", "cpu", "--dry-run"]
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['av', 'decord', 'cv2', 'scipy', 'pywt']))\n"
        f"from vidkit.cli.main import run; sys.exit(run({words!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and "memory" in done.stdout, done.stderr


SECTIONS = "sections=[planted,selectors,stages]"
TINY = ["planted.videos=1", "planted.duration_s=48", "planted.events=1", "planted.budgets=[2,4]",
        "selectors.candidates=50", "selectors.dim=8", "selectors.k=4", "selectors.runs=1",
        "stages.duration_s=1", "stages.runs=1", "stages.k=1"]  # fmt: skip


def test_select_frames_from_drawing_to_pictures(capsys, tmp_path, monkeypatch) -> None:
    from vidkit.bench.frames import stages

    apart = stages._in_a_process
    # one of the three in a process of its own: starting one takes seconds
    monkeypatch.setattr(
        stages,
        "_in_a_process",
        lambda who, *rest: apart(who, *rest) if who == stages.DECORD else stages.time_once(who, *rest),
    )
    words = [SECTIONS, *TINY, "methods=[wfs-sb,uniform]", "--seed", "5", "-o", str(tmp_path)]
    assert run(["bench", "select-frames", *words, "--json", "-"]) == 0
    told = capsys.readouterr()
    record = json.loads(told.out)
    written = json.loads((tmp_path / "select_frames.json").read_text())
    assert record == {key: value for key, value in written.items() if key not in ("files", "seal")}
    assert set(written["files"]) == {"planted.png", "selectors.png", "stages.png"}
    assert record["complete"] and list(record["sections"]) == ["planted", "selectors", "stages"]
    planted = {(row["method"], row["k"]) for row in record["sections"]["planted"]["rows"]}
    assert planted == {(method, k) for method in ("wfs-sb", "uniform") for k in (2, 4)}
    assert {"mean", "low", "high"} == set(record["sections"]["planted"]["rows"][0]["recall"])
    assert {"date", "commit", "load_before", "device", "versions"} <= set(record["environment"])
    assert "rules, not models" in record["inputs"]["planted"]
    assert record["made_by"].startswith(
        "vidkit bench select-frames methods=[wfs-sb,uniform] planted.videos=1"
    )
    assert "selection takes" in told.err and "planted events, 1 videos" in told.err
    for name in ("planted", "selectors", "stages"):
        assert (tmp_path / f"{name}.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["methods=[wfs]"], "error: no selection method 'wfs'"),
        (
            ["methods=[omp]"],
            "error: method 'omp' needs a two-tower encoder, which planted videos do not have",
        ),
        (["sections=[quality]"], "error: unknown choice 'quality' for 'sections[0]'"),
        (["stages.video=no.mp4"], "error: no video at 'no.mp4' (stages.video)"),
        (["planted.events=99"], "error: planted.duration_s=240 leaves no room for 99 events"),
        (["manifest.workers=1"], "error: manifest.workers must be >= 2, got 1"),
        (["planted.budgets=[8,0]"], "error: planted.budgets must be >= 1, got 0"),
    ],
    ids=["method", "omp", "section", "video", "events", "workers", "budget"],
)
def test_mistakes_of_select_frames_are_told_before_anything_runs(
    words, error, capsys, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["bench", "select-frames", *words]) == 2
    assert error_lines(capsys)[0].startswith(error)
    assert list(tmp_path.iterdir()) == []


def test_select_frames_dry_run(capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["bench", "select-frames", "-c", "full", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    for name in ("planted", "selectors", "stages", "hour", "manifest"):
        assert f" {name} " in shown
    assert list(tmp_path.iterdir()) == []


def test_interrupted_select_frames_keeps_its_rows(capsys, tmp_path, monkeypatch) -> None:
    from vidkit.commands.bench import select_frames as bench_select_frames

    def cut_off(*args, **options):
        yield {
            "n": 3600,
            "dim": 8,
            "k": 4,
            "note": "topk",
            "rows": [{"method": "topk", "best_s": 0.1, "median_s": 0.2, "worst_s": 0.3, "runs": 1}],
        }
        raise KeyboardInterrupt

    monkeypatch.setattr(bench_select_frames, "bench_selectors", cut_off)
    assert run(["bench", "select-frames", "sections=[selectors,stages]", "-o", str(tmp_path)]) == 130
    record = json.loads((tmp_path / "select_frames.json").read_text())
    assert not record["complete"] and record["sections"]["selectors"]["rows"][0]["method"] == "topk"
    assert (tmp_path / "selectors.png").is_file() and "200.0 ms" in capsys.readouterr().out


def test_command_of_leaves_defaults_out_and_quotes() -> None:
    from vidkit.commands.bench.common import command_of

    settings = compose("bench select-frames", "default", ["stages.query=a red ball", "planted.budgets=[8]"])
    assert command_of("select-frames", settings) == (
        "vidkit bench select-frames planted.budgets=[8] 'stages.query=a red ball'"
    )


@pytest.mark.parametrize("name", ["selectors.png", "select_frames.json"])
def test_files_of_others_stay_without_force(name: str, capsys, tmp_path, monkeypatch) -> None:
    from vidkit.commands.bench import select_frames as bench_select_frames

    monkeypatch.setattr(bench_select_frames, "bench_selectors", lambda *args, **options: iter(()))
    words = ["bench", "select-frames", "sections=[selectors]", "-o", str(tmp_path)]
    (tmp_path / name).write_text("mine")
    assert run(words) == 2
    assert name in (told := error_lines(capsys))[0] and "--force" in told[1]
    assert (tmp_path / name).read_text() == "mine"
    assert run([*words, "--force"]) == 0
    assert json.loads((tmp_path / "select_frames.json").read_text())["benchmark"] == "select-frames"


def test_the_work_folder_is_checked_before_a_model_is_loaded(capsys, tmp_path, monkeypatch) -> None:
    from vidkit.commands.bench import attention_quality

    def load(settings):
        raise VidkitError("loaded")

    monkeypatch.setattr(attention_quality, "load", load)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "setup-svg2-5.json").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "model").mkdir()
    (tmp_path / "earlier").mkdir()
    (tmp_path / "earlier" / "clips.jsonl").write_text("{}")
    words = ["bench", "attention-quality", "-o", str(tmp_path / "out")]
    for work, message in (
        ("photos", "is not empty and is not a work folder of this benchmark"),
        ("file", "is not a folder"),
        ("model/work", "which this run reads"),
        ("earlier", "loaded"),
        ("new", "loaded"),
    ):
        given = [f"work={tmp_path / work}", f"model_path={tmp_path / 'model'}"]
        assert run([*words, *given]) == 2
        assert message in error_lines(capsys)[0]
    assert run([*words, f"work={tmp_path / 'photos'}", "--force"]) == 2
    assert "loaded" in error_lines(capsys)[0]
    assert (tmp_path / "photos" / "setup-svg2-5.json").read_text() == "mine"


def test_a_busy_machine_is_told() -> None:
    from vidkit.bench.progress import busy_note

    assert busy_note({"load_before": 1000.0}).startswith("load 1000 on ")
    assert busy_note({"load_before": 0.0}) == ""
