"""The operations by name: a union that pydantic tells apart by `op`."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, create_model

from vidkit.algoviz.vta.params import arrays, extensions, hashtables, networks, tables
from vidkit.algoviz.vta.params.base import Params, Part


class Op(Part):
    """One operation: its name and its parameters; each has a model of its own below this one."""

    op: str
    params: Params


def _params_in(*modules: Any) -> dict[str, type[Params]]:
    found = (value for module in modules for value in vars(module).values() if isinstance(value, type))
    return {kind.op: kind for kind in found if issubclass(kind, Params) and kind.op}


CORE = _params_in(arrays, tables, networks, hashtables)
EXTENSIONS = _params_in(extensions)
PARAMS = CORE | EXTENSIONS
MODELS: dict[str, type[Op]] = {
    name: create_model(
        kind.__name__ + "Op",
        __base__=Op,
        __doc__=kind.__doc__,
        op=(Literal[name], ...),  # type: ignore[arg-type]
        params=(kind, ...),
    )
    for name, kind in PARAMS.items()
}
# what a file may hold; one model is asked directly where the name is known, which is faster
OPERATION: TypeAdapter[Op] = TypeAdapter(
    Annotated[reduce(or_, MODELS.values()), Field(discriminator="op")]  # type: ignore[arg-type]
)


def make_op(name: str, **params: Any) -> Op:
    """An operation made in code: `make_op("updateValues", updates=[{"index": 0, "value": 5}])`.

    Raises:
        KeyError: no operation of that name.
        pydantic.ValidationError: parameters that do not fit.
    """
    return MODELS[name].model_validate({"op": name, "params": params})
