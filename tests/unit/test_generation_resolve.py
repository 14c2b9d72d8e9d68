"""One call from settings to everything known before weights are loaded."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from vidkit.config.compose import compose
from vidkit.config.schema import Family
from vidkit.errors import ConfigError, ModelError
from vidkit.generation.folder import check_folder
from vidkit.generation.resolve import find_model, resolve


def settings_of(*words: str):
    return compose("generate", "maze_demo", list(words))


def test_a_run_and_its_dry_run_are_resolved_alike() -> None:
    settings = settings_of("seed=5", "image=maze")
    run, dry = resolve(settings), resolve(settings, draw=False)
    assert (run.spec, run.folder, run.options, run.table_model) == (
        dry.spec,
        dry.folder,
        dry.options,
        dry.table_model,
    )
    # the prompt describes the maze, which a dry run does not draw
    assert run.frame.image is not None and dry.frame.image is None and run.request.prompt
    assert dataclasses.replace(run.request, prompt="") == dry.request
    assert run.folder is not None and run.folder.is_dir() and run.with_files() is run
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.folder = None  # type: ignore[misc]


def test_a_seed_is_drawn_once_and_kept() -> None:
    run = resolve(settings_of("image=null", "prompt=a ball"))
    assert run.settings.seed == run.request.seed is not None
    assert resolve(settings_of("seed=7", "image=null")).request.seed == 7


@pytest.mark.parametrize("draw", [True, False], ids=["run", "dry run"])
@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["height=97"], ConfigError, "height=97 does not fit"),
        (["frames=62"], ConfigError, "frames=62 does not fit"),
        (["model.path=/no/such/folder"], ModelError, "'/no/such/folder' does not exist"),
        (["model.weights=pretrained"], ConfigError, "model.path is not set"),
    ],
)
def test_both_refuse_the_same(draw: bool, words: list[str], error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        resolve(settings_of("image=null", *words), draw=draw)


def test_known_files_are_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of("image=null")
    model = find_model(settings)
    monkeypatch.setattr("vidkit.generation.resolve.check_folder", lambda *_: pytest.fail("read again"))
    assert resolve(settings, model=model).spec is model[0]


def test_names_of_types_are_known_without_torch() -> None:
    code = (
        "import sys\n"
        "from vidkit.config.compose import compose\nfrom vidkit.generation.resolve import resolve\n"
        "run = resolve(compose('generate', 'maze_demo', ['image=maze', 'device=cpu']), draw=False)\n"
        "o = run.options; assert (o.on_cpu, o.expected_dtype, o.vae_dtype) == (True, 'fp32', 'fp32')\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize(
    "pipeline",
    [
        "WanAnimatePipeline",
        "HunyuanVideo15ImageToVideoPipeline",
        "CogVideoXImageToVideoPipeline",
        "LTX2ImageToVideoPipeline",
        "FluxPipeline",
    ],
)
def test_a_pipeline_that_generate_does_not_run_is_refused_with_those_that_it_does(pipeline, tmp_path) -> None:
    (tmp_path / "model_index.json").write_text(f'{{"_class_name": "{pipeline}"}}')
    with pytest.raises(
        ModelError, match=f"holds a {pipeline} pipeline, which vidkit generate does not run"
    ) as told:
        check_folder(tmp_path, "wan")
    hint = str(told.value.hint)
    assert all(family.value in hint for family in Family)
    assert ("sparse attention runs on this one from Python" in hint) == (pipeline != "FluxPipeline")
