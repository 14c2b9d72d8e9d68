"""Accuracy on scenes whose seeds are never drawn in training, with intervals and chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from scripts.frame_encoder_training import text
from scripts.frame_encoder_training.bank import HELD_OUT
from scripts.frame_encoder_training.concepts import CONCEPTS, Question
from scripts.frame_encoder_training.network import SIDE, embed_pixels, embed_texts, to_pixels
from vidkit.synthetic import scenes
from vidkit.utils.statistics import share_interval

_GALLERY = 256  # scenes that one query is searched in
_BATCH = 256


def _row(hits: Sequence[bool], chance: Sequence[float]) -> dict[str, Any]:
    bound = share_interval(sum(hits), len(hits))
    return {
        "accuracy": round(sum(hits) / len(hits), 4),
        "low": round(bound.low, 4),
        "high": round(bound.high, 4),
        "n": len(hits),
        "chance": round(float(np.mean(chance)), 4),
    }


class Examination:
    """Embeddings of held-out scenes, asked about one concept after the other."""

    def __init__(self, network: Any, count: int) -> None:
        self.network, self.device = network, next(network.parameters()).device
        self.scenes = [scenes.draw_scene(np.random.default_rng(HELD_OUT + i), SIDE) for i in range(count)]
        pictures = torch.stack([torch.from_numpy(scene.picture) for scene in self.scenes])
        self.pictures = torch.cat(
            [embed_pixels(network, to_pixels(part.to(self.device))) for part in pictures.split(_BATCH)]
        )
        self._texts: dict[str, Tensor] = {}

    def texts(self, prompts: Sequence[str]) -> Tensor:
        """Embeddings of sentences [T, 128], each computed once."""
        new = [prompt for prompt in dict.fromkeys(prompts) if prompt not in self._texts]
        for start in range(0, len(new), 1024):
            part = new[start : start + 1024]
            found = embed_texts(self.network, text.encode(part).long().to(self.device))
            self._texts.update(zip(part, found, strict=True))
        return torch.stack([self._texts[prompt] for prompt in prompts])

    def name_value(self, questions: dict[int, Question]) -> dict[str, Any]:
        """Whether the true value's sentence fits the picture best of all values."""
        self.texts([prompt for question in questions.values() for prompt in question.prompts])
        hits = [
            int((self.texts(question.prompts) @ self.pictures[i]).argmax()) == question.answer
            for i, question in questions.items()
        ]
        return _row(hits, [1 / len(question.prompts) for question in questions.values()])

    def retrieve(self, questions: dict[int, Question]) -> dict[str, Any]:
        """Whether the best of 256 scenes for a true sentence is one it is true of.

        Scenes of several objects stay out of the gallery: the sentence may be true of them too.
        """
        hits, chance = [], []
        for start in range(0, len(self.scenes), _GALLERY):
            gallery = [i for i in range(start, min(start + _GALLERY, len(self.scenes))) if self._simple(i)]
            queries = {i: questions[i].truth for i in gallery if i in questions}
            if not queries or len(gallery) < 2:
                continue
            best = (self.texts(list(queries.values())) @ self.pictures[gallery].T).argmax(1).tolist()
            for query, found in zip(queries.values(), best, strict=True):
                hits.append(queries.get(gallery[found]) == query)
                chance.append(sum(other == query for other in queries.values()) / len(gallery))
        return _row(hits, chance)

    def _simple(self, i: int) -> bool:
        facts = self.scenes[i].attributes
        return facts.get("groups", "1") == "1" and "with" not in facts


@torch.inference_mode()
def examine(network: Any, count: int) -> dict[str, Any]:
    """Both measures for every concept, over `count` held-out scenes."""
    examination = Examination(network, count)
    result: dict[str, Any] = {"scenes": count, "name": {}, "retrieve_1_of_256": {}}
    for concept, ask in CONCEPTS.items():
        asked = {i: ask(scene.attributes) for i, scene in enumerate(examination.scenes)}
        questions = {i: question for i, question in asked.items() if question is not None}
        if questions:
            result["name"][concept] = examination.name_value(questions)
            result["retrieve_1_of_256"][concept] = examination.retrieve(questions)
    return result


def as_table(result: dict[str, Any]) -> str:
    """The result as lines to read."""
    lines = [f"{'concept':<10} {'name the value':^34} {'best of 256 scenes':^34}"]
    for concept in result["name"]:
        cells = [
            f"{row['accuracy']:.3f} ({row['low']:.3f}-{row['high']:.3f}), chance {row['chance']:.3f}"
            for row in (result["name"][concept], result["retrieve_1_of_256"][concept])
        ]
        lines.append(f"{concept:<10} {cells[0]:^34} {cells[1]:^34} n {result['name'][concept]['n']}")
    return "\n".join(lines)
