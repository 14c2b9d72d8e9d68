"""Caches of other projects on our clips: they hook something and cost what they run."""

import json

import pytest
import torch

from scripts import bench_cache_peers as peers
from tests.support.tiny_cache import Pipe
from vidkit.config.bench_caching_schema import ClipSet


def test_caches_of_diffusers_run_on_the_embedded_kind_of_model(tiny_model, tmp_path, monkeypatch) -> None:
    out = tmp_path / "peers.json"
    names = [name.split(" ")[0] for name in peers.PEERS if name.endswith("(diffusers)")]
    monkeypatch.setattr(peers, "SETS", [ClipSet.extras])
    words = f"x --model-path {tiny_model} --frames 13 --steps 8 --clips 1 --tune 1 --device cpu --targets 0.7"
    words += " --beside interval,change --peers " + ",".join(names)
    monkeypatch.setattr("sys.argv", [*words.split(), "--out", str(out)])
    monkeypatch.setattr(peers, "TRIES", 2)
    assert peers.main() == 0
    record = json.loads(out.read_text())
    assert record["not_run"] == {}
    rows = {(row["set"], row["method"]): row for row in record["rows"]}
    assert len(rows) == 2 + len(names)
    for (_, method), row in rows.items():
        assert 0 < row["share"] < 0.9, method
        assert 20 < row["psnr"]["mean"] <= 100, method


def test_a_peer_that_fails_is_told_with_its_share_and_a_fault_of_ours_ends_the_run(
    tiny_model, tmp_path, monkeypatch, capsys
) -> None:
    def fails(bench, name, target, knobs):
        if name in broken:
            raise RuntimeError("no such layer")
        return []

    out, broken = tmp_path / "peers.json", {"MagCache (diffusers)"}
    monkeypatch.setattr(peers, "measured", fails)
    words = f"x --model-path {tiny_model} --frames 13 --steps 4 --clips 1 --device cpu --targets 0.7"
    monkeypatch.setattr("sys.argv", [*words.split(), "--peers", "MagCache,SeaCache", "--out", str(out)])
    assert peers.main() == 1
    assert json.loads(out.read_text())["not_run"] == {
        "MagCache (diffusers) at 0.7": "RuntimeError: no such layer"
    }
    assert "Traceback" in capsys.readouterr().err
    broken.add("interval")
    with pytest.raises(RuntimeError, match="no such layer"):
        peers.main()
    monkeypatch.setattr("sys.argv", ["x", "--peers", "MagCach"])
    with pytest.raises(SystemExit):
        peers.main()
    assert "unknown peers: MagCach; known: FirstBlockCache, " in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["x", "--beside", "teacache"])
    with pytest.raises(SystemExit):
        peers.main()
    assert "unknown rows: teacache; known: fewer_steps, interval, change" in capsys.readouterr().err


def test_flops_are_those_of_the_layers_that_run() -> None:
    pipe = Pipe()
    counter = peers.Counter(pipe.transformer)
    pipe()
    whole = counter.flops
    for block in list(pipe.transformer.blocks)[1:]:
        block.forward = lambda hidden, *args, **kwargs: hidden
    pipe()
    counter.remove()
    assert counter.flops / whole == pytest.approx(1 + 1 / 3)


def test_a_peer_that_hooks_nothing_is_refused() -> None:
    from diffusers import TaylorSeerCacheConfig

    install = peers.of_diffusers(lambda *_: TaylorSeerCacheConfig(taylor_factors_dtype=torch.float32))
    with pytest.raises(AssertionError, match="hooked nothing"):
        install(Pipe().transformer, 8, 1.0, 0.5)
