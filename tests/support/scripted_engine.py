"""An engine in this process that answers by a function, and a quiz of texts to ask it."""

import asyncio
import json

from vidkit.evaluation.types import Item, Part, PartKind, Prompt, Visuals
from vidkit.serving import Capabilities, Reply, Text


class FakeEngine:
    """Answers by a function of the request; remembers what it was asked."""

    def __init__(self, answer=lambda request: "A", name="fake", concurrency=4, **capabilities):
        self.name = name
        self.concurrency = concurrency
        self.capabilities = Capabilities(audio=True, video=True, **capabilities)
        self.answer = answer
        self.requests = []
        self.running = self.most_running = 0

    def identity(self):
        return {"engine": "fake", "model": self.name}

    async def generate(self, request):
        self.requests.append(request)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await asyncio.sleep(0.001)
        self.running -= 1
        answer = self.answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(answer)

    async def aclose(self):
        pass


def text_of(request) -> str:
    return "\n".join(part.text for part in request.messages[-1].parts if isinstance(part, Text))


class Quiz:
    """Text-only questions."""

    instruction = "One letter."

    def items(self, rows):
        for row in rows:
            yield Item(row["id"], row["id"], row["question"], ("x", "y"), after=row.get("after"))

    def visuals(self, item):
        return Visuals()

    def prompt(self, item, mode):
        return Prompt((Part(PartKind.TEXT, f"{item.question}\n{self.instruction}"),), max_tokens=8)


ROWS = [{"id": f"q{place:02d}", "question": f"Question {place}?"} for place in range(20)]


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]
