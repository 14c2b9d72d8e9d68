"""One durable call: look it up in the log, else load, ask and write down. Protocols are built of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

from vidkit.errors import DataError, OutputError, VideoError
from vidkit.evaluation.running.breaker import Breaker, StopRun
from vidkit.evaluation.running.media import Media, MediaLoader
from vidkit.evaluation.running.render import Sampling, build_request, media_record, prompt_sha
from vidkit.evaluation.running.resume_log import PredictionLog
from vidkit.evaluation.types import Item, Prediction, Prompt, Visuals
from vidkit.serving.engine import Engine, EngineError, ErrorKind
from vidkit.serving.reply import Reply
from vidkit.utils.redaction import redact_message

__all__ = ["Asker", "Loader", "StopRun", "media_of", "no_media"]

logger = logging.getLogger(__name__)

Loader = Callable[[], Awaitable[Media]]


class Asker:
    """Asks one engine and keeps every reply.

    Args:
        engine: to ask.
        log: where replies are kept.
        sampling: how they are drawn.
        stop_after: failed calls in a row after which the run is stopped, see `Breaker`.
    """

    def __init__(self, engine: Engine, log: PredictionLog, sampling: Sampling, stop_after: int = 20) -> None:
        self.engine = engine
        self.log = log
        self.calls = 0
        self._sampling = sampling
        self._breaker = Breaker(stop_after, answered=log.index.has_answers())

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
                "the data or the task changed: use another folder, or force=true to start this one over",
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

        A video that cannot be decoded or a call that failed gives a record with `error`; the run continues,
        whatever a server or a row may say.

        Raises:
            StopRun: the engine will not answer anything.
            OutputError: the log cannot be written.
        """
        found = self.known(key, prompt, renew)
        if found is not None:
            return found, False
        record, failure = await self._call(key, prompt, load)
        more = {"prompt_sha256": prompt_sha(prompt), **(meta or {})}
        record = replace(record, meta={**record.meta, **more})
        try:
            await self.log.append(record)
        except OutputError:
            raise
        # what an engine keeps beside a reply may be too deep to write: this item fails, not the run
        except Exception as error:
            record = _unforeseen(key, error)
            record = replace(record, meta={**record.meta, **more})
            failure = EngineError(ErrorKind.MODEL, str(record.error))
            await self.log.append(record)
        self.calls += 1
        if failure is not None:
            self._breaker.failure(failure)
        return record, True

    async def _call(self, key: str, prompt: Prompt, load: Loader) -> tuple[Prediction, EngineError | None]:
        try:
            media = await load()
            reply = await self.engine.generate(build_request(prompt, media, self._sampling))
            record = self._success(key, reply, media)
        except EngineError as error:
            return _failure(key, error.message, str(error.kind), error.attempts), error
        except (VideoError, DataError) as error:
            return _failure(key, error.message, "media"), None
        except OutputError:
            raise
        # one item of thousands that nobody foresaw is one failed item, with its reason
        except Exception as error:
            failed = _unforeseen(key, error)
            return failed, EngineError(ErrorKind.MODEL, str(failed.error))
        self._breaker.reply()
        return record, None

    async def fail(self, key: str, error: Exception) -> Prediction:
        """Keep that an item could not be asked at all, and why."""
        record = _unforeseen(key, error)
        await self.log.append(record)
        return record

    def _success(self, key: str, reply: Reply, media: Media) -> Prediction:
        meta: dict[str, Any] = media_record(media)
        meta["attempts"] = reply.attempts
        if reply.record:
            meta["record"] = dict(reply.record)
        if reply.reasoning:
            meta["reasoning"] = reply.reasoning
        if self._sampling.top_logprobs and reply.tokens is not None:
            meta["tokens"] = [asdict(token) for token in reply.tokens]
        return Prediction(
            id=key,
            response=reply.text,
            finish_reason=reply.finish_reason if reply.text.strip() else reply.why_no_text,
            latency_s=round(reply.latency_s, 4),
            usage=reply.usage.as_dict(),
            meta=meta,
        )


def _failure(key: str, message: str, kind: str, attempts: int = 0) -> Prediction:
    return Prediction(key, None, error=message, meta={"error_kind": kind, "attempts": attempts})


def _unforeseen(key: str, error: Exception) -> Prediction:
    cause: BaseException = error
    while isinstance(cause, BaseExceptionGroup):  # "unhandled errors in a TaskGroup" says nothing
        cause = cause.exceptions[0]
    message = redact_message(f"{type(cause).__name__}: {cause}")
    logger.warning("%s failed: %s", key, message)
    logger.debug("%s failed", key, exc_info=error)
    return _failure(key, message, "internal")


async def no_media() -> Media:
    """For prompts of text only."""
    return Media()


def media_of(loader: MediaLoader, item: Item, visuals: Visuals, prompt: Prompt) -> Loader:
    """Loads an item's media when it turns out to be needed."""
    return lambda: loader.load(item, visuals, prompt)
