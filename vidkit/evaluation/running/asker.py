"""One durable call: look it up in the log, else load, ask and write down. Protocols are built of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

from vidkit.errors import DataError, VideoError
from vidkit.evaluation.running.log import PredictionLog
from vidkit.evaluation.running.media import Media, MediaLoader
from vidkit.evaluation.running.render import Sampling, build_request, media_record, prompt_sha
from vidkit.evaluation.types import Item, Prediction, Prompt, Visuals
from vidkit.serving.engine import Engine, EngineError
from vidkit.serving.reply import Reply

Loader = Callable[[], Awaitable[Media]]


class StopRun(Exception):  # noqa: N818 - it ends a run, and is no fault of ours
    """Nothing further will work: a wrong key, a model that is not there, a dead server."""

    def __init__(self, cause: EngineError) -> None:
        super().__init__(cause.message)
        self.cause = cause


class Asker:
    """Asks one engine and keeps every reply.

    Args:
        engine: to ask.
        log: where replies are kept.
        sampling: how they are drawn.
        stop_after: failed calls in a row, without one reply between them, after which the run is stopped.
    """

    def __init__(self, engine: Engine, log: PredictionLog, sampling: Sampling, stop_after: int = 20) -> None:
        self.engine = engine
        self.log = log
        self.calls = 0
        self._sampling = sampling
        self._stop_after = stop_after
        self._failed_in_a_row = 0

    def known(self, key: str, prompt: Prompt, renew: bool = False) -> Prediction | None:
        """The reply that an earlier start got to exactly this prompt, None if there is none.

        Args:
            key: id of the record.
            prompt: as it would be asked now.
            renew: a record of another prompt counts as none.

        Raises:
            DataError: the id was asked with another prompt.
        """
        place = self.log.index.find(key)
        if place is None or place.failed:
            return None
        if place.prompt_sha != prompt_sha(prompt):
            if renew:
                return None
            raise DataError(
                f"'{key}' was asked with prompt {place.prompt_sha[:12]}, now with {prompt_sha(prompt)[:12]}",
                "the data or the task changed: use another folder, or force=true to begin this one anew",
            )
        return self.log.get(key)

    async def ask(
        self,
        key: str,
        prompt: Prompt,
        load: Loader,
        meta: dict[str, Any] | None = None,
        *,
        renew: bool = False,
    ) -> tuple[Prediction, bool]:
        """The reply to a prompt; whether it had to be asked for.

        A video that cannot be decoded or a call that failed gives a record with `error`; the run goes on.

        Raises:
            StopRun: the engine will not answer anything.
            OutputError: the log cannot be written.
        """
        found = self.known(key, prompt, renew)
        if found is not None:
            return found, False
        record = await self._call(key, prompt, load)
        sha = {"prompt_sha256": prompt_sha(prompt)}
        record = replace(record, meta={**record.meta, **sha, **(meta or {})})
        await self.log.append(record)
        self.calls += 1
        return record, True

    async def _call(self, key: str, prompt: Prompt, load: Loader) -> Prediction:
        try:
            media = await load()
            reply = await self.engine.generate(build_request(prompt, media, self._sampling))
        except EngineError as error:
            self._count_failure(error)
            return _failure(key, error.message, str(error.kind), error.attempts)
        except (VideoError, DataError) as error:
            return _failure(key, error.message, "media")
        self._failed_in_a_row = 0
        return self._success(key, reply, media)

    def _count_failure(self, error: EngineError) -> None:
        if error.is_fatal:
            raise StopRun(error) from error
        if error.is_retryable:
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= self._stop_after:
                raise StopRun(error) from error

    def _success(self, key: str, reply: Reply, media: Media) -> Prediction:
        meta: dict[str, Any] = media_record(media)
        meta["attempts"] = reply.attempts
        if reply.reasoning:
            meta["reasoning"] = reply.reasoning
        if self._sampling.top_logprobs and reply.tokens is not None:
            meta["tokens"] = [asdict(token) for token in reply.tokens]
        return Prediction(
            id=key,
            response=reply.text,
            finish_reason=reply.finish_reason,
            latency_s=round(reply.latency_s, 4),
            usage=reply.usage.as_dict(),
            meta=meta,
        )


def _failure(key: str, message: str, kind: str, attempts: int = 0) -> Prediction:
    return Prediction(key, None, error=message, meta={"error_kind": kind, "attempts": attempts})


async def no_media() -> Media:
    """For prompts of text only."""
    return Media()


def media_of(loader: MediaLoader, item: Item, visuals: Visuals, prompt: Prompt) -> Loader:
    """Loads an item's media when it turns out to be needed."""
    return lambda: loader.load(item, visuals, prompt)
