"""Reading a style: a preset's name, a file, or a JSON value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vidkit.algoviz.rsl.codes import StyleError, StyleFinding
from vidkit.algoviz.rsl.grammar import NEW, REQUIRED, Rsl
from vidkit.algoviz.rsl.themes import PRESETS
from vidkit.algoviz.vta.json_text import not_a_number, parse_json
from vidkit.algoviz.vta.operations import PARAMS
from vidkit.algoviz.vta.values import NOT_FINITE, freeze
from vidkit.errors import DataError
from vidkit.utils.naming import did_you_mean
from vidkit.utils.plain import json_kind

_LARGEST = 2**24  # bytes of a style file


def read_style(style: str | Path | Mapping[str, Any] | Rsl | None) -> tuple[Rsl, str]:
    """A style and its name for messages.

    Args:
        style: name of a preset, path of a file, JSON value; None is the preset `dark`.

    Raises:
        DataError: no such preset or file, or not JSON.
        StyleError: not in the grammar; the message has code and place.
    """
    if isinstance(style, Rsl):
        return style, "style"
    if style is None or (isinstance(style, str) and style in PRESETS):
        name = style or "dark"
        return Rsl.model_validate({"meta": {"rsl_version": "1.0"}, "theme": {"preset": name}}), name
    if isinstance(style, Mapping):
        return style_of_json(style, "style"), "style"
    return _of_file(Path(style)), str(style)


def _of_file(path: Path) -> Rsl:
    where = str(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"'{where}' is too large for a style", "give an RSL file")
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        hint = f"{did_you_mean(where, PRESETS)}presets: {', '.join(PRESETS)}; or the path of an RSL file"
        raise DataError(f"no style '{where}'", hint) from None
    except UnicodeDecodeError as error:
        raise DataError(f"'{where}' is not UTF-8 text (byte {error.start})", "save it as UTF-8") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot read '{where}': {reason}", "give an RSL file") from error
    raw = parse_json(text, where)
    try:
        freeze(raw)
    except ValueError as error:
        if NOT_FINITE in str(error):
            raise not_a_number(text, where) from None
        raise DataError(f"{where}: {error}", "a style is a few levels deep") from error
    return style_of_json(raw, where)


def style_of_json(raw: Any, where: str) -> Rsl:
    """A style from a JSON value.

    Raises:
        StyleError: the first field that the grammar does not take.
    """
    if not isinstance(raw, Mapping):
        raise StyleError(where, StyleFinding("R103", "", f"a style is an object, not {json_kind(raw)}"))
    if "algorithm_info" in raw or "layout_strategy" in raw:
        hint = "give the RSL script it was made of"
        raise StyleError(where, StyleFinding("R102", "", "this is a render config, not a style", hint))
    try:
        made = Rsl.model_validate(raw)
    except ValidationError as error:
        raise StyleError(where, _finding(error)) from error
    for found in _beyond(raw, made):
        raise StyleError(where, found)
    return made


def _finding(error: ValidationError) -> StyleFinding:
    details = error.errors(include_url=False)
    found = next((entry for entry in details if entry["type"] == "extra_forbidden"), details[0])
    place = "/" + "/".join(str(part) for part in found["loc"])
    if found["type"] == "missing":
        return StyleFinding("R101", place, "is missing")
    if found["type"] == "extra_forbidden":
        name = str(found["loc"][-1])
        return StyleFinding("R102", place, f"there is no field '{name}'", _field_hint(found["loc"]))
    message = found["msg"].removeprefix("Value error, ")
    value = f", got {found['input']!r:.60}"
    return StyleFinding("R103", place, message[:1].lower() + message[1:] + value)


def _field_hint(location: tuple[int | str, ...]) -> str:
    model: Any = Rsl
    for part in location[:-1]:
        if isinstance(part, str) and model is not None:
            field = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
            model = _model_in(field.annotation) if field is not None else None
    if model is None:
        return ""
    names = [field.alias or name for name, field in model.model_fields.items()]
    return f"{did_you_mean(str(location[-1]), names)}fields: {', '.join(names)}"


def _model_in(annotation: Any) -> Any:
    """The model that an annotation holds, through unions and tuples."""
    if hasattr(annotation, "model_fields"):
        return annotation
    inner = (_model_in(part) for part in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model is not None), None)


def _beyond(raw: Mapping[str, Any], made: Rsl) -> list[StyleFinding]:
    """What the models do not check: fields by version, names of operations, ranges from high to low."""
    found = []
    if made.meta.rsl_version == "0.1":
        found += [StyleFinding("R101", f"/{name}", "is missing") for name in REQUIRED if name not in raw]
        if "layout" in raw and made.layout.main is None:
            found.append(StyleFinding("R101", "/layout/main", "is missing"))
        found += [
            StyleFinding("R104", place, "version 0.1 does not have it", 'write "rsl_version": "1.0"')
            for path in NEW
            for place in _places(raw, path.split("/"))
        ]
        if made.layout.main is not None and made.layout.main.type == "vertical_array":
            found.append(
                StyleFinding("R104", "/layout/main/type", "version 0.1 has no vertical_array", "write 1.0")
            )
    for place, rule in enumerate(made.rules):
        when = f"/rules/{place}/when"
        if rule.when.op is not None and rule.when.op not in PARAMS:
            hint = f"{did_you_mean(rule.when.op, PARAMS)}see 'vidkit algoviz list operations'"
            found.append(StyleFinding("R105", f"{when}/op", f"no operation '{rule.when.op}'", hint))
        span = rule.when.step_range
        if span is not None and span[0] > span[1]:
            found.append(StyleFinding("R103", f"{when}/step_range", f"{list(span)} ends before it begins"))
    return found


def _places(raw: Any, path: list[str], before: str = "") -> list[str]:
    """JSON pointers of the fields that a path with `*` names."""
    if not path:
        return [before]
    if path[0] == "*":
        entries = enumerate(raw) if isinstance(raw, list | tuple) else ()
        return [p for place, entry in entries for p in _places(entry, path[1:], f"{before}/{place}")]
    if not isinstance(raw, Mapping) or path[0] not in raw:
        return []
    return _places(raw[path[0]], path[1:], f"{before}/{path[0]}")
