"""`vidkit generate attention=...` from words to the record, on a tiny model of the embedded kind."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vidkit.attention import ThresholdTable
from vidkit.attention.predictors import make_predictor
from vidkit.cli.main import run
from vidkit.video.reading import read_clip

# 4 latent frames of 4x4 tokens; 2 layers of 2 heads
BLOCKS = ["attention.block_q=8", "attention.block_k=8", "attention.always_keep=[]"]
CUT = [
    "attention.stride=4",
    "attention.query_clusters=4",
    "attention.key_clusters=8",
    "attention.dense_steps=1",
]
PREDICTOR = {"block_q": 8, "block_k": 8, "stride": 4}


@pytest.fixture
def words(tiny_model: Path, tmp_path: Path) -> list[str]:
    model = ["model.weights=pretrained", f"model.path={tiny_model}", "image=null"]
    size = ["height=32", "width=32", "frames=13", "steps=4"]
    out = ["--output", str(tmp_path / "x.mp4"), "--device", "cpu", "--seed", "3"]
    return ["generate", "a red ball", *size, *model, *BLOCKS, *CUT, *out]


def record_in(folder: Path) -> dict:
    return json.loads((folder / "x.json").read_text())


def error_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith(("error:", "hint:"))]


def table_file(path: Path, model: str = "maze", layers: int = 2, **predictor: int) -> Path:
    """A table of thresholds 0.5 and 0.9 that nobody measured, for a model of 2 heads."""
    describe = make_predictor("xattention", **{**PREDICTOR, **predictor}).describe()
    tau = [[0.5, 0.9]] * layers
    zeros = [[[0.0, 0.0]] * 2] * layers
    ThresholdTable(model, describe, [0.5, 0.9], 0.0, 0.0, 0.0, tau, zeros, zeros).save(path)
    return path


@pytest.mark.parametrize("name", ["xattention", "svg2", "haste_xattention", "haste_svg2"])
def test_every_policy_reports_into_steps_record_and_summary(name: str, words, tmp_path: Path, capsys) -> None:
    assert run([*words, f"attention={name}", "attention.tau=0.5"]) == 0
    record = record_in(tmp_path)
    first, *others = record["steps"]
    assert (first["density"], first["executor"], first["refreshed_heads"]) == (1.0, None, 0)
    # clusters sorted into whole blocks may fill all of so few blocks
    assert all(0 < step["density"] <= 1 if "svg2" in name else 0 < step["density"] < 1 for step in others)
    assert {step["executor"] for step in others} == {"masked"}
    assert all(step["refreshed_heads"] + step["reused_heads"] == 4 for step in others)
    did = record["attention"]
    reused = sum(step["reused_heads"] for step in others) / 12
    assert did["reuse_ratio"] == pytest.approx(reused) and (reused > 0) == ("haste" in name)
    assert did["predictor"]["name"] == name.removeprefix("haste_")
    assert did["executors_used"] == ["masked"] and did["sparse_calls"] == 3
    assert set(did["executors_passed_over"]) == {"fa4", "triton", "flex"}
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("sparse  "))
    assert f"density {did['density']:.3f}" in line and line.endswith(
        f"{100 * reused:.0f} % of masks reused, on masked"
    )


KINDS = {
    "interval": ["attention=xattention", "attention.reuse=interval", "attention.interval=2"],
    "freeze": ["attention=svg2", "attention.reuse=freeze"],
    "never": ["attention=haste_xattention", "attention.reuse=never"],
    "tmr": ["attention=pooled_mean", "attention.reuse=tmr", "attention.delta=1e9", "attention.gate=false"],
    "tmr_relative": ["attention=exact_mass", "attention.reuse=tmr_relative", "attention.delta=1e9"],
    "svg1": ["attention=svg1", "attention.reuse=interval", "attention.keep_ratio=0.5"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_reuse_policy_and_baseline_by_key(kind: str, words, tmp_path: Path, capsys) -> None:
    assert run([*words, *KINDS[kind], "attention.tau=0.5"]) == 0
    did = record_in(tmp_path)["attention"]
    # three sparse steps: the interval of 2 makes masks at the first and the last
    wanted = {"interval": 1 / 3, "never": 0.0}.get(kind, 2 / 3)
    assert did["reuse_ratio"] == pytest.approx(wanted)
    assert did["reuse"]["name"] == ("interval" if kind == "svg1" else kind)
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("sparse  "))
    assert ("svg1, keep_ratio 0.5: density" if kind == "svg1" else ", tau 0.5: density") in line


def test_dense_is_bitwise_what_it_was_and_imports_no_policy(words, tmp_path: Path, capsys) -> None:
    assert run([*words, "attention=dense"]) == 0
    record, dense = record_in(tmp_path), read_clip(tmp_path / "x.mp4").frames
    assert record["attention"] is None and record["steps"][-1]["density"] is None
    assert "sparse  " not in capsys.readouterr().out
    # tau 1 keeps every head dense: the same frames
    assert run([*words, "attention=xattention", "attention.tau=1"]) == 0
    assert np.array_equal(dense, read_clip(tmp_path / "x.mp4").frames)
    assert "xattention, tau 1: every step was dense" in capsys.readouterr().out
    code = (
        "import sys; from vidkit.cli.main import run; assert run(sys.argv[1:]) == 0;"
        "assert not [n for n in sys.modules if n.startswith('vidkit.attention')]"
    )
    subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True)
    assert np.array_equal(dense, read_clip(tmp_path / "x.mp4").frames)


def test_sparse_attention_changes_the_latents(words, tmp_path: Path) -> None:
    import torch

    from vidkit.config.compose import compose
    from vidkit.generation import LoadOptions, Request, generate, load_pipeline, read_spec
    from vidkit.generation.sparse import prepare

    folder = next(word for word in words if word.startswith("model.path=")).partition("=")[2]
    model = load_pipeline(
        read_spec(Path(folder)), Path(folder), LoadOptions(torch.device("cpu"), torch.float32)
    )
    request = Request("a red ball", height=32, width=32, frames=13, steps=2, guidance=1.0)
    dense = generate(model, request).frames
    settings = compose("generate", "maze_demo", ["attention=xattention", *BLOCKS, *CUT, "attention.tau=0.05"])
    processors = [block.attn1.processor for block in model.pipe.transformer.blocks]
    with prepare(settings.attention, "maze").on(model.pipe) as reporters:
        sparse = generate(model, request, reporters=reporters)
    assert sparse.record.steps[-1].density < 1
    assert [block.attn1.processor for block in model.pipe.transformer.blocks] == processors
    assert np.array_equal(generate(model, request).frames, dense)


def test_random_weights_are_labelled(tmp_path: Path, capsys) -> None:
    small = [
        "model.weights=random",
        "height=32",
        "width=32",
        "frames=9",
        "steps=2",
        "model.vae.base_dim=4",
        "model.transformer.num_layers=1",
        "model.transformer.num_attention_heads=1",
        "model.transformer.ffn_dim=32",
    ]
    sparse = [
        "attention=xattention",
        "attention.dense_steps=0",
        "attention.tau=0.5",
        *BLOCKS,
        "attention.stride=4",
    ]
    out = ["--output", str(tmp_path / "x.mp4")]
    assert run(["generate", "-c", "wan1_3b_480p", *small, *sparse, *out]) == 0, capsys.readouterr().err
    assert "(random weights: not the model's density)" in capsys.readouterr().out
    assert record_in(tmp_path)["attention"]["calls"] == 4  # two steps, two branches


def test_a_table_gives_every_head_its_threshold(words, tmp_path: Path, capsys) -> None:
    table = table_file(tmp_path / "table.json")
    assert run([*words, "attention=xattention", f"attention.table={table}"]) == 0
    did = record_in(tmp_path)["attention"]
    assert did["table"] == str(table) and did["tau"] is None
    assert f"sparse  xattention, table {table}: density" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "limit"),
    [
        ("dense_steps=4", "steps=4"),
        ("dense_layers=2", "the model has 2 layers"),
        ("min_tokens=65", "the clip has 64 tokens"),
    ],
)
def test_steps_that_all_stay_dense_are_told(word, limit, words, tmp_path: Path, capsys) -> None:
    kept = [w for w in words if not w.startswith("attention.dense_steps")]
    assert run([*kept, "attention=xattention", f"attention.{word}"]) == 0
    told = f"every step runs dense: attention.{word}, {limit}"
    assert f"warning: {told}" in capsys.readouterr().err and record_in(tmp_path)["warnings"] == [told]


def test_block_causal_attention_stays_dense_and_says_so(words, tmp_path: Path, capsys) -> None:
    causal = ["ar_step=1", "causal_block_size=2", "causal_attention=true"]
    assert run([*words, *causal, "attention=xattention"]) == 0
    assert (
        "warning: sparse attention has no effect: clips that are made block by block run dense"
        in capsys.readouterr().err
    )
    assert record_in(tmp_path)["attention"]["sparse_calls"] == 0


def bad_table(tmp_path: Path, name: str) -> list[str]:
    """The words that name a table of this kind."""
    path = tmp_path / "table.json"
    if name == "cut":
        path.write_text("\n".join(table_file(path).read_text().splitlines()[:3]))
    elif name != "missing":
        table_file(
            path, **{"model": {"model": "wan14b"}, "predictor": {"stride": 8}, "size": {"layers": 3}}[name]
        )
    return ["attention=xattention", f"attention.table={path}"]


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("missing", "no table file {path}", "make one with `vidkit calibrate`"),
        (
            "model",
            "table {path} was made for model 'wan14b', this is 'maze'",
            "calibrate this model, or use a shared tau",
        ),
        (
            "predictor",
            "table {path} was made with predictor {theirs}, this is {ours}",
            "use the same predictor settings, or calibrate again",
        ),
        ("size", "table {path} has 3 layers x 2 heads, the model 2 x 2", None),
        ("cut", "{path}, line 3: not a whole table file", None),
    ],
)
def test_bad_tables_are_refused_before_loading(name, message, hint, words, tmp_path: Path, capsys) -> None:
    assert run([*words, *bad_table(tmp_path, name)]) == 2
    err = capsys.readouterr().err
    described = [make_predictor("xattention", **{**PREDICTOR, "stride": n}).describe() for n in (8, 4)]
    wanted = message.format(path=tmp_path / "table.json", theirs=described[0], ours=described[1])
    lines = [line for line in err.splitlines() if line.startswith(("error:", "hint:"))]
    assert lines[0].startswith(f"error: {wanted}") if name == "cut" else lines[0] == f"error: {wanted}"
    assert hint is None or lines[1] == f"hint: {hint}"
    assert "loading" not in err and not (tmp_path / "x.mp4").exists()


BAD = {
    "tau": (["attention=svg2", "attention.tau=1.5"], "attention.tau must be in (0, 1], got 1.5",
            "change 'attention.tau' and run again"),
    "no-predictor": (["attention.table=x.json"],
                     "a threshold table needs a predictor, and attention is dense",
                     "add attention=haste_xattention"),
    "no-delta": (["attention=haste_xattention", "attention.reuse=tmr_auto"],
                 "reuse=tmr_auto needs a calibrated delta and the table has none",
                 "run `vidkit calibrate`, or use reuse=tmr with a delta of your own"),
    "name": (["attention=xatention"], "unknown choice 'xatention' for 'attention'",
             "did you mean 'xattention'? choices: dense, exact_mass, haste_svg2, haste_xattention,"
             " pooled_mean, svg1, svg2, xattention"),
}  # fmt: skip


@pytest.mark.parametrize(("more", "message", "hint"), BAD.values(), ids=BAD)
def test_bad_settings_are_refused_word_by_word(more, message, hint, words, tmp_path: Path, capsys) -> None:
    assert run([*words, *more]) == 2
    assert error_lines(capsys) == [f"error: {message}", f"hint: {hint}"]
    assert list(tmp_path.iterdir()) == []


def test_nan_in_the_weights_stops_the_run_and_names_the_layer(tiny_model, words, tmp_path, capsys) -> None:
    import shutil

    from safetensors.torch import load_file, save_file

    folder = tmp_path / "broken"
    shutil.copytree(tiny_model, folder)
    weights = next((folder / "transformer").glob("*.safetensors"))
    values = load_file(weights)
    values["blocks.1.attn1.to_k.weight"][0, 0] = float("nan")
    save_file(values, weights, {"format": "pt"})
    words = [f"model.path={folder}" if word.startswith("model.path=") else word for word in words]
    words = [word for word in words if not word.startswith("attention.dense_steps=")]
    assert run([*words, "attention=xattention", "attention.dense_steps=0"]) == 1
    assert error_lines(capsys) == [
        "error: Q or K of transformer holds NaN or infinity in layer 1, step 0",
        "hint: check the weights and the dtype (fp16 overflows where bf16 does not)",
    ]


def test_a_dry_run_says_that_density_is_not_known(capsys) -> None:
    assert run(["generate", "--dry-run", "attention=svg2"]) == 0
    assert "attention   svg2: its density is known after a run" in capsys.readouterr().out


def test_an_entry_config_sets_the_policy_over_its_group() -> None:
    from vidkit.config.compose import compose

    chosen = compose("generate", "maze_demo", ["attention=haste_svg2"]).attention
    assert (chosen.predictor.value, chosen.reuse.value, chosen.table) == ("svg2", "tmr", "auto")
    assert (chosen.block_q, chosen.dense_steps) == (48, 1)  # of maze_demo, not of the group
    assert compose("generate", "wan14b_720p", ["attention=svg2"]).attention.dense_steps == 5


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        (
            "attention.backend=fa4",
            "attention.backend=fa4 cannot be used: it needs a CUDA device, and this run is on cpu",
            "choose from: auto, native",
        ),
        ("attention.backend=fa5", "unknown choice 'fa5' for 'attention.backend'", "did you mean 'fa4'?"),
        ("compile=block", "unknown choice 'block' for 'compile'", "did you mean 'blocks'?"),
    ],
)
def test_a_kernel_that_is_not_there_is_refused_before_the_model_is_loaded(
    word: str, message: str, hint: str, words, monkeypatch, tmp_path: Path, capsys
) -> None:
    monkeypatch.setattr("vidkit.generation.load.load_pipeline", None)
    assert run([*words, word]) == 2
    lines = error_lines(capsys)
    assert lines[0] == f"error: {message}" and lines[1].startswith(f"hint: {hint}")
    assert not list(tmp_path.iterdir())


def test_record_and_summary_name_the_kernels(words, tmp_path: Path, capsys) -> None:
    (tmp_path / "still.yaml").write_text("defaults: [/generate/maze_demo, _self_]\ncompile: off\n")
    folder = ["--config-dir", str(tmp_path), "--config", "still"]
    assert run([*words, *folder, "attention=xattention"]) == 0
    record = record_in(tmp_path)
    assert record["kernels"] == {
        "dense": "native",
        "cross_attention": "native",
        "compile": "off",
        "decode": "AutoencoderKLWan, float32",
        "sparse": "masked",
    }
    assert record["settings"]["compile"] == "off" and record["settings"]["attention"]["backend"] == "auto"
    assert "kernels dense native, sparse masked" in capsys.readouterr().out.splitlines()
