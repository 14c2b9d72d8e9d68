"""Caches together with compilers, offload, other ranks, and block-by-block execution."""

import multiprocessing
import os
import socket

import pytest
import torch
from diffusers import SkyReelsV2Transformer3DModel

from tests.support.tiny_cache import Pipe
from vidkit import caching
from vidkit.errors import ConfigError
from vidkit.hooks.families import FAMILIES

CPU = torch.device("cpu")
POLICIES = {"interval": {"every": 2, "warmup": 1}, "change": {"share": 0.25, "full_every": 4}}


@pytest.mark.parametrize("name", POLICIES)
def test_group_offload_changes_nothing(name):
    def made(offload):
        pipe = Pipe()
        if offload:
            pipe.transformer.enable_group_offload(
                onload_device=CPU, offload_device=CPU, offload_type="leaf_level"
            )
        with caching.enable(pipe, caching.policy(name, **POLICIES[name])):
            return pipe()

    assert torch.equal(made(True), made(False))


@pytest.mark.parametrize("name", POLICIES)
def test_compiled_blocks_give_what_eager_ones_give(name):
    pipe = Pipe()
    with caching.enable(pipe, caching.policy(name, **POLICIES[name])):
        plain = pipe()
    for block in pipe.transformer.blocks:
        block.compile(backend="eager")
    with caching.enable(pipe, caching.policy(name, **POLICIES[name])) as handle:
        torch.testing.assert_close(pipe(), plain, atol=1e-5, rtol=1e-5)
        assert handle.report()["flops_share"] < 1


def test_a_transformer_compiled_as_a_whole_is_refused():
    pipe = Pipe()
    whole = torch.compile(pipe.transformer, backend="eager")
    with caching.enable(pipe, "interval"):
        pipe.transformer = whole
        with pytest.raises(Exception, match="compiled as a whole") as raised:
            pipe()
    assert isinstance(raised.value, ConfigError) or "ConfigError" in str(raised.value)


def test_gradients_are_refused():
    pipe = Pipe()
    pipe.transformer.requires_grad_(True)
    with caching.enable(pipe, "interval"), pytest.raises(ConfigError, match="no gradients"):
        x = torch.randn(1, 4, 4, 8, 8)
        with torch.enable_grad():
            pipe.transformer(
                x, torch.full((1, 4), 900.0), torch.randn(1, 6, 16), enable_diffusion_forcing=True
            )


def test_single_tokens_of_models_with_more_between_their_blocks_are_refused_by_name():
    import diffusers

    kind = diffusers.WanVACETransformer3DModel
    assert kind.__name__ in FAMILIES
    small = {"num_attention_heads": 2, "attention_head_dim": 12, "in_channels": 4, "out_channels": 4}
    small |= {"text_dim": 8, "freq_dim": 16, "ffn_dim": 16, "num_layers": 2}
    model = kind(**small, vace_layers=[0], vace_in_channels=4)
    with pytest.raises(ConfigError, match="WanVACETransformer3DModel cannot"):
        caching.enable(model, "motioncache")


class Disagreeing(caching.CachePolicy):
    """Each rank would decide for itself."""

    name, partial = "disagreeing", True

    def decide(self, ctx, signals):
        if ctx.step < 2:
            return caching.FULL
        g = torch.Generator().manual_seed(int(os.environ["RANK"]) * 100 + ctx.step)
        draw = int(torch.randint(3, (1,), generator=g))
        if draw == 0:
            return caching.SKIP
        return caching.FULL if draw == 1 else caching.TOKENS(torch.randperm(64, generator=g)[: 8 + draw])


def _rank(rank, port, queue):
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2)
    pipe = Pipe()
    with caching.enable(pipe, Disagreeing(), group=torch.distributed.group.WORLD) as handle:
        latents = pipe()
        queue.put((rank, latents.numpy(), [(r.kind, r.computed) for r in handle.rows()]))
    torch.distributed.destroy_process_group()


def test_all_ranks_of_a_clip_take_the_first_ones_decisions():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    ranks = [context.Process(target=_rank, args=(rank, port, queue)) for rank in range(2)]
    for each in ranks:
        each.start()
    found = sorted((queue.get(timeout=600) for _ in ranks), key=lambda one: one[0])
    for each in ranks:
        each.join(30)
    assert (found[0][1] == found[1][1]).all() and found[0][2] == found[1][2]
    assert {kind for kind, _ in found[0][2]} >= {"full", "tokens"}


def test_the_tiny_model_of_these_tests_is_of_a_known_class():
    assert isinstance(Pipe().transformer, SkyReelsV2Transformer3DModel)
