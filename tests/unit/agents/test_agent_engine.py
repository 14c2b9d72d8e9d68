"""What of a request an agent is shown: pictures as they are first seen, sound and clips as they came."""

import asyncio

import PIL.Image

from vidkit.agents.engines.agent import AgentEngine
from vidkit.serving.engine import Capabilities
from vidkit.serving.messages import Audio, Image, Message, Request, Video
from vidkit.serving.reply import Reply


class Listening:
    """Answers, and keeps what it was asked."""

    name, concurrency, capabilities = "listening", 1, Capabilities()

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def generate(self, request):
        self.requests.append(request)
        return Reply("<answer>A</answer>")


def test_sound_and_whole_clips_are_not_lost() -> None:
    engine, sound, clip = Listening(), Audio(b"wav"), Video(b"mp4")
    picture = Image.from_pil(PIL.Image.new("RGB", (56, 56)))
    asked = Request((Message.of("user", picture, sound, "Who speaks?", clip),))
    reply = asyncio.run(AgentEngine(engine).generate(asked))
    assert reply.text == "A"
    parts = engine.requests[0].messages[-1].parts
    assert sound in parts and clip in parts and sum(isinstance(part, Image) for part in parts) == 1
