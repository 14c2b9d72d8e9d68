"""The transformer of MAGI-1: against a forward written out once more, and by its properties."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from magi_published import (
    TINY,
    published_shapes,
    published_state,
    whole_forward,
    write_published,
)
from torch import Tensor

from vidkit.errors import ModelError
from vidkit.models.magi import ChunkKeyValues, MagiTransformer3DModel
from vidkit.models.magi.block import attend
from vidkit.models.magi.checkpoint import published_name, read_transformer
from vidkit.models.magi.embeddings import LearnedRotary, rotate
from vidkit.models.magi.transformer import MagiText

LARGE: dict[str, Any] = {
    **TINY,
    "gated_linear_unit": True,
    "duplicate_channels": True,
    "x_rescale_factor": 0.1,
}
CPU = torch.device("cpu")
LEVELS = torch.tensor([[0.7, 0.31, 0.02]])


def model_of(
    tmp_path: Path, config: dict[str, Any] = TINY
) -> tuple[MagiTransformer3DModel, dict[str, Tensor]]:
    state = published_state(config)
    return read_transformer(write_published(tmp_path / "w", state), config, CPU, torch.float32), state


def latents_of(chunks: int = 3, height: int = 6, width: int = 4, batch: int = 1) -> Tensor:
    return torch.randn(
        (batch, TINY["in_channels"], chunks * TINY["chunk_frames"], height, width),
        generator=torch.Generator().manual_seed(1),
    )


def text_of(length: int = 7) -> Tensor:
    return torch.randn((1, length, TINY["text_dim"]), generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("config", [TINY, LARGE], ids=["4.5B kind", "24B kind"])
@pytest.mark.parametrize("captioned", [True, False], ids=["caption", "no caption"])
def test_published_checkpoint_gives_the_velocity_of_the_written_out_forward(
    tmp_path: Path, config: dict[str, Any], captioned: bool
) -> None:
    model, state = model_of(tmp_path, config)
    text = text_of() if captioned else None
    with torch.no_grad():
        got = model(latents_of(), LEVELS, text, kv_range=[3, 2, None]).sample
    wanted = whole_forward(
        state, config, latents_of(), LEVELS[0], None if text is None else text[0], [3, 2, None]
    )
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kv_range", [None, [1, 2, 2]], ids=["all before", "short range"])
def test_cached_chunk_by_chunk_equals_the_whole_block_causal_forward(
    tmp_path: Path, kv_range: list[int] | None
) -> None:
    model, _ = model_of(tmp_path)
    x, text, cache, parts = latents_of(), text_of(), ChunkKeyValues(), []
    with torch.no_grad():
        whole = model(x, LEVELS, text, kv_range=kv_range).sample
        for i in range(3):
            own = x[:, :, 2 * i : 2 * i + 2]
            reach = None if kv_range is None else kv_range[i : i + 1]
            parts.append(
                model(
                    own, LEVELS[:, i : i + 1], text, first_chunk=i, kv_range=reach, cache=cache, store=[i]
                ).sample
            )
    torch.testing.assert_close(torch.cat(parts, 2), whole, rtol=0, atol=1e-5)


def test_a_chunk_does_not_see_later_ones_nor_beyond_its_range(tmp_path: Path) -> None:
    model, _ = model_of(tmp_path)
    x, changed = latents_of(), latents_of()
    changed[:, :, 0:2] += 1
    with torch.no_grad():
        before = model(x, LEVELS, text_of(), kv_range=[1, 2, 1]).sample
        after = model(changed, LEVELS, text_of(), kv_range=[1, 2, 1]).sample
        changed = latents_of()
        changed[:, :, 4:6] += 1
        later = model(changed, LEVELS, text_of()).sample
        plain = model(x, LEVELS, text_of()).sample
    assert not torch.equal(before[:, :, 0:2], after[:, :, 0:2])
    assert not torch.allclose(before[:, :, 2:4], after[:, :, 2:4], atol=1e-3)
    torch.testing.assert_close(before[:, :, 4:6], after[:, :, 4:6], rtol=0, atol=1e-6)
    torch.testing.assert_close(plain[:, :, :4], later[:, :, :4], rtol=0, atol=1e-6)
    assert not torch.allclose(plain[:, :, 4:], later[:, :, 4:], atol=1e-3)


def test_history_is_asked_for_only_within_the_range(tmp_path: Path) -> None:
    model, _ = model_of(tmp_path)
    with torch.no_grad():
        alone = model(latents_of(1), LEVELS[:, :1], text_of(), first_chunk=5, kv_range=[1]).sample
        assert alone.shape == (1, 4, 2, 6, 4)
        with pytest.raises(KeyError):
            model(latents_of(1), LEVELS[:, :1], first_chunk=5, kv_range=[2], cache=ChunkKeyValues())


def test_positions_in_time_are_relative(tmp_path: Path) -> None:
    """A chunk that sees only itself is the same wherever it lies in the clip."""
    model, _ = model_of(tmp_path)
    with torch.no_grad():
        here, there = (
            model(latents_of(2), LEVELS[:, :2], text_of(), first_chunk=first).sample for first in (0, 9)
        )
    torch.testing.assert_close(here, there, rtol=0, atol=2e-5)


def test_grouped_queries_equal_repeated_heads() -> None:
    q, k, v = (torch.randn(2, n, h, 8) for n, h in ((5, 6), (9, 2), (9, 2)))
    repeated = [x.repeat_interleave(3, dim=2) for x in (k, v)]
    torch.testing.assert_close(attend(q, k, v), attend(q, *repeated), rtol=0, atol=1e-6)


def test_a_mask_equals_cutting_the_caption(tmp_path: Path) -> None:
    model, _ = model_of(tmp_path)
    text, mask = text_of(9), torch.ones(1, 9)
    mask[:, 6:] = 0
    holes = torch.ones(1, 9)
    holes[:, 2] = 0
    with torch.no_grad():
        cut = model(latents_of(), LEVELS, text[:, :6]).sample
        masked = model(latents_of(), LEVELS, text, mask).sample
        with_holes = model(latents_of(), LEVELS, text, holes).sample
        without = model(latents_of(), LEVELS, torch.cat([text[:, :2], text[:, 3:]], 1)).sample
    torch.testing.assert_close(masked, cut, rtol=0, atol=1e-6)
    torch.testing.assert_close(with_holes, without, rtol=0, atol=1e-5)


def test_clips_of_a_batch_do_not_meet(tmp_path: Path) -> None:
    model, _ = model_of(tmp_path)
    both, text = latents_of(batch=2), torch.cat([text_of(5), -text_of(5)])
    levels = torch.cat([LEVELS, LEVELS.flip(1)])
    with torch.no_grad():
        together = model(both, levels, text).sample
        apart = [model(both[i : i + 1], levels[i : i + 1], text[i : i + 1]).sample for i in range(2)]
    torch.testing.assert_close(together, torch.cat(apart), rtol=0, atol=1e-5)


class TestRotary:
    """Positions, by what they must do to the product of a query and a key."""

    def score(
        self, rope: LearnedRotary, q: Tensor, k: Tensor, first: int, shape: tuple[int, int, int]
    ) -> Tensor:
        cos, sin = rope(first, *shape)
        count = math.prod(shape)
        turned = (rotate(x.expand(1, count, 1, -1), cos, sin)[0, :, 0] for x in (q, k))
        a, b = turned
        return a @ b.T

    @torch.no_grad()
    def test_scores_depend_on_distances_in_time_alone(self) -> None:
        rope, (q, k) = LearnedRotary(32), torch.randn(2, 32)
        score = self.score(rope, q, k, 0, (4, 2, 3)).view(4, 6, 4, 6)
        torch.testing.assert_close(score[0, :, 1], score[2, :, 3], rtol=0, atol=1e-4)
        later = self.score(rope, q, k, 17, (4, 2, 3)).view(4, 6, 4, 6)
        torch.testing.assert_close(score, later, rtol=0, atol=1e-4)

    @torch.no_grad()
    def test_lengths_are_kept_and_the_rest_of_the_channels_passes(self) -> None:
        rope, x = LearnedRotary(32), torch.randn(1, 12, 2, 32)
        cos, sin = rope(3, 2, 2, 3)
        assert cos.shape == (12, 12)
        turned = rotate(x, cos, sin)
        torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))
        assert torch.equal(turned[..., 24:], x[..., 24:])
        assert not torch.allclose(turned[..., :24], x[..., :24])

    @torch.no_grad()
    def test_pictures_of_any_size_span_the_same_area(self) -> None:
        """Rows times columns of positions make 16 x 16, whatever the resolution or the shape."""
        rope = LearnedRotary(8)  # one frequency of 1: angles are positions
        assert rope.bands.tolist() == [1.0]
        for rows, columns in ((16, 16), (45, 45), (45, 80), (8, 32)):
            cos, sin = rope(0, 1, rows, columns)
            angles = torch.atan2(sin, cos)
            scale = math.sqrt(rows * columns) / 16
            places = (torch.arange(rows) - (rows - 1) / 2) * (rows / scale - 1) / (rows - 1)
            wanted = torch.atan2(places.sin(), places.cos())
            torch.testing.assert_close(angles[::columns, 1], wanted, rtol=0, atol=1e-4)
            assert (2 * places.abs().max() + 1) == pytest.approx(rows / scale, rel=1e-4)

    @torch.no_grad()
    def test_a_single_row_lies_in_the_middle(self) -> None:
        cos, _ = LearnedRotary(16)(0, 1, 1, 5)
        assert torch.equal(cos[:, 2:4], torch.ones(5, 2))


class TestCondition:
    """Noise levels, captions and step sizes."""

    def test_levels_and_captions_change_the_condition_apart(self, tmp_path: Path) -> None:
        model, _ = model_of(tmp_path)
        caption, none = model.caption(MagiText(text_of())), model.caption(MagiText())
        other = model.caption(MagiText(2 * text_of()))
        early, late = torch.tensor([0.1]), torch.tensor([0.9])
        difference = model.condition_of(late, caption) - model.condition_of(early, caption)
        torch.testing.assert_close(
            model.condition_of(late, none) - model.condition_of(early, none), difference, rtol=0, atol=1e-5
        )
        # which caption it is, only cross-attention knows
        assert torch.equal(model.condition_of(late, caption), model.condition_of(late, other))
        assert not torch.allclose(model.condition_of(late, caption), model.condition_of(late, none))

    def test_only_the_first_rows_of_the_null_caption_are_read(self, tmp_path: Path) -> None:
        model, _ = model_of(tmp_path)
        assert model.caption(MagiText()).text.shape == (1, 50, 64)
        guided = model.caption(MagiText(guided=True))
        assert torch.equal(guided.part, model.caption(MagiText(text_of())).part)

    def test_distilled_models_are_told_the_size_of_the_step(self, tmp_path: Path) -> None:
        model, _ = model_of(tmp_path)
        distilled = read_transformer(tmp_path / "w", {**TINY, "distilled": True}, CPU, torch.float32)
        caption, level = model.caption(MagiText(text_of())), torch.tensor([0.5])
        added = distilled.condition_of(level, caption, step_size=8.0) - model.condition_of(level, caption)
        torch.testing.assert_close(added, model.time_embedder(torch.tensor([8.0]), torch.float32))
        with pytest.raises(ValueError, match="needs step_size"):
            distilled.condition_of(level, caption)
        with pytest.raises(ValueError, match="takes no step_size"):
            model.condition_of(level, caption, step_size=8.0)


class TestCheckpoint:
    """Files in the published layout."""

    def test_every_published_tensor_has_its_place(self) -> None:
        with torch.device("meta"):
            model = MagiTransformer3DModel(**TINY)
        ours = {published_name(name): tuple(value.shape) for name, value in model.named_parameters()}
        assert ours == published_shapes(TINY)

    def test_missing_and_extra_tensors_are_listed(self, tmp_path: Path) -> None:
        state = published_state(TINY)
        del (
            state["t_embedder.mlp.2.bias"],
            state["videodit_blocks.layers.1.self_attention.linear_qkv.qx.weight"],
        )
        state["videodit_blocks.layers.7.mlp.layer_norm.bias"] = torch.zeros(3)
        state["rope.bands"] = torch.zeros(5)
        folder = write_published(tmp_path / "w", state)
        with pytest.raises(ModelError) as caught:
            read_transformer(folder, TINY, CPU, torch.float32)
        message = caught.value.message
        assert (
            "missing: t_embedder.mlp.2.bias, videodit_blocks.layers.1.self_attention.linear_qkv.qx" in message
        )
        assert "not known: videodit_blocks.layers.7.mlp.layer_norm.bias" in message
        assert "rope.bands is 5, not 2" in message

    def test_long_lists_are_cut_with_their_count(self, tmp_path: Path) -> None:
        folder = write_published(tmp_path / "w", published_state({**TINY, "num_layers": 1}))
        with pytest.raises(ModelError, match=r"and 14 more"):  # 26 tensors a layer
            read_transformer(folder, TINY, CPU, torch.float32)

    def test_absent_compressed_and_8_bit_files_are_refused(self, tmp_path: Path) -> None:
        folder = write_published(tmp_path / "w", published_state(TINY))
        shard = folder / "model-00002-of-00002.safetensors"
        packed = shard.rename(shard.with_name(shard.name + ".zst"))
        with pytest.raises(ModelError, match="is compressed") as caught:
            read_transformer(folder, TINY, CPU, torch.float32)
        assert "zstd -d" in caught.value.hint
        packed.unlink()
        with pytest.raises(ModelError, match=r"lacks .*00002"):
            read_transformer(folder, TINY, CPU, torch.float32)
        state = published_state(TINY)
        state["videodit_blocks.layers.1.mlp.linear_fc1.weight_scale"] = torch.zeros(1)
        with pytest.raises(ModelError, match="8-bit"):
            read_transformer(write_published(tmp_path / "q", state), TINY, CPU, torch.float32)

    @pytest.mark.parametrize("name", ["../other.safetensors", "a/b.safetensors", 3])
    def test_an_index_names_files_of_its_folder_alone(self, tmp_path: Path, name: object) -> None:
        folder = write_published(tmp_path / "w", published_state(TINY))
        index = folder / "model.safetensors.index.json"
        index.write_text(json.dumps({"weight_map": {"x_embedder.weight": name}}))
        with pytest.raises(ModelError) as caught:
            read_transformer(folder, TINY, CPU, torch.float32)
        assert f"names {str(name)!r}, which is not a file in its folder" in caught.value.message

    def test_damaged_files_are_named(self, tmp_path: Path) -> None:
        folder = write_published(tmp_path / "w", published_state(TINY), shards=1)
        (folder / "model-00001-of-00001.safetensors").write_bytes(b"12345678 no")
        with pytest.raises(ModelError, match="cannot read the weights"):
            read_transformer(folder, TINY, CPU, torch.float32)

    def test_reduced_precision_leaves_embeddings_and_norms_in_fp32(self, tmp_path: Path) -> None:
        state = published_state(TINY)
        model = read_transformer(write_published(tmp_path / "w", state), TINY, CPU, torch.bfloat16)
        fp32 = {name for name, value in model.named_parameters() if value.dtype == torch.float32}
        assert {"rope.bands", "proj_out.weight", "blocks.0.attn.norm_q.weight"} <= fp32
        assert not {"blocks.0.attn.norm_q_text.weight", "blocks.0.attn.to_q.weight"} & fp32
        with torch.no_grad():
            got = model(latents_of(), LEVELS, text_of()).sample
        wanted = whole_forward(state, TINY, latents_of(), LEVELS[0], text_of()[0])
        assert got.dtype == torch.float32
        assert (got - wanted).norm() / wanted.norm() < 0.03


def test_saved_in_shards_and_read_again(tmp_path: Path) -> None:
    model, _ = model_of(tmp_path)
    model.save_pretrained(tmp_path / "saved", max_shard_size="60KB")
    assert len(list((tmp_path / "saved").glob("*.safetensors"))) > 2
    again = MagiTransformer3DModel.from_pretrained(tmp_path / "saved", device_map="auto")
    state = again.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    with torch.no_grad():
        expected, got = (m(latents_of(), LEVELS, text_of()).sample for m in (model, again))
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("config", "billions"),
    [
        ({}, 4.5),
        ({"num_layers": 48, "num_attention_heads": 48, "ffn_dim": 16384, "gated_linear_unit": True}, 24),
    ],
    ids=["4.5B", "24B"],
)
def test_parameters_count_as_published(config: dict[str, Any], billions: float) -> None:
    with torch.device("meta"):
        model = MagiTransformer3DModel(**config)
    assert sum(p.numel() for p in model.parameters()) / 1e9 == pytest.approx(billions, rel=0.01)


def test_sizes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    model, _ = model_of(tmp_path)
    with pytest.raises(ValueError, match="5 latent frames are not 3 chunks of 2"):
        model(latents_of()[:, :, :5], LEVELS)
    with pytest.raises(ValueError, match="7x4 are not a whole number of tokens"):
        model(latents_of(height=7), LEVELS)
    with pytest.raises(ValueError, match="not a multiple"):
        MagiTransformer3DModel(**{**TINY, "num_key_value_heads": 3})
