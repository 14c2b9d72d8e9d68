"""One clip on two processes (gloo, CPU): it equals the clip of one, and all processes end together."""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vidkit_process

from vidkit.video.reading import read_clip

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 600  # of these tests; the machine may be slow and busy


def environment(rank: int, port: int, size: int = 2) -> dict[str, str]:
    own = {
        "RANK": rank,
        "LOCAL_RANK": rank,
        "WORLD_SIZE": size,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
    }
    paths = os.pathsep.join([str(ROOT), str(ROOT / "kernels"), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths, **{k: str(v) for k, v in own.items()}}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def start(*words: str, size: int = 2, prepare: str = "") -> list[vidkit_process.Forked]:
    """The same program on every rank, with the environment that torchrun gives it."""
    port = free_port()
    return [
        vidkit_process.start(words, ROOT, environment(rank, port, size), heavy=True, prepare=prepare)
        for rank in range(size)
    ]


def end(processes: list[vidkit_process.Forked]) -> list[tuple[int, str, str]]:
    """Exit status, standard output and standard error of each."""
    found = []
    try:
        for process in processes:
            out, err = process.communicate(timeout=PATIENCE_S)
            found.append((process.wait(), out, err))
    finally:
        for process in processes:
            process.kill()
    return found


def clips(folder: Path, *names: str) -> dict[str, Any]:
    out = folder / "found.json"
    program = f"import two_ranks; two_ranks.main({str(out)!r}, {names!r}); raise SystemExit"
    ended = end(start(prepare=program))
    assert [status for status, _, _ in ended] == [0, 0], ended[0][2] + ended[1][2]
    found: dict[str, Any] = json.loads(out.read_text())
    return found


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return clips(tmp_path_factory.mktemp("ranks"), "ulysses", "ring", "sparse", "first-block-cache")


def assert_equal(case: dict[str, Any]) -> None:
    assert case["same_on_all"]
    # matrix products over half of the rows may round otherwise
    assert case["error"] <= 1e-4 * case["scale"]
    assert case["together"]["tokens"] == [n // 2 for n in case["alone"]["tokens"]]


@pytest.mark.parametrize("name", ["ulysses", "ring", "sparse", "first-block-cache"])
def test_a_clip_of_two_processes_is_the_clip_of_one(quick: dict[str, Any], name: str) -> None:
    assert_equal(quick[name])


def assert_same_masks(case: dict[str, Any]) -> None:
    for figure in ("density", "sparse_density", "reuse_ratio"):
        assert case["together"][figure] == pytest.approx(case["alone"][figure], rel=1e-6)
    assert case["together"]["predicted_heads"] == case["alone"]["predicted_heads"]


def test_heads_move_to_where_there_is_less_to_do_and_masks_stay_the_same(quick: dict[str, Any]) -> None:
    assert_same_masks(quick["sparse"])
    (shares,) = quick["sparse"]["together"]["shares"]
    assert shares["ranks"] == 2
    assert shares["moves"] > 0


def test_a_cache_skips_the_same_steps(quick: dict[str, Any]) -> None:
    case = quick["first-block-cache"]
    assert "skip" in case["alone"]["decisions"]
    assert case["together"]["decisions"] == case["alone"]["decisions"]


def test_processors_are_put_back(quick: dict[str, Any]) -> None:
    assert quick["restored"]


@pytest.mark.slow
def test_clusters_shared_masks_and_fixed_intervals_too(tmp_path: Path) -> None:
    found = clips(tmp_path, "clusters", "shared-masks", "interval-cache")
    for name in ("clusters", "shared-masks", "interval-cache"):
        assert_equal(found[name])
    assert_same_masks(found["clusters"])
    assert_same_masks(found["shared-masks"])


@pytest.fixture
def words(tiny_model: Path) -> list[str]:
    small = ["height=32", "width=32", "frames=13", "steps=2", "max_sequence_length=8", "contact_sheet=false"]
    model = [f"model.path={tiny_model}", "model.weights=pretrained", "image=null", "a red ball", "crf=0"]
    return ["generate", *small, *model, "--device", "cpu"]


def test_the_first_process_alone_writes_and_prints(words: list[str], tmp_path: Path) -> None:
    from vidkit.cli.main import run

    shared = tmp_path / "shared.mp4"
    first, second = end(start(*words, "parallel=ulysses", "--output", str(shared)))
    assert (first[0], second[0]) == (0, 0), first[2] + second[2]
    assert f"video   {shared}" in first[1]
    assert second[1:] == ("", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shared.json", "shared.mp4"]
    record = json.loads((tmp_path / "shared.json").read_text())  # its seed was drawn by the first for both
    alone = tmp_path / "alone.mp4"
    assert run([*words, "--seed", str(record["seed"]), "--output", str(alone)]) == 0
    difference = read_clip(alone).frames.astype(int) - read_clip(shared).frames
    assert np.abs(difference).max() <= 1


@pytest.mark.slow
def test_a_process_that_fails_ends_all_with_one_message(words: list[str], tmp_path: Path) -> None:
    broken = (
        "import os\n"
        "import vidkit.generation.run as run\n"
        "from vidkit.errors import ModelError\n"
        "def fails(*a, **k):\n"
        "    raise ModelError('the second one broke', 'try again')\n"
        "if os.environ['RANK'] == '1':\n"
        "    run._denoise = fails\n"
    )
    out = tmp_path / "x.mp4"
    ended = end(start(*words, "parallel=ulysses", "--output", str(out), prepare=broken))
    assert all(status != 0 for status, _, _ in ended)
    said = ended[0][2] + ended[1][2]
    assert said.count("error:") == 1
    assert "error: the second one broke (process 1 of 2)" in said
    # a lock may stay of a process that could not end by itself; it holds nobody up
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".vidkit-lock"] == []


@pytest.mark.slow
def test_a_signal_ends_all_and_leaves_nothing(words: list[str], tmp_path: Path) -> None:
    longer = ["steps=100000" if word == "steps=2" else word for word in words]
    processes = start(*longer, "parallel=ulysses", "--output", str(tmp_path / "x.mp4"))
    time.sleep(1)
    for process in processes:
        process.send_signal(signal.SIGTERM)
    ended = end(processes)
    assert all(status != 0 for status, _, _ in ended)
    assert list(tmp_path.glob("*.mp4")) == []


@pytest.mark.parametrize(
    ("size", "given", "message"),
    [
        ("1", ["parallel=ulysses"], "parallel=ulysses needs several processes, and this is one"),
        ("2", [], "2 processes were started, and parallel=none: each would make the same clip"),
        ("3", ["parallel=ulysses"], "3 processes do not divide the 4 heads of 'maze'"),
        ("5", ["parallel=ring"], "5 processes do not divide the 2,304 tokens of the clip"),
        ("2", ["parallel=ring", "attention=xattention"],
         "parallel=ring does not go with this run: sparse attention needs whole heads"),
        ("2", ["parallel=ulysses", "causal_attention=true", "causal_block_size=4"],
         "parallel=ulysses does not go with this run: blocks of the clip pass the layers one by one"),
        ("2", ["parallel=ulysses", "num_videos=2"],
         "num_videos=2 does not go with parallel=ulysses: it makes one clip"),
        ("2", ["parallel=ring", "prompts=clips.jsonl"],
         "--prompts does not go with parallel=ring: it makes one clip"),
        ("2", ["parallel=ulysses", "device=cuda:1"],
         "device=cuda:1 does not go with parallel=ulysses: each process has a GPU of its own"),
        ("two", ["parallel=ulysses"],
         "the environment names no rank: RANK=0, WORLD_SIZE=two, LOCAL_RANK=0"),
    ],
)  # fmt: skip
def test_what_processes_cannot_share_is_refused(
    size: str, given: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    from vidkit.cli.main import run

    for name, value in (("RANK", "0"), ("LOCAL_RANK", "0"), ("WORLD_SIZE", size)):
        monkeypatch.setenv(name, value)
    assert run(["generate", *given, "--dry-run"]) == 2
    assert f"error: {message}\n" in capsys.readouterr().err


def test_the_other_processes_say_nothing_of_what_all_refuse(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    from vidkit.cli.main import main

    for name, value in (("RANK", "2"), ("LOCAL_RANK", "2"), ("WORLD_SIZE", "3")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["vidkit", "generate", "parallel=ulysses", "--dry-run"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr() == ("", "")


def test_the_numbers_of_processes_that_fit_are_named(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    from vidkit.cli.main import run

    for name, value in (("RANK", "0"), ("LOCAL_RANK", "0"), ("WORLD_SIZE", "3")):
        monkeypatch.setenv(name, value)
    assert run(["generate", "parallel=ulysses", "--dry-run"]) == 2
    assert "hint: start 2 or 4 processes, or set parallel=ring\n" in capsys.readouterr().err
