"""One interface for asking models: OpenAI-compatible servers and local transformers models.

`open_engine("openai:NAME", base_url=...)` or `open_engine("transformers:FOLDER")` gives an `Engine`;
`await engine.generate(Request(...))` gives a `Reply`. Nothing heavy is imported here.
"""

from vidkit.serving.engine import Capabilities, Engine, EngineError, ErrorKind
from vidkit.serving.messages import Audio, Image, Message, Request, Text, Video
from vidkit.serving.registry import open_engine
from vidkit.serving.reply import Alternative, Reply, Token, Usage

__all__ = [
    "Alternative",
    "Audio",
    "Capabilities",
    "Engine",
    "EngineError",
    "ErrorKind",
    "Image",
    "Message",
    "Reply",
    "Request",
    "Text",
    "Token",
    "Usage",
    "Video",
    "open_engine",
]
