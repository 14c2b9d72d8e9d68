"""Model families by the class of their transformer: one adapter file each, imported when one is met."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from vidkit.errors import ModelError
from vidkit.hooks.families.base import Layer, ModelFamily, TextPlace

__all__ = ["FAMILIES", "Layer", "ModelFamily", "TextPlace", "family_of"]

# class of diffusers, and where its adapter is; subclasses have their parent's
FAMILIES: dict[str, str] = {
    "WanTransformer3DModel": "vidkit.hooks.families.wan:Wan",
    "WanVACETransformer3DModel": "vidkit.hooks.families.wan_vace:WanVACE",
    "WanAnimateTransformer3DModel": "vidkit.hooks.families.wan_animate:WanAnimate",
    "ChronoEditTransformer3DModel": "vidkit.hooks.families.chronoedit:ChronoEdit",
    "SkyReelsV2Transformer3DModel": "vidkit.hooks.families.skyreels_v2:SkyReelsV2",
    "HunyuanVideo15Transformer3DModel": "vidkit.hooks.families.hunyuan_video15:HunyuanVideo15",
    "CogVideoXTransformer3DModel": "vidkit.hooks.families.cogvideox:CogVideoX",
    "LTX2VideoTransformer3DModel": "vidkit.hooks.families.ltx2:LTX2",
}


def family_of(model: Any, name: str = "transformer", whole: bool = True) -> ModelFamily:
    """The adapter of a transformer, told by its class or the nearest class that it derives from.

    Args:
        model: transformer, out of any `torch.compile`.
        name: what it is called on its pipeline, for the message.
        whole: False: some of its blocks may be away for the moment.

    Raises:
        ModelError: no adapter for this class, or the model does not look as its class says.
    """
    for kind in type(model).__mro__:
        # a class of the same name that is not diffusers' may do anything
        if kind.__name__ in FAMILIES and kind.__module__.split(".")[0] == "diffusers":
            family = adapter_of(FAMILIES[kind.__name__])
            if whole:
                family.check(model, name)
            return family
    kind_name = f"{type(model).__module__}.{type(model).__qualname__}"
    raise ModelError(
        f"there is no adapter for the class of '{name}', {kind_name}",
        f"classes of diffusers with one: {', '.join(FAMILIES)}",
    )


@cache
def adapter_of(where: str) -> ModelFamily:
    """The adapter at `MODULE:CLASS`; made once."""
    module, _, kind = where.partition(":")
    family: ModelFamily = getattr(import_module(module), kind)()
    return family
