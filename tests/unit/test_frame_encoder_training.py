"""Training of the embedded text-image encoder, from drawn scenes to a folder that `relevance=auto` loads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("transformers", reason="the network is a transformers CLIP")

from scripts.frame_encoder_training import report, text  # noqa: E402
from scripts.frame_encoder_training.bank import CHUNK, Bank, draw_chunk  # noqa: E402
from scripts.frame_encoder_training.concepts import CONCEPTS  # noqa: E402
from scripts.frame_encoder_training.evaluation import Examination  # noqa: E402
from scripts.frame_encoder_training.network import SIDE  # noqa: E402
from scripts.frame_encoder_training.trainer import Plan, Run, _equal  # noqa: E402
from vidkit.frames.encoders import embedded  # noqa: E402
from vidkit.synthetic import scenes  # noqa: E402


def drawn(count: int) -> list[scenes.Scene]:
    return [scenes.draw_scene(np.random.default_rng(i), 48, clean=True) for i in range(count)]


def test_ids_equal_the_tokenizer_that_ships_and_know_every_word() -> None:
    captions = [caption for scene in drawn(200) for caption in scene.captions]
    tokenizer = text.make_tokenizer()
    ids = text.encode(captions)
    assert [tokenizer(caption)["input_ids"] for caption in captions] == [
        [int(v) for v in row if v != text.PAD] for row in ids
    ]
    assert not (ids == text.UNKNOWN).any()
    assert text.encode(["red " * 40])[0, -1] == text.END


def test_questions_name_the_truth_in_known_words() -> None:
    counts = dict.fromkeys(CONCEPTS, 0)
    for scene in drawn(300):
        for name, ask in CONCEPTS.items():
            question = ask(scene.attributes)
            if question is None:
                continue
            counts[name] += 1
            assert len(set(question.prompts)) == len(question.prompts)
            assert not (text.encode(question.prompts) == text.UNKNOWN).any()
            said = " ".join(scene.captions)
            if name in ("colour", "text", "setting", "shape"):
                assert question.truth.split()[-1].rstrip("s")[:3] in said
    assert min(counts.values()) > 5


def test_bank_is_refilled_and_seeds_do_not_repeat() -> None:
    bank = Bank(2 * CHUNK, torch.device("cpu"), 0, 1000)
    bank.fill(2 * CHUNK)
    first = bank.pictures.clone()
    assert torch.equal(first[:CHUNK], draw_chunk(range(1000, 1000 + CHUNK))[0])
    bank.refresh(wait=True)
    assert bank.drawn == 3 * CHUNK and not torch.equal(first[:CHUNK], bank.pictures[:CHUNK])
    assert torch.equal(first[CHUNK:], bank.pictures[CHUNK:])
    pictures, texts, false = bank.sample(7)
    bank.close()
    assert pictures.shape == (7, SIDE, SIDE, 3) and texts.shape == false.shape == (7, text.TOKENS)


def test_equal_rows_of_ids_are_found() -> None:
    ids = torch.randint(0, 3, (200, 4))
    assert torch.equal(_equal(ids, ids), (ids[:, None] == ids[None]).all(-1).float())


def test_a_perfect_network_scores_one_and_a_blind_one_chance() -> None:
    """Embeddings are made from the answers, so that the two measures are known."""

    class Known(Examination):
        def __init__(self, count: int, blind: bool) -> None:
            self.scenes, self._texts, self.device = drawn(count), {}, torch.device("cpu")
            self.keys: dict[str, int] = {}
            shuffled = np.random.default_rng(0).permutation(count)
            truths = [self._truth(i) for i in (shuffled if blind else range(count))]
            self.pictures = torch.stack([self._unit(truth) for truth in truths])

        def _truth(self, i: int) -> str:
            question = CONCEPTS["colour"](self.scenes[i].attributes)
            return question.truth if question else "other"

        def _unit(self, prompt: str) -> torch.Tensor:
            key = torch.tensor(self.keys.setdefault(prompt, len(self.keys)))
            return torch.nn.functional.one_hot(key, 800).float()

        def texts(self, prompts: object) -> torch.Tensor:
            return torch.stack([self._unit(prompt) for prompt in prompts])  # type: ignore[attr-defined]

    for blind in (False, True):
        known = Known(256, blind)
        asked = {i: CONCEPTS["colour"](scene.attributes) for i, scene in enumerate(known.scenes)}
        questions = {i: q for i, q in asked.items() if q is not None}
        rates = [known.name_value(questions)["accuracy"], known.retrieve(questions)["accuracy"]]
        assert max(rates) < 0.4 if blind else rates == [1.0, 1.0]


def test_train_resume_evaluate_export_and_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = Plan(seconds=0.01, total_s=1, batch=4, bank=CHUNK, workers=0, log_every=1, save_every_s=0)
    first = Run(tmp_path, plan)
    first.train()
    second = Run(tmp_path, plan)
    assert second.step == first.step >= 1 and second.drawn >= CHUNK
    second.train()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == list(range(1, second.step + 1))
    result = report.evaluate(tmp_path, 48)
    assert set(result["name"]) >= {"colour", "shape"} and result["step"] == second.step
    folder = tmp_path / "folder"
    report.export(tmp_path, folder)
    assert sum(file.stat().st_size for file in folder.iterdir()) < 12e6
    assert "best of 256" in capsys.readouterr().out
    monkeypatch.setattr(embedded, "FOLDER", folder)
    assert embedded.knows_some_of("a red star") and not embedded.knows_some_of("zebras")
    encoder = embedded.load()
    encoded = encoder.encode([scene.picture for scene in drawn(3)], "")
    relevance = encoder.score(encoded.rows, None, np.arange(3.0), "two red stars").relevance
    assert encoded.rows.shape == (3, 128) and relevance is not None and np.isfinite(relevance).all()
    third = Run(tmp_path / "more", plan, start=folder)
    third.bank.close()
    weight = second.network.vision_model.post_layernorm.weight
    assert torch.equal(third.network.vision_model.post_layernorm.weight, weight.half().float())
