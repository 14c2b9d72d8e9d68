"""Compare `vidkit generate` with the denoising loop of `vidkit bench attention`: milliseconds a forward.

Wan2.1-1.3B at 1280x720 with random weights, dense and with XAttention and HASTE at a density of about .25.
The loop of the bench is the reference; `generate` runs as users run it, in a process of its own, with
compile=blocks, since few steps would not pay for compiling. Every part is kept as it is done: started again,
the script goes on. A cold and a warm start of the compiler are measured as well.
"""

from __future__ import annotations

import argparse
import datetime
import json
import statistics
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

from vidkit.utils.files import write_text_atomic
from vidkit.utils.versions import git_commit, versions

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "docs" / "results" / "generate_speed.json"
TARGET = 0.95
DENSITY, REUSE = 0.25, 0.7
TINY = ["num_attention_heads=4", "attention_head_dim=64", "num_layers=4", "ffn_dim=256", "text_dim=64"]
# name of the loop; config of generate, its further words, steps
CASES = {
    "wan-1.3b-720p": ("wan1_3b_720p", ["dtype=bf16"], 6),
    "wan-1.3b-480p": ("wan1_3b_480p", ["dtype=bf16"], 6),
    "tiny": (
        "wan1_3b_480p",
        ["height=192", "width=192", "frames=29", "max_sequence_length=8"]
        + [f"model.transformer.{word}" for word in TINY],
        4,
    ),
}


class Result:
    """What has been measured, kept on disk."""

    def __init__(self, path: Path, loop: str) -> None:
        self.path, self.loop = path, loop
        self.parts: dict[str, Any] = {}
        if path.is_file():
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["loop"] == loop:
                self.parts = found["parts"]

    def keep(self, name: str, part: dict[str, Any]) -> None:
        """Store a part; print it."""
        self.parts[name] = part
        whole = {
            "made_by": f"python scripts/bench_generate.py {self.loop}",
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "commit": git_commit(),
            "versions": versions(("torch", "triton", "flash-attn-4", "diffusers")),
            "loop": self.loop,
            "target": TARGET,
            "parts": self.parts,
            "ratios": ratios(self.parts),
        }
        write_text_atomic(self.path, json.dumps(whole, indent=1) + "\n")
        print(f"{name}: {json.dumps(part)}", flush=True)


def ratios(parts: dict[str, Any]) -> dict[str, float]:
    """Speed of `generate` over that of the bench, for each way that both have."""
    bench = parts.get("bench", {}).get("ms", {})
    return {
        way: round(bench[way] / parts[f"generate {way}"]["ms"], 4)
        for way in bench
        if f"generate {way}" in parts
    }


def measure_bench(name: str, turns: int) -> dict[str, Any]:
    """Milliseconds a forward of the fastest dense way, of XAttention and of HASTE."""
    import torch

    from vidkit.bench.attention.end_to_end import LoopBench
    from vidkit.bench.attention.loops import LOOPS
    from vidkit.utils.device import device_name, resolve_device

    device = resolve_device("auto")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    bench = LoopBench(
        LOOPS[name], device, dtype, lambda text: print(f"  {text}", file=sys.stderr, flush=True)
    )
    dense = [way for way in bench.dense_ways() if way.name.startswith("dense")]
    # eager variants are slower whatever the machine
    dense = [way for way in dense if "compiled" in way.name] or dense
    sparse = list(islice(bench.sparse_ways(DENSITY, REUSE), 2))  # XAttention, then HASTE
    times: dict[str, list[float]] = {way.name: [] for way in (*dense, *sparse)}
    for way in (*dense, *sparse):
        bench.once(way, 2)  # compiles, tunes
    for _ in range(turns):
        for way in (*dense, *sparse):
            times[way.name].append(bench.once(way))
    medians = {way: statistics.median(values) for way, values in times.items()}
    fastest = min((way.name for way in dense), key=lambda way: medians[way])
    found = {"dense": fastest, **{way.name.split()[0]: way.name for way in sparse}}
    return {
        "device": device_name(device),
        "ms": {way: round(medians[full], 2) for way, full in found.items()},
        "names": found,
        "all_ms": {way: [round(value, 2) for value in values] for way, values in times.items()},
        "density": {way.name.split()[0]: way.report["sparse_density"] for way in sparse},
    }


def measure_generate(loop: str, way: str, bench: dict[str, Any], more: list[str]) -> dict[str, Any]:
    """Milliseconds a forward of the command, told by its own record: the first step left out."""
    config, words, steps = CASES[loop]
    name = bench["names"][way]
    # HASTE drifts with the distance of timesteps: the loop's are those of a run of 50
    policy = {"dense": ["attention=dense"], "xattention": ["attention=xattention"]}.get(
        way, ["attention=haste_xattention", "attention.table=null"]
    )
    if way != "dense":
        tau = name.split("tau ")[1] if way == "xattention" else bench["names"]["xattention"].split("tau ")[1]
        policy += [f"attention.tau={tau}", "attention.dense_steps=0"]
        policy += [f"attention.block_{x}={64 if loop == 'tiny' else 128}" for x in "qk"]
    if way == "haste":
        policy.append(f"attention.delta={name.split('delta ')[1]}")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "vidkit", "generate", "--config", config, "model.weights=random"]
        command += [f"steps={steps}", "crf=40", "contact_sheet=false", "--seed", "1", *words, *policy, *more]
        done = subprocess.run(
            [*command, "--output", f"{folder}/x.mp4"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
        record = json.loads(Path(folder, "x.json").read_text(encoding="utf-8"))
    seconds = [step["seconds"] for step in record["steps"]]
    per_forward = statistics.median(seconds[1:]) if way != "haste" else statistics.mean(seconds[1:])
    return {
        "ms": round(1e3 * per_forward / 2, 2),
        "step_seconds": [round(value, 3) for value in seconds],
        "density": (record["attention"] or {}).get("sparse_density"),
        "reuse": (record["attention"] or {}).get("reuse_ratio"),
        "kernels": record["kernels"],
        "phase_seconds": {key: round(value, 2) for key, value in record["phase_seconds"].items()},
        "command": " ".join(["vidkit", *command[3:]]),
    }


def main() -> None:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loop", nargs="?", default="wan-1.3b-720p", choices=sorted(CASES))
    parser.add_argument("--turns", type=int, default=2, help="of the bench's loops")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    result = Result(arguments.output, arguments.loop)
    if "bench" not in result.parts:
        result.keep("bench", measure_bench(arguments.loop, arguments.turns))
    bench = result.parts["bench"]
    for way in bench["names"]:
        if f"generate {way}" not in result.parts:
            part = measure_generate(arguments.loop, way, bench, ["compile=blocks"])
            result.keep(f"generate {way}", part)
    if "generate dense, warm compiler" not in result.parts:
        part = measure_generate(arguments.loop, "dense", bench, ["compile=blocks"])
        result.keep("generate dense, warm compiler", part)
    if "generate dense, not compiled" not in result.parts:
        part = measure_generate(arguments.loop, "dense", bench, ["compile=off", "attention.backend=native"])
        result.keep("generate dense, not compiled", part)
    for way, ratio in ratios(result.parts).items():
        verdict = "met" if ratio >= TARGET else "MISSED"
        print(f"{way}: {ratio:.3f} of the bench's speed (target {TARGET}: {verdict})")


if __name__ == "__main__":
    main()
