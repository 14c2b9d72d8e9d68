"""Whether a style fits a trace, and whether what the trace itself says of colours can be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vidkit.algoviz.rsl.annotations import PlacedAnnotation, place
from vidkit.algoviz.rsl.choosing import DRAWN_SLOTS, FITTING
from vidkit.algoviz.rsl.codes import StyleFinding
from vidkit.algoviz.rsl.colours import LINE_RATIO, TEXT_RATIO, contrast, parse_colour, passing
from vidkit.algoviz.rsl.grammar import Rsl, Rule
from vidkit.algoviz.rsl.rules import meets
from vidkit.algoviz.rsl.themes import Theme
from vidkit.algoviz.vta.state import State
from vidkit.algoviz.vta.trace import Trace
from vidkit.utils.naming import did_you_mean


def check_style(
    rsl: Rsl, trace: Trace, states: Sequence[State], theme: Theme
) -> tuple[tuple[StyleFinding, ...], dict[int, tuple[PlacedAnnotation, ...]]]:
    """What does not fit, and the annotations that do, by step."""
    found = [*_layout(rsl, states[0]), *_rules(rsl, trace, states), *_wishes(rsl, theme)]
    placed: dict[int, tuple[PlacedAnnotation, ...]] = {}
    for at, annotation in enumerate(rsl.annotations):
        pointer = f"/annotations/{at}"
        colour, finding = _annotation_colour(rsl, at, theme)
        found += [finding] if finding is not None else []
        made = place(annotation, states, colour, pointer)
        if isinstance(made, StyleFinding):
            found.append(made)
        else:
            placed[annotation.frame] = (*placed.get(annotation.frame, ()), made)
    return (*found, *_trace_colours(trace, theme)), placed


def _layout(rsl: Rsl, first: State) -> Iterator[StyleFinding]:
    yield from _slots(rsl)
    said = rsl.layout.main
    if said is None:
        return
    fitting = FITTING[first.main.kind]
    if said.type not in fitting:
        hint = f"layouts that fit: {', '.join(fitting)}"
        yield StyleFinding("R201", "/layout/main/type", f"{said.type} does not fit a {first.main.kind}", hint)
        return
    for name, value in said.params:
        if value is not None and name not in fitting[said.type]:
            yield StyleFinding(
                "R209" if rsl.meta.rsl_version == "0.1" else "R202",
                f"/layout/main/params/{name}",
                f"it has no effect on a {first.main.kind} laid out as {said.type}",
                f"parameters there: {', '.join(fitting[said.type]) or 'none'}",
            )


def _slots(rsl: Rsl) -> Iterator[StyleFinding]:
    """Places that no picture has."""
    column = rsl.layout.code.slot if rsl.layout.code is not None else "left"
    for name, places in DRAWN_SLOTS.items():
        said = getattr(rsl.layout, name)
        if name == "aux" and column == "right":
            places = ("right", "none")
        if said is not None and said.slot not in places:
            hint = f"{name} can be: {', '.join(places)}"
            yield StyleFinding("R201", f"/layout/{name}/slot", f"{name} cannot be at the {said.slot}", hint)
        if said is not None and said.max_share is not None and name != "code":
            yield StyleFinding(
                "R202",
                f"/layout/{name}/max_share",
                f"it has no effect on {name}",
                "layout.code.max_share is the share of the column with code, calls and variables",
            )
    if rsl.lang != "en":
        yield StyleFinding(
            "R202", "/lang", f"there are no texts in '{rsl.lang}'", "vidkit's own are English: en"
        )


def _rules(rsl: Rsl, trace: Trace, states: Sequence[State]) -> Iterator[StyleFinding]:
    views = dict.fromkeys(view.view_id for state in states for view in state.views)
    used = {getattr(op.params, "style_key", None) for delta in trace.deltas for op in delta.ops}
    names = [*trace.styles.names, *(name for name in used if isinstance(name, str))]
    for at, rule in enumerate(rsl.rules):
        when, pointer = rule.when, f"/rules/{at}/when"
        if when.view_id is not None and when.view_id not in views:
            hint = f"{did_you_mean(when.view_id, views)}views: {', '.join(views)}"
            yield StyleFinding("R203", f"{pointer}/view_id", f"no view '{when.view_id}'", hint)
        elif when.style_key is not None and when.style_key not in names:
            hint = did_you_mean(when.style_key, names).strip()
            yield StyleFinding("R207", f"{pointer}/styleKey", f"no style '{when.style_key}'", hint)
        elif when.step_range is not None and when.step_range[1] >= len(states):
            said = f"step {when.step_range[1]}: the last one is {len(states) - 1}"
            yield StyleFinding("R204", f"{pointer}/step_range", said)
        elif not _is_met(rule, trace, states):
            yield StyleFinding("R208", f"/rules/{at}", "no operation of the trace meets it")


def _is_met(rule: Rule, trace: Trace, states: Sequence[State]) -> bool:
    return any(
        meets(rule, op, step, states[step]) for step, delta in enumerate(trace.deltas, 1) for op in delta.ops
    )


def _wishes(rsl: Rsl, theme: Theme) -> Iterator[StyleFinding]:
    """Colours of rules that cannot be told apart; only version 1.0 has them."""
    for at, rule in enumerate(rsl.rules):
        style, pointer = rule.do.style, f"/rules/{at}/do/style"
        if style.fill is not None and style.text is not None:
            yield from _pair(style.text, (style.fill,), TEXT_RATIO, f"{pointer}/text", "its fill")
        if style.stroke is not None:
            grounds = (theme.background, theme.panel)
            yield from _pair(style.stroke, grounds, LINE_RATIO, f"{pointer}/stroke", "the background")


def _pair(
    colour: str, behind: tuple[str, ...], ratio: float, pointer: str, what: str
) -> Iterator[StyleFinding]:
    worst = min(contrast(colour, ground) for ground in behind)
    if worst < ratio:
        said = f"{colour} on {what} has {worst:.2f}:1, needs {ratio:g}:1"
        yield StyleFinding("R301", pointer, said, f"nearest: {passing(colour, behind, ratio)}")


def _annotation_colour(rsl: Rsl, at: int, theme: Theme) -> tuple[str, StyleFinding | None]:
    annotation = rsl.annotations[at]
    behind = (theme.background, theme.panel)
    ratio = TEXT_RATIO if annotation.label else LINE_RATIO
    colour = annotation.color or theme.primary
    made = passing(colour, behind, ratio)
    if made == colour or annotation.color is None:
        return made, None
    worst = min(contrast(colour, ground) for ground in behind)
    said = f"{colour} on the background has {worst:.2f}:1, needs {ratio:g}:1"
    old = rsl.meta.rsl_version == "0.1"
    pointer = f"/annotations/{at}/color"
    finding = StyleFinding(
        "R302" if old else "R301", pointer, said, f"{'taken' if old else 'nearest'}: {made}"
    )
    return made, finding


_COLOURS = ("fill", "stroke", "text", "color")


def _trace_colours(trace: Trace, theme: Theme) -> Iterator[StyleFinding]:
    """What the trace says of colours: those that cannot be read, and texts that cannot be read on them."""
    maps = (("elementStyles", trace.styles.element), ("edgeStyles", trace.styles.edge))
    for group, styles in (*maps, ("tempStyles", trace.styles.temp)):
        for name, style in styles.items():
            pointer = f"/initial_frame/styles/{group}/{name}"
            for part in _COLOURS:
                if part in style and parse_colour(style[part]) is None:
                    yield StyleFinding("R303", pointer, f"{part} {style[part]!r:.40} is not a colour")
            fill = parse_colour(style.get("fill"), theme.background)
            text = parse_colour(style.get("text", style.get("color")), theme.background)
            if group != "elementStyles" or fill is None or text is None or theme.recolours:
                continue
            ratio = contrast(fill, text)
            if ratio < TEXT_RATIO:
                taken = passing(text, (fill,), TEXT_RATIO)
                said = f"text {text} on {fill} has {ratio:.2f}:1, needs {TEXT_RATIO:g}:1"
                yield StyleFinding("R302", pointer, said, f"taken: {taken}")
