"""Threads of NumPy's matrix products."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import Any, cast


@functools.lru_cache(maxsize=1)
def _pools() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()  # looks for the libraries once; they are loaded with NumPy


def one_blas_thread() -> AbstractContextManager[Any]:
    """One thread for products while it is open.

    For products that are many or small, or that run beside other work: sharing each among cores costs more
    than it saves, several times more where another process holds a core, since the threads wait in loops; and
    the last bits would depend on the number of cores.
    """
    return cast(AbstractContextManager[Any], _pools().limit(limits=1, user_api="blas"))
