"""Broken files for every reader, led by what they reach in the code (atheris, libFuzzer).

    python scripts/fuzz_coverage.py --minutes 10 --corpus build/fuzz

The first byte chooses the reader, the rest is its file; the good files of `foreign_readers.py` begin the
corpus. It stops at the first input for which anything but a `VidkitError` leaves a reader, and keeps it.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_INSTRUMENTED = [
    "vidkit.utils",
    "vidkit.evaluation",
    "vidkit.frames",
    "vidkit.video.subtitles",
    "vidkit.mazes",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--corpus", type=Path, default=Path("build/fuzz"), help="folder, kept between runs")
    parser.add_argument("--only", default="", help="readers whose name holds this")
    chosen = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    try:
        import atheris
    except ImportError:
        sys.exit(
            "error: atheris is not installed\nhint: pip install atheris (Python 3.11 to 3.13), or make fuzz"
        )
    with atheris.instrument_imports(include=_INSTRUMENTED):
        from scripts.foreign_readers import readers
        from vidkit.errors import VidkitError

        picked = [reader for reader in readers() if chosen.only in reader.name]
    logging.disable(logging.CRITICAL)
    chosen.corpus.mkdir(parents=True, exist_ok=True)
    for number, reader in enumerate(picked):
        for index, seed in enumerate(reader.seeds):
            (chosen.corpus / f"seed-{number}-{index}").write_bytes(bytes([number]) + seed)
    home = Path(tempfile.mkdtemp(prefix="vidkit-fuzz-"))
    for number, reader in enumerate(picked):
        for name, content in reader.beside.items():
            (home / str(number) / name).parent.mkdir(parents=True, exist_ok=True)
            (home / str(number) / name).write_bytes(content)
        (home / str(number) / reader.file).parent.mkdir(parents=True, exist_ok=True)

    def one(data: bytes) -> None:
        number = data[0] % len(picked) if data else 0
        path = home / str(number) / picked[number].file
        path.write_bytes(data[1:])
        quiet = io.StringIO()
        with (
            contextlib.redirect_stdout(quiet),
            contextlib.redirect_stderr(quiet),
            contextlib.suppress(VidkitError),
        ):
            picked[number].read(path)

    limits = [f"-max_total_time={round(60 * chosen.minutes)}", "-timeout=10", "-rss_limit_mb=4096"]
    atheris.Setup([sys.argv[0], str(chosen.corpus), f"-artifact_prefix={chosen.corpus}/", *limits], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
