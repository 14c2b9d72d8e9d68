"""The clips of a batch: lines of a file, each with its own settings, and several videos of each."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.config.keyed import KeyedError
from vidkit.config.most import refuse_too_many
from vidkit.config.naming import did_you_mean
from vidkit.config.schema import GenerateSettings
from vidkit.config.whole_numbers import LARGEST_SEED, refuse_huge
from vidkit.errors import ConfigError, DataError, doc_page
from vidkit.utils.paths import expanded
from vidkit.utils.plain import TYPE_WORDS
from vidkit.utils.seeding import derive_seed
from vidkit.utils.strict_json import load_json

# settings that a line may set; the model, its kernels and the device are the batch's
LINE_KEYS = (
    "prompt",
    "negative_prompt",
    "image",
    "last_image",
    "video",
    "strength",
    "seed",
    "height",
    "width",
    "frames",
    "steps",
    "guidance",
    "shift",
    "num_videos",
)
_LONGEST = 120  # bytes of a name; suffixes are added, and most file systems take 255
_NAME = re.compile(r"[\w-][\w.-]*")
_PICTURE = ".cache"
_HINT = f'a line is {{"prompt": "...", "seed": 3, ...}}; see {doc_page("generate.md")}'


@dataclass(frozen=True)
class Clip:
    """One video of a batch.

    Attributes:
        name: of its files, without suffix.
        settings: all of them, `output` left open.
        where: file and line.
    """

    name: str
    settings: GenerateSettings
    where: str


def clips_of(settings: GenerateSettings, seed: int) -> list[Clip]:
    """Every clip of `prompts=FILE`, in order, with the seed that it will have.

    Raises:
        DataError: a line that cannot be used, with file and line.
    """
    assert settings.prompts is not None
    path = expanded(settings.prompts)
    clips: list[Clip] = []
    names: dict[str, str] = {}
    lines = list(_lines(path))  # a pipe can be read once
    if settings.prompt and all("prompt" in line for _, _, line in lines):
        raise ConfigError(
            f"the prompt '{settings.prompt[:60]}' would not be used: every line of '{path}' has its own",
            "leave it out; lines without a prompt of their own would get it",
        )
    for number, where, line in lines:
        name = _name(line.pop("name", None), number, where)
        made = _settings(settings, line, where)
        own = made.seed if line.get("seed") is not None else None
        if own is None:  # `null` is no seed either
            own = derive_seed(seed, "clip", str(number))
        for index in range(made.num_videos):
            label = name if made.num_videos == 1 else f"{name}-{index + 1}"
            same = label.casefold()  # one file where the file system does not tell 'A' from 'a'
            if same in names:
                raise DataError(f"{where}: the name '{label}' is that of {names[same]}", "give another name")
            names[same] = where
            one = dataclasses.replace(
                made, seed=video_seed(own, index), prompts=None, num_videos=1, output=None
            )
            clips.append(Clip(label, one, where))
    return clips


def video_seed(seed: int, index: int) -> int:
    """Seed of one of several videos of a prompt; the first has the prompt's own."""
    return seed if index == 0 else derive_seed(seed, "video", str(index))


def _lines(path: Path) -> Iterator[tuple[int, str, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"no file '{path}' with prompts", "check the path") from error
    except (OSError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise DataError(f"cannot read '{path}': {what}", _HINT) from error
    count = 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            count += 1
            yield count, f"{path}:{number}", _line(path, number, line.strip())
    if not count:
        raise DataError(f"'{path}' holds no prompts", _HINT)


def _line(path: Path, number: int, text: str) -> dict[str, Any]:
    where = f"{path}:{number}"
    if path.suffix == ".txt":
        return {"prompt": text}
    try:
        found = load_json(text, str(path), line=number)
    except (json.JSONDecodeError, RecursionError) as error:
        what = getattr(error, "msg", "nested too deep")
        raise DataError(f"{where}: not JSON ({what})", _HINT) from error
    if isinstance(found, str):
        return {"prompt": found}
    if not isinstance(found, dict):
        raise DataError(f"{where}: a line must be an object, got {text[:40]}", _HINT)
    for key in found:
        if key not in (*LINE_KEYS, "name"):
            raise DataError(
                f"{where}: a line has no setting '{key}'", did_you_mean(key, ["name", *LINE_KEYS], "settings")
            )
    return found


def _name(given: Any, number: int, where: str) -> str:
    if given is None:
        return f"{number:04d}"
    if not isinstance(given, str) or not _NAME.fullmatch(given):
        raise DataError(
            f"{where}: name {repr(given)[:60]} cannot be a file's",
            "use letters, digits, '-', '_' and '.'; the first must not be '.'",
        )
    if len(given.encode()) > _LONGEST:
        raise DataError(
            f"{where}: a name of {len(given.encode())} bytes is too long: '{given[:20]}...'",
            f"use at most {_LONGEST}",
        )
    if given.casefold().endswith(_PICTURE):  # NAME.cache.png is the heat map of NAME
        raise DataError(f"{where}: name '{given}' ends like a heat map's", "leave out '.cache'")
    return given


def _settings(settings: GenerateSettings, line: Mapping[str, Any], where: str) -> GenerateSettings:
    """The batch's settings with those of a line."""
    annotations = {field.name: str(field.type) for field in dataclasses.fields(settings)}
    values = {}
    for key, value in line.items():
        wanted = next(kind for kind in (int, float, str) if kind.__name__ in annotations[key])
        kinds = (int, float) if wanted is float else (wanted,)
        is_none = value is None and "None" in annotations[key]
        if isinstance(value, bool) or not (isinstance(value, kinds) or is_none):
            raise DataError(
                f"{where}: '{key}' takes {TYPE_WORDS[wanted]}, got {json.dumps(value)[:40]}", _HINT
            )
        if key == "seed" and value is not None and not 0 <= value <= LARGEST_SEED:
            raise DataError(f"{where}: seed must be in 0..{LARGEST_SEED} (64 bits), got {value}", _HINT)
        values[key] = value
    try:
        refuse_huge(values)
        refuse_too_many(values)
        return dataclasses.replace(settings, **values)
    except KeyedError as error:
        raise DataError(f"{where}: {error.message}", error.hint) from error
    except ValueError as error:
        raise DataError(f"{where}: {error}", _HINT) from error
