"""Measure few-step causal models chunk by chunk with decoding: frames per second, memory over minutes.

    python scripts/bench_causal.py                                     # 832x480, random weights, on a GPU
    python scripts/bench_causal.py --frames 9597 --config causal_wan1_3b_long   # ten minutes of video
    python scripts/bench_causal.py --tiny --device cpu --output /tmp/x.json     # tiny, to see that it runs

Frames per second count everything from the first noise to the last encoded picture: transformer, VAE, H.264.
Memory is read at every tenth of the clip: bytes of tensors on the device, of the allocator, and of
the process. A part that is done is kept: started again, the script goes on.
One output file is of one device.
"""

from __future__ import annotations

import argparse
import datetime
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vidkit.commands.generate.pictures import StreamedClip
from vidkit.config.compose import compose
from vidkit.generation.first_frame import FirstFrame
from vidkit.generation.load import LoadedModel, LoadOptions, load_pipeline
from vidkit.generation.record import Silent
from vidkit.generation.resolve import find_model, make_request
from vidkit.generation.run import generate_stream
from vidkit.generation.spec import Request
from vidkit.generation.speed import SpeedRun, speed_line
from vidkit.generation.validate import check_request
from vidkit.utils.device import device_name, resolve_device, resolve_dtype
from vidkit.utils.files import write_text_atomic
from vidkit.utils.versions import git_commit, versions

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs" / "results" / "causal_speed.json"
TARGET = 30.0  # frames per second
TINY = ["num_attention_heads=2", "attention_head_dim=24", "num_layers=2", "ffn_dim=64", "text_dim=32"]
SMALL = ["height=64", "width=64", "max_sequence_length=8", "model.vae.base_dim=8"]
SMALL += [f"model.transformer.{word}" for word in TINY]


class Watch(Silent):
    """Reads memory at every tenth of the pictures."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.rows: list[dict[str, float]] = []

    def pictures(self, done: int, total: int, per_second: float) -> None:
        if 10 * done // total <= len(self.rows) - 1:
            return
        row: dict[str, float] = {"frames": done, "per_second": round(per_second, 2), "host_bytes": resident()}
        if self.device.type == "cuda":
            row["device_bytes"] = torch.cuda.memory_allocated(self.device)
            row["reserved_bytes"] = torch.cuda.memory_reserved(self.device)
        self.rows.append(row)
        print(f"  {json.dumps(row)}", flush=True)


def resident() -> int:
    """Bytes of this process in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def measure(model: LoadedModel, request: Request, compiled: str, write: bool) -> dict[str, Any]:
    """One clip, streamed into a file that is thrown away."""
    device, size = model.options.device, (request.frames, request.height, request.width)
    speed, watch = SpeedRun(compiled, "auto"), Watch(device)
    with tempfile.TemporaryDirectory() as folder, speed.on(model, request):
        target = Path(folder) / "x.mp4" if write else None
        with StreamedClip(target, size, request.fps, 16) as clip:
            start = time.perf_counter()
            record = generate_stream(model, request, clip.take, None, watch)
            clip.finish()
            seconds = time.perf_counter() - start
        told = speed.report(record.steps)
    stream = dict(record.stream or {})
    held = [row.get("device_bytes", row["host_bytes"]) for row in watch.rows]
    steps = [step.seconds for step in record.steps[len(record.steps) // 2 :]]
    return {
        "frames": request.frames,
        "frames_per_second": request.frames / seconds,
        "steady_frames_per_second": stream.pop("steady_frames_per_second"),
        "first_seconds": stream["first_seconds"],
        "step_ms": 1000 * float(np.median(steps)),
        "decode_seconds": stream["decode_seconds"],
        "encode_seconds": clip.encode_seconds,
        "state_bytes": stream["state_bytes"],
        # from the second tenth on, when the window is full
        "memory_growth": max(held[1:]) / held[1] - 1 if len(held) > 1 else None,
        "memory": watch.rows,
        "kernels": speed_line(told),
    }


def load(args: argparse.Namespace) -> tuple[LoadedModel, Request]:
    words = ["model.weights=random", f"frames={args.frames}", *(SMALL if args.tiny else []), *args.words]
    settings = compose("generate", args.config, words)
    spec, _ = find_model(settings)
    request = make_request(settings, FirstFrame(None))
    check_request(spec, request)
    device = resolve_device(args.device)
    vae = "fp32" if device.type == "cpu" else settings.model.vae_dtype.value
    options = LoadOptions(device, resolve_dtype("auto", device), resolve_dtype(vae, device))
    return load_pipeline(spec, None, options), request


def main() -> None:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--config", default="causal_wan1_3b_480p")
    parser.add_argument("--frames", type=int, default=249, help="21 chunks of 12, less 3")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--compile", default="auto", choices=["auto", "blocks", "off"])
    parser.add_argument("--no-video", action="store_true", help="encode nothing")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("words", nargs="*", help="settings, such as model.vae_dtype=fp32")
    args = parser.parse_args()
    flags = [name for name in ("tiny", "no_video") if getattr(args, name)]
    name = " ".join([args.config, f"frames={args.frames}", args.compile, *flags, *args.words])
    whole: dict[str, Any] = {"parts": {}}
    if args.output.is_file():
        whole = json.loads(args.output.read_text(encoding="utf-8"))
    if name in whole["parts"]:
        print(f"{name}: there already")
        return
    model, request = load(args)
    device = device_name(model.options.device)
    if whole.get("device", device) != device:
        raise SystemExit(f"'{args.output}' holds figures of {whole['device']}, not of {device}: name another")
    part = measure(model, request, args.compile, not args.no_video)
    whole |= {
        "benchmark": "causal",
        "made_by": "python scripts/bench_causal.py",
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": git_commit(),
        "device": device,
        "versions": versions(("torch", "triton", "flash-attn-4", "diffusers", "av")),
        "target": TARGET,
    }
    whole["parts"][name] = part
    write_text_atomic(args.output, json.dumps(whole, indent=1) + "\n")
    print(json.dumps({key: value for key, value in part.items() if key != "memory"}, indent=1))


if __name__ == "__main__":
    main()
