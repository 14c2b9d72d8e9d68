"""`vidkit algoviz`: algorithm animations from traces."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from vidkit.cli.help import CommandAsTyped
from vidkit.cli.options import Json
from vidkit.cli.table import print_table

FINDINGS = 1  # exit status of commands that look for something and found it


class _FilesToo(TyperGroup):
    """A group whose first word may be a trace instead of a subcommand."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """`vidkit algoviz trace.json` is `vidkit algoviz draw trace.json`."""
        if args and args[0] not in self.commands and (Path(args[0]).suffix or Path(args[0]).exists()):
            args = ["draw", *args]
        return super().resolve_command(ctx, args)


algoviz = typer.Typer(
    cls=_FilesToo,
    rich_markup_mode=None,
    help="Draw and check traces of algorithms.\n\nvidkit algoviz TRACE.json, or a subcommand.",
)


@algoviz.callback(invoke_without_command=True)
def _without_a_name(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


File = Annotated[Path, typer.Argument(metavar="FILE", help="A trace (VTA-JSON).", show_default=False)]
Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Traces (VTA-JSON).", show_default=False)
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Stop at the first operation that cannot be applied; exit status 3.")
]
All = Annotated[bool, typer.Option("--all", help="All findings, not only the first five of each code.")]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="File to write; standard output if not given."),
]
Style = Annotated[
    str,
    typer.Option("--style", "-s", metavar="NAME|FILE", help="A preset (see 'list presets') or an RSL file."),
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="NAME", help="html, mp4, gif, svg, ...; by the output's suffix, else html."),
]
DrawnStyle = Annotated[
    str | None,
    typer.Option("--style", "-s", metavar="NAME|FILE", help="A preset ('list presets') or an RSL file."),
]
Steps = Annotated[
    str | None, typer.Option("--steps", metavar="A[:B]", help="Only these steps; 0 is the initial state.")
]
InSpace = Annotated[bool, typer.Option("--3d", help="A page with the data as boxes in space (needs WebGL).")]
Height = Annotated[int, typer.Option(help="Pixels of pictures and videos.", min=64, max=4320)]
Fps = Annotated[int, typer.Option(help="Frames per second of videos.", min=1, max=240)]
Sandbox = Annotated[str, typer.Option("--sandbox", metavar="NAME", help="auto, bubblewrap or landlock.")]
Unsafe = Annotated[bool, typer.Option("--unsafe", help="Run it unprotected if no sandbox works.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the output file.")]


def command_of(name: str) -> Callable[..., Any]:
    """`run` of a subcommand's own module, imported now, not before."""
    run = importlib.import_module(f"vidkit.commands.algoviz.{name}").run
    assert callable(run)
    return run  # type: ignore[no-any-return]


def in_3d(to: str | None, in_space: bool) -> str | None:
    """The renderer that `--to` and `--3d` mean together."""
    from vidkit.errors import ConfigError

    if in_space and to not in (None, "html", "html3d"):
        raise ConfigError(f"--3d is a page, not {to}", "leave --to out, or --3d")
    return "html3d" if in_space else to


def _with_json(json: str | None, make: Callable[[], Any]) -> Any:
    """Make a result, and write it where `--json` says; then what people read goes to standard error."""
    from vidkit.cli.execute import people_read_stderr
    from vidkit.cli.result_file import put_json, result_file

    file = result_file(json)
    with people_read_stderr(json == "-"):
        made = make()
    if json is not None:
        put_json(file, made)
    return made


@algoviz.command(cls=CommandAsTyped, short_help="problems in traces, by code and place")
def validate(files: Files, strict: Strict = False, all_of_them: All = False, json: Json = None) -> None:
    """Say what is wrong with traces: code, severity, place, what to do.

    Operations that cannot be applied are errors (exit status 1); the rest are warnings and notes.

    \b
    vidkit algoviz validate trace.json
    vidkit algoviz validate *.json --strict --json -
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)
    made = _with_json(json, lambda: command_of("validate")(files, strict, all_of_them, json is not None))
    if any(validated.errors for validated in made or ()):
        raise typer.Exit(FINDINGS)


@algoviz.command("hash", cls=CommandAsTyped, short_help="canonical hash of a trace and its states")
def hash_(
    file: File,
    each_step: Annotated[
        bool, typer.Option("--each-step", help="Also print the hash of each state.")
    ] = False,
    json: Json = None,
) -> None:
    """Print the SHA-256 of a trace's canonical JSON.

    Key order and spaces do not matter. A state's hash leaves out what its step alone marks.
    """
    _with_json(json, lambda: command_of("hash")(file, each_step))


@algoviz.command(
    cls=CommandAsTyped, short_help="the first difference between two traces; exit status 1 if there is one"
)
def diff(
    first: Annotated[Path, typer.Argument(metavar="A", help="A trace.", show_default=False)],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another trace.", show_default=False)],
    json: Json = None,
) -> None:
    """Align two traces by the hashes of their states: the first difference, steps added and removed."""
    made = _with_json(json, lambda: command_of("diff")(first, second))
    if made is not None and not made.is_equal:
        raise typer.Exit(FINDINGS)


@algoviz.command(cls=CommandAsTyped, short_help="whether a style fits a trace and can be read")
def check(
    file: File,
    style: Style = "light",
    overlap: Annotated[
        bool, typer.Option("--overlap", help="Lay out every step and check for overlaps.")
    ] = False,
    json: Json = None,
) -> None:
    """Check a trace with a style: rules, annotations, layout, contrast, duration.

    Exit status 1 where the trace has an error, the style does not fit it, or (--overlap) shapes meet.

    \b
    vidkit algoviz check trace.json --style print
    vidkit algoviz check trace.json --style my_style.json --json -
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)
    made = _with_json(json, lambda: command_of("check")(file, style, overlap))
    if made is not None and made.errors:
        raise typer.Exit(FINDINGS)


@algoviz.command(cls=CommandAsTyped, short_help="a trace without vidkit's extensions")
def lower(file: File, output: Output = None, force: Force = False) -> None:
    """Write a trace in core operations alone, for readers that know no others."""
    command_of("lower")(file, output, force)


@algoviz.command(cls=CommandAsTyped, short_help="traces one after the other, or side by side, as one")
def compose(
    files: Files,
    output: Output = None,
    rebase: Annotated[
        bool,
        typer.Option("--rebase", help="Let a trace begin in another state than the previous one ends in."),
    ] = False,
    side_by_side: Annotated[
        bool, typer.Option("--beside", help="Two traces at the same time, side by side.")
    ] = False,
    force: Force = False,
) -> None:
    """Write traces as one; each has to begin where the one before ends."""
    command_of("compose")(files, output, force, rebase, side_by_side)


@algoviz.command(
    cls=CommandAsTyped,
    short_help="trace a Python script, run in the sandbox; write the trace, or draw it",
)
def run(
    script: Annotated[Path, typer.Argument(metavar="SCRIPT", help="A Python script.", show_default=False)],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ARGS...]", help="Arguments of the script.", show_default=False),
    ] = None,
    watch: Annotated[
        list[str] | None,
        typer.Option("--watch", metavar="NAME", help="Show this variable, no others; may be repeated."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Trace (.json), page, video or picture; SCRIPT.trace.json."
        ),
    ] = None,
    stdin: Annotated[
        Path | None, typer.Option("--stdin", metavar="FILE", help="What the script reads as standard input.")
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option("--file", metavar="FILE", help="A file for the script's folder; may be repeated."),
    ] = None,
    steps: Annotated[
        int, typer.Option("--steps", min=1, help="Maximum number of steps in the trace.")
    ] = 2000,
    sandbox: Sandbox = "auto",
    unsafe: Unsafe = False,
    force: Force = False,
    json: Json = None,
) -> None:
    """Trace an ordinary Python script: its lists, tables, graphs and objects become views.

    The script needs no change. It runs without network, in its own folder, within limits. If it
    fails, its trace up to then is written and the exit status is 4. Arguments that begin with - go after --.

    \b
    vidkit algoviz run quick_sort.py
    vidkit algoviz run lcs.py --watch L -o lcs.mp4
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)
    from vidkit.commands.algoviz.run import SCRIPT_FAILED, Settings

    settings = Settings(
        script, arguments or (), watch or (), output, stdin, file or (), steps, sandbox, unsafe, force
    )
    made = _with_json(json, lambda: command_of("run")(settings))
    if made is not None and made.failed:
        raise typer.Exit(SCRIPT_FAILED)


@algoviz.command(cls=CommandAsTyped, short_help="a model writes a tracker for a problem; checked and drawn")
def ask(
    problem: Annotated[
        str,
        typer.Argument(
            metavar="PROBLEM", help="The problem in quotes, a text file, or -.", show_default=False
        ),
    ],
    llm: Annotated[
        str,
        typer.Option(
            "--llm", metavar="URL", help="Address of an OpenAI-compatible server, with its version."
        ),
    ],
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="Model, as the server calls it.")],
    data: Annotated[
        str | None, typer.Option("--input", metavar="JSON|FILE", help="The input of the problem.")
    ] = None,
    expect: Annotated[
        str | None, typer.Option("--expect", metavar="JSON|FILE", help="The right answer, to be checked.")
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            "--family", metavar="NAME", help="array, table, graph, tree, hashtable: a shorter prompt."
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--form", metavar="NAME", help="tracker: reports its own steps; script: ordinary code, traced."
        ),
    ] = "tracker",
    to: To = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Page, video or picture; named after the problem."
        ),
    ] = None,
    style: DrawnStyle = None,
    attempts: Annotated[int, typer.Option(help="Maximum number of replies.", min=1, max=20)] = 3,
    max_tokens: Annotated[int, typer.Option(help="Maximum tokens per reply.", min=1)] = 8192,
    temperature: Annotated[float, typer.Option(help="Of sampling.", min=0, max=2)] = 0.0,
    seconds: Annotated[
        float, typer.Option(help="CPU seconds for one run of the program.", min=0.5, max=600)
    ] = 10.0,
    timeout: Annotated[
        float,
        typer.Option(help="Seconds until a reply is complete; at most 3 attempts.", min=1, max=86400),
    ] = 600.0,
    key_env: Annotated[
        str, typer.Option("--key-env", metavar="NAME", help="Environment variable with the key.")
    ] = "OPENAI_API_KEY",
    sandbox: Sandbox = "auto",
    unsafe: Unsafe = False,
    force: Force = False,
    json: Json = None,
) -> None:
    """Ask a model for a tracker, run it in the sandbox, check trace and answer, draw it.

    A faulty program goes back with what is wrong. What is right of the best one is drawn and labelled;
    exit status 4 if it is not whole or its answer is wrong, 5 if the model gave no reply.

    \b
    vidkit algoviz ask "Sort the numbers" --input "[5, 2, 8]" --expect "[2, 5, 8]" --llm URL --model NAME
    vidkit algoviz ask problem.txt --llm http://127.0.0.1:8000/v1 --model qwen -o answer.mp4
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)
    from vidkit.commands.algoviz.ask import NOT_WHOLE, Settings

    settings = Settings(
        problem, llm, model, data, expect, family, form, to, output, style,
        attempts, max_tokens, temperature, seconds, timeout, key_env, sandbox, unsafe, force,
    )  # fmt: skip
    made = _with_json(json, lambda: command_of("ask")(settings))
    if made is not None and not made.whole:
        raise typer.Exit(NOT_WHOLE)


@algoviz.command("list", cls=CommandAsTyped, short_help="gallery, operations, types, codes, presets, layouts")
def list_(
    what: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="One list; all if not given.", show_default=False),
    ] = None,
    json: Json = None,
) -> None:
    """List what there is: operations, types of views, codes, presets, layouts, algorithms of the gallery."""
    made = _with_json(json, lambda: command_of("listing")(what))
    if json != "-":
        for name, lines in (made or {}).items():
            if what is None:
                typer.echo(f"\n{name.capitalize()}")
            print_table([(line.name, line.note) for line in lines])


@algoviz.command(cls=CommandAsTyped, short_help="JSON Schema of traces or styles")
def schema(
    what: Annotated[
        str, typer.Argument(metavar="trace|style", help="Which schema.", show_default=False)
    ] = "trace",
) -> None:
    """Print the JSON Schema (2020-12) of traces or styles."""
    command_of("schema")(what)


@algoviz.command(cls=CommandAsTyped, short_help="a trace as page, video or pictures; 'draw' may be left out")
def draw(
    file: File,
    to: To = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="File to write; named after the algorithm if not given."
        ),
    ] = None,
    style: DrawnStyle = None,
    in_space: InSpace = False,
    steps: Steps = None,
    height: Height = 720,
    fps: Fps = 30,
    strict: Strict = False,
    force: Force = False,
    json: Json = None,
) -> None:
    """Draw a trace.

    \b
    vidkit algoviz trace.json
    vidkit algoviz trace.json -o sort.mp4 --steps 0:20
    vidkit algoviz trace.json --to svg --steps 12
    vidkit algoviz trace.json --3d
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)

    def make() -> Any:
        from vidkit.commands.algoviz.draw import Drawing

        asked = Drawing(in_3d(to, in_space), output, style, steps, height, fps, force, strict)
        return command_of("draw")(file, asked)

    _with_json(json, make)


@algoviz.command(cls=CommandAsTyped, short_help="an algorithm of the gallery, traced and drawn")
def demo(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="An algorithm ('list gallery').", show_default=False)
    ],
    to: To = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Page, video, picture or trace (.json); NAME.html."
        ),
    ] = None,
    style: DrawnStyle = None,
    in_space: InSpace = False,
    steps: Steps = None,
    height: Height = 720,
    fps: Fps = 30,
    sandbox: Sandbox = "auto",
    unsafe: Unsafe = False,
    force: Force = False,
    json: Json = None,
) -> None:
    """Trace an algorithm of the gallery in the sandbox and draw it.

    \b
    vidkit algoviz demo quicksort
    vidkit algoviz demo dijkstra --to mp4
    vidkit algoviz demo edit_distance -o edit.trace.json
    """  # noqa: D301 (a backspace: the lines after it keep their breaks)

    def make() -> Any:
        from vidkit.commands.algoviz.draw import Drawing

        asked = Drawing(in_3d(to, in_space), output, style, steps, height, fps, force, strict=False)
        return command_of("demo")(name, asked, sandbox, unsafe)

    _with_json(json, make)
