"""The settings of a command as a flat table of dotted keys, read from its dataclasses."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from enum import Enum
from typing import Any, Literal, Union

from vidkit.config.methods import OURS, RUN, Method, find_method, known_engines, methods, runs_of_benchmarks
from vidkit.config.static import Setting
from vidkit.utils.plain import TYPE_WORDS

REQUIRED = "???"  # how OmegaConf writes a value that has to be given


@dataclass(frozen=True)
class Key:
    """One setting.

    Args:
        name: dotted name, `model.weights`.
        annotation: its type without `| None`.
        optional: `null` is a value.
        default: the schema's default; `REQUIRED` without one.
        choices: the words it takes, for enums and literals.
        owner: the dataclass it is a field of.
        kind: of the method that its value names (`vidkit.utils.plugins.KINDS`); empty: it names none.
        chooses: the section whose method it names.
        methods: whose setting it is; empty: of the command itself.
        meaning: of a method's setting, from the method's source.
        default_text: of a method's setting, where the methods' defaults differ.
        is_ours: it is of the command itself, or of a method that is built in.
    """

    name: str
    annotation: Any
    optional: bool
    default: Any
    choices: tuple[str, ...]
    owner: type[Any]
    kind: str = ""
    chooses: str = ""
    methods: tuple[str, ...] = ()
    meaning: str = ""
    default_text: str = ""
    is_ours: bool = True

    @property
    def is_open(self) -> bool:
        """A section that also takes the settings of the method that it names."""
        return is_dataclass(self.annotation) and is_open(self.annotation)

    @property
    def is_section(self) -> bool:
        return is_dataclass(self.annotation)

    @property
    def is_free(self) -> bool:
        """A mapping: any key below it may be set."""
        return typing.get_origin(self.annotation) is dict

    @property
    def is_number(self) -> bool:
        return self.annotation in (int, float)

    @property
    def is_text(self) -> bool:
        return self.annotation is str

    @property
    def holds_texts(self) -> bool:
        """Whether it is a list of texts, such as files."""
        return typing.get_origin(self.annotation) is list and typing.get_args(self.annotation) == (str,)

    @property
    def takes(self) -> str:
        """What a value looks like, in words."""
        if self.choices:
            other = ", a YAML file or FILE.py:Class" if self.kind == "task" else ", FILE.py:Class"
            return "one of " + ", ".join(self.choices) + (other if self.kind else "")
        if typing.get_origin(self.annotation) in (Union, types.UnionType):
            return " or ".join(_in_words(part) for part in typing.get_args(self.annotation))
        return _in_words(self.annotation)


def _in_words(annotation: Any) -> str:
    """What a value of a type without choices looks like."""
    origin = typing.get_origin(annotation)
    if origin in (list, tuple):
        examples = {int: "[1,2]", float: "[0.5,1]"}
        kinds = (kind for kind in typing.get_args(annotation) if kind in examples)
        return f"a list such as {examples.get(next(kinds, str), '[a,b]')}"
    if origin is dict:
        return "a mapping such as {name: 1}"
    return str(TYPE_WORDS.get(annotation, "a value"))


def unwrap_optional(annotation: Any) -> tuple[Any, bool]:
    """`int | None` -> (int, True); `int` -> (int, False)."""
    if typing.get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    parts = [part for part in typing.get_args(annotation) if part is not type(None)]
    optional = len(parts) < len(typing.get_args(annotation))
    return (parts[0] if len(parts) == 1 else Union[tuple(parts)]), optional  # noqa: UP007 (built at run time)


def choices_of(annotation: Any) -> tuple[str, ...]:
    """The words an enum or a literal takes; empty for other types."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(str(member.value) for member in annotation)
    if typing.get_origin(annotation) is Literal:
        return tuple(str(word) for word in typing.get_args(annotation))
    return ()


def default_of(field: dataclasses.Field[Any]) -> Any:
    """A field's default value, `REQUIRED` if it has none."""
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return REQUIRED


def keys_of(settings: type[Any], prefix: str = "") -> dict[str, Key]:
    """All settings of a dataclass and those nested in it, in the order of the source; sections included."""
    hints = typing.get_type_hints(settings)
    found: dict[str, Key] = {}
    for field in dataclasses.fields(settings):
        if "settings_of" in field.metadata:
            own = {f.name for f in dataclasses.fields(settings)}
            found |= {k: v for k, v in _method_keys(settings, prefix).items() if k[len(prefix) :] not in own}
            continue
        annotation, optional = unwrap_optional(hints[field.name])
        name, kind = prefix + field.name, str(field.metadata.get("method", ""))
        choices = names_of(field) if kind else choices_of(annotation)
        chooses = str(field.metadata.get("chooses", ""))
        found[name] = Key(name, annotation, optional, default_of(field), choices, settings, kind, chooses)
        if is_dataclass(annotation):
            assert isinstance(annotation, type)
            found |= keys_of(annotation, name + ".")
        if "options_of" in field.metadata:
            found |= _option_keys(field, settings, name + ".")
    return found


def _option_keys(field: dataclasses.Field[Any], section: type[Any], prefix: str) -> dict[str, Key]:
    """Settings that a mapping holds for what runs: a benchmark's own runs, or engines."""
    is_run = field.metadata["options_of"] == RUN
    beside = () if is_run else [one.name for one in dataclasses.fields(section)]
    users: dict[str, list[tuple[Method, Setting]]] = {}
    for method in runs_of_benchmarks() if is_run else known_engines():
        for setting in method.settings.values():
            is_object = method.origin == OURS and setting.annotation is object
            # what the section itself sets, what the engine is named by, and what no word can be
            if is_run or not (setting.name in beside or setting.default is ... or is_object):
                users.setdefault(setting.name, []).append((method, setting))
    return {prefix + name: _shared_key(prefix + name, found, section) for name, found in users.items()}


def keys_of_named(settings: type[Any], given: Mapping[str, Any]) -> dict[str, Key]:
    """Keys of a command that takes the settings of a method from elsewhere, which it was given by name.

    Args:
        settings: of the command.
        given: what was given, by name of setting.
    """
    found: dict[str, Key] = {}
    for name, kind in method_fields(settings).items() if is_open(settings) else ():
        method = find_method(kind, str(given.get(name) or ""))
        if method is not None:
            found |= {n: _shared_key(n, [(method, one)], settings) for n, one in method.settings.items()}
    own = {field.name for field in dataclasses.fields(settings)}
    return {name: key for name, key in found.items() if name not in own}


def is_open(settings: Any) -> bool:
    """Whether a dataclass also takes the settings of the methods that its fields name."""
    return any("settings_of" in field.metadata for field in dataclasses.fields(settings))


def names_of(field: dataclasses.Field[Any]) -> tuple[str, ...]:
    """The methods that a field may name: those of its kind, and names that stand for none or for another."""
    return (*field.metadata.get("also", ()), *methods(str(field.metadata["method"])))


def is_shared(settings: Any) -> bool:
    """Whether an open section may hold settings of methods that it does not name."""
    return any(field.metadata.get("shared") for field in dataclasses.fields(settings))


def method_fields(settings: Any) -> dict[str, str]:
    """The fields of an open section that name a method whose settings it takes, with the kind of method."""
    fields = {field.name: field for field in dataclasses.fields(settings)}
    names = next(
        field.metadata["settings_of"] for field in fields.values() if "settings_of" in field.metadata
    )
    return {name: str(fields[name].metadata["method"]) for name in names}


def _method_keys(section: type[Any], prefix: str) -> dict[str, Key]:
    """Settings of all the methods that a section may name, those of one name together."""
    users: dict[str, list[tuple[Method, Setting]]] = {}
    for kind in method_fields(section).values():
        for method in methods(kind).values():
            for setting in method.settings.values():
                users.setdefault(setting.name, []).append((method, setting))
    return {prefix + name: _shared_key(prefix + name, found, section) for name, found in users.items()}


def _shared_key(name: str, users: list[tuple[Method, Setting]], section: type[Any]) -> Key:
    """One key for a setting that several methods have."""
    types_ = {repr(setting.annotation): setting.annotation for _, setting in users}
    annotation = next(iter(types_.values())) if len(types_) == 1 else object
    inner, _ = unwrap_optional(annotation)
    defaults = _grouped([(setting.default, method.name) for method, setting in users])
    meanings = _grouped([(setting.meaning, method.name) for method, setting in users])
    told = [f"{', '.join(names)}: {text}" if text else ", ".join(names) for text, names in meanings]
    shown = "; ".join(
        _default_text(value) + (f" ({', '.join(names)})" if len(defaults) > 1 else "")
        for value, names in defaults
    )
    single = defaults[0][0] if len(defaults) == 1 else None
    names = tuple(method.name for method, _ in users)
    ours = any(method.origin == OURS for method, _ in users)
    words = "; ".join(told)
    return Key(name, inner, True, single, choices_of(inner), section, "", "", names, words, shown, ours)


def _grouped(pairs: list[tuple[Any, str]]) -> list[tuple[Any, list[str]]]:
    groups: dict[str, tuple[Any, list[str]]] = {}
    for value, name in pairs:
        groups.setdefault(repr(value), (value, []))[1].append(name)
    return list(groups.values())


def _default_text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return "has to be given" if value is ... else str(list(value) if isinstance(value, tuple) else value)


def owner_of_free_key(name: str, keys: dict[str, Key]) -> Key | None:
    """The mapping that a free key such as `model.transformer.num_layers` lies in, if any.

    A section that names a method is one too: only the method knows its settings.
    """
    dots = name.count(".")
    deepest = 1 + max((known.count(".") for known in keys), default=0)  # a name may have a million parts
    parts = name.split(".", deepest)
    for length in range(min(dots, deepest), 0, -1):
        key = keys.get(".".join(parts[:length]))
        if key is not None:
            return key if key.is_free or (key.is_open and length == dots) else None
    return None


def listed_keys(keys: dict[str, Key]) -> list[str]:
    """Names short enough for one line: top-level settings, sections as `model.*`."""
    return [f"{name}.*" if key.is_section else name for name, key in keys.items() if "." not in name]
