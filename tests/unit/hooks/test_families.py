"""Transformers are told by class: known ones have an adapter, others are refused by name."""

import inspect

import diffusers
import pytest
import torch
from torch import nn

from scripts.doc_tables.families import family_table, rows
from vidkit.attention import enable
from vidkit.caching import enable as enable_cache
from vidkit.caching import policy as make_policy
from vidkit.config.catalog import config_names
from vidkit.config.schema import Family
from vidkit.errors import ConfigError, ModelError
from vidkit.hooks import families
from vidkit.hooks.families import FAMILIES, TextPlace, family_of
from vidkit.hooks.token_grid import TokenGrid

SMALL = {
    "num_layers": 2,
    "num_single_layers": 1,
    "num_refiner_layers": 1,
    "num_attention_heads": 2,
    "attention_head_dim": 24,
    "ffn_dim": 32,
    "text_dim": 16,
    "vace_layers": [0, 1],
}
WITHOUT = [
    "HeliosTransformer3DModel",
    "AnyFlowTransformer3DModel",
    "AnyFlowFARTransformer3DModel",
    "LTXVideoTransformer3DModel",
    "HunyuanVideoTransformer3DModel",
    "MochiTransformer3DModel",
    "AllegroTransformer3DModel",
    "CosmosTransformer3DModel",
    "SanaVideoTransformer3DModel",
    "FluxTransformer2DModel",
]


# where a family's attention is, if not at `attn1`; and latents of a grid of 5 x 6 x 8 tokens, if not Wan's
PLACES = {"HunyuanVideo15Transformer3DModel": ".attn", "LTX2VideoTransformer3DModel": ".attn1"}
LATENTS = {
    "HunyuanVideo15Transformer3DModel": (1, 65, 5, 6, 8),
    "CogVideoXTransformer3DModel": (1, 5, 16, 12, 16),
    "LTX2VideoTransformer3DModel": None,  # packed: nothing says how they lie
}


def tiny(name):
    """A small model of a diffusers class, without memory for its weights."""
    kind = getattr(diffusers, name)
    known = inspect.signature(kind.__init__).parameters
    with torch.device("meta"):
        return kind(**{key: value for key, value in SMALL.items() if key in known})


@pytest.mark.parametrize("name", WITHOUT)
def test_a_class_without_adapter_is_refused_by_name_with_those_that_have_one(name):
    model = tiny(name)
    with pytest.raises(ModelError) as refused:
        enable(model, "xattention")
    assert name in refused.value.message
    assert all(known in refused.value.hint for known in FAMILIES)
    assert not model._forward_hooks and not hasattr(model, "_diffusers_hook")


@pytest.mark.parametrize("name", FAMILIES)
def test_adapters_see_every_self_attention_of_their_class(name):
    model = tiny(name)
    family = family_of(model)
    layers = family.layers(model)
    # whatever is not cross-attention and reads all tokens; diffusers marks Wan's cross-attention itself
    place = PLACES.get(name, "attn1")
    wanted = [
        part
        for path, part in model.named_modules()
        if path.endswith(place) and "refiner" not in path and not getattr(part, "is_cross_attention", False)
    ]
    assert {id(layer.attention) for layer in layers} == {id(part) for part in wanted}
    assert family.heads(model) == 2
    assert [layer.depth for layer in layers if layer.is_main] == [0, 1]
    assert len(family.blocks(model)) == 2
    assert type(layers[0].attention.processor).__name__ in family.processors
    latents = LATENTS.get(name, (1, 16, 5, 12, 16))
    if latents is not None:
        assert family.grid(model.config, torch.empty(latents)) == TokenGrid(5, 6, 8)
    assert family.grid(model.config, torch.empty(1, 100, 16)) is None


@pytest.mark.parametrize("name", FAMILIES)
def test_subclasses_have_their_parents_adapter(name):
    model = tiny(name)
    known = type(family_of(model))
    model.__class__ = type("Mine", (type("Between", (type(model),), {}),), {})
    assert type(family_of(model)) is known


def test_a_class_that_only_borrows_the_name_is_refused():
    class WanTransformer3DModel(nn.Module):
        """Of somebody else."""

    with pytest.raises(ModelError, match=r"test_families.*WanTransformer3DModel"):
        family_of(WanTransformer3DModel())


def test_a_model_without_its_blocks_is_refused():
    model = tiny("WanTransformer3DModel")
    model.blocks = nn.ModuleList()
    with pytest.raises(ModelError, match=r"'transformer' \(WanTransformer3DModel\) has no self-attention"):
        family_of(model)
    del model.blocks
    with pytest.raises(ModelError, match="has no self-attention"):
        family_of(model)


def test_the_table_of_what_runs_where_says_what_the_code_does():
    found, table = rows(), family_table()
    assert {row.transformer for row in found} == {*FAMILIES, None}  # None: MAGI-1, vidkit's own
    assert sorted(name for row in found for name in row.configs) == sorted(config_names("generate"))
    assert len(found) == len(Family) + 2  # Wan Animate and ChronoEdit are for Python alone
    for row in found:
        if row.transformer is None:
            continue
        model = tiny(row.transformer)
        joint = family_of(model).text is not TextPlace.CROSS
        assert ("sort" in row.attention) == joint
        tokens = make_policy("change", share=0.5)  # computes some tokens alone
        if row.cache == "yes":
            enable_cache(model, tokens).disable()
        else:
            with pytest.raises(ConfigError, match="computes single tokens"):
                enable_cache(model, tokens)
        enable_cache(model, "change").disable()
        assert bool(row.configs) == (row.calibrate != "from Python")
        assert f"| {row.title} | " in table


ADAPTER = """
from vidkit.hooks.families import Layer, TextPlace
from vidkit.hooks.families.wan import Wan


class Joint(Wan):
    blocks_name = "transformer_blocks"
    text = TextPlace.BEFORE

    def layers(self, model):
        return tuple(Layer(block.attn1, i) for i, block in enumerate(self.blocks(model)))
"""


def test_a_family_is_one_file_and_one_line(tmp_path, monkeypatch):
    (tmp_path / "mochi_adapter.py").write_text(ADAPTER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(families.FAMILIES, "MochiTransformer3DModel", "mochi_adapter:Joint")
    model = tiny("MochiTransformer3DModel")
    assert len(family_of(model).layers(model)) == 2
    # prompt and video in one attention: clusters would move the prompt
    with pytest.raises(ModelError, match=r"cannot keep the prompt exact in 'transformer' \(Mochi"):
        enable(model, "svg2")
