"""How many alternatives per token a server really gives."""

import asyncio

import pytest

from vidkit.serving import Capabilities, EngineError, ErrorKind
from vidkit.serving.probe import probe
from vidkit.serving.wire import decode_reply


class Limited:
    """Gives at most so many alternatives: refuses more, or fills up with placeholders."""

    name, concurrency, capabilities = "limited", 1, Capabilities()

    def __init__(self, limit, refuses):
        self.limit, self.refuses = limit, refuses

    def identity(self):
        return {}

    async def aclose(self):
        pass

    async def generate(self, request):
        wanted = request.top_logprobs
        if self.refuses and wanted > self.limit:
            raise EngineError(ErrorKind.REJECTED, "top_logprobs too large")
        top = [{"token": str(k), "logprob": -float(k) if k < self.limit else -9999.0} for k in range(wanted)]
        entry = {"token": "0", "logprob": 0.0, "top_logprobs": top}
        logprobs = {"content": [entry]} if wanted else None
        return decode_reply({"choices": [{"message": {"content": "0"}, "logprobs": logprobs}]})


@pytest.mark.parametrize(
    ("limit", "refuses", "found"),
    [(64, True, 64), (20, True, 20), (7, True, 5), (7, False, 7), (0, True, 0)],
)
def test_probe_counts_real_alternatives(limit, refuses, found):
    assert asyncio.run(probe(Limited(limit, refuses), 64)).top_logprobs == found
