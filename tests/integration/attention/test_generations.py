"""Masks, drift references and clocks belong to one generation: nothing of an unfinished one is used again."""

import pytest
import torch
from diffusers import WanTransformer3DModel

from vidkit.attention import AttentionPolicy, enable
from vidkit.attention.predictors import make_predictor
from vidkit.attention.reuse import make_reuse

SIZE = {
    "num_attention_heads": 2,
    "attention_head_dim": 24,
    "in_channels": 4,
    "out_channels": 4,
    "text_dim": 16,
    "freq_dim": 32,
    "ffn_dim": 32,
    "num_layers": 1,
    "patch_size": (1, 2, 2),
    "rope_max_seq_len": 32,
}
SCHEDULE = (900.0, 600.0, 300.0)
REUSE = {
    "freeze": ("freeze", {}),
    "tmr": ("tmr", {"delta": 1e9, "gate": False}),
    "interval": ("interval", {"interval": 3}),
}


class StopError(Exception):
    """What a callback or a block raises."""


@pytest.fixture
def model():
    torch.manual_seed(0)
    return WanTransformer3DModel(**SIZE).eval().requires_grad_(False)


def policy(reuse="freeze", dense_steps=0, **changes):
    predictor = make_predictor("xattention", block_q=8, block_k=8, stride=4)
    name, parameters = REUSE[reuse]
    return AttentionPolicy(
        predictor, make_reuse(name, **parameters), tau=0.5, dense_steps=dense_steps, **changes
    )


def noise(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def calls(model, latents, prompt, schedule=SCHEDULE, named=True, extra=None):
    """A denoising loop as a generator: left at any call, as an exception or an interrupt leaves it."""
    x, texts = noise(latents, 1, 4, 2, 8, 8), {"cond": noise(prompt, 1, 6, 16), "uncond": noise(99, 1, 6, 16)}
    for t in schedule:
        outputs = []
        for branch, text in texts.items():
            call = {"hidden_states": x, "timestep": torch.tensor([t]), "encoder_hidden_states": text}
            call.update(extra or {})
            if named:
                with model.cache_context(branch):
                    outputs.append(model(**call, return_dict=False)[0])
            else:
                outputs.append(model(**call, return_dict=False)[0])
            yield outputs[-1]
        x = x - 0.3 * (outputs[1] + 3.0 * (outputs[0] - outputs[1]))


def whole(model, *args, **kwargs):
    return torch.stack(list(calls(model, *args, **kwargs)))


def fresh(model, attention, *args, **kwargs):
    with enable(model, attention):
        return whole(model, *args, **kwargs)


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
@pytest.mark.parametrize("stop", [1, 2, 3, 4, 6])
@pytest.mark.parametrize(("reuse", "dense_steps"), [("freeze", 0), ("tmr", 0), ("interval", 0), ("tmr", 1)])
def test_a_loop_left_anywhere_leaves_nothing(reuse, dense_steps, stop, named, model):
    first, second = (1, 11), (2, 12)
    for other in (second, (1, 12), (2, 11)):  # everything new, another prompt, another seed
        wanted = fresh(model, policy(reuse, dense_steps), *other, named=named)
        with enable(model, policy(reuse, dense_steps)) as handle:
            loop = calls(model, *first, named=named)
            for _ in range(stop):
                next(loop)
            loop.close()
            assert torch.equal(whole(model, *other, named=named), wanted), other
            assert all(len(r.branches) <= 4 for r in handle.runtimes.values())


@pytest.mark.parametrize("call", [0, 1, 2])
def test_a_forward_that_raises_leaves_nothing(call, model):
    wanted = fresh(model, policy(), 1, 12)
    with enable(model, policy()):
        loop = calls(model, 1, 11)
        for _ in range(call):
            next(loop)

        def fail(*args):
            raise StopError

        hook = model.blocks[0].ffn.register_forward_pre_hook(fail)
        with pytest.raises(StopError):
            next(loop)
        hook.remove()
        assert torch.equal(whole(model, 1, 12), wanted)


def test_a_schedule_that_starts_at_the_timestep_last_seen(model):
    # an abandoned run, then one that starts in the middle, as from a video
    wanted = fresh(model, policy(), 2, 12, schedule=SCHEDULE[1:])
    with enable(model, policy()):
        loop = calls(model, 1, 11)
        for _ in range(4):
            next(loop)
        assert torch.equal(whole(model, 2, 12, schedule=SCHEDULE[1:]), wanted)


def test_nan_that_is_told_at_the_next_forward_leaves_nothing(model):
    from vidkit.errors import DataError

    wanted = fresh(model, policy(), 2, 12)
    good = model.blocks[0].attn1.to_k.weight.clone()
    with enable(model, policy()):
        model.blocks[0].attn1.to_k.weight.data[0, 0] = float("nan")
        with pytest.raises(DataError):
            whole(model, 1, 11)
        model.blocks[0].attn1.to_k.weight.data.copy_(good)
        assert torch.equal(whole(model, 2, 12), wanted)


def test_a_new_prompt_in_the_middle_gets_new_masks_and_no_new_warm_up(model):
    with enable(model, policy(dense_steps=1)) as handle:
        list(calls(model, 1, 11, schedule=SCHEDULE[:2]))
        before = handle.runtimes["transformer"].branches["cond"].layers[0]
        list(calls(model, 1, 12, schedule=SCHEDULE[2:]))
        assert handle.runtimes["transformer"].branches["cond"].layers[0] is not before
        assert [(r.step, r.heads > 0) for r in handle.rows()][::2] == [(0, False), (1, True), (2, True)]


def test_shared_guidance_masks_are_not_those_of_another_generation(model):
    wanted = fresh(model, policy(share_cfg_mask=True), 2, 12)
    with enable(model, policy(share_cfg_mask=True)):
        next(calls(model, 1, 11))
        assert torch.equal(whole(model, 2, 12), wanted)


class Pipe:
    """What is left of a pipeline: parts and a schedule that each call sets anew."""

    def __init__(self, timesteps, **parts):
        self.scheduler = type("Scheduler", (), {"timesteps": None})()
        self.again = lambda: setattr(self.scheduler, "timesteps", torch.tensor(timesteps))
        vars(self).update(parts)


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
def test_a_schedule_that_holds_a_timestep_twice_goes_on(named, model):
    # large shifts and solvers of second order; masks are made once and the warm-up ends
    schedule = (900.0, 900.0, 600.0, 600.0)
    pipe = Pipe(schedule, transformer=model)
    pipe.again()
    with enable(pipe, policy(dense_steps=1)) as handle:
        first = whole(model, 1, 11, schedule=schedule, named=named)
        assert [r.step for r in handle.rows()] == [0, 0, 1, 1, 2, 2, 3, 3]
        assert sum(r.refreshed for r in handle.rows()) == 2 * 2
        for stop in (1, 3):
            pipe.again()
            loop = calls(model, 2, 12, schedule=schedule, named=named)
            for _ in range(stop):
                next(loop)
            pipe.again()
            assert torch.equal(whole(model, 1, 11, schedule=schedule, named=named), first)


def test_two_transformers_drop_what_the_other_left(model):
    torch.manual_seed(1)
    second = WanTransformer3DModel(**SIZE).eval().requires_grad_(False)
    pipe = Pipe(SCHEDULE, transformer=model, transformer_2=second)

    def run(latents, prompt, stop=6):
        pipe.again()
        loops = [
            calls(m, latents, prompt, schedule=s) for m, s in ((model, SCHEDULE[:1]), (second, SCHEDULE[1:]))
        ]
        outputs = []
        for loop in loops:
            for out in loop:
                outputs.append(out)
                if len(outputs) == stop:
                    return torch.stack(outputs)
        return torch.stack(outputs)

    with enable(pipe, policy()):
        wanted = run(2, 12)
    for stop in (1, 2, 3, 5):
        with enable(pipe, policy()):
            run(1, 11, stop)
            assert torch.equal(run(2, 12), wanted)


def test_calls_all_alike_do_not_pile_up_branches(model):
    x = {"hidden_states": noise(1, 1, 4, 2, 8, 8), "encoder_hidden_states": noise(2, 1, 6, 16)}
    with enable(model, policy()) as handle:
        for _ in range(20):
            model(timestep=torch.tensor([500.0]), **x)
        assert len(handle.runtimes["transformer"].branches) <= 8


def test_figures_of_finished_generations_are_numbers_and_bounded(model, monkeypatch):
    from vidkit.hooks import reports

    monkeypatch.setattr(reports, "KEPT_ROWS", 10)
    with enable(model, policy()) as handle:
        for seed in range(5):
            whole(model, seed, seed)
        model._reset_stateful_cache()
        held = vars(handle._recorder)
        assert held["_open"] == [] and len(handle.rows()) == 10
        report = handle.report()
        assert report["calls"] == 30 and report["predicted_heads"] == 5 * 2 * 2
        assert report["reuse_ratio"] == pytest.approx(2 / 3)
