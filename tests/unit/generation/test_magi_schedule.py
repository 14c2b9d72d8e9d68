"""MAGI-1's schedule, passes and cost: figures of the publications, and what torch counts."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest

from vidkit.config.compose import compose
from vidkit.config.magi_schema import MagiSettings
from vidkit.errors import ConfigError
from vidkit.generation.cost import estimate_cost
from vidkit.generation.first_frame import FirstFrame
from vidkit.generation.magi.passes import Mix, row_passes
from vidkit.generation.resolve import find_model, make_request
from vidkit.generation.spec import ModelSpec, Request
from vidkit.generation.validate import check_request
from vidkit.models.magi.cost import MagiShape, magi_vae_cost
from vidkit.models.magi.schedule import ChunkRow, chunk_rows, levels, lowest_needed, reach, step_size

SMALL = ["height=32", "width=32", "steps=4", "model.transformer.num_layers=1"]
CONFIGS = {"magi1_4_5b": 4.5, "magi1_4_5b_distill": 4.5, "magi1_24b": 24}


def load(config: str, *words: str, image: bool = False, **changes: object) -> tuple[ModelSpec, Request]:
    settings = compose("generate", config, ["model.weights=random", *words])
    spec, _ = find_model(settings)
    return spec, dataclasses.replace(make_request(settings, FirstFrame(None, given=image)), **changes)


class TestRows:
    """Which chunk performs which step."""

    @pytest.mark.parametrize(
        ("chunks", "steps", "window", "ready"), [(8, 64, 4, 0), (1, 8, 4, 0), (5, 6, 1, 2), (3, 12, 6, 1)]
    )
    def test_every_chunk_takes_every_step_once_in_order(
        self, chunks: int, steps: int, window: int, ready: int
    ) -> None:
        rows = chunk_rows(chunks, steps, window, ready)
        assert len(rows) == steps // window * (chunks - ready + window - 1)
        for chunk in range(chunks):
            taken = [one.step for row in rows for one in row.steps if one.chunk == chunk]
            assert taken == ([] if chunk < ready else list(range(steps)))

    def test_a_chunk_is_a_share_of_the_steps_further_than_the_next(self) -> None:
        for row in chunk_rows(8, 64, 4):
            assert len(row.steps) <= 4
            for one, following in zip(row.steps, row.steps[1:], strict=False):
                assert following.chunk == one.chunk + 1
                assert one.step == following.step + 16

    def test_a_finished_chunk_is_noted_once_before_the_next_step(self) -> None:
        rows = chunk_rows(4, 8, 2)
        noted = [(i, chunk) for i, row in enumerate(rows) for chunk in row.finished]
        assert [chunk for _, chunk in noted] == [0, 1, 2]
        for i, chunk in noted:
            assert rows[i - 1].steps[0].chunk == chunk
            assert rows[i - 1].steps[0].step == 7
        assert chunk_rows(4, 8, 2, ready=2)[0].finished == (0, 1)

    def test_what_does_not_divide_is_refused_with_the_nearest(self) -> None:
        with pytest.raises(ConfigError, match="steps=50 is not a multiple of the 4") as caught:
            chunk_rows(4, 50, 4)
        assert "steps=48 or steps=52" in caught.value.hint
        with pytest.raises(ConfigError, match="2 of 2 chunks are given"):
            chunk_rows(2, 8, 4, ready=2)

    def test_nothing_is_needed_that_no_later_step_sees(self) -> None:
        rows, kv_range = chunk_rows(10, 64, 4), [5, 4, 3, 2]
        needed = lowest_needed(rows, 64, kv_range, 1)
        for i in range(len(rows)):
            seen = [
                one.chunk - (reach(one.step, 64, kv_range) or 0) + 1 for row in rows[i:] for one in row.steps
            ]
            assert needed[i] == max(0, min(seen))
        kept = [row.steps[0].chunk - low for row, low in zip(rows, needed, strict=True)]
        assert max(kept) == 1  # the published ranges need one finished chunk
        assert lowest_needed(rows, 64, [], 1) == [0] * len(rows)


class TestLevels:
    """Times from noise to clean."""

    @pytest.mark.parametrize("steps", [8, 12, 16, 32, 64])
    @pytest.mark.parametrize("distilled", [False, True])
    def test_they_rise_from_noise_to_clean(self, steps: int, distilled: bool) -> None:
        found = levels(steps, 3.0, distilled)
        assert found[0] == 0
        assert found[-1] == pytest.approx(1, abs=1e-12)
        assert all(a < b for a, b in itertools.pairwise(found))
        assert sum(b - a for a, b in itertools.pairwise(found)) == pytest.approx(1, abs=1e-9)

    def test_published_steps_grow_a_thousandfold(self) -> None:
        found = levels(64)
        assert found[1] == pytest.approx(8.1e-5, rel=0.01)
        assert found[-1] - found[-2] == pytest.approx(8.8e-2, rel=0.01)

    def test_twelve_steps_of_a_distilled_model_are_uneven(self) -> None:
        way = [math.sqrt(3 * t / (1 + 2 * t)) for t in levels(12, 3.0, distilled=True)]
        shares = [round(16 * (b - a)) for a, b in itertools.pairwise(way)]
        assert shares == [2, 1, 1] * 4
        assert [step_size(12, i) for i in range(4)] == [4, 8, 8, 4]  # as of 8 and of 16 even steps
        assert (step_size(8, 0), step_size(16, 5)) == (4, 8)
        even = [math.sqrt(3 * t / (1 + 2 * t)) for t in levels(12)]
        assert even == pytest.approx([i / 12 for i in range(13)])

    def test_ranges_change_at_equal_parts_of_the_steps(self) -> None:
        assert [reach(step, 64, [5, 4, 3, 2]) for step in (0, 15, 16, 47, 48, 63)] == [5, 5, 4, 3, 2, 2]
        assert reach(7, 64, []) is None


class TestPasses:
    """How velocities are mixed."""

    AT = levels(64)

    def rows(
        self, guidance: float, distilled: bool = False, **changes: object
    ) -> list[tuple[ChunkRow, object]]:
        settings = dataclasses.replace(MagiSettings(), **changes)
        return [
            (row, row_passes(row, self.AT, guidance, distilled, settings)) for row in chunk_rows(6, 64, 4)
        ]

    @pytest.mark.parametrize("guidance", [0.0, 1.0, 7.5])
    @pytest.mark.parametrize("distilled", [False, True])
    def test_weights_add_up_to_one(self, guidance: float, distilled: bool) -> None:
        for row, plan in self.rows(guidance, distilled):
            assert len(plan.mixes) == len(row.steps)
            for mix in plan.mixes:
                assert mix.text + mix.history + mix.alone == pytest.approx(1)

    def test_published_scales(self) -> None:
        for row, plan in self.rows(7.5):
            for one, mix in zip(row.steps, plan.mixes, strict=True):
                if self.AT[one.step] >= 0.3:
                    assert mix == Mix(history=1.0)
                elif one.chunk == 0:  # without history the pass alone is the pass with history
                    assert mix == Mix(7.5, 1.5 - 7.5 + (1 - 1.5), 0.0)
                else:
                    assert mix == Mix(7.5, -6.0, -0.5)
            assert plan.alone == tuple(i for i, mix in enumerate(plan.mixes) if mix.alone)

    def test_passes_without_weight_are_left_out(self) -> None:
        last = self.rows(7.5)[-1][1]
        assert (last.text, last.history, last.alone) == (False, True, ())
        assert not any(plan.alone for _, plan in self.rows(7.5, history_guidance=1.0))
        for _, plan in self.rows(1.0):
            assert (plan.text, plan.history, plan.alone) == (True, False, ())

    def test_distilled_models_mix_the_foremost_chunk_when_it_is_nearly_clean(self) -> None:
        for row, plan in self.rows(1.0, distilled=True):
            near = self.AT[row.steps[0].step] > 0.3 and row.steps[0].chunk > 0
            assert plan.mixes[0] == (Mix(text=0.7, alone=1 - 0.7) if near else Mix(text=1.0))
            assert set(plan.mixes[1:]) <= {Mix(text=1.0)}
            assert plan.alone == ((0,) if near else ())
            assert plan.alone_captioned


class TestCost:
    """Arithmetic against published figures and the real modules."""

    @pytest.mark.parametrize(
        ("frames", "kv_range", "peta"), [(240, [], 283), (240, [5, 4, 3, 2], 184), (168, [5, 4, 3, 2], 123)]
    )
    def test_flops_of_the_distilled_model_match_the_specification(
        self, frames: int, kv_range: list[int], peta: float
    ) -> None:
        words = [f"frames={frames}", f"magi.kv_range={kv_range}", "magi.history_share=1"]
        cost = estimate_cost(*load("magi1_4_5b_distill", *words))
        assert cost.transformer_flops / 1e15 == pytest.approx(peta, rel=0.015)

    @pytest.mark.parametrize("config", CONFIGS)
    def test_parameters_equal_the_real_modules(self, config: str) -> None:
        import torch

        from vidkit.models.magi import AutoencoderKLMagi, MagiTransformer3DModel

        spec, _ = load(config)
        with torch.device("meta"):
            transformer, vae = MagiTransformer3DModel(**spec.transformer), AutoencoderKLMagi(**spec.vae)
        counted = sum(p.numel() for p in transformer.parameters())
        assert MagiShape.of(spec.transformer).parameters == counted
        assert counted / 1e9 == pytest.approx(CONFIGS[config], rel=0.01)
        cost = magi_vae_cost(spec.vae, 24, 64, 64, 0, tiled=True)
        assert cost.parameters == sum(p.numel() for p in vae.parameters())

    def test_autoencoder_flops_equal_what_torch_counts(self) -> None:
        import torch
        from torch.nn.attention import SDPBackend, sdpa_kernel
        from torch.utils.flop_counter import FlopCounterMode

        from vidkit.models.magi import AutoencoderKLMagi

        sizes = {"z_dim": 4, "embed_dim": 256, "num_layers": 1, "num_attention_heads": 4, "mlp_ratio": 1.0}
        vae = AutoencoderKLMagi(**sizes).eval()
        vae.enable_tiling()
        cost = magi_vae_cost(sizes, 16, 64, 272, 16, tiled=True)
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
            with FlopCounterMode(display=False) as encoding:
                latents = vae.encode(torch.zeros(1, 3, 16, 64, 272)).latent_dist.mode()
            with FlopCounterMode(display=False) as decoding:
                vae.decode(latents)
        assert cost.encode_flops == encoding.get_total_flops()
        assert cost.decode_flops == decoding.get_total_flops()

    @pytest.mark.parametrize(
        "words",
        [[], ["guidance=1"], ["magi.kv_cache=false"], ["magi.kv_range=[]", "magi.clean_refresh=false"]],
        ids=["guided", "unguided", "nothing kept", "all before"],
    )
    def test_loop_flops_equal_what_torch_counts(self, words: list[str]) -> None:
        import torch
        from torch.nn.attention import SDPBackend, sdpa_kernel
        from torch.utils.flop_counter import FlopCounterMode

        from vidkit.generation.magi.clip import MagiClip
        from vidkit.generation.magi.loop import MagiLoop
        from vidkit.models.magi import MagiTransformer3DModel
        from vidkit.models.magi.transformer import MagiText

        spec, request = load("maze_magi_demo", *SMALL, *words)
        model = MagiTransformer3DModel(**spec.transformer).eval().requires_grad_(False)
        texts = [MagiText(torch.zeros(1, request.max_sequence_length, 64)) for _ in range(3)]
        clip = MagiClip(
            torch.zeros(1, 8, 18, 4, 4), texts, None, request.steps, request.guidance, 3.0, request.magi
        )
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counted:
            MagiLoop(model, clip).run()
        # matrix-vector products of single conditions are counted by us alone
        cost = estimate_cost(spec, request)
        assert cost.transformer_flops == pytest.approx(counted.get_total_flops(), rel=2e-3)


CASES = {
    "frames": (["frames=100"], "frames=100 does not fit 'magi_tiny': it must be whole chunks of 24 frames",
               "nearest valid: frames=96 or frames=120"),
    "size": (["width=100"], "width=100 does not fit 'magi_tiny': sizes must be multiples of 16",
             "nearest valid: width=96 or width=112"),
    "sampler": (["sampler=unipc"],
                "sampler=unipc does not fit 'magi_tiny': every chunk takes plain Euler steps",
                "set sampler=euler"),
    "steps": (["steps=10"], "steps=10 is not a multiple of the 4 chunks in flight (magi.window)",
              "nearest valid: steps=8 or steps=12, or change magi.window"),
    "negative": (["negative_prompt=blurred"],
                 "'magi_tiny' takes no negative prompt: it is guided away from a learned null caption",
                 "leave negative_prompt out"),
    "distilled": (["model.transformer.distilled=true"],
                  "guidance=7.5 does not fit 'magi_tiny': guidance is in its weights", "set guidance=1"),
    "budget": (["kv_budget=2"],
               "kv_budget=2 needs magi.kv_range=[] and magi.kv_cache=true: a range is a bound of its own",
               "set magi.kv_range=[] or leave kv_budget out"),
    "forcing": (["ar_step=5"], "ar_step is for diffusion-forcing models, and 'magi_tiny' is not one",
                "leave it out, or use --config skyreels_df_1_3b_540p"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "message", "hint"), CASES.values(), ids=CASES)
def test_what_does_not_fit_is_refused_with_what_does(words: list[str], message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_request(*load("maze_magi_demo", *words))
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["attention=xattention"], "sparse attention does not run on 'magi_tiny'"),
        (["attention.backend=flash"], "attention.backend=flash does not run on 'magi_tiny'"),
        (["compile=blocks"], "compile=blocks does not run on 'magi_tiny'"),
        (["model.quantize=fp8"], "model.quantize=fp8 does not run on 'magi_tiny'"),
        (["lora=style.safetensors"], "lora=style.safetensors does not go with 'magi_tiny'"),
    ],
)
def test_what_needs_tokens_that_all_see_each_other_is_refused_by_name(words: list[str], message: str) -> None:
    from vidkit.generation.resolve import resolve

    with pytest.raises(ConfigError, match=message):
        resolve(compose("generate", "maze_magi_demo", words), draw=False)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("magi.window=0", "magi.window must be >= 1, got 0"),
        ("magi.kv_range=[5,0]", "magi.kv_range must hold values >= 1, got 0"),
        ("magi.clean_level=1.5", "magi.clean_level must be in 0..1, got 1.5"),
    ],
)
def test_settings_out_of_range_are_named(word: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("[", r"\[")):
        compose("generate", "maze_magi_demo", [word])
