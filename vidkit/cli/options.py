"""The options that commands share. A command lists those it takes in its signature."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidkit.cli.completion import complete_config, complete_device, complete_word


def whole_number(text: str) -> int:
    """Parser of options that take a whole number."""
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a whole number") from None


Config = Annotated[
    str,
    typer.Option(
        "--config",
        "-c",
        metavar="NAME",
        help="Config to start from: a name below or a YAML file.",
        autocompletion=complete_config,
    ),
]
ConfigDir = Annotated[
    Path | None,
    typer.Option("--config-dir", metavar="DIR", help="Folder of your own configs, searched first."),
]
Output = Annotated[
    str | None, typer.Option("--output", "-o", metavar="PATH", help="File or folder to write to.")
]
Json = Annotated[
    str | None,
    typer.Option(
        "--json", metavar="FILE|-", help="Write the result as JSON to a file, or - for standard output."
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", help="Seed; random if not given, and recorded.", parser=whole_number),
]
SeedOrZero = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", help="Seed; 0 if not given.", parser=whole_number),
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device", metavar="DEVICE", help="auto, cpu, cuda or cuda:N.", autocompletion=complete_device
    ),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Overwrite output files that vidkit did not write; inputs are always kept."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be computed, then stop.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log progress to standard error.")]
Settings = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE",
        help="Settings, as in the examples; 'vidkit config COMMAND' lists them all.",
        show_default=False,
        autocompletion=complete_word,
    ),
]
PromptAndSettings = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PROMPT|KEY=VALUE",
        help="What to show, and settings such as steps=20; 'vidkit config generate' lists them all.",
        show_default=False,
        autocompletion=complete_word,
    ),
]
