"""The examples of CONTRIBUTING.md: each is taken from the page, written to its file and run by its name."""

import asyncio
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from vidkit.errors import ConfigError
from vidkit.utils.plugins import KINDS, load_class

PAGE = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"```python\n# (my_\w+\.py)\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, code in EXAMPLES.items():
        (tmp_path / name).write_text(code)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_is_an_example_of_every_kind() -> None:
    assert {name[len("my_") : -len(".py")] for name in EXAMPLES} == set(KINDS)


def test_a_selector(here: Path) -> None:
    from vidkit.config.compose import compose
    from vidkit.frames import Candidates, select

    made = compose("select-frames", "default", ["frames=./my_selector.py:Nth", "frames.stride=3"]).frames
    candidates = Candidates(np.arange(12.0))
    assert select(made.name, candidates, 4, **made.settings).indices.tolist() == [0, 3, 6, 9]
    with pytest.raises(ConfigError, match="stride must be >= 1, got 0"):
        select(made.name, candidates, 4, stride=0)


def test_an_encoder(here: Path) -> None:
    from vidkit.frames.encoders.models import load_encoder

    encoder = load_encoder("./my_encoder.py:MeanColour")
    rows = encoder.encode([np.full((2, 3, 3), 255, np.uint8), np.zeros((2, 3, 3), np.uint8)], "").rows
    assert rows.tolist() == [[1, 1, 1, 1], [0, 0, 0, 1]]


def test_predictor_reuse_policy_and_executor(here: Path) -> None:
    from vidkit.attention import build_policy, predict_mask, sparse_attention
    from vidkit.config.compose import compose

    words = ["attention=./my_predictor.py:Window", "attention.reach=0", "attention.block=4",
             "attention.reuse=./my_reuse.py:FirstSteps", "attention.steps=2",
             "attention.executor=./my_executor.py:Plain"]  # fmt: skip
    policy = build_policy(compose("generate", "maze_demo", words).attention)
    assert policy.describe()["predictor"] == {"name": "window", "reach": 0, "block": 4}
    assert policy.reuse.describe() == {"name": "first_steps", "steps": 2}
    q, k, v = torch.randn(3, 1, 2, 8, 16)
    plan = predict_mask("./my_predictor.py:Window", q, k, 0.9, reach=0, block=4)
    out = sparse_attention(q, k, v, plan, "./my_executor.py:Plain")
    own = torch.nn.functional.scaled_dot_product_attention(q[:, :, :4], k[:, :, :4], v[:, :, :4])
    torch.testing.assert_close(out[:, :, :4], own)
    assert policy.executor.choose(q, plan).__class__.__name__ == "Plain"


def test_a_task(here: Path) -> None:
    from vidkit.evaluation.task import load_task

    task = load_task("./my_task.py:Colours", [])
    row = {"question": "Which?", "options": ["red", "blue"], "answer": "A", "picture": "a.png"}
    items = list(task.functions.items([row]))
    assert (task.name, task.title, items[0].id) == ("colours", "Colours", "1")


def test_an_engine(here: Path) -> None:
    from vidkit.serving import open_engine

    engine = open_engine("./my_engine.py:Always")
    assert asyncio.run(engine.generate(None)).text == "A"  # type: ignore[arg-type]


def test_a_renderer(here: Path) -> None:
    from algoviz_traces import bubble_sort

    from vidkit.algoviz import render, trace_of

    done = render(trace_of(bubble_sort([2, 1])), to="./my_renderer.py:Words", output="sort.txt")
    lines = done.files[0].read_text(encoding="utf-8").splitlines()
    assert lines[1].startswith("Step 1 of ") and lines[1].endswith("2 against 1")


@pytest.mark.parametrize(
    ("kind", "needs", "message"),
    [
        ("predictor", ("describe", "refresh", "plan"), "it lacks the methods refresh, plan"),
        ("reuse", ("decide", "describe"), "it lacks the method decide"),
        ("executor", ("unsupported", "attend"), "it lacks the methods unsupported, attend"),
    ],
)
def test_what_a_class_lacks_is_named(kind: str, needs: tuple[str, ...], message: str, here: Path) -> None:
    (here / "half.py").write_text("class Half:\n    def describe(self):\n        return {}\n")
    with pytest.raises(ConfigError) as caught:
        load_class(kind, "half.py:Half", {}, needs)
    assert caught.value.message.endswith(message)


def test_an_installed_package_brings_methods(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vidkit.config.compose import compose
    from vidkit.frames.registry import load_selector
    from vidkit.serving import open_engine

    info = here / "others-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[vidkit.plugins]\nselector.nth = my_selector:Nth\nselector.gone = no_such_module:Gone\n"
        "engine.always = my_engine:Always\n"
    )
    monkeypatch.syspath_prepend(str(here))
    made = compose("select-frames", "default", ["frames=nth", "frames.stride=3"]).frames
    assert (made.name, made.settings) == ("nth", {"stride": 3})
    assert type(load_selector("nth")).__name__ == "Nth"
    assert type(load_selector("efs")).__name__ == "Efs"
    with pytest.raises(ConfigError, match=r"the plugin 'gone' of others 1\.2 cannot be loaded"):
        load_selector("gone")
    assert open_engine("always").name == open_engine("always:").name == "always"


def test_a_tool_and_a_dialect(here: Path) -> None:
    import PIL.Image

    from vidkit.agents.registry import open_dialect, open_tools
    from vidkit.agents.types import ToolError
    from vidkit.agents.workspace import Workspace
    from vidkit.serving import Reply

    tool = open_tools(["./my_tool.py:Size"])[0]
    workspace = Workspace([PIL.Image.new("RGB", (40, 30))])
    assert tool.run({}, workspace).text == "40 x 30"
    with pytest.raises(ToolError, match="no picture 2"):
        tool.run({"image": 2}, workspace)
    dialect = open_dialect("./my_dialect.py:Question")
    assert dialect.read(Reply("I see.\nAnswer: B")).answer == "B"
    assert dialect.read(Reply('<tool_call>{"name": "zoom", "arguments": {}}')).call is not None


def test_a_cache_policy(here: Path) -> None:
    from tests.support.tiny_cache import KINDS as MODELS
    from tests.support.tiny_cache import Pipe
    from vidkit import caching

    pipe = Pipe(next(iter(MODELS.values())))
    with caching.enable(pipe, caching.policy("./my_cache.py:EveryOther")) as handle:
        pipe()
        assert [row.kind for row in handle.rows()][:4] == ["full", "skip", "full", "skip"]


def test_a_foresight(here: Path) -> None:
    import PIL.Image

    from vidkit.agents.registry import open_foresight
    from vidkit.agents.workspace import Workspace

    guess = open_foresight("./my_foresight.py:TopLeft")
    call = guess([], Workspace([PIL.Image.new("RGB", (448, 448))]))
    assert call.arguments == {"bbox_2d": [0, 0, 224, 224]}
