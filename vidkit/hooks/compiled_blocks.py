"""Transformer blocks compiled by torch for as long as a run lasts, and whether that can be done here."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import torch
from torch import nn

from vidkit.errors import OutputError
from vidkit.hooks.families import ModelFamily
from vidkit.utils.caches import own_folder

_C_COMPILERS = ("cc", "gcc", "clang")
_CXX_COMPILERS = ("c++", "g++", "clang++")


def compiler_problem(device: torch.device) -> str | None:
    """Why torch cannot compile for a device here, or None."""
    if device.type == "cuda":
        if importlib.util.find_spec("triton") is None:
            return "triton is not installed"
        names, variable, kind = _C_COMPILERS, "CC", "a C compiler"
    else:
        names, variable, kind = _CXX_COMPILERS, "CXX", "a C++ compiler"
    given = os.environ.get(variable)
    if any(shutil.which(name) for name in ([given] if given else names)):
        return None
    return f"torch needs {kind}, and there is none ({', '.join(names)}, or {variable}=...)"


def repeated_blocks(model: Any, family: ModelFamily) -> list[nn.Module]:
    """The blocks of a transformer that share a class, control blocks too: one graph serves them all."""
    names = getattr(model, "_repeated_blocks", None) or ()
    found = [part for part in model.modules() if type(part).__name__ in names]
    return found or list(family.blocks(model))


@contextmanager
def compiled_blocks(
    transformers: Mapping[str, Any], families: Mapping[str, ModelFamily], forgiving: bool = False
) -> Iterator[int]:
    """Compile the blocks of every transformer on their first call; afterwards they are as they were.

    Blocks that are compiled already are left alone. What the compiler makes is kept in vidkit's cache, so
    that later runs find it.

    Args:
        transformers: by attribute name.
        families: of each.
        forgiving: run a graph that cannot be compiled as it is, with a warning, instead of failing.

    Yields:
        How many blocks are compiled.
    """
    blocks = [b for name, model in transformers.items() for b in repeated_blocks(model, families[name])]
    mine = [block for block in blocks if block._compiled_call_impl is None]
    with ExitStack() as stack:
        stack.enter_context(_kept_in_cache())
        if forgiving:
            stack.enter_context(torch._dynamo.config.patch(suppress_errors=True))
        for block in mine:
            block.compile()
        try:
            yield len(mine)
        finally:
            for block in mine:
                block._compiled_call_impl = None


@contextmanager
def _kept_in_cache() -> Iterator[None]:
    """Let the compiler keep its results in vidkit's cache, unless the user chose a place."""
    name = "TORCHINDUCTOR_CACHE_DIR"
    before = os.environ.get(name)
    if before not in (None, _torchs_own()):
        yield
        return
    with suppress(OutputError):  # without a cache of ours, torch has one in the temporary folder
        os.environ[name] = str(own_folder("compiled"))
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


def _torchs_own() -> str | None:
    """The folder that torch takes by default and then writes into the environment itself."""
    try:
        from torch._inductor.runtime.cache_dir_utils import default_cache_dir
    except ImportError:  # moved in another release
        return None
    return str(default_cache_dir())
