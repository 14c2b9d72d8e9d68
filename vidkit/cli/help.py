"""Help pages of commands: the words without their Python type, the configs to start from at the end."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand


class CommandAsTyped(TyperCommand):
    """A command whose help shows its words as they are typed."""

    def format_options(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Typer's lists, without the `<list[str]>` that it puts behind the name of an argument."""
        rows: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                rows[parameter.param_type_name].append((record[0].partition(" <")[0], record[1]))
        for kind, records in rows.items():
            if records:
                with formatter.section(f"{kind.capitalize()}s"):
                    formatter.write_dl(records)


class CommandWithConfigs(CommandAsTyped):
    """A command whose help ends with the names that `--config` takes."""

    def format_epilog(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """The configs that ship; the list is read when the help is."""
        from vidkit.config.catalog import config_names

        with formatter.section("Configs"):
            formatter.write_text(", ".join(config_names(command_of(ctx))))


def command_of(ctx: typer.Context) -> str:
    """`generate`, or `bench attention` of a group."""
    above = ctx.parent
    group = above.info_name if above is not None and above.parent is not None else ""
    return " ".join(name for name in (group, ctx.info_name) if name)
