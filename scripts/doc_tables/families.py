"""What runs where, read from the configs, the adapters and what refuses the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

# families that vidkit has its own loading for: name, and diffusers' transformer
_OWN = {
    "wan": ("Wan2.1, Wan2.2", "WanTransformer3DModel"),
    "skyreels_df": ("SkyReels-V2-DF, the embedded model", "SkyReelsV2Transformer3DModel"),
    "magi": ("MAGI-1", None),
}
_FROM_PYTHON = {
    "WanAnimateTransformer3DModel": "Wan Animate",
    "ChronoEditTransformer3DModel": "ChronoEdit",
}


@dataclass
class Row:
    """What runs with the models of a family.

    Attributes:
        title: of the models.
        transformer: class of diffusers; None: vidkit's own.
        configs: of `vidkit generate`; empty: from Python alone.
        two_transformers: whether some of them have two.
    """

    title: str
    transformer: str | None
    configs: list[str] = field(default_factory=list)
    two_transformers: bool = False

    @property
    def family(self) -> Any:
        """The adapter, or None."""
        from vidkit.hooks.families import FAMILIES, adapter_of

        return None if self.transformer not in FAMILIES else adapter_of(FAMILIES[self.transformer])

    @property
    def attention(self) -> str:
        from vidkit.hooks.families import TextPlace

        if self.family is None:
            return "no"
        text = self.family.text is not TextPlace.CROSS
        return "yes, with predictors that do not sort tokens" if text else "yes"

    @property
    def cache(self) -> str:
        from vidkit.generation.magi.pipeline import MagiPipeline

        if self.family is None:
            return "yes" if MagiPipeline.asks_policies else "no"
        return "yes" if self.family.token_wise else "whole steps"

    @property
    def calibrate(self) -> str:
        if self.family is None:
            return "no"
        if not self.configs:
            return "from Python"
        return "yes; of two transformers one" if self.two_transformers else "yes"


def rows() -> list[Row]:
    """One row a family, those of `vidkit generate` first."""
    from vidkit.generation.stock import STOCKS, stock_of
    from vidkit.models.layouts import layout_of

    found = {name: Row(*own) for name, own in _OWN.items()}
    for name in STOCKS:
        stock, layout = stock_of(name), layout_of(name)
        assert stock is not None and layout is not None
        found[name] = Row(layout.title, stock.transformer)
    for name, settings in _configs():
        row = found[settings.model.family.value]
        row.configs.append(name)
        row.two_transformers |= bool(settings.model.transformer_2)
    return [*found.values(), *(Row(title, kind) for kind, title in _FROM_PYTHON.items())]


def _configs() -> Iterator[tuple[str, Any]]:
    from vidkit.config.catalog import config_names
    from vidkit.config.compose import compose

    for name in config_names("generate"):
        yield name, compose("generate", name, [])


def family_table() -> str:
    """The table of what runs where."""
    head = ["Models", "`vidkit generate`", "sparse attention", "step caches", "`vidkit calibrate`"]
    lines = [" | ".join(["", *head, ""]).strip(), "|" + " --- |" * len(head)]
    for row in rows():
        configs = ", ".join(f"`{name}`" for name in row.configs) or "from Python"
        cells = [row.title, configs, row.attention, row.cache, row.calibrate]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
