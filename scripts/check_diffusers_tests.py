"""Run diffusers' own tests of Wan and SkyReels-V2 as they are, and with vidkit's attention at tau = 1.

    python scripts/check_diffusers_tests.py CLONE [--files GLOB ...] [-- WORDS FOR PYTEST]

CLONE: huggingface/diffusers at the tag nearest to the installed release; only its tests are used. At tau = 1
every block is kept, so attention is dense and each test has to end as without vidkit. Fails when one that
passes without vidkit does not pass with it, and names those. Nothing of the clone is part of vidkit.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

FILES = (
    "tests/models/transformers/test_models_transformer_wan.py",
    "tests/models/transformers/test_models_transformer_skyreels_v2.py",
    "tests/pipelines/wan/test_wan*.py",
    "tests/pipelines/skyreels_v2/test_skyreels*.py",
)
# a transformer has vidkit's attention from its first forward on, whoever makes it
PLUGIN = """
import diffusers
from vidkit.attention import enable
from vidkit.config.attention_schema import AttentionSettings

CUT = {"predictor": "xattention", "tau": 1.0, "block_q": 4, "block_k": 4, "stride": 2}
for name in ("WanTransformer3DModel", "SkyReelsV2Transformer3DModel"):
    model = getattr(diffusers, name)
    plain = model.forward

    def forward(self, *args, _plain=plain, **kwargs):
        if not self.__dict__.get("_vidkit_on"):
            self.__dict__["_vidkit_on"] = True
            enable(self, AttentionSettings(**CUT))
            return self(*args, **kwargs)
        return _plain(self, *args, **kwargs)

    model.forward = forward
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clone", type=Path)
    parser.add_argument("--files", nargs="+", default=FILES, help="test files of the clone, with wildcards")
    parser.add_argument("pytest", nargs="*", help="words for pytest, after --")
    given = parser.parse_args()
    files = [str(path) for pattern in given.files for path in sorted(given.clone.glob(pattern))]
    if not files:
        print(f"error: none of {', '.join(given.files)} in {given.clone}")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vidkit_everywhere.py").write_text(PLUGIN)
        without = outcomes(given.clone, files, given.pytest, Path(folder), [])
        with_it = outcomes(given.clone, files, given.pytest, Path(folder), ["-p", "vidkit_everywhere"])
    new = sorted(name for name, end in with_it.items() if end != "passed" and without.get(name) == "passed")
    lost = sorted(set(without) - set(with_it))
    for name in [*new, *lost]:
        print(f"{name}: passed without vidkit, {with_it.get(name, 'not run')} with it")
    for what, ends in (("without", without), ("with", with_it)):
        counts = {end: list(ends.values()).count(end) for end in ("passed", "failed", "skipped")}
        print(f"{what} vidkit: " + ", ".join(f"{count} {end}" for end, count in counts.items()))
    return int(bool(new or lost or "passed" not in without.values()))


def outcomes(
    clone: Path, files: list[str], words: list[str], folder: Path, plugin: list[str]
) -> dict[str, str]:
    """How each test ended, by name."""
    report = folder / f"report{len(plugin)}.xml"
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *plugin]
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    subprocess.run([*line, *words, *files], cwd=clone, env={**os.environ, "PYTHONPATH": path}, check=False)
    found = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        end = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        found[f"{case.get('classname')}::{case.get('name')}"] = end
    return found


if __name__ == "__main__":
    sys.exit(main())
