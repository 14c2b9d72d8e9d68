"""Check with lmms-eval's own task loader that it finds vidkit's tasks, and that both give the same scores.

Makes a virtual environment of its own for lmms-eval (a peer, never a dependency) and runs itself in it:

    python scripts/check_lmms_eval.py [--venv build/lmms-eval] [--json FILE]

Exit status 0: checked. 77: lmms-eval cannot be installed here (the reason is printed). 1: something differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SKIPPED = 77
PEER = "lmms_eval"
PLUGIN = "vidkit.evaluation.lmms"
# lmms-eval pins older packages than vidkit's; its task loader needs only these besides what vidkit has
NEEDED = (
    "datasets",
    "evaluate",
    "loguru",
    "tenacity",
    "sacrebleu",
    "pytablewriter",
    "python-dotenv",
    "jsonlines",
    "scikit-learn",
)
WANTED = ("vidkit_video_mme_v2", "vidkit_social_omni", "vidkit_social_omni_who", "vidkit_social_omni_when")
_TAKEN = {
    "non_lin": "overall_score",
    "consistency": "relevance_score",
    "coherence": "logic_score",
    "level_1": "level_1_score",
    "level_2": "level_2_score",
    "level_3": "level_3_score",
    "avg_acc": "overall_acc",
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--venv", type=Path, default=ROOT / "build" / "lmms-eval")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        return check(given.json)
    reason = install(given.venv)
    if reason:
        print(f"skipped: {reason}")
        return SKIPPED
    words = [
        str(given.venv / "bin" / "python"),
        __file__,
        "--inside",
        *(["--json", str(given.json)] if given.json else []),
    ]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(words, env=environment, check=False).returncode


def install(folder: Path) -> str:
    """Make the environment; returns why it could not be made, or an empty text."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    inside = Path(
        subprocess.check_output(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
        ).strip()
    )
    # torch and the rest come from vidkit's own environment
    (inside / "vidkit_peer.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for words in ([PEER, "--no-deps"], list(NEEDED)):
        done = subprocess.run([python, "-m", "pip", "install", "-q", *words], capture_output=True, text=True)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip failed"]
            return f"lmms-eval cannot be installed: {lines[-1]}"
    return ""


def check(report: Path | None) -> int:
    """Inside the environment: load, build, and score."""
    os.environ["LMMS_EVAL_PLUGINS"] = PLUGIN
    import lmms_eval.tasks
    from lmms_eval.tasks import TaskManager

    import vidkit.evaluation.lmms.tasks as ours

    manager = TaskManager(include_path=[str(Path(ours.__file__).parent)])
    lost = [name for name in WANTED if name not in manager.all_tasks]
    if lost:
        print(f"lmms-eval does not find {', '.join(lost)}")
        return 1
    print(f"lmms-eval {version(PEER)} finds {', '.join(WANTED)}")
    with tempfile.TemporaryDirectory() as folder:
        rows = made_rows()
        task = built(manager, "vidkit_video_mme_v2", rows, Path(folder))
        own = scores(task, rows)
        peer = scores_of_peer(lmms_eval.tasks, rows)
        who = built(manager, "vidkit_social_omni_who", made_who(), Path(folder))
        own_who = scores(who, made_who())
    from vidkit.evaluation.tasks import video_mme_v2

    direct = video_mme_v2.score(rows, resamples=1)
    wrong = [name for name in own if abs(own[name] - direct[name]) > 1e-9]
    wrong += [name for name, value in peer.items() if abs(value - own[name]) > 1e-6]
    result = {
        "lmms_eval": version(PEER),
        "tasks": WANTED,
        "vidkit": own,
        "lmms_eval_videomme_v2": peer,
        "who": own_who,
    }
    print(json.dumps(result, indent=2))
    if report:
        report.write_text(json.dumps(result, indent=2) + "\n")
    print("equal" if not wrong else f"different: {', '.join(wrong)}")
    return int(bool(wrong))


def version(package: str) -> str:
    from importlib.metadata import version as installed

    return installed(package)


def built(manager: Any, name: str, rows: list[dict[str, Any]], folder: Path) -> Any:
    """The task as lmms-eval builds it, on rows of this machine instead of the hub's."""
    file = folder / f"{name}.json"
    file.write_text(json.dumps([{k: v for k, v in row.items() if k != "prediction"} for row in rows]))
    config = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": str(file)},
        "test_split": "train",
    }
    loaded = manager.load_task_or_group([config])
    return loaded[name]


def scores(task: Any, rows: list[dict[str, Any]]) -> dict[str, float]:
    """Scores through the task's own process_results and aggregation."""
    collected: dict[str, list[Any]] = {}
    for document, row in zip(task.test_docs(), rows, strict=True):
        assert task.doc_to_text(document)
        for metric, value in task.process_results(document, [row["prediction"]]).items():
            collected.setdefault(metric, []).append(value)
    aggregate = task.aggregation()
    return {metric: float(aggregate[metric](values)) for metric, values in collected.items()}


def scores_of_peer(package: Any, rows: list[dict[str, Any]]) -> dict[str, float]:
    """lmms-eval's own Video-MME-v2 scores of the same clean replies, where its version has the task."""
    import importlib.util

    file = Path(package.__file__).parent / "videomme_v2" / "utils.py"
    if not file.is_file():
        print("this lmms-eval has no videomme_v2 of its own to compare with")
        return {}
    spec = importlib.util.spec_from_file_location("lmms_videomme_v2", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    collected: dict[str, list[Any]] = {}
    for row in rows:
        for metric, value in module.videomme_v2_process_results(row, [row["prediction"]]).items():
            collected.setdefault(metric, []).append(value)
    return {
        ours: float(getattr(module, f"videomme_v2_aggregate_{theirs}")(collected[f"videomme_v2_{theirs}"]))
        for ours, theirs in _TAKEN.items()
        if f"videomme_v2_{theirs}" in collected
    }


def made_rows(groups: int = 40) -> list[dict[str, Any]]:
    draw = random.Random(0)
    structures = ("[1, 2, 3, 4]", "[1, [2, 3], 4]", "[[1, 2], 3, 4]")
    rows = []
    for video in range(1, groups + 1):
        kind = draw.choice(("relevance", "logic"))
        structure = draw.choice(structures) if kind == "logic" else "None"
        for k in range(1, 5):
            gold = draw.choice("ABCDEFGH")
            rows.append(
                {
                    "video_id": f"{video:03d}",
                    "question_id": f"{video:03d}-{k}",
                    "group_type": kind,
                    "group_structure": structure,
                    "level": draw.choice((1, 2, 3)),
                    "second_head": "h",
                    "third_head": "t",
                    "question": "what happens?",
                    "answer": gold,
                    "options": "\n".join(f"{c}. {c * 3}" for c in "ABCDEFGH"),
                    "prediction": draw.choice((gold, gold, draw.choice("ABCDEFGH"))),
                }
            )
    return rows


def made_who(count: int = 20) -> list[dict[str, Any]]:
    draw = random.Random(1)
    options = [
        'A. The host said "go"',
        'B. The host said "no"',
        'C. The boy said "go"',
        'D. The boy said "no"',
    ]
    return [
        {
            "id": number,
            "video_path": f"{number}.mp4",
            "question": "who?",
            "options": options,
            "asr_content": "",
            "correct_answer": draw.choice("ABCD"),
            "metadata": {"consistency": draw.choice(("consistent", "inconsistent"))},
            "prediction": draw.choice("ABCD"),
        }
        for number in range(count)
    ]


if __name__ == "__main__":
    sys.exit(main())
