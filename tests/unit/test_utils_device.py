"""Devices, precisions, seeds, timers and versions."""

import time
from pathlib import Path

import pytest
import torch

from vidkit.errors import ConfigError
from vidkit.utils.device import device_name, resolve_device, resolve_dtype
from vidkit.utils.memory import give_back_free, read_peak
from vidkit.utils.seeding import derive_seed, draw_seed
from vidkit.utils.timing import PhaseTimer
from vidkit.utils.versions import torch_build, versions

CPU = torch.device("cpu")


def test_cuda_asked_for_and_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == CPU
    with pytest.raises(ConfigError) as error:
        resolve_device("cuda")
    assert error.value.message == "device=cuda was asked for, but no CUDA device is available"
    assert error.value.hint.startswith("use device=cpu, or check the driver")


def test_a_device_number_too_high(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert resolve_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(ConfigError) as error:
        resolve_device("cuda:2")
    assert (error.value.message, error.value.hint) == (
        "device=cuda:2 does not exist; this machine has 2",
        "use cuda:0 to cuda:1",
    )


def test_an_unknown_device() -> None:
    with pytest.raises(ConfigError) as error:
        resolve_device("tpu")
    assert (error.value.message, error.value.hint) == (
        "unknown device 'tpu'",
        "use device=auto, cpu, cuda or cuda:N",
    )


@pytest.mark.parametrize(
    ("name", "device", "expected"),
    [
        ("auto", "cpu", torch.float32),
        ("auto", "cuda", torch.bfloat16),
        ("fp16", "cuda", torch.float16),
        ("bf16", "cpu", torch.bfloat16),
    ],
)
def test_precision_by_device(name: str, device: str, expected: torch.dtype) -> None:
    assert resolve_dtype(name, torch.device(device)) == expected


def test_the_processor_has_a_name() -> None:
    assert "cores" in device_name(CPU)


def test_streams_of_a_seed_differ_and_repeat() -> None:
    assert derive_seed(1, "maze") == derive_seed(1, "maze")
    assert len({derive_seed(1, "maze"), derive_seed(1, "image"), derive_seed(2, "maze")}) == 3
    assert 0 <= draw_seed() < 2**31


def test_phases_add_up() -> None:
    timer = PhaseTimer(CPU)
    for _ in range(2):
        with timer.phase("load"):
            time.sleep(0.01)
    assert timer.seconds["load"] >= 0.02


def test_host_memory_is_in_bytes() -> None:
    peak = read_peak(CPU)
    assert 50 * 2**20 < peak.host_bytes < 2**40
    assert peak.device_bytes is None


def test_versions_say_what_is_missing() -> None:
    found = versions(["torch", "no-such-package"])
    assert torch_build()[0] == torch.__version__
    assert (torch_build()[1] or "").startswith("cuda") == (torch.version.cuda is not None)
    assert found["torch"] == torch.__version__
    assert found["no-such-package"] is None


def test_the_device_is_foretold_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    from vidkit.utils import device

    assert device.expected_kind("auto") == device.resolve_device("auto").type
    assert (device.expected_kind("cpu"), device.expected_kind("cuda:1")) == ("cpu", "cuda")
    monkeypatch.setattr(device.glob, "glob", lambda pattern: ["/dev/nvidia0"] * ("nvidia" in pattern))
    monkeypatch.setattr(device, "torch_build", lambda: ("2.13.0+cu130", "cuda 13.0"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert device.expected_kind("auto") == "cuda"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert device.expected_kind("auto") == "cpu"


def test_freed_memory_goes_back_to_the_system() -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1])

    blocks = [bytearray(60_000) for _ in range(2000)]  # below the size that is mapped on its own
    kept = blocks[::50]
    before = resident()
    del blocks
    give_back_free()
    assert resident() < before - 5000 and len(kept) == 40  # pages: 20 of 115 MiB at least
