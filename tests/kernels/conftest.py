"""Kernel tests: Triton's interpreter where there is no GPU, and poisoned output buffers everywhere."""

import os
from contextlib import nullcontext

import pytest
import torch
from vidkit_kernels._testing import poisoned_empty


def _interpret_triton() -> None:
    """Switch Triton to its interpreter, also when another test module has imported it compiled."""
    os.environ["TRITON_INTERPRET"] = "1"
    import triton.language as tl
    from triton.language import standard
    from triton.runtime.interpreter import InterpretedFunction
    from triton.runtime.jit import JITFunction

    # triton's own helpers (tl.sum, tl.cumsum) are wrapped at import, before the variable could take effect
    for module in (tl, standard):
        for name, value in list(vars(module).items()):
            if isinstance(value, JITFunction):
                setattr(module, name, InterpretedFunction(value.fn))


if not torch.cuda.is_available():
    _interpret_triton()


@pytest.fixture(autouse=True)
def _poisoned(request):
    # a test that has torch compile something poisons what it can by itself
    with nullcontext() if request.node.get_closest_marker("compiles") else poisoned_empty():
        yield


@pytest.fixture
def device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
