"""A local vision-language (or omni, or text) model of the transformers library behind the engine interface.

Concurrent calls are gathered into left-padded batches and generated on one worker thread, so that the event
loop stays free. Alternatives are taken from the raw logits of each step, before any processor or temperature.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from vidkit.errors import VidkitError
from vidkit.serving.batching import Batcher
from vidkit.serving.engine import Capabilities, EngineError, ErrorKind
from vidkit.serving.local_generate import generate_batch
from vidkit.serving.local_model import LocalModel, load_local_model
from vidkit.serving.messages import Request
from vidkit.serving.reply import Reply

logger = logging.getLogger(__name__)


class TransformersEngine:
    """Generates with a transformers model in this process.

    Args:
        model: local folder or hub id.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, ...
        dtype: `auto` (as stored), `bf16`, `fp16`, `fp32`.
        batch_size: maximum number of calls generated together; 1 generates one by one.
        batch_wait_ms: how long a call waits for others to be generated with it.
        revision: branch, tag or commit of a hub model.
        attention: transformers' `attn_implementation`; its own choice if not given.
        min_pixels: smaller pictures are enlarged to this, where the processor takes it; its own if not given.
        max_pixels: larger pictures are shrunk to this, where the processor takes it; its own if not given.
        options: further settings of the processor.

    Raises:
        ModelError: the folder is missing, incomplete, or of a kind that cannot chat.
    """

    def __init__(
        self,
        model: str,
        *,
        device: str = "auto",
        dtype: str = "auto",
        batch_size: int = 1,
        batch_wait_ms: float = 5.0,
        revision: str | None = None,
        attention: str | None = None,
        min_pixels: int | None = None,
        max_pixels: int | None = None,
        **options: Any,
    ) -> None:
        pixels = {"min_pixels": min_pixels, "max_pixels": max_pixels}
        options |= {name: value for name, value in pixels.items() if value is not None}
        self.name = model
        self.concurrency = batch_size
        self._model: LocalModel = load_local_model(model, device, dtype, revision, attention, options)
        self.capabilities: Capabilities = self._model.capabilities
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vidkit-model")
        self._batcher = Batcher(self._run, _same_sampling, batch_size, batch_wait_ms / 1000)

    def identity(self) -> Mapping[str, str]:
        """The fingerprint covers config, tokenizer and samples of the weights; a folder may move."""
        folder = Path(self.name)
        name = folder.resolve().name if folder.is_dir() else self.name
        return {"engine": "transformers", "model": name, "fingerprint": self._model.fingerprint}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._batcher.aclose()
        self._worker.shutdown(wait=True)

    async def generate(self, request: Request) -> Reply:
        """Generate a reply; waits for a place in a batch.

        Raises:
            EngineError: content the model does not take, or a failure while generating (out of memory, ...).
        """
        self.capabilities.check(request, self.name)
        started_s = time.monotonic()
        reply = await self._batcher.submit(request)
        return replace(reply, total_s=time.monotonic() - started_s)

    async def _run(self, requests: Sequence[Request]) -> Sequence[Reply | EngineError]:
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._generate, requests)

    def _generate(self, requests: Sequence[Request]) -> Sequence[Reply | EngineError]:
        try:
            return list(generate_batch(self._model, requests))
        # anything may go wrong inside a model; one bad call must not take its batch-mates along
        except Exception as error:
            if len(requests) == 1:
                return [_as_engine_error(error)]
            logger.warning("a batch of %d failed (%s); going one by one", len(requests), error)
        return [self._generate([request])[0] for request in requests]


def _same_sampling(first: Request, second: Request) -> bool:
    """May two calls share a batch: same settings, and no seed, whose draws a batch-mate would shift."""
    if first.temperature > 0 and (first.seed is not None or second.seed is not None):
        return False
    return _sampling(first) == _sampling(second)


def _sampling(request: Request) -> tuple[object, ...]:
    return (
        request.max_tokens,
        request.temperature,
        request.top_p,
        request.stop,
        request.top_logprobs,
        request.tools,
        request.extra,
    )


def _as_engine_error(error: Exception) -> EngineError:
    if isinstance(error, EngineError):
        return error
    kind = ErrorKind.REJECTED if isinstance(error, VidkitError | ValueError) else ErrorKind.MODEL
    made = EngineError(kind, f"the local model failed: {type(error).__name__}: {error}")
    made.__cause__ = error
    return made
