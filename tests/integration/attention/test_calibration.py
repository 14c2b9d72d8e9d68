"""Calibration on a small random transformer: probes, resume, table, joint error."""

import json
import logging

import pytest
import torch
from diffusers import SkyReelsV2Transformer3DModel, WanTransformer3DModel

from vidkit.attention import AttentionPolicy, ThresholdTable, build_policy, enable
from vidkit.attention.calibration import (
    CalibrationPlan,
    Calibrator,
    Snapshot,
    TraceReuse,
    assign_prompts,
    band_error,
    calibrate,
    capture_snapshots,
    choose_delta,
    joint_error,
    load_snapshots,
    make_table,
    resolve,
    save_snapshots,
)
from vidkit.attention.calibration.drift_threshold import simulate_reuse
from vidkit.attention.predictors import PlanState, make_predictor
from vidkit.attention.predictors.svg2 import SVG2Predictor
from vidkit.attention.reuse import make_reuse
from vidkit.config.attention_schema import AttentionSettings, Predictor, Reuse
from vidkit.errors import ConfigError, DataError
from vidkit.hooks.partial_forward import dense_forward, resumed_at, velocity_of
from vidkit.hooks.token_grid import TokenGrid

SIZE = {
    "num_attention_heads": 2, "attention_head_dim": 24, "in_channels": 4, "out_channels": 4, "text_dim": 16,
    "freq_dim": 32, "ffn_dim": 32, "num_layers": 3, "patch_size": (1, 2, 2), "rope_max_seq_len": 32,
}  # fmt: skip
TAUS = [0.5, 0.7, 0.9]
XATTENTION = {"block_q": 16, "block_k": 16, "stride": 4}


def make(kind=SkyReelsV2Transformer3DModel):
    torch.manual_seed(0)
    return kind(**SIZE).eval().requires_grad_(False)


def snapshots(prompts=2, steps=(1, 3)):
    out = []
    for prompt in range(prompts):
        for step in steps:
            g = torch.Generator().manual_seed(10 * prompt + step)
            out.append(
                Snapshot(
                    prompt,
                    step,
                    {
                        "hidden_states": torch.randn(1, 4, 3, 12, 12, generator=g),
                        "timestep": torch.tensor([900.0 - step]),
                        "encoder_hidden_states": torch.randn(1, 6, 16, generator=g),
                    },
                )
            )
    return out


def calibrator(path, model=None, predictor="xattention", **changes):
    options = XATTENTION if predictor == "xattention" else {
        "block_q": 8, "block_k": 8, "query_clusters": 6, "key_clusters": 16, "first_iterations": 3
    }  # fmt: skip
    values = {
        "candidates": TAUS, "snapshots": snapshots(), "assignment": assign_prompts(3, 2, 2), "log_path": path,
        "header": {"model": "random"},
    }  # fmt: skip
    return Calibrator(model or make(), make_predictor(predictor, **options), **{**values, **changes})


@pytest.mark.parametrize("kind", [SkyReelsV2Transformer3DModel, WanTransformer3DModel])
def test_a_resumed_forward_is_the_forward(kind):
    model = make(kind)
    inputs = snapshots()[0].inputs
    dense = dense_forward(model, inputs)
    assert len(dense.inputs) == 3 and torch.equal(dense.velocity, velocity_of(model, inputs))
    for layer in range(3):
        with resumed_at(model, layer, dense.inputs[layer]):
            assert torch.equal(velocity_of(model, inputs), dense.velocity)
    assert len(model.blocks) == 3


def test_a_probe_equals_a_run_with_one_sparse_head(tmp_path):
    # by other means: the whole model, every other head at tau 1
    model = make()
    run = calibrator(tmp_path / "log", model)
    run.run()
    snapshot = run.snapshots[0]
    dense = velocity_of(model, snapshot.inputs)
    checked = 0
    for layer in range(3):
        for head in range(2):
            if run.assignment[layer][head] != snapshot.prompt:
                continue
            taus = torch.ones(3, 2)
            taus[layer, head] = TAUS[0]
            table = ThresholdTable(
                "random", run.predictor.describe(), TAUS, 0, 0, 0, taus.tolist(), [[[0.0]]], [[[0.0]]]
            )
            with enable(model, AttentionPolicy(run.predictor, table=table)) as handle:
                sparse = velocity_of(model, snapshot.inputs)
                state = handle.runtimes["transformer"].branches["cond"].layers[layer]
            probe = run.log.done[snapshot.prompt, snapshot.step, layer, head, 0]
            assert probe.error == pytest.approx(band_error(sparse, dense).weighted, rel=1e-3)
            plan = run.predictor.plan(108, state.plan, None)
            assert probe.sparsity == pytest.approx(1 - float(plan.head_density[0, head]), abs=1e-6)
            checked += 1
    assert checked > 0


@pytest.mark.parametrize("predictor", ["xattention", "svg2"])
def test_measurements_cover_every_head_and_fall_with_tau(tmp_path, predictor):
    seen = []
    run = calibrator(tmp_path / "log", predictor=predictor)
    measured = run.run(lambda p: seen.append((p.done, p.total, p.eta_s)))
    assert measured.errors.shape == (3, 2, 3) and bool(torch.isfinite(measured.errors).all())
    assert len(seen) == 3 * 2 * 3 * 2 + 3 * 2 == seen[-1][0] == seen[-1][1] and seen[-1][2] == 0
    assert bool((measured.sparsities.diff(dim=-1) <= 1e-9).all())
    assert float(measured.errors[..., 0].sum()) > float(measured.errors[..., 2].sum())


def test_a_full_mask_has_no_error(tmp_path):
    measured = calibrator(tmp_path / "log", candidates=[0.5, 1.0]).run()
    assert bool((measured.errors[..., 1] == 0).all()) and bool((measured.sparsities[..., 1] == 0).all())


def test_a_killed_calibration_resumes_at_the_probe(tmp_path):
    whole = calibrator(tmp_path / "whole").run()

    class KilledError(Exception):
        pass

    def kill(progress):
        if progress.done == 7:
            raise KilledError

    with pytest.raises(KilledError):
        calibrator(tmp_path / "log").run(kill)
    assert len((tmp_path / "log").read_text().splitlines()) == 1 + 7
    done = []
    again = calibrator(tmp_path / "log").run(lambda p: done.append(p.done))
    assert done[0] == 8 and len(done) == 42 - 7
    assert torch.equal(again.errors, whole.errors) and torch.equal(again.sparsities, whole.sparsities)


def test_the_model_is_as_before_after_a_kill(tmp_path):
    model = make()
    before = [b.attn1.processor for b in model.blocks]

    def kill(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calibrator(tmp_path / "log", model).run(kill)
    assert [b.attn1.processor for b in model.blocks] == before and len(model.blocks) == 3


def test_corrupt_lines_are_reported_and_measured_again(tmp_path, caplog):
    path = tmp_path / "log"
    whole = calibrator(path).run()
    lines = path.read_text().splitlines()
    lines[3] = lines[3][:20]
    row = json.loads(lines[5])
    lines[5] = json.dumps({**row, "error": float("nan")})
    lines[-1] = lines[-1][: len(lines[-1]) // 2]  # killed while writing
    path.write_text("\n".join(lines))
    with caplog.at_level(logging.WARNING):
        again = calibrator(path).run()
    reported = [r.message for r in caplog.records if "measured again" in r.message]
    assert [f"log:{n}:" in m for n, m in zip((4, 6, 43), reported, strict=True)] == [True] * 3
    assert torch.equal(again.errors, whole.errors)
    caplog.clear()
    assert len(calibrator(path).log.done) == 42 and len(path.read_text().splitlines()) == 1 + 42
    assert not caplog.records, "a damaged line is told once"


def test_the_time_of_a_resumed_calibration_is_that_of_all_its_parts(tmp_path, monkeypatch):
    from vidkit.attention.calibration import calibrator as probing

    now = [0.0]  # a second passes after each probe
    monkeypatch.setattr(probing.time, "monotonic", lambda: now[0])

    def tick(progress):
        now[0] += 1
        if progress.done == 20 and now[0] > 42:
            raise KeyboardInterrupt

    whole = calibrator(tmp_path / "whole").run(tick)
    with pytest.raises(KeyboardInterrupt):
        calibrator(tmp_path / "parts").run(tick)
    resumed = calibrator(tmp_path / "parts").run(tick)
    again = calibrator(tmp_path / "parts").run(tick)
    # the first probe of a run takes no time here
    assert (whole.seconds, resumed.seconds, again.seconds) == (41, 40, 40)


def test_a_log_of_another_calibration_is_refused(tmp_path):
    path = tmp_path / "log"
    calibrator(path).run()
    with pytest.raises(
        DataError, match=r"another calibration \(candidates: file \[0.5, 0.7, 0.9\], now \[0.5, 0.9\]"
    ):
        calibrator(path, candidates=[0.5, 0.9])
    with pytest.raises(DataError, match="model: file 'random', now 'other'"):
        calibrator(path, header={"model": "other"})
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0][:20], *lines[1:]]))
    with pytest.raises(DataError, match=":1: the header is damaged"):
        calibrator(path)


@pytest.mark.parametrize("cut", ['{"format": 1, "mod', "{", "\x00" * 40])
def test_a_log_killed_in_its_first_line_starts_over(cut, tmp_path, caplog):
    path = tmp_path / "log"
    path.write_text(cut)
    first = calibrator(path).run()
    assert f"{path}:1: cut off" in caplog.text and "the log is started over" in caplog.text
    assert len(path.read_text().splitlines()) == 1 + 42
    assert torch.equal(calibrator(path).run().errors, first.errors)


def test_bad_requests(tmp_path):
    with pytest.raises(ConfigError, match="ascending"):
        calibrator(tmp_path / "a", candidates=[0.9, 0.5])
    with pytest.raises(ConfigError, match="no snapshot of prompt 1 at step 3"):
        calibrator(tmp_path / "b", snapshots=snapshots()[:-1])
    model = make()
    with enable(model, "xattention"), pytest.raises(ConfigError, match="enabled on the model"):
        calibrator(tmp_path / "c", model)
    causal = make()
    causal._set_ar_attention(3)
    with pytest.raises(ConfigError, match="block-causal"):
        calibrator(tmp_path / "d", causal).run()


def test_from_measurements_to_a_generating_table(tmp_path):
    model = make()
    run = calibrator(tmp_path / "log", model)
    measured = run.run()
    table = make_table(measured, TAUS, run.predictor.describe(), "random", shared_tau=0.7, meta={"seed": 0})
    assert table.achieved_sparsity >= table.budget - 1e-12
    assert table.objective <= table.meta["shared_tau_objective"] + 1e-15
    table.save(tmp_path / "table.json")
    settings = AttentionSettings(
        predictor=Predictor.XATTENTION, table=str(tmp_path / "table.json"), **XATTENTION
    )
    with enable(model, settings, model="random") as handle:
        velocity_of(model, snapshots()[0].inputs)
        assert handle.rows()[0].heads == 6
    denser = resolve(ThresholdTable.load(tmp_path / "table.json"), budget=0.0)
    assert denser.objective <= table.objective and denser.E == table.E
    with pytest.raises(ConfigError, match=r"needs tau 0\.8"):
        make_table(measured, TAUS, {}, "random", shared_tau=0.8)


def test_joint_error_on_held_out_prompts(tmp_path):
    model = make()
    run = calibrator(tmp_path / "log", model)
    table = make_table(run.run(), TAUS, run.predictor.describe(), "random", shared_tau=0.7)
    report = joint_error(model, run.predictor, table, snapshots(prompts=3)[4:])
    assert report.runs == 2 and report.joint > 0 and report.predicted == table.objective
    assert 0 < report.sparsity < 1
    with pytest.raises(ConfigError, match="held-out"):
        joint_error(model, run.predictor, table, [])


def test_captured_inputs_replay_the_forward(tmp_path):
    model = make()
    outputs = {}

    def generate(prompt):
        for step in range(4):
            for branch in ("cond", "uncond"):
                x = snapshots(prompt + 1)[2 * prompt].inputs
                with model.cache_context(branch):
                    out = model(
                        x["hidden_states"] * (1 - 0.1 * step),
                        torch.tensor([900.0 - 200 * step]),
                        encoder_hidden_states=x["encoder_hidden_states"] * (1 + (branch == "uncond")),
                    )
                outputs[prompt, step, branch] = out.sample
        model._reset_stateful_cache()

    taken = capture_snapshots(model, generate, prompts=[0, 1], steps=[1, 3])
    assert [(s.prompt, s.step) for s in taken] == [(0, 1), (0, 3), (1, 1), (1, 3)]
    save_snapshots(tmp_path / "s.pt", taken)
    for s in load_snapshots(tmp_path / "s.pt"):
        assert torch.equal(velocity_of(model, s.inputs), outputs[s.prompt, s.step, "cond"])
    with pytest.raises(DataError, match="never reached step 9"):
        capture_snapshots(model, generate, [0], [9])
    (tmp_path / "s.pt").write_bytes((tmp_path / "s.pt").read_bytes()[:500])
    with pytest.raises(DataError, match="damaged"):
        load_snapshots(tmp_path / "s.pt")


def drive(model, steps=6):
    """`generate(prompt)` for calibrate: a denoising loop on the prompt's noise."""

    def generate(prompt):
        x = snapshots(prompt + 1)[2 * prompt].inputs
        for step in range(steps):
            for branch in ("cond", "uncond"):
                with model.cache_context(branch):
                    model(**{**x, "hidden_states": x["hidden_states"] * (1 - 0.1 * step),
                             "timestep": torch.tensor([900.0 - 100 * step])})  # fmt: skip
        model._reset_stateful_cache()
        generate.runs += 1

    generate.runs = 0
    return generate


def test_calibrate_end_to_end_and_again_from_its_files(tmp_path, caplog):
    model = make()
    plan = CalibrationPlan(
        candidates=TAUS, prompts=["a", "b", "c"], steps=6, intervals=2, shared_tau=0.7, target_reuse=0.5
    )
    predictor = make_predictor("xattention", **XATTENTION)
    first = drive(model)
    stages = []
    table = calibrate(model, first, predictor, plan, "random", tmp_path, {"frames": 3}, stage=stages.append)
    assert first.runs == 4  # three dense runs and one traced
    assert table.meta["frames"] == 3 and table.meta["delta_reuse"] >= 0.5 and table.meta["joint"]["runs"] == 2
    assert stages[0] == "dense run 1 of 3" and stages[-1].startswith("tracing")
    again = drive(model)
    probes = []
    repeated = calibrate(
        model, again, predictor, plan, "random", tmp_path, {"frames": 3}, progress=probes.append
    )
    assert again.runs == 1 and not probes
    assert repeated.tau == table.tau and repeated.meta["delta"] == table.meta["delta"]
    table.save(tmp_path / "t.json")
    settings = AttentionSettings(
        predictor=Predictor.XATTENTION, table=str(tmp_path / "t.json"), reuse=Reuse.TMR_AUTO, **XATTENTION
    )
    with enable(model, settings, model="random") as handle:
        for step in range(6):
            velocity_of(model, {**snapshots()[0].inputs, "timestep": torch.tensor([900.0 - step])})
        assert handle.report()["reuse_ratio"] > 0
    log = tmp_path / "probes.jsonl"
    log.write_text(log.read_text().replace('"layer": 1', '"layer": -1', 1))
    damaged = tmp_path / "snapshots.pt"
    damaged.write_bytes(damaged.read_bytes()[:500])
    third = drive(model)
    with caplog.at_level(logging.WARNING):
        assert calibrate(model, third, predictor, plan, "random", tmp_path, {"frames": 3}).tau == table.tau
    assert third.runs == 4 and "snapshots.pt is damaged" in caplog.text
    assert caplog.text.count("it will be measured again") == 1
    with pytest.raises(ConfigError, match="cannot leave 3 out"):
        calibrate(
            model, again, predictor, CalibrationPlan(prompts=["a", "b", "c"], held_out=3), "random", tmp_path
        )


@pytest.mark.parametrize("name", ["xattention", "svg2"])
def test_plans_of_one_clustering_are_those_of_many(name, tmp_path, monkeypatch):
    calls = []
    original = SVG2Predictor._cluster
    monkeypatch.setattr(SVG2Predictor, "_cluster", lambda self, *a: calls.append(a[0]) or original(self, *a))
    run = calibrator(tmp_path / name, predictor=name)
    q, k, v = (torch.randn(1, 108, 2, 24, generator=torch.Generator().manual_seed(s)) for s in range(3))
    pairs = [(1, 0), (1, 2), (0, 1)]
    grid = TokenGrid(3, 6, 6)
    made = run.sparse.outputs(v, q, k, v, 1, grid, pairs)
    assert calls == (["q", "k"] if name == "svg2" else [])
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    for head, c in pairs:
        plan = run.sparse.plan(q, k, v, TAUS[c], 1, grid)
        plain = run.sparse.executor.attend(q, k, v, plan)
        if made.sparsity[head, c] > 0:  # a full mask is dense attention: not run
            assert torch.equal(made.sparse[head, made.same_as[head, c]], plain[:, head])
        assert made.sparsity[head, c] == pytest.approx(1 - plan.head_density[0, head].item(), abs=1e-6)
    assert made.sparse and set(made.sparse) <= set(pairs)


def test_chosen_delta_gives_the_wanted_reuse():
    model = make()
    trace = TraceReuse()
    policy = AttentionPolicy(make_predictor("xattention", **XATTENTION), trace, tau=0.7)

    def generate():
        for step in range(8):
            x = snapshots()[0].inputs
            with model.cache_context("cond"):
                model(
                    **{
                        **x,
                        "hidden_states": x["hidden_states"] * (1 - 0.1 * step),
                        "timestep": torch.tensor([900.0 - step]),
                    }
                )

    with enable(model, policy):
        generate()
    delta, reuse = choose_delta(trace, target_reuse=0.5, gate=False)
    assert 0.5 <= reuse < 0.8
    real = AttentionPolicy(
        make_predictor("xattention", **XATTENTION), make_reuse("tmr", delta=delta, gate=False), tau=0.7
    )
    with enable(model, real) as handle:
        generate()
        # layers feed each other, so the run drifts a little from the trace of never-reused masks
        assert handle.report()["reuse_ratio"] == pytest.approx(reuse, abs=0.15)
    assert simulate_reuse(trace, make_reuse("tmr", delta=-1.0)) == 0
    with pytest.raises(ConfigError, match="cannot be reached"):
        choose_delta(trace, 0.99)
    with pytest.raises(ConfigError, match="no sparse call"):
        choose_delta(TraceReuse())


def test_predictor_state_of_probes_matches_the_runtime():
    # svg2's random start must be the same in calibration and in generation
    model = make()
    with enable(
        model,
        build_policy(
            AttentionSettings(
                predictor=Predictor.SVG2,
                query_clusters=4,
                key_clusters=8,
                block_q=8,
                block_k=8,
                reuse=Reuse.NEVER,
            )
        ),
    ) as handle:
        velocity_of(model, snapshots()[0].inputs)
        states = handle.runtimes["transformer"].branches["cond"].layers
        assert [s.plan.seed for s in states.values()] == [0, 1_000_003, 2_000_006]
    assert PlanState().seed == 0
