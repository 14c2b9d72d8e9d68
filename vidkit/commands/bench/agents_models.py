"""The sections of `vidkit bench agents` in which models answer: gates, pair, load, shapes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.bench.running import Part, Tell
from vidkit.bench.tables import TextTable
from vidkit.config.bench_agents_schema import AgentsSection, BenchAgentsSettings
from vidkit.errors import ConfigError

if TYPE_CHECKING:
    from vidkit.bench.agents.pair_gates import Scored

MODELS = frozenset({AgentsSection.gates, AgentsSection.pair, AgentsSection.load, AgentsSection.shapes})
_PAIR = "the embedded pair on drawn scenes of splits it was not trained on"
INPUTS = {
    "gates": _PAIR,
    "pair": _PAIR + "; answers, times and shares are measured",
    "load": _PAIR + "; Poisson arrivals",
    "shapes": "random weights of real shapes: seconds are measured, alpha, beta and depth are set",
}
GATES = {
    "margin": "margin (ours), K = 64",
    "paper": "separability, K = 64",
    "min_prob": "min_prob",
    "log_mean": "log_mean",
    "entropy": "entropy",
    "blend": "blend (ours)",
}
_QUESTION_S = {"cpu": 0.2, "cuda": 0.001}  # both models, all crops; on two quiet cores, on an H200


def model_part(section: AgentsSection, settings: BenchAgentsSettings) -> Part:
    """A section as a part of the run.

    Raises:
        ConfigError: a gate that does not exist.
    """
    asked = settings.pair
    if asked.gate not in GATES:
        raise ConfigError(f"pair.gate={asked.gate} is unknown", f"one of {', '.join(GATES)}")
    question_s = _QUESTION_S[_kind(settings)]
    first = asked.calibrate * question_s
    if section is AgentsSection.gates:
        what = f"{asked.calibrate} + {asked.test} questions, {asked.splits} divisions"
        return Part("gates", what, first + asked.test * question_s, partial(_gates, settings))
    if section is AgentsSection.pair:
        what = f"{asked.timed} questions, 12 engines"
        return Part(
            "pair", what, first + asked.timed * 7 * question_s + asked.timed * 0.05, partial(_pair, settings)
        )
    if section is AgentsSection.load:
        streams = 2 * len(asked.loads) + len(asked.faster)
        what = f"{asked.timed} questions, {streams} streams"
        return Part("load", what, first + 1.5 * asked.stream_s * streams, partial(_load, settings))
    shapes = settings.shapes
    what = f"{shapes.queries} queries, {shapes.small} and {shapes.large}"
    return Part("shapes", what, 60 + 4.0 * shapes.queries, partial(_shapes, settings))


def _kind(settings: BenchAgentsSettings) -> str:
    from vidkit.utils.device import resolve_device

    return resolve_device(settings.device).type


def _models(settings: BenchAgentsSettings) -> tuple[Any, Any]:
    import torch

    from vidkit.agents.pair.folder import NAMES, WEIGHTS, load_model
    from vidkit.utils.device import resolve_device

    folder = Path(settings.pair.folder or WEIGHTS)
    device = resolve_device(settings.device)
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
    small, large = (load_model(folder / f"{name}.safetensors", device) for name in NAMES)
    return small, large


def _calibrated(settings: BenchAgentsSettings, small: Any, large: Any, tell: Tell) -> Scored:
    """Drafts to calibrate on, with the scores of a blend that was fitted on others of the split."""
    from vidkit.agents.pair.columns import pair_columns
    from vidkit.bench.agents.pair_gates import score_all

    asked = settings.pair
    chunk = max(asked.batch, 16)
    columns = pair_columns(small, large, asked.calibrate, chunk, "calibrate", lambda text: tell(text))
    return score_all(columns)[0]


def _gates(settings: BenchAgentsSettings, tell: Tell) -> Iterator[dict[str, Any]]:
    from vidkit.agents.pair.columns import pair_columns
    from vidkit.bench.agents.pair_gates import gate_rows, score_all, size_rows, template_rows

    asked, (small, large) = settings.pair, _models(settings)
    calibrate = _calibrated(settings, small, large, tell)
    columns = pair_columns(small, large, asked.test, max(asked.batch, 16), "test", tell)
    test, _ = score_all(columns, calibrate.blend)
    yield from gate_rows(calibrate, test, asked.risk, asked.delta, asked.splits, settings.seed)
    yield from template_rows(test)
    yield from size_rows(test)


def _pair(settings: BenchAgentsSettings, tell: Tell) -> Iterator[dict[str, Any]]:
    from vidkit.bench.agents.pair_mix import mix_rows
    from vidkit.bench.agents.pair_runs import engine_rows, timed_set

    asked, (small, large) = settings.pair, _models(settings)
    calibrate = _calibrated(settings, small, large, tell)
    timed = timed_set(small, large, asked.timed, asked.batch, asked.workers)
    for row in engine_rows(timed, calibrate, asked.loss, asked.delta):
        tell(row["engine"])
        yield row
    yield from mix_rows(
        timed, calibrate, GATES[asked.gate], asked.loss, asked.delta, asked.mixes, settings.seed
    )


def _load(settings: BenchAgentsSettings, tell: Tell) -> Iterator[dict[str, Any]]:
    from vidkit.bench.agents.pair_load import load_rows
    from vidkit.bench.agents.pair_runs import timed_set

    asked, (small, large) = settings.pair, _models(settings)
    calibrate = _calibrated(settings, small, large, tell)
    timed = timed_set(small, large, asked.timed, asked.batch, asked.workers)
    yield from load_rows(
        timed,
        calibrate,
        GATES[asked.gate],
        asked.loss,
        asked.delta,
        asked.loads,
        asked.faster,
        settings.seed,
        asked.stream_s,
    )


def _shapes(settings: BenchAgentsSettings, tell: Tell) -> Iterator[dict[str, Any]]:
    import torch

    from vidkit.bench.agents.qwen_shapes import TINY, Work, shape_rows
    from vidkit.utils.device import resolve_device

    asked = settings.shapes
    work = TINY if asked.small == "tiny" else Work(depth=asked.depth, step=asked.step)
    device = torch.device(resolve_device(settings.device))
    yield from shape_rows(
        (asked.small, asked.large),
        device,
        work,
        asked.queries,
        asked.alpha,
        asked.beta,
        asked.together,
        settings.seed,
        tell,
    )


def show_models(name: str, rows: list[dict[str, Any]]) -> None:
    """Print the table of a section."""
    for table in {"gates": _gate_tables, "pair": _engines, "load": _loads, "shapes": _shape_table}[name](
        rows
    ):
        table.caption = INPUTS[name]
        table.show()


def _said(value: Any, form: str) -> str:
    return "-" if value is None else format(value, form)


def _gate_tables(rows: list[dict[str, Any]]) -> Iterator[TextTable]:
    gates, kinds, sizes = ([row for row in rows if name in row] for name in ("gate", "kind", "size"))
    heads = ("gate", "AUROC", "within a kind", "AURC", "threshold", "believed", "of them wrong", "risk kept")
    table = TextTable(heads, "how well each score tells right drafts from wrong ones")
    for row in gates:
        figures = (f"{row['auroc']:.3f}", _said(row["auroc_within"], ".3f"), f"{row['aurc']:.3f}")
        found = (_said(row["threshold"], ".4g"), f"{row['believed']:.1%}")
        wrong = _said(row["wrong_of_believed"], ".1%")
        table.add(row["gate"], *figures, *found, wrong, f"{row['kept']} of {row['splits']}")
    yield table
    if kinds:
        scores = [key for key in kinds[0] if ", right" in key or ", wrong" in key]
        table = TextTable(("kind", "questions", "small", *scores), "median score by kind of question")
        for row in kinds:
            cells = (_said(row.get(key), ".3f") for key in scores)
            table.add(row["kind"], str(row["questions"]), f"{row['small']:.1%}", *cells)
        yield table
    if sizes:
        columns = ("object", "questions", "small", "large, no zoom", "agent", "gain in points", "crops")
        table = TextTable(columns, "right answers by the side of the smallest object that decides")
        for row in sizes:
            shares = (f"{row[who]:.1%}" for who in ("small", "no_zoom", "agent"))
            table.add(
                row["size"], str(row["questions"]), *shares, f"{100 * row['gain']:.1f}", f"{row['crops']:.2f}"
            )
        yield table


def _engines(rows: list[dict[str, Any]]) -> Iterator[TextTable]:
    mixes, rows = [row for row in rows if "mix" in row], [row for row in rows if "mix" not in row]
    yield _engine_table(rows, f"{rows[0]['questions']} questions; differences with paired 95 % intervals")
    for share in dict.fromkeys(row["mix"] for row in mixes):
        some = [row for row in mixes if row["mix"] == share]
        yield _engine_table(some, f"{some[0]['questions']} questions, {share:.0%} of which need no zoom")


def _engine_table(rows: list[dict[str, Any]], title: str) -> TextTable:
    heads = ("engine", "a second", "speedup", "right", "against the agent", "beta", "alpha", "depth")
    table = TextTable(heads, title)
    for row in rows:
        gap = f"{row['difference']:+.1%} [{row['difference_low']:+.1%}, {row['difference_high']:+.1%}]"
        shares = [_said(row.get(key), ".2f") for key in ("beta", "alpha", "depth")]
        speed = (f"{row['per_second']:.1f}", f"{row['speedup']:.2f}x", f"{row['accuracy']:.1%}")
        table.add(row["engine"], *speed, gap, *shares)
    return table


def _loads(rows: list[dict[str, Any]]) -> Iterator[TextTable]:
    heads = ("engine", "load", "a second", "believed", "p50, s", "p95, s", "p99, s", "times the agents")
    table = TextTable(heads, "from arrival to answer; load is a share of what the batched agents can do")
    for row in rows:
        waits = [_said(row.get(f"p{share}_s"), ".3f") for share in (50, 95, 99)]
        rate = (_said(row["load"], ".0%"), _said(row["per_second"], ".1f"), _said(row.get("believed"), ".0%"))
        table.add(row["engine"], *rate, *waits, _said(row.get("times_the_agents"), ".2f"))
    yield table


def _shape_table(rows: list[dict[str, Any]]) -> Iterator[TextTable]:
    table = TextTable(("what", "seconds", "a query, s", "speedup"), "two models of random weights")
    for row in rows:
        speed = _said(row.get("speedup"), ".2f")
        table.add(row["what"], f"{row['seconds']:.3f}", f"{row['a_query_s']:.3f}", speed)
    yield table
