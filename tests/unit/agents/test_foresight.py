"""Guessed calls: where they look, and that they are said in the frame of the model."""

import PIL.Image
import pytest

from vidkit.agents.foresight import Centre
from vidkit.agents.registry import open_foresight
from vidkit.agents.tools.boxes import source_box
from vidkit.agents.types import Step, ToolCall
from vidkit.agents.workspace import Workspace
from vidkit.errors import ConfigError


@pytest.mark.parametrize("frame", ["model", "pixel", "unit", "thousand"])
def test_the_middle_is_guessed_first_and_the_last_call_later(frame: str) -> None:
    workspace = Workspace([PIL.Image.new("RGB", (448, 224))])
    guess = Centre(frame)([], workspace)
    assert guess is not None
    box = source_box(guess.arguments["bbox_2d"], workspace, 0, frame)
    assert all(abs(a - b) <= 1 for a, b in zip(box, (112, 56, 336, 168), strict=True))
    call = ToolCall("image_rotate_tool", {})
    assert Centre(frame)([Step("", call)], workspace) is call
    assert Centre(frame)([], Workspace()) is None


def test_names() -> None:
    assert open_foresight("none") is None and open_foresight("centre") is not None
    with pytest.raises(ConfigError, match="no foresight of agents 'luck'"):
        open_foresight("luck")
