"""A panel of judges: each judge scores each reply, and every failure is counted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from vidkit.errors import ConfigError, DataError
from vidkit.evaluation.running.asker import Asker, no_media
from vidkit.evaluation.running.manifest import write_json
from vidkit.evaluation.running.render import Sampling, prompt_sha
from vidkit.evaluation.running.resume_log import PredictionLog
from vidkit.evaluation.types import Item, Prediction, Prompt
from vidkit.serving.engine import Engine
from vidkit.utils.strict_json import load_json

_AGAIN_TEMPERATURE = 0.3
TRIES = 2
"""Replies to ask a judge for before it counts as failed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a panel said about one reply.

    Attributes:
        scores: score by judge, on the panel's scale.
        failed: judges that gave no usable score, in panel order.
    """

    scores: Mapping[str, int]
    failed: tuple[str, ...]

    @property
    def mean(self) -> float | None:
        """Mean of the judges that gave a score, zeros included; None when none did."""
        return sum(self.scores.values()) / len(self.scores) if self.scores else None


class Panel:
    """Several judges of text.

    Args:
        judges: engines by the name their verdicts are stored under.
        log: where their replies are kept.
        parse: reads a score, None when there is none on the scale.
        tries: replies to ask a judge for before it counts as failed; the first is greedy.

    Raises:
        ConfigError: no judge, or a name with a slash.
    """

    def __init__(
        self,
        judges: Mapping[str, Engine],
        log: PredictionLog,
        parse: Callable[[object], int | None],
        tries: int = TRIES,
    ) -> None:
        if not judges:
            raise ConfigError("the panel has no judges", "give at least one")
        for name in judges:
            if "/" in name or not name:
                raise ConfigError(f"a judge cannot be called '{name}'", "use a name without a slash")
        self._askers = {
            name: Asker(engine, log, Sampling(temperature=0.0)) for name, engine in judges.items()
        }
        self._again = {
            name: Asker(engine, log, Sampling(temperature=_AGAIN_TEMPERATURE))
            for name, engine in judges.items()
        }
        self._log = log
        self._parse = parse
        self._tries = tries

    @property
    def names(self) -> tuple[str, ...]:
        """The judges, in panel order."""
        return tuple(self._askers)

    @property
    def calls(self) -> int:
        """Requests that were made."""
        return sum(asker.calls for asker in (*self._askers.values(), *self._again.values()))

    async def judge(self, item: Item, prompt: Prompt, key: Callable[[Item, str], str]) -> Verdict:
        """Ask every judge at once.

        Args:
            item: whose reply is judged.
            prompt: the question to a judge, with the reply in it.
            key: id of a judge's record.

        Raises:
            StopRun: a judge's engine will not answer anything.
        """
        names = self.names
        replies = await asyncio.gather(*(self._one(name, key(item, name), prompt) for name in names))
        scores = {name: score for name, score in zip(names, replies, strict=True) if score is not None}
        return Verdict(scores, tuple(name for name in names if name not in scores))

    async def _one(self, name: str, key: str, prompt: Prompt) -> int | None:
        for attempt in range(self._tries):
            asker = (self._askers if attempt == 0 else self._again)[name]
            record = self._cached(key, prompt) if attempt == 0 else None
            if record is None:
                # a wish for another wording, so that a server's cache does not repeat the useless reply
                record, _ = await asker.ask(
                    key, _asked_again(prompt, attempt), no_media, {"judge": name}, renew=True
                )
            score = None if record.error is not None else self._parse(record.response)
            if score is not None:
                return score
        return None

    def _cached(self, key: str, prompt: Prompt) -> Prediction | None:
        """An earlier verdict on the same question; the reply that is judged may have changed since."""
        place = self._log.index.find(key)
        shas = {prompt_sha(_asked_again(prompt, attempt)) for attempt in range(self._tries)}
        if place is None or place.failed or place.prompt_sha not in shas:
            return None
        return self._log.get(key)


def _asked_again(prompt: Prompt, attempt: int) -> Prompt:
    if attempt == 0:
        return prompt
    last = prompt.parts[-1]
    wish = f"{last.text}\nReply with the score line only. (attempt {attempt + 1})"
    return replace(prompt, parts=(*prompt.parts[:-1], replace(last, text=wish)))


def _panel_of(path: Path) -> dict[str, dict[str, str]]:
    try:
        found = load_json(path.read_text(encoding="utf-8"), str(path))
    except (OSError, ValueError) as error:
        raise DataError(f"'{path}' is damaged: {error}", "use another folder, or remove the file") from error
    if not isinstance(found, dict):
        raise DataError(f"'{path}' does not name judges", "use another folder, or remove the file")
    return found


def check_panel(path: Path, judges: Mapping[str, Engine], version: str) -> None:
    """Remember who judges; judges may join a run, but a name cannot pass to another model.

    Raises:
        DataError: the file is damaged.
        ConfigError: a judge of this name is another model, or the question to the judges is another version.
    """
    now = {name: {**engine.identity(), "question": version} for name, engine in judges.items()}
    before: dict[str, dict[str, str]] = {}
    if path.exists():
        before = _panel_of(path)
    for name, identity in now.items():
        if name in before and before[name] != identity:
            raise ConfigError(
                f"judge '{name}' was {json.dumps(before[name])}, now it is {json.dumps(identity)}",
                "give the new judge another name, or use another folder",
            )
    write_json(path, {**before, **now})
