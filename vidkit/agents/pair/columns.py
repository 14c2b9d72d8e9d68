"""Both models on many drawn questions at once: a column a figure, and the scores of every gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from vidkit.agents.pair.network import PairNetwork
from vidkit.agents.pair.running import draft, is_right, run_agent
from vidkit.agents.separability import squashed
from vidkit.synthetic.zoom_scenes.drawing import draw_pictures
from vidkit.synthetic.zoom_scenes.layout import is_held_out, split_of
from vidkit.synthetic.zoom_scenes.questions import draw_questions
from vidkit.synthetic.zoom_scenes.words import END

Column = NDArray[np.float64]
FIRST_SEED = 20_000_000


def seeds_of(split: str | None, start: int = FIRST_SEED) -> Iterator[int]:
    """Seeds of batches of a split; None: of all that is held out from training."""
    seed = start
    while True:
        if is_held_out(seed) if split is None else split_of(seed) == split:
            yield seed
        seed += 1


def pair_columns(
    small: PairNetwork,
    large: PairNetwork | None,
    count: int,
    batch: int,
    split: str | None = None,
    tell: Callable[[str], None] = lambda text: None,
    start: int = FIRST_SEED,
) -> dict[str, Column]:
    """Both models, or the small one alone, on `count` questions.

    Returns:
        By name, [count] or for logits [count, 2, V]: `kind`, `stratum`, `key` (px), `needs` a zoom, `small`
        (right or not), `tool_free`, `logits`; of the large model `no_zoom` and `agent` (right or not),
        `answers_now`, `crops`.
    """
    columns: dict[str, list[torch.Tensor]] = {}
    device, seeds = small.grid.device, seeds_of(split, start)
    batch = min(batch, count)
    for number in range(-(-count // batch)):
        questions = draw_questions(next(seeds), batch, device)
        pictures = draw_pictures(questions)
        first = draft(small, pictures, questions.tokens)
        found = {
            "kind": questions.kind, "stratum": questions.stratum, "key": questions.key,
            "needs": questions.need.any(1), "small": is_right(first.logits, questions.answer),
            "tool_free": first.tool_free, "logits": first.logits,
        }  # fmt: skip
        if large is not None:
            agent = run_agent(large, pictures, questions.tokens)
            found |= {
                "no_zoom": is_right(agent.first, questions.answer), "crops": agent.crops,
                "agent": is_right(agent.final, questions.answer), "answers_now": agent.answers_now,
            }  # fmt: skip
        for name, values in found.items():
            columns.setdefault(name, []).append(values.double().cpu())
        tell(f"{min(count, (number + 1) * batch)} of {count} questions")
    return {name: torch.cat(parts)[:count].numpy() for name, parts in columns.items()}


def gate_columns(logits: Column) -> dict[str, Column]:
    """Scores of all drafts at once from logits [N, 2, V]; as `vidkit.agents` scores them one by one."""
    has_two = logits.argmax(-1)[:, 1] != END
    top = -np.sort(-logits.astype(np.float64), axis=-1)
    logs = top - np.logaddexp.reduce(top, axis=-1, keepdims=True)

    def of_answer(each: Column, of_both: Callable[[Column], Column]) -> Column:
        both: Column = np.where(has_two, of_both(each), each[:, 0])
        return both

    def lowest(each: Column) -> Column:
        return of_answer(each, lambda two: two.min(1))

    found: dict[str, Column] = {}
    for k in (8, 16, 32, 64):
        rest = top[..., 1:k]
        each = (top[..., 0] - rest.mean(-1)) / (rest.std(-1) + 1e-6)
        found[f"separability, K = {k}"] = np.array([squashed(value) for value in lowest(each)])
    margins = lowest(top[..., 0] - top[..., 1])
    found["margin (ours), K = 64"] = np.where(margins >= 1, found["separability, K = 64"], 0.0)
    found["min_prob"] = np.exp(lowest(logs[..., 0]))
    found["log_mean"] = np.exp(of_answer(logs[..., 0], lambda two: two.mean(1)))
    found["entropy"] = lowest((np.exp(logs) * logs).sum(-1))
    return found
