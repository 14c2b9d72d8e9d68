"""Prompts: how long they may be, and which words a model does not know."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from vidkit.errors import ConfigError, DataError
from vidkit.generation.magi.files import tokenizer_folder
from vidkit.utils.paths import expanded


def text_or_file(text: str | None, name: str) -> str | None:
    """A text, or with `@FILE` the text in that file, its line breaks as spaces.

    Raises:
        ConfigError: no such file, an empty one, or one that is not UTF-8.
    """
    if text is None or not text.startswith("@"):
        return text
    path = expanded(text[1:])
    hint = f"write {name}=@FILE for the text in a file"
    try:
        found = " ".join(path.read_text(encoding="utf-8-sig").split())
    except FileNotFoundError as error:
        raise ConfigError(f"{name}=@{path}: there is no such file", hint) from error
    except (OSError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{name}=@{path} cannot be read: {what}", hint) from error
    if not found:
        raise ConfigError(f"{name}=@{path}: the file is empty", hint)
    return found


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a diffusers folder, without any weights; read once for all clips of a batch."""
    place = tokenizer_folder(folder)
    found = ((path.name, path.stat()) for path in sorted(place.glob("*")) if path.exists())
    return _read_tokenizer(place, tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in found))


@functools.lru_cache(maxsize=1)
def _read_tokenizer(place: Path, state: tuple[tuple[str, int, int], ...]) -> Any:
    """The tokenizer of a folder whose files are in this state."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(place, local_files_only=True)


def check_prompt_length(tokenizer: Any, prompt: str, limit: int, name: str = "prompt") -> int:
    """Count the tokens of a prompt, special ones included.

    Raises:
        ConfigError: more than `limit`; the pipelines would silently cut the end off.
    """
    count = len(tokenizer(prompt, truncation=False)["input_ids"])
    if count > limit:
        raise ConfigError(
            f"the {name} has {count} tokens, but the text encoder takes {limit}",
            f"shorten the {name} by {count - limit} tokens or more",
        )
    return count


def unknown_words(tokenizer: Any, prompt: str) -> list[str]:
    """Words that the tokenizer maps to its unknown token, in order, each once."""
    unknown = getattr(tokenizer, "unk_token_id", None)
    if unknown is None:
        return []
    found: list[str] = []
    if getattr(tokenizer, "is_fast", False):
        encoded = tokenizer(prompt, truncation=False, return_offsets_mapping=True)
        spans = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
        found = [prompt[start:end] for token, (start, end) in spans if token == unknown and end > start]
    else:
        found = [word for word in prompt.split() if unknown in tokenizer(word)["input_ids"]]
    return list(dict.fromkeys(found))


def read_prompts(path: Path) -> list[str]:
    """Lines that are neither blank nor begin with '#'.

    Raises:
        DataError: missing, no text, empty, or the same prompt twice; names file and line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise DataError(f"no prompt file '{path}'", "check the path given as prompts=") from error
    except (OSError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise DataError(f"cannot read '{path}': {what}", "save one prompt per line, as UTF-8") from error
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        prompt = line.strip()
        if not prompt or prompt.startswith("#"):
            continue
        if prompt in seen:
            raise DataError(f"{path}:{number}: the same prompt as in line {seen[prompt]}", "keep one of them")
        seen[prompt] = number
    if not seen:
        raise DataError(f"{path}: no prompt in the file", "write one prompt per line")
    return list(seen)
