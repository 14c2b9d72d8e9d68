"""Where and in which precision to compute."""

from __future__ import annotations

import glob
import os
import platform
from typing import TYPE_CHECKING

from vidkit.errors import ConfigError
from vidkit.utils.plain import counted
from vidkit.utils.versions import torch_build

if TYPE_CHECKING:
    import torch


def resolve_device(name: str) -> torch.device:
    """Turn `auto`, `cpu`, `cuda` or `cuda:1` into a device that exists here.

    Raises:
        ConfigError: CUDA asked for and absent, a device number too high, or an unknown name.
    """
    import torch

    available = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if available else "cpu")
    kind, _, number = name.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdigit()):
        raise ConfigError(f"unknown device '{name}'", "use device=auto, cpu, cuda or cuda:N")
    if kind == "cuda" and not available:
        raise ConfigError(
            f"device={name} was asked for, but no CUDA device is available",
            "use device=cpu, or check the driver (nvidia-smi) and that torch is a CUDA build",
        )
    if kind == "cuda" and number and int(number) >= torch.cuda.device_count():
        raise ConfigError(
            f"device={name} does not exist; this machine has {torch.cuda.device_count()}",
            f"use cuda:0 to cuda:{torch.cuda.device_count() - 1}",
        )
    return torch.device(name)


def expected_kind(name: str) -> str:
    """`cpu` or `cuda`: what `resolve_device` will say, from files alone, since importing torch takes seconds.

    `auto` is CUDA where a driver shows a device and the installed torch was built for it.
    """
    if name != "auto":
        return name.partition(":")[0]
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in ("", "-1", "NoDevFiles")
    devices = glob.glob("/dev/nvidia[0-9]*") + glob.glob("/dev/dxg") + glob.glob("/dev/kfd")
    return "cuda" if devices and not hidden and torch_build()[1] is not None else "cpu"


def resolve_dtype(name: str, device: torch.device) -> torch.dtype:
    """Turn `auto`, `bf16`, `fp16` or `fp32` into a dtype; auto is bf16 on CUDA and fp32 on the CPU."""
    import torch

    if name == "auto":
        name = "bf16" if device.type == "cuda" else "fp32"
    return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[name]


def device_name(device: torch.device) -> str:
    """Marketing name of an accelerator, or processor and core count."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cores, threads = os.cpu_count() or 1, torch.get_num_threads()
    return f"{processor()}, {counted(cores, 'core')}, {counted(threads, 'thread')}"


def processor() -> str:
    """Marketing name of the processor."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def device_memory(device: torch.device) -> int:
    """Bytes of memory that a device has in all; of the machine for the CPU."""
    if device.type == "cuda":
        import torch

        return int(torch.cuda.get_device_properties(device).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
