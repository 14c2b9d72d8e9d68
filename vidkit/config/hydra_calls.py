"""Hydra, asked for a command's settings without its own, which take more than half of the time of composing.

Its public `compose` merges a dozen files about jobs, sweeps and logging, and takes them out again at the end.
The short way stands on names inside Hydra, so it is taken with the releases that it was tried with. A config
that has words for Hydra itself, as those of other programs do, is composed by the public way, and so is every
config with another release.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import hydra
from hydra import compose as whole_compose
from hydra.core.config_store import ConfigNode, ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

T = TypeVar("T")
_TRIED = "1.3."  # releases whose inside is known


def compose(name: str, words: list[str]) -> DictConfig:
    """What `hydra.compose` gives, with Hydra initialized; its errors, too.

    Args:
        name: of the entry config.
        words: in Hydra's grammar; `hydra.searchpath=[...]` among them is heeded.
    """
    return _without_its_own(lambda: _composed(name, words), lambda: whole_compose(name, words))


def defaults_of(name: str, words: list[str]) -> list[Any]:
    """The configs that are composed, in order: each has `config_path` and `package`."""

    def whole() -> list[Any]:
        loader = GlobalHydra.instance().config_loader()
        return list(loader.compute_defaults_list(name, words, RunMode.RUN).defaults)

    return _without_its_own(lambda: _defaults(name, words)[1].defaults, whole)


def put(name: str, node: DictConfig) -> None:
    """Put a config into Hydra's store; `ConfigStore.store` would copy it, as `load` does anyway."""
    store = ConfigStore.instance()
    if _is_known():
        store.repo[f"{name}.yaml"] = ConfigNode(f"{name}.yaml", node, None, None, None)
    else:
        store.store(name, node)


def _is_known() -> bool:
    return hydra.__version__.startswith(_TRIED)


def _without_its_own(short: Callable[[], T], whole: Callable[[], T]) -> T:
    if not _is_known():
        return whole()
    try:
        return short()
    except (HydraException, OmegaConfBaseException) as error:
        if "hydra" not in str(error):
            raise
    return whole()


def _defaults(name: str, words: list[str]) -> tuple[Any, Any]:
    from hydra._internal.defaults_list import create_defaults_list

    loader: Any = GlobalHydra.instance().config_loader()
    parsed, repo = loader._parse_overrides_and_create_caching_repo(name, words)
    own = [override for override in parsed if not override.is_hydra_override()]
    return repo, create_defaults_list(repo, name, own, prepend_hydra=False, skip_missing=False)


def _composed(name: str, words: list[str]) -> DictConfig:
    from hydra._internal.config_loader_impl import ConfigLoaderImpl

    repo, chosen = _defaults(name, words)
    loader: Any = GlobalHydra.instance().config_loader()
    made = loader._compose_config_from_defaults_list(chosen.defaults, repo)
    assert isinstance(made, DictConfig)
    OmegaConf.set_struct(made, True)
    ConfigLoaderImpl._apply_overrides_to_config(chosen.config_overrides, made)
    return made
