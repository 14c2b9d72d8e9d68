"""From the settings of `vidkit eval` to engines and the options of a run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from vidkit.commands.eval.embedded import check_embedded, is_embedded, open_embedded
from vidkit.config.eval_schema import EvalSettings
from vidkit.errors import ConfigError, ModelError
from vidkit.evaluation.predictions import read_data
from vidkit.evaluation.running import FrameBudget, RunOptions
from vidkit.evaluation.running.render import Sampling
from vidkit.evaluation.running.resume_log import Durability
from vidkit.evaluation.scoring import describe, limited, numbered_id
from vidkit.evaluation.task import Task
from vidkit.evaluation.types import PromptMode, Row, SubtitleMode
from vidkit.serving.engine import Engine
from vidkit.serving.registry import check_engine, engine_kind, open_engine


def rows_of(task: Task, data: Path, limit: int | None) -> Iterator[Row]:
    """The data's rows, one at a time."""
    # ids are not kept: the log of the run finds doubled ones, and memory does not grow with the items
    rows_in = task.functions.rows_in
    rows = read_data(task.files_of(data), numbered_id(task), task.required, unique=False, rows_in=rows_in)
    yield from limited(task, rows, limit)


def folder_of(settings: EvalSettings, task: Task) -> Path:
    """Where a run lies; named after task, model and a way of asking that is not direct unless given."""
    if settings.output is not None:
        return Path(settings.output)
    model = re.sub(r"[^\w.-]+", "-", Path(str(settings.model)).name).strip("-")
    engine = "" if settings.engine.value == "direct" else f"-{settings.engine.value}"
    return Path("outputs") / "eval" / f"{task.name}-{model}{engine}"


def check_model(settings: EvalSettings) -> None:
    """Refuse engines that cannot be, without a call and without loading a model.

    Raises:
        ConfigError: an unknown engine, an address that is none, options or a device that do not exist.
        ModelError: no such model folder.
    """
    assert settings.model is not None
    engines = [(settings.model, settings.server.base_url), *_judge_engines(settings).values()]
    if settings.engine.value != "direct":
        from vidkit.commands.eval.agents import check_agent

        check_agent(settings)
        if settings.draft.model is not None:
            engines.append((settings.draft.model, settings.draft.base_url))
    for spec, url in engines:
        check_engine_at(settings, spec, url)
        if not is_embedded(spec) and engine_kind(spec, url) == "transformers":
            from vidkit.utils.device import resolve_device

            resolve_device(settings.server.device)
            folder = spec.removeprefix("transformers:")
            if folder.startswith((".", "/")) and not Path(folder).is_dir():
                raise ModelError(f"no model folder '{folder}'", "check the path")


def check_engine_at(settings: EvalSettings, spec: str, url: str | None) -> None:
    """Refuse an engine that cannot be, without a call.

    Raises:
        ConfigError: an unknown engine, an address that is none, or options that do not exist.
    """
    if is_embedded(spec):
        check_embedded(settings, spec)
        return
    check_engine(spec, base_url=url, **_engine_options(settings, spec, url))


def engine_of(settings: EvalSettings) -> Engine:
    """What is asked: the model, an agent round it, or a funnel before the agent."""
    assert settings.model is not None
    model = engine_at(settings, settings.model, settings.server.base_url)
    if settings.engine.value == "direct":
        return model
    from vidkit.commands.eval.agents import engine_with_agent

    draft, small = settings.draft, None
    if settings.engine.value == "speculative" and draft.model is not None:
        small = engine_at(settings, draft.model, draft.base_url)
    return engine_with_agent(settings, model, small)


def judges_of(settings: EvalSettings) -> dict[str, Engine]:
    """The judges' engines by name."""
    return {name: engine_at(settings, *where) for name, where in _judge_engines(settings).items()}


def engine_at(settings: EvalSettings, spec: str, base_url: str | None) -> Engine:
    """An engine by spec and address, with the server's settings."""
    if is_embedded(spec):
        return open_embedded(settings, spec)
    return open_engine(spec, base_url=base_url, **_engine_options(settings, spec, base_url))


def _engine_options(settings: EvalSettings, spec: str, base_url: str | None) -> dict[str, object]:
    server = settings.server
    kind = engine_kind(spec, base_url)
    own: dict[str, object] = {}
    if kind == "openai":
        from vidkit.serving.openai_engine import Limits
        from vidkit.serving.retry import RetryPolicy

        own = {
            "api_key_env": server.api_key_env,
            "concurrency": server.concurrency,
            "retry": RetryPolicy(attempts=server.attempts),
            "limits": Limits(total_s=server.timeout_s),
        }
    elif kind == "transformers":
        own = {"device": server.device, "dtype": server.dtype, "batch_size": server.batch_size}
    return {**own, **server.options}


def _judge_engines(settings: EvalSettings) -> dict[str, tuple[str, str | None]]:
    """Engine and address of each judge by name: `NAME=SPEC`, or a model's name alone."""
    url = settings.judge_url or settings.server.base_url
    found: dict[str, tuple[str, str | None]] = {}
    for text in settings.judges:
        name, equals, spec = text.partition("=")
        if not equals:
            name, spec = re.sub(r"[^\w.-]+", "-", text), text
        if name in found:
            raise ConfigError(
                f"two judges have the same name: {', '.join(settings.judges)}", "write NAME=MODEL"
            )
        found[name] = (spec, url)
    return found


def run_options(
    settings: EvalSettings, task: Task, data: Path, judges: dict[str, Engine], total: int | None
) -> RunOptions:
    """How the run asks.

    Raises:
        ConfigError: a budget, protocol or policy that cannot be used.
    """
    own = task.own_settings(settings.settings)
    streaming = task.functions.streamed(own)
    return RunOptions(
        mode=task.functions.prompt_mode(_prompt_mode(settings, task), own),
        budget=_budget(settings),
        sampling=Sampling(
            temperature=settings.sampling.temperature,
            max_tokens=settings.sampling.max_tokens,
            top_p=settings.sampling.top_p,
            seed=settings.sampling.seed,
            top_logprobs=settings.sampling.top_logprobs,
            extra=settings.sampling.extra,
        ),
        media=Path(settings.media) if settings.media else (data if data.is_dir() else data.parent),
        whole_clips=settings.whole_clips,
        when=streaming.when,
        stride_s=streaming.stride_s,
        until_end=streaming.until_end,
        kinds=frozenset(settings.kinds) or None,
        judges=judges,
        durability=Durability.parse(settings.durability),
        force=settings.force,
        stop_after=settings.stop_after,
        decode_workers=settings.decode_workers,
        total=total,
        data=describe(task.files_of(data))["sha256"],
        task=task.name,
    )


def _prompt_mode(settings: EvalSettings, task: Task) -> PromptMode:
    return PromptMode(
        reasoning=settings.reasoning,
        subtitles=SubtitleMode(settings.subtitles.value),
        modality=settings.modality.value if settings.modality else task.functions.MODALITY,
    )


def _budget(settings: EvalSettings) -> FrameBudget:
    more: dict[str, object] = {}
    selector = dict(settings.selector)
    if "fps" in selector:  # the rate of the candidates
        rate = selector.pop("fps")
        if isinstance(rate, bool) or not isinstance(rate, (int, float)):
            raise ConfigError(f"selector.fps={rate} is not a number", "candidates per second, e.g. 1 or 0.5")
        more["fps"] = float(rate)
    return FrameBudget.parse(
        settings.frames,
        selector=selector,
        max_frames=settings.max_frames,
        area_px=settings.area_px,
        jpeg_quality=settings.jpeg_quality,
        **more,
    )
