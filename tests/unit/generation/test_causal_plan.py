"""Clips made chunk by chunk: what is refused, prompts and their times, cost; no torch needed."""

import subprocess
import sys

import pytest

from vidkit.config.compose import compose
from vidkit.errors import ConfigError
from vidkit.generation.causal.plan import Scene, chunk_plan, scenes
from vidkit.generation.cost import estimate_cost
from vidkit.generation.first_frame import FirstFrame
from vidkit.generation.resolve import find_model, make_request, resolve
from vidkit.generation.validate import check_request

CONFIGS = ["causal_wan1_3b_480p", "causal_wan1_3b_long", "causvid_wan1_3b_480p", "maze_causal_demo"]
SIDE_BY_SIDE = (
    "does not go with 'causal_wan1_3b' made chunk by chunk: chunks pass the layers one by one, and are"
    " decoded meanwhile"
)


def load(config: str, *words: str, given: bool = False):
    settings = compose("generate", config, ["model.weights=random", *words])
    spec, _ = find_model(settings)
    return spec, make_request(settings, FirstFrame(None, given=given))


@pytest.mark.parametrize("config", CONFIGS)
def test_shipped_configs_are_valid(config: str) -> None:
    spec, request = load(config)
    check_request(spec, request)
    assert request.by_chunks
    assert chunk_plan(spec, request).chunks > 1


def test_causvid_sees_everything_and_tells_its_own_levels() -> None:
    plan = chunk_plan(*load("causvid_wan1_3b_480p"))
    assert (plan.window, plan.levels) == (21, (1.0, 0.757, 0.522))


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["frames=77"], "frames=77 makes 20 latent frames, which chunks of 3 do not divide",
         "nearest valid: frames=69 or frames=81"),
        (["frames=80"], "frames=80 does not fit 'causal_wan1_3b': it must be 4k+1",
         "nearest valid: frames=77 or frames=81"),
        (["causal.window=5", "causal.sink=3"],
         "causal.window=5 has no room for a sink of 3 latent frames and a chunk of 3",
         "set causal.window=6 or more"),
        (["sampler=unipc"],
         "sampler=unipc does not go with causal.chunk=3: a chunk's few steps are plain ones",
         "set sampler=euler"),
        (["guidance=3"],
         "guidance=3 does not go with causal.chunk=3: guidance is in the weights of few-step models",
         "set guidance=1, and leave negative_prompt out"),
        (["negative_prompt=dark"], "a negative prompt does not go with causal.chunk=3: guidance is in the"
         " weights of few-step models", "set guidance=1, and leave negative_prompt out"),
        (["causal.timesteps=[1000,500]"], "steps=4, and causal.timesteps has 2 values",
         "set steps=2, or causal.timesteps=[] for equal parts"),
        (["ar_step=5"], "ar_step does not go with causal.chunk=3: chunks are made one after the other",
         "leave ar_step out, or set causal.chunk=0"),
        (["model.vae_tiling=true"], f"model.vae_tiling=true {SIDE_BY_SIDE}", "set model.vae_tiling=false"),
        (["attention=svg2"], f"attention=svg2 {SIDE_BY_SIDE}", "set attention=dense"),
        (["cache=interval"], f"cache=interval {SIDE_BY_SIDE}", "set cache=none"),
        (["model.offload=model"], f"model.offload=model {SIDE_BY_SIDE}", "set model.offload=none"),
        (["causal.prompts=[rain]"], "causal.prompts has 'rain', which is not of the form 'TIME: TEXT'",
         'write causal.prompts=["5s: a cat looks up"], or a frame: ["80: a cat looks up"]'),
        (["causal.prompts=['2.5: rain']"], "causal.prompts: frame 2.5 is not a whole number",
         'write causal.prompts=["5s: a cat looks up"], or a frame: ["80: a cat looks up"]'),
        (["causal.prompts=['9s: rain']"],
         "causal.prompts: 9s lies after the clip's end (81 frames, 5.0625 s)",
         "name a frame below 81, or a time before 5.0625s"),
        (["causal.prompts=['3: rain']"],
         "causal.prompts: 3 (frame) lies in chunk 0, which is made under the prompt before it",
         "name rising times, 12 frames (a chunk) apart or more"),
        (["causal.prompts=['3s: rain','2s: snow']"],
         "causal.prompts: 2s lies in chunk 2, which is made under the prompt before it",
         "name rising times, 12 frames (a chunk) apart or more"),
    ],
)  # fmt: skip
def test_what_chunks_do_not_go_with_is_said(words: list[str], message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(compose("generate", "causal_wan1_3b_480p", ["model.weights=random", *words]), draw=False)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("wan2_2_a14b_720p", "it has two transformers"),
        ("wan2_2_ti2v_5b_720p", "Wan2.2-TI2V was trained on whole clips"),
        ("magi1_4_5b", "MAGI-1 has chunks of its own (magi.window)"),
    ],
)
def test_models_that_see_whole_clips_are_refused_by_name(config: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_request(*load(config, "causal.chunk=3", "sampler=euler"))
    assert caught.value.message.endswith(f": {why}")


def test_later_prompts_without_chunks_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"causal\.prompts is for models that make a clip chunk by chunk"):
        check_request(*load("wan1_3b_480p", "causal.prompts=['2s: rain']"))


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("causal.chunk=-1", "causal.chunk must be >= 0, got -1"),
        ("causal.window=0", "causal.window must be >= 1, got 0"),
        ("causal.sink=-2", "causal.sink must be >= 0, got -2"),
        ("causal.timesteps=[1200]", "causal.timesteps must hold values in (0, 1000], got 1200"),
        ("causal.timesteps=[500,800]", "causal.timesteps must fall from step to step, got [500.0, 800.0]"),
    ],
)
def test_values_out_of_range_are_refused(word: str, message: str) -> None:
    with pytest.raises(ConfigError, match="causal") as caught:
        compose("generate", "causal_wan1_3b_480p", [word])
    assert caught.value.message.splitlines()[0] == message


@pytest.mark.parametrize(
    ("weights", "words", "message"),
    [
        ("pretrained", ["model.checkpoint=x.pt"], "no checkpoint file 'x.pt'"),
        ("embedded", ["model.checkpoint=x.pt", "model.name=maze", "model.family=skyreels_df"],
         "model.checkpoint=x.pt does not go with model.weights=embedded"),
    ],
)  # fmt: skip
def test_a_checkpoint_that_cannot_be_used_is_refused(weights: str, words: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(compose("generate", "wan1_3b_480p", [f"model.weights={weights}", *words]), draw=False)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("at", "chunk"), [("16: b", 1), ("9: b", 1), ("21: b", 2), ("1s: b", 1), (" 5 s : b", 6)]
)
def test_a_prompt_begins_with_the_chunk_that_shows_its_time(at: str, chunk: int) -> None:
    spec, request = load("causal_wan1_3b_480p", f"causal.prompts=['{at}']", "prompt=a")
    assert scenes(spec, request) == (Scene(0, "a"), Scene(chunk, "b"))


def test_length_costs_time_and_no_memory() -> None:
    minute = estimate_cost(*load("causal_wan1_3b_long"))
    ten = estimate_cost(*load("causal_wan1_3b_long", "frames=9597"))
    assert ten.peak_bytes == minute.peak_bytes
    assert ten.transformer_flops / minute.transformer_flops == pytest.approx(9.99, rel=0.01)
    assert minute.key_value_bytes == 2 * 30 * 12 * 1560 * 1536 * 2


def test_a_given_first_frame_counts() -> None:
    plain, given = (estimate_cost(*load("maze_causal_demo", given=given)) for given in (False, True))
    assert given.vae_flops > plain.vae_flops


def test_a_dry_run_tells_chunks_and_what_is_kept_without_torch() -> None:
    code = (
        "import sys; from vidkit.cli.main import run;"
        "status = run(['generate', '-c', 'causal_wan1_3b_480p', 'dtype=bf16', '--dry-run']);"
        "heavy = {'torch', 'diffusers', 'transformers', 'numpy', 'PIL', 'av'} & set(sys.modules);"
        "sys.exit(status or ('loaded ' + ', '.join(heavy) if heavy else 0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "tokens      4,680 (3x30x52)" in done.stdout
    assert "forwards    34 (7 chunks of 4 steps; the rest are passes without noise)" in done.stdout
    assert "KV cache  5.62 GiB (21 latent frames, 0 of them the sink)" in done.stdout


def test_one_chunk_and_one_step_are_said_as_one() -> None:
    model = load("causal_wan1_3b_480p", "frames=9", "steps=1", "causal.timesteps=[1000]")
    assert estimate_cost(*model, "bf16", "fp32").schedule.startswith("1 chunk of 1 step; ")


def test_a_sink_is_not_said_to_be_longer_than_the_clip() -> None:
    words = ["model.weights=random", "frames=9", "causal.window=null", "causal.sink=20", "dtype=bf16"]
    command = ["generate", "-c", "causal_wan1_3b_480p", *words, "--dry-run"]
    done = subprocess.run([sys.executable, "-m", "vidkit", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "(3 latent frames, 3 of them the sink)" in done.stdout
