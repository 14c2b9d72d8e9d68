"""Compose a command's settings from YAML and `KEY=VALUE` words with Hydra; errors a person can act on.

Precedence, low to high: the schema's defaults, the groups an entry config names, the entry config, the words.
"""

from __future__ import annotations

import functools
import itertools
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.errors import ConfigCompositionException, HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from vidkit.config import hydra_calls
from vidkit.config.catalog import Entry, find_entry, folder_of, schema_name, settings_class
from vidkit.config.explain import composition_error, first_line, reading_error, yaml_error
from vidkit.config.home import paths_at_home
from vidkit.config.keyed import KeyedError
from vidkit.config.keys import Key, keys_of, keys_of_named, method_fields
from vidkit.config.method_words import chosen_methods, with_methods, with_presets_on_top
from vidkit.config.mirror import build, mirror
from vidkit.config.most import refuse_too_many
from vidkit.config.overrides import Override, hydra_words, parse_override
from vidkit.config.sources import Source, place_of, short
from vidkit.config.whole_numbers import huge_number, refuse_huge
from vidkit.errors import ConfigError
from vidkit.utils.strict_yaml import refuse_growth_in

_DIGITS = re.compile(r"\d{4301}")
_MOST_FILES = 2000  # of a folder of configs that are looked at
_STRUCTURED: dict[type[Any], DictConfig] = {}


def compose(
    command: str,
    config: str,
    overrides: Sequence[str] = (),
    config_dir: Path | None = None,
    values: dict[str, Any] | None = None,
) -> Any:
    """Compose the settings of one command.

    Args:
        command: name on the command line, `generate`.
        config: name of an entry config, or the path of a YAML file.
        overrides: `KEY=VALUE` words in Hydra's grammar; text settings take their value as it stands.
        config_dir: the user's own folder of configs, searched before the one that ships.
        values: further settings by dotted name, already typed; they go over everything else.

    Returns:
        An instance of the command's settings class, `GenerateSettings` for `generate`.

    Raises:
        ConfigError: config, key or value that cannot be used; the message has the file and line where it can.
    """
    settings = settings_class(command)
    parsed = [parse_override(word) for word in overrides]
    given = values or {}
    keys = keys_of(settings) | keys_of_named(settings, {**{o.key: o.value for o in parsed}, **given})
    _refuse_doubles(parsed, given)
    words, texts = hydra_words(parsed, command, keys, config_dir)
    words, methods = chosen_methods(words, {**{o.key: o.value for o in parsed}, **given}, keys)
    entry = find_entry(command, config, config_dir)
    composed, sources, is_on_top = _compose(command, entry, words, keys, settings, config_dir)
    for name, value in {**texts, **given}.items():
        try:
            OmegaConf.update(composed, name, _literal(value), force_add=True)
        except OmegaConfBaseException as error:
            raise composition_error(error, command, entry, keys, config_dir) from error
        except OverflowError as error:
            raise huge_number(name) from error
    typed = {override.key for override in parsed} | set(given)
    named = {f"{name}.{next(iter(method_fields(keys[name].annotation)))}" for name in methods}
    try:
        plain = _plain(composed, sources)
        refuse_huge(plain)
        refuse_too_many(plain, known={name for name, key in keys.items() if key.is_ours})
        if is_on_top:
            plain = with_presets_on_top(plain, words, sources(), typed, keys)
        return build(settings, paths_at_home(with_methods(plain, methods, typed, keys)))
    except KeyedError as error:
        where = "" if error.key in typed | named else place_of(error.key, sources())
        example = f", for example {error.example}" if error.example and not where else ""
        raise ConfigError(error.message + where, error.hint + example) from error


def _refuse_doubles(parsed: list[Override], given: dict[str, Any]) -> None:
    seen: dict[str, str] = {name: f"{name}={value}" for name, value in given.items()}
    for override in parsed:
        if override.key in seen:
            raise ConfigError(
                f"'{override.key}' is set twice: {seen[override.key]} and {override.word}", "keep one of them"
            )
        seen[override.key] = override.word


def _literal(value: Any) -> Any:
    # a prompt may hold "${...}", which OmegaConf would look up
    return value.replace("${", "\\${") if isinstance(value, str) else value


def _compose(
    command: str,
    entry: Entry,
    words: list[str],
    keys: dict[str, Key],
    settings: type[Any],
    config_dir: Path | None,
) -> tuple[DictConfig, Callable[[], list[Source]], bool]:
    """What was composed, what tells its files, and whether a preset was put on top of the entry config."""
    schema = mirror(settings, tuple(name for name, key in keys.items() if key.methods and "." not in name))
    nodes: dict[str, DictConfig] = {schema_name(command): _structured(schema)}
    found = ",".join(f"'file://{_escaped(str(other))}'" for other in entry.others)
    words = [*words, f"hydra.searchpath=[{found}]"]
    with _hydra_with(entry, nodes):
        for file in _files_of_user(entry, config_dir):
            refuse_growth_in(file)
        try:
            composed, name, words = _composed(entry.name, words, nodes)
        except yaml.YAMLError as error:
            raise yaml_error(error) from error
        except (HydraException, OmegaConfBaseException) as error:
            raise composition_error(error, command, entry, keys, config_dir) from error
        except OverflowError as error:  # a whole number that no float holds
            named = re.search(r"full_key: (\S+)", str(error))
            raise huge_number(named[1] if named else "a setting") from error
        except (OSError, ValueError, RecursionError) as error:
            if "integer string conversion" in str(error):  # Python's own limit of digits
                long = (word.partition("=")[0].lstrip("+") for word in words if _DIGITS.search(word))
                raise huge_number(next(long, "a setting")) from error
            raise reading_error(error, entry) from error
    if OmegaConf.get_type(composed) is not schema:
        raise ConfigError(
            f"{short(entry.file)} does not build on the settings of '{command}'",
            f"start it with 'defaults: [/{folder_of(command)}/NAME, _self_]', NAME being a config to vary",
        )
    return composed, functools.cache(lambda: _sources(entry, name, words, nodes)), name != entry.name


def _structured(schema: type[Any]) -> DictConfig:
    """A schema as Hydra stores it: making it takes a fifth of the time of composing, so it is made once."""
    if schema not in _STRUCTURED:
        made = OmegaConf.structured(schema)
        assert isinstance(made, DictConfig)
        _STRUCTURED[schema] = made
    return _STRUCTURED[schema]


@contextmanager
def _hydra_with(entry: Entry, nodes: dict[str, DictConfig]) -> Iterator[None]:
    """Hydra made ready, with nodes in its store as long as this lasts: it copies the whole store at times."""
    store = ConfigStore.instance()
    with warnings.catch_warnings(), initialize_config_dir(str(entry.folder), version_base="1.3"):
        warnings.simplefilter("ignore")  # of Hydra, about search paths without a file of that name
        try:
            for name, node in nodes.items():
                hydra_calls.put(name, node)
            yield
        finally:
            for name in nodes:
                store.repo.pop(f"{name}.yaml", None)


def _files_of_user(entry: Entry, config_dir: Path | None) -> Iterator[Path]:
    """The entry config, and the files of the user's own folder, any of which composing may read."""
    yield entry.file
    if config_dir is not None:
        files = (file for depth in ("*", "*/*", "*/*/*") for file in config_dir.glob(f"{depth}.yaml"))
        yield from itertools.islice(files, _MOST_FILES)


def _composed(name: str, words: list[str], nodes: dict[str, DictConfig]) -> tuple[DictConfig, str, list[str]]:
    """Compose; a group that was chosen but that the entry config does not mention is put on top of it.

    Args:
        name: of the entry config.
        words: in Hydra's grammar.
        nodes: of Hydra's store; what is put on top is added.

    Returns:
        What was composed, and the name and words that it was composed from in the end.
    """
    try:
        return hydra_calls.compose(name, words), name, words
    except ConfigCompositionException as error:
        unmentioned = re.match(r"Could not override '(.+?)'\.\s+No match in the defaults list", str(error))
        chosen = next((word for word in words if unmentioned and word.startswith(f"{unmentioned[1]}=")), None)
        if chosen is None:
            raise
    # `+group=choice` would look below the folder of the entry config
    group, _, choice = chosen.partition("=")
    on_top = f"{name}_and_{group}".replace("/", "_")
    nodes[on_top] = OmegaConf.create({"defaults": [f"/{name}", {f"/{group}": choice}, "_self_"]})
    hydra_calls.put(on_top, nodes[on_top])
    return _composed(on_top, [word for word in words if word != chosen], nodes)


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace("'", "\\'")


def _sources(entry: Entry, name: str, words: list[str], nodes: dict[str, DictConfig]) -> list[Source]:
    # for messages and for presets put on top alone: it takes half as long as composing does
    with _hydra_with(entry, nodes):
        defaults = hydra_calls.defaults_of(name, words)
    found = []
    for default in defaults:
        for folder in (entry.folder, *entry.others):
            file = folder / f"{default.config_path}.yaml"
            if file.is_file():
                found.append(Source(file, default.package or ""))
                break
    return found


def _plain(composed: DictConfig, sources: Callable[[], list[Source]]) -> dict[str, Any]:
    try:
        values = OmegaConf.to_container(composed, resolve=True)
    except OmegaConfBaseException as error:
        key = str(error.full_key or error.key)
        raise ConfigError(
            f"'{key}' cannot be resolved: {first_line(error)}{place_of(key, sources())}",
            "a reference is written ${other.setting} and must name a setting",
        ) from error
    assert isinstance(values, dict)
    return {str(name): value for name, value in values.items()}
