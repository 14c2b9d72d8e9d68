"""Runs of an agent for people: the picture with the parts it looked at, thoughts, calls, the gate's word.

One self-contained block of HTML; everything that a model, a tool or a data file said is escaped.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

from vidkit.utils.pages import page_environment

if TYPE_CHECKING:
    import PIL.Image

MOST = 400
"""Runs on a page."""
_SIDE, _CROP_SIDE = 448, 176  # pixels of a picture and of a crop on the page


@dataclass(frozen=True, slots=True)
class TracedRun:
    """One question and what became of it.

    Attributes:
        id: of the question.
        question: its text.
        options: texts by letter.
        gold: right letter, empty where unknown.
        answer: what was read from the reply, empty for nothing.
        is_right: whether they agree.
        record: of the reply: `by`, `agent`, `gate`, `tool_free`, `draft`.
        seconds: of the whole.
        pictures: sources.
        problem: why there is no reply.
    """

    id: str
    question: str
    options: Sequence[tuple[str, str]]
    gold: str
    answer: str
    is_right: bool
    record: Mapping[str, Any]
    seconds: float | None = None
    pictures: Sequence[PIL.Image.Image] = ()
    problem: str = ""


@dataclass(slots=True)
class _Pictures:
    """Pictures of a page, each once, by a short name."""

    kept: dict[str, str] = field(default_factory=dict)

    def add(self, picture: PIL.Image.Image, side: int) -> dict[str, Any]:
        small = picture.convert("RGB")
        small.thumbnail((side, side))
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=80)
        name = hashlib.sha256(buffer.getvalue()).hexdigest()[:16]
        self.kept[name] = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
        return {"name": name, "width": small.width, "height": small.height}


def trace_block(runs: Iterable[TracedRun], total: int) -> str:
    """The block of a page.

    Args:
        runs: to show, at most `MOST`.
        total: runs that there are.

    Raises:
        MissingDependency: jinja2 is not installed.
    """
    pictures = _Pictures()
    shown = [_shown(run, pictures) for run in runs]
    template = resources.files("vidkit.agents").joinpath("traces.html.j2").read_text(encoding="utf-8")
    environment = page_environment()
    html: str = environment.from_string(template).render(
        runs=shown,
        total=total,
        endings=sorted({run["ending"] for run in shown}),
        pictures=json.dumps(pictures.kept),  # names are hexadecimal, values base64
    )
    return html


def _shown(run: TracedRun, pictures: _Pictures) -> dict[str, Any]:
    agent = run.record.get("agent")
    agent = agent if isinstance(agent, Mapping) else {}
    steps = [step for step in agent.get("steps") or [] if isinstance(step, Mapping)]
    views = [{**pictures.add(one, _SIDE), "boxes": []} for one in run.pictures[:4]]
    told = [_step(number, step, run, views, pictures) for number, step in enumerate(steps, 1)]
    by = str(run.record.get("by") or "")
    return {
        "id": run.id,
        "question": run.question,
        "options": list(run.options),
        "gold": run.gold,
        "answer": run.answer,
        "is_right": run.is_right,
        "by": by or "nobody",
        "ending": "draft"
        if by == "draft"
        else str(agent.get("ending") or (run.problem and "failed") or "none"),
        "reason": str(agent.get("reason") or run.problem),
        "draft": run.record.get("draft"),
        "draft_problem": run.record.get("draft_problem"),
        "tool_free": _number(run.record.get("tool_free")),
        "gate": _gate(run.record.get("gate")),
        "steps": told,
        "seconds": _number(run.seconds),
        "views": views,
        "tools": any(step["call"] for step in told),
    }


def _gate(gate: object) -> dict[str, Any] | None:
    if not isinstance(gate, Mapping):
        return None
    score = _number(gate.get("score"))
    return {"believed": bool(gate.get("believed")), "score": score, "reason": str(gate.get("reason") or "")}


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _step(
    number: int,
    step: Mapping[str, Any],
    run: TracedRun,
    views: list[dict[str, Any]],
    pictures: _Pictures,
) -> dict[str, Any]:
    tool = step.get("tool")
    tool = tool if isinstance(tool, Mapping) else {}
    call = step.get("call")
    found: dict[str, Any] = {
        "number": number,
        "reply": str(step.get("reply") or ""),
        "problem": str(step.get("problem") or ""),
        "call": json.dumps(call, ensure_ascii=False) if isinstance(call, Mapping) else "",
        "told": str(tool.get("text") or ""),
        "tool_problem": str(tool.get("problem") or ""),
        "model_s": _number(step.get("model_s")),
        "tool_s": _number(step.get("tool_s")),
        "tokens": _number(step.get("tokens")),
        "foreseen": bool(step.get("foreseen")),
        "crop": None,
    }
    box = _box(tool.get("box"), run.pictures)
    if box is not None and box[0] < len(views):
        place, left, top, right, bottom = box
        source = run.pictures[place]
        views[place]["boxes"].append(
            {
                "number": number,
                "left": 100 * left / source.width,
                "top": 100 * top / source.height,
                "width": 100 * (right - left) / source.width,
                "height": 100 * (bottom - top) / source.height,
            }
        )
        found["crop"] = pictures.add(source.crop((left, top, right, bottom)), _CROP_SIDE)
    return found


def _box(value: object, pictures: Sequence[PIL.Image.Image]) -> tuple[int, int, int, int, int] | None:
    """A box of the log where it is one of these pictures'."""
    if not isinstance(value, list | tuple) or len(value) != 5:
        return None
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in value):
        return None
    place, left, top, right, bottom = value
    if not 0 <= place < len(pictures):
        return None
    width, height = pictures[place].size
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        return None
    return place, left, top, right, bottom
