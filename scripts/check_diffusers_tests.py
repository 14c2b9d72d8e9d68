"""Run diffusers' own tests of Wan and SkyReels-V2 as they are, and with vidkit's attention at tau = 1.

    python scripts/check_diffusers_tests.py CLONE [--files GLOB ...] [--offline] [-- WORDS FOR PYTEST]

CLONE: huggingface/diffusers at the tag nearest to the installed release; only its tests are used. They need
the packages `parameterized` and `requests-mock`, and from the model hub a tiny T5, for which --offline puts
one of random weights with words of its own in a folder that is laid out like the hub's cache. At tau = 1
every block is kept, so attention is dense and each test has to end as without vidkit. Fails when one that
passes without vidkit does not pass with it, and names those. Nothing of the clone is part of vidkit.

With --record FOLDER each end is written there at once, and the same command goes on after a stop; --seconds N
stops by itself (exit status 3).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FILES = (
    "tests/models/transformers/test_models_transformer_wan.py",
    "tests/models/transformers/test_models_transformer_skyreels_v2.py",
    "tests/pipelines/wan/test_wan*.py",
    "tests/pipelines/skyreels_v2/test_skyreels*.py",
)
TEXT_MODEL = "hf-internal-testing/tiny-random-t5"
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
# writes how each test ended as soon as it is over, leaves out those that are written, stops when time is over
RECORDER = """
import json, os, time
import pytest

PATH, SECONDS = os.environ["VIDKIT_OUTCOMES"], float(os.environ["VIDKIT_SECONDS"])
BEGUN, KINDS = time.monotonic(), ("passed", "skipped", "failed")
ends = {}

def pytest_collection_modifyitems(items):
    done = set()
    if os.path.exists(PATH):
        with open(PATH) as file:
            done = {json.loads(line)["test"] for line in file if line.endswith("}\\n")}
    items[:] = [item for item in items if item.nodeid not in done]

def pytest_runtest_logreport(report):
    ends[report.nodeid] = max(ends.get(report.nodeid, "passed"), report.outcome, key=KINDS.index)
    if report.when == "teardown":
        with open(PATH, "a") as file:
            file.write(json.dumps({"test": report.nodeid, "end": ends[report.nodeid]}) + "\\n")

def pytest_runtest_logfinish():
    if 0 < SECONDS < time.monotonic() - BEGUN:
        pytest.exit("time is over", returncode=%d)
"""
NOT_FINISHED = 93


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clone", type=Path)
    parser.add_argument("--files", nargs="+", default=FILES, help="test files of the clone, with wildcards")
    parser.add_argument("--offline", action="store_true", help="ask no hub; a tiny T5 of random weights")
    parser.add_argument("--record", type=Path, help="a folder for the ends of tests, to go on after a stop")
    parser.add_argument("--seconds", type=float, default=0.0, help="stop after so long, each way; 0: never")
    parser.add_argument("pytest", nargs="*", help="words for pytest, after --")
    given = parser.parse_args()
    files = [str(path) for pattern in given.files for path in sorted(given.clone.glob(pattern))]
    if not files:
        print(f"error: none of {', '.join(given.files)} in {given.clone}")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vidkit_everywhere.py").write_text(PLUGIN)
        (Path(folder) / "vidkit_recorder.py").write_text(RECORDER % NOT_FINISHED)
        record = (given.record or Path(folder)).resolve()
        record.mkdir(parents=True, exist_ok=True)
        os.environ["VIDKIT_SECONDS"] = str(given.seconds)
        if given.offline:
            make_text_model(Path(folder))
            os.environ |= {"HF_HOME": folder, "HF_HUB_CACHE": f"{folder}/hub", "HF_HUB_OFFLINE": "1"}
        path = os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])
        os.environ["PYTHONPATH"] = path
        words = [*given.pytest, *files]
        without = outcomes(given.clone, words, record / "without.jsonl", [])
        with_it = outcomes(given.clone, words, record / "with.jsonl", ["-p", "vidkit_everywhere"])
    if without is None or with_it is None:
        print("not finished: the same command goes on")
        return 3
    new = sorted(name for name, end in with_it.items() if end != "passed" and without.get(name) == "passed")
    lost = sorted(set(without) - set(with_it))
    for name in [*new, *lost]:
        print(f"{name}: passed without vidkit, {with_it.get(name, 'not run')} with it")
    for what, ends in (("without", without), ("with", with_it)):
        counts = {end: list(ends.values()).count(end) for end in ("passed", "failed", "skipped")}
        print(f"{what} vidkit: " + ", ".join(f"{count} {end}" for end, count in counts.items()))
    return int(bool(new or lost or "passed" not in without.values()))


def make_text_model(folder: Path) -> None:
    """The T5 that the pipelines' tests name, of the same size, at its place in the hub's cache."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

    home = folder / "hub" / f"models--{TEXT_MODEL.replace('/', '--')}"
    snapshot = home / "snapshots" / "made"
    snapshot.mkdir(parents=True)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("made")
    letters = [chr(code) for code in range(33, 127)]
    words = {word: i for i, word in enumerate(["<pad>", "</s>", "<unk>", *letters])}
    inner = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    inner.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    special = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(tokenizer_object=inner, **special).save_pretrained(snapshot)
    sizes = {"d_model": 32, "d_kv": 8, "d_ff": 37, "num_layers": 5, "num_heads": 4}
    T5EncoderModel(T5Config(vocab_size=1103, **sizes)).save_pretrained(snapshot)


def outcomes(clone: Path, words: list[str], record: Path, plugin: list[str]) -> dict[str, str] | None:
    """How each test ended, by name; None where time was over before the last."""
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "vidkit_recorder", *plugin]
    environment = {**os.environ, "VIDKIT_OUTCOMES": str(record)}
    status = subprocess.run([*line, *words], cwd=clone, env=environment, check=False).returncode
    if status == NOT_FINISHED:
        return None
    if not record.is_file():
        return {}
    rows = [json.loads(each) for each in record.read_text().splitlines()]
    return {row["test"]: row["end"] for row in rows}


if __name__ == "__main__":
    sys.exit(main())
