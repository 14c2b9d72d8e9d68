"""MAGI-1 from files: the published layout, diffusers' layout, captions, and folders that are not whole."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from magi_published import TINY, write_published_model

from vidkit.config.compose import compose
from vidkit.config.schema import GenerateSettings
from vidkit.errors import ConfigError, ModelError
from vidkit.generation.load import LoadedModel, LoadOptions, load_pipeline
from vidkit.generation.magi.captions import (
    LearnedTokens,
    chunk_texts,
    clean_caption,
    encode_caption,
    read_learned_tokens,
)
from vidkit.generation.magi.files import find_files, hub_patterns
from vidkit.generation.prompt import load_tokenizer
from vidkit.generation.resolve import ResolvedRun, resolve
from vidkit.generation.run import generate

CPU = LoadOptions(device=torch.device("cpu"), dtype=torch.float32)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published_model(tmp_path_factory.mktemp("magi") / "MAGI-1")


def settings_of(folder: Path, *words: str) -> GenerateSettings:
    shapes = [f"model.transformer.{name}={value}" for name, value in TINY.items()]
    return compose(
        "generate",
        "maze_magi_demo",
        [
            "model.weights=pretrained",
            f"model.path={folder}",
            "model.variant=4.5B_base",
            *shapes,
            "model.transformer.condition_dim=null",
            "height=32",
            "width=32",
            "frames=16",
            "steps=4",
            "seed=3",
            "prompt=a red ball",
            *words,
        ],
    )


def loaded(folder: Path, *words: str) -> tuple[LoadedModel, ResolvedRun]:
    run = resolve(settings_of(folder, *words))
    return load_pipeline(run.spec, run.folder, CPU), run


def test_a_published_folder_makes_a_clip(published: Path) -> None:
    model, run = loaded(published)
    assert model.labels == ()
    assert run.spec.vae["z_dim"] == 4
    assert run.spec.text_encoder["d_model"] == TINY["text_dim"]
    made = generate(model, run.request)
    assert made.frames.shape == (16, 32, 32, 3)
    assert len(made.record.steps) == 4 // 4 * (2 + 4 - 1)
    assert made.record.warnings == ()
    other = generate(model, dataclasses.replace(run.request, prompt="a hill"))
    assert not np.array_equal(made.frames, other.frames)
    again = generate(model, run.request)
    assert np.array_equal(made.frames, again.frames)


def test_a_folder_that_diffusers_saved_makes_the_same_clip(published: Path, tmp_path: Path) -> None:
    model, run = loaded(published)
    model.pipe.save_pretrained(tmp_path / "saved", max_shard_size="60KB")
    shutil.copy(published / "special_tokens.npz", tmp_path / "saved")
    saved, run_again = loaded(tmp_path / "saved")
    assert run_again.spec.transformer["num_layers"] == TINY["num_layers"]
    frames = [generate(m, r.request).frames for m, r in ((model, run), (saved, run_again))]
    assert np.abs(frames[0].astype(int) - frames[1]).max() <= 1


def test_a_first_frame_is_the_first_latent_frame(published: Path) -> None:
    from PIL import Image

    model, run = loaded(published)
    picture = Image.new("RGB", (32, 32), (200, 30, 30))
    request = dataclasses.replace(run.request, has_image=True)
    plain, led = generate(model, run.request).frames, generate(model, request, picture).frames
    assert not np.array_equal(plain[8:], led[8:])


def test_learned_tokens_change_the_clip(published: Path, tmp_path: Path) -> None:
    with_tokens, run = loaded(published)
    bare = shutil.copytree(published, tmp_path / "bare", ignore=shutil.ignore_patterns("*.npz"))
    without, _ = loaded(bare)
    assert with_tokens.pipe.learned_tokens is not None
    assert without.pipe.learned_tokens is None
    one, other = (generate(model, run.request).frames for model in (with_tokens, without))
    assert not np.array_equal(one, other)


class TestFolders:
    """Which parts are where, and what is missing."""

    def test_the_folder_may_be_ckpt_itself(self, published: Path) -> None:
        files = find_files(published / "ckpt", "4.5B_base", distilled=False)
        assert files.transformer == published / "ckpt" / "magi" / "4.5B_base" / "inference_weight"
        assert find_files(published, "4.5B_base", False).learned_tokens == published / "special_tokens.npz"
        assert load_tokenizer(published)("a red ball")["input_ids"] == [3, 4, 5, 1]

    def test_distilled_weights_have_a_name_of_their_own(self, tmp_path: Path) -> None:
        folder = write_published_model(tmp_path / "m", "4.5B_distill", tokens=False)
        found = find_files(folder, "4.5B_distill", distilled=True).transformer
        assert found.name == "inference_weight.distill"
        with pytest.raises(ModelError, match="inference_weight' with weights in it"):
            find_files(folder, "4.5B_distill", distilled=False)

    @pytest.mark.parametrize(
        ("lost", "message"),
        [
            ("ckpt/magi/4.5B_base", "lacks '.*4.5B_base/inference_weight' with weights"),
            ("ckpt/vae/config.json", "lacks '.*vae/config.json'"),
            ("ckpt/t5", "lacks '.*t5/config.json'"),
            ("ckpt/vae/diffusion_pytorch_model.safetensors", "cannot read the weights in '.*vae'"),
            ("ckpt/t5/t5-v1_1-xxl/model.safetensors", "cannot load the model in '.*t5"),
        ],
    )
    def test_what_is_missing_is_named(self, published: Path, tmp_path: Path, lost: str, message: str) -> None:
        folder = shutil.copytree(published, tmp_path / "m")
        path = folder / lost
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        with pytest.raises(ModelError, match=message):
            loaded(folder)

    def test_shapes_of_another_config_are_refused_with_names(self, published: Path) -> None:
        run = resolve(settings_of(published))
        spec = dataclasses.replace(run.spec, transformer={**run.spec.transformer, "num_layers": 3})
        with pytest.raises(ModelError, match=r"missing: videodit_blocks\.layers\.2\.ada_modulate_layer"):
            load_pipeline(spec, run.folder, CPU)

    def test_the_variant_must_be_said(self, published: Path) -> None:
        with pytest.raises(ModelError, match="does not say which weights") as caught:
            find_files(published, None, distilled=False)
        assert "model.variant=4.5B_base" in caught.value.hint

    def test_the_hub_is_asked_for_one_variant(self) -> None:
        assert hub_patterns("24B_base") == ["ckpt/magi/24B_base/*", "ckpt/vae/*", "ckpt/t5/*"]

    def test_other_families_do_not_take_a_magi_folder(self, published: Path, tmp_path: Path) -> None:
        model, _ = loaded(published)
        model.pipe.save_pretrained(tmp_path / "saved")
        settings = compose("generate", "wan1_3b_480p", [f"model.path={tmp_path / 'saved'}", "prompt=x"])
        with pytest.raises(ModelError, match="holds a MagiPipeline, but this config is for the family 'wan'"):
            resolve(settings)


class TestCaptions:
    """Words to states."""

    @pytest.mark.parametrize(
        ("text", "cleaned"),
        [
            ("A Red BALL", "a red ball"),
            ("see https://example.com/a?b=c now", "see now"),
            ("a <b>bold</b> <person> walks", "a bold person walks"),
            ("by @someone, \u201cfine\u201d", 'by , "fine"'),
            ("caf\u00e9 \u7ea2\u7403 end", "caf\u00e9 end"),
            ("well\u2014lit [4k] (hdr)", "well-lit 4k hdr"),
            ("file.png at 10.0.0.1 #12 1234567", "at"),
            ("one_two_three-four-five", "one two three four five"),
            ("100%25 sure &amp; done", "100% sure amp; done"),
            ("", ""),
        ],
    )
    def test_captions_are_cleaned(self, text: str, cleaned: str) -> None:
        assert clean_caption(text) == cleaned

    def test_states_have_no_padding_and_end_at_the_limit(self, published: Path) -> None:
        model, _ = loaded(published)
        states = encode_caption(model.pipe.tokenizer, model.pipe.text_encoder, "A red, red ball", 800)
        assert states.shape == (1, 6, TINY["text_dim"])  # a red , red ball </s>
        assert encode_caption(model.pipe.tokenizer, model.pipe.text_encoder, "a red ball", 2).shape[1] == 2

    def test_every_chunk_is_told_how_many_are_to_come(self) -> None:
        tokens = LearnedTokens(torch.full((1, 3), 50.0), torch.arange(8.0)[:, None].expand(8, 3))
        texts = chunk_texts(torch.zeros(1, 4, 3), 10, tokens, 800)
        firsts = [int(text.states[0, 0, 0]) for text in texts if text.states is not None]
        assert firsts == [7, 7, 7, 6, 5, 4, 3, 2, 1, 0]
        assert all(text.states is not None and text.states[0, 1, 0] == 50 for text in texts)
        assert chunk_texts(torch.zeros(1, 4, 3), 1, tokens, 5)[0].states.shape == (1, 5, 3)  # type: ignore[union-attr]

    def test_learned_tokens_are_read_from_their_rows(self, tmp_path: Path) -> None:
        rows = np.arange(20.0)[:, None].repeat(4, 1)
        np.savez(tmp_path / "t.npz", other_tokens=rows)
        found = read_learned_tokens(tmp_path / "t.npz", 4)
        assert found.quality[0, 0] == 1
        assert found.durations[:, 0].tolist() == [7, 8, 9, 10, 11, 12, 13, 14]

    @pytest.mark.parametrize("content", [{"wrong": np.zeros(3)}, {"other_tokens": np.zeros((20, 5))}, None])
    def test_other_files_are_refused(self, tmp_path: Path, content: dict[str, Any] | None) -> None:
        path = tmp_path / "t.npz"
        path.write_bytes(b"no") if content is None else np.savez(path, **content)
        with pytest.raises(ModelError, match=r"t\.npz"):
            read_learned_tokens(path, 4)


def test_captions_take_time_in_proportion_to_their_length() -> None:
    assert clean_caption("see a.png.jpg here . . and x.mp4y") == "see here . and y"
    # seconds where it is a square
    assert clean_caption("a" + "<" * 50_000 + " " * 49_000 + "b").endswith("b")
    with pytest.raises(ConfigError, match="100,001 characters, of which 100,000 can be read"):
        clean_caption("a" * 100_001)
