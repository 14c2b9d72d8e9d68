"""The entry for lmms-eval: YAML files name functions that exist and give vidkit's scores.

Its own loader is asked by scripts/check_lmms_eval.py, which installs it.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import vidkit.evaluation.lmms.models as models
import vidkit.evaluation.lmms.tasks as tasks
from vidkit.errors import VideoError
from vidkit.evaluation.tasks import video_mme_v2

FOLDER = Path(tasks.__file__).parent
ROOT = FOLDER.parents[3]
FILES = sorted(FOLDER.rglob("*.yaml"))


class _Loader(yaml.SafeLoader):
    """YAML with lmms-eval's `!function`."""


_Loader.add_constructor("!function", lambda loader, node: ("function", node.value))


def module_beside(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"made_{file.parent.name}", file.parent / "utils.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def functions_in(value: Any) -> list[str]:
    if isinstance(value, tuple):
        return [value[1]]
    if isinstance(value, dict):
        return [name for inner in value.values() for name in functions_in(inner)]
    if isinstance(value, list):
        return [name for inner in value for name in functions_in(inner)]
    return []


def test_all_tasks_are_there() -> None:
    loaded = [yaml.load(file.read_text(), _Loader) for file in FILES]
    names = {entry.get("group") or entry["task"] for entry in loaded}
    assert names == {
        "vidkit_video_mme_v2",
        "vidkit_social_omni",
        "vidkit_social_omni_who",
        "vidkit_social_omni_when",
    }
    assert models.AVAILABLE_MODELS == {}  # lmms-eval imports this from every plug-in


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_named_functions_exist(file: Path) -> None:
    named = functions_in(yaml.load(file.read_text(), _Loader))
    if named:
        module = module_beside(file)
        missing = [name for name in named if not callable(getattr(module, name.removeprefix("utils."), None))]
        assert missing == []


def test_hooks_give_vidkits_scores() -> None:
    module = module_beside(FOLDER / "vidkit_video_mme_v2" / "x")
    rows = [
        {"video_id": "001", "question_id": f"001-{k}", "group_type": "relevance", "group_structure": "None",
         "level": 1, "second_head": "h", "third_head": "t", "question": "what?",
         "options": "\n".join(f"{c}. {c * 3}" for c in "ABCDEFGH"), "answer": "B", "picture": b"..."}
        for k in range(1, 5)
    ]  # fmt: skip
    collected = [module.process_results(row, ["B" if k else "C"])["non_lin"] for k, row in enumerate(rows)]
    assert "picture" not in collected[0]
    scored = [{**row, "prediction": "B" if k else "C"} for k, row in enumerate(rows)]
    assert module.non_lin(collected) == video_mme_v2.score(scored, resamples=1)["non_lin"] == 56.25
    assert module.doc_to_text(rows[0]).startswith("The pictures above are frames")


def test_videos_lie_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_beside(FOLDER / "vidkit_video_mme_v2" / "x")
    monkeypatch.setenv("VIDKIT_VIDEO_MME_V2", "/videos")
    assert module.doc_to_visual({"video_id": 7, "question_id": "7-1"}) == ["/videos/videos/007.mp4"]
    monkeypatch.delenv("VIDKIT_VIDEO_MME_V2")
    with pytest.raises(Exception, match="VIDKIT_VIDEO_MME_V2 is not set"):
        module.doc_to_visual({"video_id": 7, "question_id": "7-1"})


def test_clips_of_the_same_name_in_two_folders_are_cut_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("av", reason="made clips need PyAV")
    from made_clips import write_clip

    module = module_beside(FOLDER / "vidkit_social_omni" / "x")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    document = {"video_id": "s0", "question_1": {"timestamp": "00:01:00", "correct_answer": "A"}}
    cuts = []
    for folder, seconds in (("one", 2.0), ("two", 3.0)):
        write_clip(tmp_path / folder / "level_2" / "videos" / "s0.mp4", seconds=seconds)
        monkeypatch.setenv("VIDKIT_SOCIAL_OMNI", str(tmp_path / folder))
        cuts += module.doc_to_visual(document)
        assert module.doc_to_visual(document) == cuts[-1:], "cut once"
    assert len(set(cuts)) == 2 and all(Path(cut).is_file() for cut in cuts)
    monkeypatch.setenv("VIDKIT_SOCIAL_OMNI", str(tmp_path / "three"))
    with pytest.raises(VideoError, match=r"no video '.*three/level_2/videos/s0.mp4'"):
        module.doc_to_visual(document)


PEER = ROOT / "build" / "lmms-eval" / "bin" / "python"


@pytest.mark.slow
@pytest.mark.skipif(not PEER.exists(), reason="lmms-eval is absent: run scripts/check_lmms_eval.py once")
def test_lmms_eval_itself_finds_and_scores_the_tasks() -> None:
    words = [sys.executable, str(ROOT / "scripts" / "check_lmms_eval.py")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    if done.returncode == 77:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stdout.rstrip().endswith("equal")
