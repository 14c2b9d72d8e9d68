"""Embedded features and relevance, and every transformers class by a tiny model of the same class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidkit.errors import ConfigError, ModelError
from vidkit.frames.encoders.hist import HistEncoder, picture_features
from vidkit.frames.encoders.lexicon import LexiconEncoder
from vidkit.synthetic.scenes import alter_caption, draw_scene


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (90, 160)) -> np.ndarray:
    return np.full((*size, 3), colour, np.uint8)


def test_hist_features_see_change_and_ignore_size() -> None:
    rng = np.random.default_rng(0)
    texture = np.kron(rng.integers(0, 255, (9, 16, 3), dtype=np.uint8), np.ones((10, 10, 1), np.uint8))
    same = picture_features(texture) @ picture_features(np.kron(texture, np.ones((2, 2, 1), np.uint8)))
    other = picture_features(texture) @ picture_features(texture[:, ::-1])
    assert same > 0.98 > other + 0.1
    rows = HistEncoder().encode([texture, flat((0, 0, 0)), flat((255, 255, 255))], "").rows
    assert rows.shape == (3, 1360) and np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows[1] @ rows[2] < 0.6


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (300, 2), (128, 128)])
def test_hist_features_of_odd_sizes(shape: tuple[int, int]) -> None:
    assert np.isfinite(picture_features(flat((10, 200, 30), shape))).all()


def test_lexicon_knows_colours_light_and_place() -> None:
    encoder = LexiconEncoder()
    pictures = [flat((20, 20, 20)), flat((220, 20, 20)), flat((20, 40, 220)), flat((240, 240, 240))]
    rows, times = encoder.encode(pictures, "").rows, np.arange(4.0)
    wanted = {"a red car": 1, "blue": 2, "bright daylight": 3, "dark night": 0, "the beginning": 0}
    wanted |= {"at the end": 3, "at 0:02": 2}
    curves = {query: encoder.score(rows, None, times, query).relevance for query in wanted}
    assert {query: int(np.argmax(curve)) for query, curve in curves.items() if curve is not None} == wanted
    unknown = encoder.score(rows, None, times, "a zebra dancing")
    assert unknown.relevance is None and unknown.facts["unknown_words"] == ["zebra", "dancing"]


def test_lexicon_sees_motion_between_candidates() -> None:
    rng = np.random.default_rng(0)
    still = [flat((90, 90, 90))] * 3
    moving = [rng.integers(0, 255, (90, 160, 3), dtype=np.uint8) for _ in range(3)]
    encoder = LexiconEncoder()
    rows = encoder.encode([*still, *moving], "").rows
    relevance = encoder.score(rows, None, np.arange(6.0), "something moving fast").relevance
    assert relevance is not None and relevance[:3].max() < 0.2 < relevance[4:].min()


def test_scenes_are_deterministic_and_false_captions_differ() -> None:
    for seed in range(60):
        one, two = draw_scene(np.random.default_rng(seed), 64), draw_scene(np.random.default_rng(seed), 64)
        assert np.array_equal(one.picture, two.picture) and one.captions == two.captions
        assert one.picture.shape == (64, 64, 3) and one.captions
        wrong = alter_caption(one.captions[0], one.captions, np.random.default_rng(seed))
        assert wrong is None or wrong not in one.captions


torch = pytest.importorskip("torch", reason="model encoders need torch")
transformers = pytest.importorskip("transformers", reason="model encoders need transformers")

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "red", "car", "blue", "boat", "the", "sea", "of", "on"]


def word_tokenizer(longest: int) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    inner = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=longest,
    )


VISION = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 32,
}
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "vocab_size": 24,
}


def tiny_model(kind: str) -> Any:
    t = transformers
    torch.manual_seed(0)
    if kind == "clip":
        text = {
            **TEXT,
            "max_position_embeddings": 16,
            "eos_token_id": 3,
            "bos_token_id": 2,
            "pad_token_id": 0,
        }
        return t.CLIPModel(
            t.CLIPConfig(text_config=text, vision_config={**VISION, "patch_size": 8}, projection_dim=24)
        )
    if kind == "siglip":
        text = {**TEXT, "max_position_embeddings": 64, "projection_size": 32}
        return t.SiglipModel(t.SiglipConfig(text_config=text, vision_config={**VISION, "patch_size": 8}))
    if kind == "siglip2":  # NaFlex: patches of pictures of any shape
        text = {**TEXT, "max_position_embeddings": 64, "projection_size": 32}
        vision = {name: size for name, size in VISION.items() if name != "image_size"}
        return t.Siglip2Model(
            t.Siglip2Config(text_config=text, vision_config={**vision, "patch_size": 8, "num_patches": 16})
        )
    small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    if kind == "dinov2":
        return t.Dinov2Model(t.Dinov2Config(**small, image_size=28, patch_size=14))
    if kind == "dinov2_with_registers":
        config = t.Dinov2WithRegistersConfig(**small, image_size=28, patch_size=14, num_register_tokens=4)
        return t.Dinov2WithRegistersModel(config)
    if kind == "dinov3_vit":
        wide = {**small, "intermediate_size": 64}
        return t.DINOv3ViTModel(
            t.DINOv3ViTConfig(**wide, image_size=32, patch_size=16, num_register_tokens=4)
        )
    vision = {**VISION, "patch_size": 8}
    if kind == "blip":
        text = {**TEXT, "encoder_hidden_size": 32, "max_position_embeddings": 32, "projection_dim": 24}
        text |= {"bos_token_id": 2, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0}
        sizes = {"projection_dim": 24, "image_text_hidden_size": 24}
        return t.BlipForImageTextRetrieval(t.BlipConfig(text_config=text, vision_config=vision, **sizes))
    qformer = {
        **TEXT,
        "encoder_hidden_size": 32,
        "max_position_embeddings": 32,
        "use_qformer_text_input": True,
    }
    text = {"model_type": "opt", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    text |= {"ffn_dim": 16, "vocab_size": 24, "word_embed_proj_dim": 16}
    sizes = {"num_query_tokens": 4, "image_text_hidden_size": 24}
    config = t.Blip2Config(vision_config=vision, qformer_config=qformer, text_config=text, **sizes)
    return t.Blip2ForImageTextRetrieval(config)


def tiny_folder(kind: str, folder: Path) -> Path:
    model = tiny_model(kind)
    if kind.startswith("blip"):  # its initial weights are so small that every answer is the same
        for weight in model.parameters():
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, std=0.2)
    model.save_pretrained(folder)
    if kind.startswith("dinov3"):
        processor = transformers.ViTImageProcessor(size={"height": 32, "width": 32})
    elif kind.startswith("dino"):
        processor = transformers.BitImageProcessor(
            size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}
        )
    elif kind == "siglip":
        processor = transformers.SiglipImageProcessor(size={"height": 32, "width": 32})
    elif kind == "siglip2":
        processor = transformers.Siglip2ImageProcessor(patch_size=8, max_num_patches=16)
    elif kind.startswith("blip"):
        processor = transformers.BlipImageProcessor(size={"height": 32, "width": 32})
    else:
        processor = transformers.CLIPImageProcessor(
            size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
        )
    processor.save_pretrained(folder)
    if "dino" not in kind:
        word_tokenizer(16 if kind == "clip" else 32).save_pretrained(folder)
    return folder


PICTURES = [np.random.default_rng(i).integers(0, 255, (48, 64, 3), dtype=np.uint8) for i in range(5)]


@pytest.mark.parametrize(
    "kind", ["clip", "siglip", "siglip2", "dinov2", "dinov2_with_registers", "dinov3_vit", "blip", "blip-2"]
)
def test_every_class_encodes_and_is_independent_of_the_batch(kind: str, tmp_path: Path) -> None:
    from vidkit.frames.encoders.models import load_encoder

    encoder = load_encoder(str(tiny_folder(kind, tmp_path)), device="cpu")
    whole = encoder.encode(PICTURES, "a red car")
    parts = [encoder.encode([picture], "a red car") for picture in PICTURES]
    assert whole.rows.shape[0] == 5 and np.isfinite(whole.rows).all()
    assert np.allclose(whole.rows, np.concatenate([part.rows for part in parts]), atol=1e-4)
    scored = encoder.score(whole.rows, whole.scores, np.arange(5.0), "a red car")
    if kind.startswith("dino"):
        assert scored.relevance is None and not encoder.is_relevance
        return
    assert scored.relevance is not None and scored.relevance.shape == (5,)
    other = encoder.encode(PICTURES, "the blue boat")
    changed = encoder.score(other.rows, other.scores, np.arange(5.0), "the blue boat").relevance
    assert changed is not None and not np.allclose(scored.relevance, changed)
    if kind.startswith("blip"):
        assert ((scored.relevance > 0) & (scored.relevance < 1)).all()
        with pytest.raises(ConfigError, match="needs a query"):
            encoder.encode(PICTURES, " ")


def test_clip_relevance_is_the_cosine_of_the_model(tmp_path: Path) -> None:
    from vidkit.frames.encoders.models import load_encoder

    folder = tiny_folder("clip", tmp_path)
    encoder = load_encoder(str(folder), device="cpu")
    got = encoder.score(encoder.encode(PICTURES, "").rows, None, np.arange(5.0), "a red car").relevance
    model = transformers.CLIPModel.from_pretrained(folder).eval()
    pixels = transformers.AutoImageProcessor.from_pretrained(folder)(images=PICTURES, return_tensors="pt")
    tokens = transformers.AutoTokenizer.from_pretrained(folder)(["a red car"], return_tensors="pt")
    with torch.inference_mode():
        out = model(
            pixel_values=pixels["pixel_values"],
            input_ids=tokens["input_ids"],
            attention_mask=tokens["attention_mask"],
        )
    assert got == pytest.approx(out.logits_per_image[:, 0].numpy() / model.logit_scale.exp().item(), abs=1e-4)


@pytest.mark.parametrize("kind", ["siglip", "siglip2"])
def test_siglip_relevance_is_the_probability_of_the_model(kind: str, tmp_path: Path) -> None:
    from vidkit.frames.encoders.models import load_encoder

    folder = tiny_folder(kind, tmp_path)
    encoder = load_encoder(str(folder), device="cpu")
    got = encoder.score(encoder.encode(PICTURES, "").rows, None, np.arange(5.0), "A Red car").relevance
    model = transformers.AutoModel.from_pretrained(folder).eval()
    pixels = transformers.AutoImageProcessor.from_pretrained(folder)(images=PICTURES, return_tensors="pt")
    # SigLIP's is looked up by name only where sentencepiece is there, in transformers 5.0
    source = transformers.PreTrainedTokenizerFast if kind == "siglip" else transformers.AutoTokenizer
    ids = source.from_pretrained(folder)(
        ["a red car"], padding="max_length", max_length=64, return_tensors="pt"
    )["input_ids"]
    with torch.inference_mode():
        expected = torch.sigmoid(model(input_ids=ids, **pixels).logits_per_image[:, 0])
    assert got == pytest.approx(expected.numpy(), abs=1e-4)


@pytest.mark.parametrize("kind", ["blip", "blip-2"])
def test_itm_relevance_is_the_match_probability_of_the_model(kind: str, tmp_path: Path) -> None:
    from vidkit.frames.encoders.models import load_encoder

    folder = tiny_folder(kind, tmp_path)
    got = load_encoder(str(folder), device="cpu").encode(PICTURES, "a red car")
    build = {"blip": "BlipForImageTextRetrieval", "blip-2": "Blip2ForImageTextRetrieval"}[kind]
    model = getattr(transformers, build).from_pretrained(folder).eval()
    pixels = transformers.AutoImageProcessor.from_pretrained(folder)(images=PICTURES, return_tensors="pt")
    ids = transformers.AutoTokenizer.from_pretrained(folder)(["a red car"], return_tensors="pt")["input_ids"]
    words = {"input_ids": ids.expand(5, -1), "attention_mask": torch.ones_like(ids).expand(5, -1)}
    with torch.inference_mode():
        if kind == "blip":
            out = model(pixel_values=pixels["pixel_values"], **words, use_itm_head=True)
            logits, rows = out.itm_score, out.last_hidden_state[:, 0]
        else:
            out = model(pixel_values=pixels["pixel_values"], **words, use_image_text_matching_head=True)
            logits, rows = out.logits_per_image, out.image_embeds[:, 0]
    assert got.scores == pytest.approx(logits.softmax(-1)[:, 1].numpy(), abs=1e-4)
    assert got.rows == pytest.approx(rows.numpy(), abs=1e-4)


def test_long_queries_are_cut_into_windows_not_truncated(tmp_path: Path) -> None:
    from vidkit.frames.encoders.models import load_encoder

    encoder = load_encoder(str(tiny_folder("clip", tmp_path)), device="cpu")
    rows = encoder.encode(PICTURES, "").rows
    query = " ".join(["a red car on the sea"] * 8)
    scored = encoder.score(rows, None, np.arange(5.0), query)
    assert scored.facts["query_truncated"] is False and scored.facts["query_chunks"] == 4


def test_registers_stay_out_of_the_mean(tmp_path: Path) -> None:
    from vidkit.frames.encoders.models import load_encoder

    folder = tiny_folder("dinov3_vit", tmp_path)
    rows = load_encoder(str(folder), device="cpu").encode(PICTURES, "").rows
    model = transformers.DINOv3ViTModel.from_pretrained(folder).eval()
    pixels = transformers.AutoImageProcessor.from_pretrained(folder)(images=PICTURES, return_tensors="pt")
    with torch.inference_mode():
        states = model(pixels["pixel_values"]).last_hidden_state
    kept = torch.cat([states[:, :1], states[:, 5:]], dim=1).mean(1).numpy()
    assert rows == pytest.approx(kept, abs=1e-4)


def test_folders_that_are_no_encoder(tmp_path: Path) -> None:
    from vidkit.frames.encoders.models import load_encoder

    with pytest.raises(ModelError, match="cannot load the encoder"):
        load_encoder(str(tmp_path))
    transformers.GPT2Config(n_layer=1, n_head=2, n_embd=8).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="is a gpt2 model, which is not a frame encoder"):
        load_encoder(str(tmp_path))
    tiny_folder("clip", tmp_path / "clip")
    (tmp_path / "clip" / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ModelError, match="cannot load the encoder"):
        load_encoder(str(tmp_path / "clip"))


def test_embedded_encoder_is_used_for_words_it_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vidkit.frames.encoders import embedded
    from vidkit.frames.options import FrameOptions
    from vidkit.frames.sources import EncoderPool, choose_sources

    options = FrameOptions()

    def source(query: str, **changes: Any) -> str:
        return choose_sources(tmp_path / "a.mp4", query, FrameOptions(**changes), EncoderPool(options)).name

    monkeypatch.setattr(embedded, "FOLDER", tmp_path / "none")
    assert source("three red circles") == "lexicon"
    with pytest.raises(ModelError, match="is not in this installation"):
        source("three red circles", relevance="embedded")
    folder = tiny_folder("clip", tmp_path / "weights")
    (folder / "words.txt").write_text("\n".join(WORDS[4:]))
    monkeypatch.setattr(embedded, "FOLDER", folder)
    assert source("red boats") == "embedded" and source("a zebra") == "lexicon"
    assert source("something red at 1:20") == "lexicon"  # all of it can be measured, on any footage
    encoder = embedded.load()
    scored = encoder.score(encoder.encode(PICTURES, "").rows, None, np.arange(5.0), "red boats")
    assert scored.relevance is not None and scored.relevance.shape == (5,)
