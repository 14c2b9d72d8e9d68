"""The grammar of RSL as pydantic models: what is not in it is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from vidkit.algoviz.rsl.colours import parse_colour

Preset = Literal["dark", "light", "high-contrast", "colour-blind-safe", "print"]
Seconds = float


def _colour(value: Any) -> str:
    made = parse_colour(value)
    if made is None:
        raise ValueError("must be a colour such as #1d5fd0")
    return made


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    return value


Colour = Annotated[str, BeforeValidator(_colour)]
Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_number)]


class Strict(BaseModel):
    """A part of a style: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Meta(Strict):
    rsl_version: Literal["0.1", "1.0"]
    notes: str = ""


class ThemePart(Strict):
    preset: Preset | None = None
    background: Colour | None = None
    text: Colour | None = None
    primary: Colour | None = None
    secondary: Colour | None = None
    accent: Colour | None = None


class Timeline(Strict):
    """Seconds of a step: what moves, then what is held."""

    transition: Annotated[Number, Field(ge=0.1, le=2)]
    pause: Annotated[Number, Field(ge=0, le=1)]
    coalesce_minor_frames: Annotated[bool, Field(strict=True)] = False
    max_fps_for_changes: Annotated[Number, Field(ge=1, le=30)] | None = None


class LayoutParams(Strict):
    node_spacing: Annotated[Number, Field(ge=1, le=10)] | None = None
    edge_curve: Annotated[Number, Field(ge=-1, le=1)] | None = None
    cell_size: Annotated[Number, Field(ge=0.3, le=2)] | None = None
    spacing: Annotated[Number, Field(ge=0.1, le=2)] | None = None
    grid_cols: Annotated[Whole, Field(ge=1)] | None = None


LayoutType = Literal[
    "force_directed", "hierarchical", "circular", "grid", "matrix", "horizontal_array", "vertical_array"
]


class MainLayout(Strict):
    type: LayoutType
    params: LayoutParams = LayoutParams()


class Slot(Strict):
    """Where a part of the picture is, and how much of it at most."""

    slot: Literal["left", "right", "top", "bottom", "none"]
    max_share: Annotated[Number, Field(ge=0.1, le=0.5)] | None = None


class Layout(Strict):
    main: MainLayout | None = None
    aux: Slot | None = None
    code: Slot | None = None
    comment: Slot | None = None


class When(Strict):
    """All that is given has to hold."""

    op: str | None = None
    code_highlight_in: tuple[Annotated[Whole, Field(ge=1)], ...] | None = None
    view_id: str | None = None
    style_key: str | None = Field(None, alias="styleKey")
    step_range: tuple[Annotated[Whole, Field(ge=0)], Annotated[Whole, Field(ge=0)]] | None = None


class Animation(Strict):
    variant: Literal["pulse", "glow", "shake", "fade", "morph"] | None = None
    run_time: Annotated[Number, Field(ge=0.1, le=2)] | None = None
    easing: Literal["linear", "ease-in", "ease-out", "ease-in-out"] | None = None


class StylePart(Strict):
    glow: Annotated[bool, Field(strict=True)] | None = None
    scale: Annotated[Number, Field(ge=0.5, le=2)] | None = None
    stroke_width: Annotated[Number, Field(ge=0.5, le=10)] | None = None
    fill: Colour | None = None
    stroke: Colour | None = None
    text: Colour | None = None


class Do(Strict):
    animation: Animation = Animation()
    style: StylePart = StylePart()


class Rule(Strict):
    when: When
    do: Do


class Annotation(Strict):
    """Something drawn in one step.

    `from` and `to` name an element: a node's id, an index, a cell as "row,col". `position` is a share of the
    main view's box, (0, 0) its top left corner; below 0 is above or to the left of it.
    """

    frame: Annotated[Whole, Field(ge=0)]
    type: Literal["arrow", "text", "highlight", "circle"]
    source: str | int | None = Field(None, alias="from")
    target: str | int | None = Field(None, alias="to")
    label: str = ""
    color: Colour | None = None
    position: tuple[Number, Number] | None = None


class Pacing(Strict):
    """How long steps take.

    target_duration: of the whole video, s; steps get shorter, minor ones are merged.
    reading_speed: characters of a new comment per second.
    longest_reading: s, of one comment.
    """

    target_duration: Annotated[Number, Field(gt=0, le=36000)] | None = None
    reading_speed: Annotated[Number, Field(ge=3, le=100)] = 15
    longest_reading: Annotated[Number, Field(ge=0, le=30)] = 4


class Rsl(Strict):
    """A style document, version 0.1 as its authors have it or 1.0 with what vidkit adds."""

    meta: Meta
    theme: ThemePart = ThemePart()
    timeline: Timeline | None = None
    layout: Layout = Layout()
    rules: tuple[Rule, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    pacing: Pacing = Pacing()
    lang: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"


REQUIRED = ("layout", "rules", "timeline")  # of version 0.1, besides meta
# fields that version 1.0 adds: paths, `*` is any position
NEW = (
    "pacing",
    "lang",
    "theme/preset",
    "layout/aux",
    "layout/code",
    "layout/comment",
    "rules/*/when/view_id",
    "rules/*/when/styleKey",
    "rules/*/when/step_range",
    "rules/*/do/style/fill",
    "rules/*/do/style/stroke",
    "rules/*/do/style/text",
)
