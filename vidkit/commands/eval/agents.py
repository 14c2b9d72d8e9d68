"""From the settings of `vidkit eval` to an agent, or a funnel before it."""

from __future__ import annotations

from collections.abc import Sequence

from vidkit.agents.economy import Economy
from vidkit.agents.engines.agent import AgentEngine
from vidkit.agents.engines.speculative import SCREENS, GateRule, SpeculativeEngine
from vidkit.agents.gate import KINDS
from vidkit.agents.gate_file import read_gate
from vidkit.agents.loop import Limits
from vidkit.agents.registry import DIALECTS, open_dialect, open_foresight, open_tools
from vidkit.agents.tools.boxes import FRAMES
from vidkit.agents.tools.zoom import ZoomTool
from vidkit.agents.types import Tool
from vidkit.commands.eval.embedded import is_embedded
from vidkit.config.eval_schema import EvalSettings
from vidkit.errors import ConfigError
from vidkit.serving.engine import Engine
from vidkit.utils.naming import did_you_mean

_PAIR_DIALECT = "hermes_text"


def check_agent(settings: EvalSettings) -> None:
    """Refuse what `engine_with_agent` would, before a model is loaded.

    Raises:
        ConfigError: a setting of the agent, the draft or the gate that cannot be used.
    """
    agent, draft = settings.agent, settings.draft
    if settings.model is None:
        raise ConfigError(f"engine={settings.engine.value} needs a model", "give --model NAME")
    if agent.boxes not in FRAMES:
        raise ConfigError(f"agent.boxes={agent.boxes} is unknown", f"one of {', '.join(FRAMES)}")
    open_dialect(agent.dialect)
    _check_pair(settings.model, agent.dialect, agent.tools, open_tools(agent.tools, agent.boxes))
    open_foresight(agent.foresight, agent.boxes)
    _limits(settings)
    if agent.shown_px < 1:
        raise ConfigError(
            f"agent.shown_px must be >= 1, got {agent.shown_px}", "change 'agent.shown_px' and run again"
        )
    if settings.engine.value != "speculative":
        return
    if draft.model is None:
        raise ConfigError(
            "engine=speculative needs a small model", "give draft.model=NAME and draft.base_url=URL"
        )
    if draft.screen not in SCREENS:
        raise ConfigError(f"draft.screen={draft.screen} is unknown", f"one of {', '.join(SCREENS)}")
    if not 0 <= draft.screen_above <= 1:
        raise ConfigError(
            f"draft.screen_above must be between 0 and 1, got {draft.screen_above}",
            "change 'draft.screen_above' and run again",
        )
    if draft.break_even is not None and not 0 <= draft.break_even <= 1:
        raise ConfigError(
            f"draft.break_even must be between 0 and 1, got {draft.break_even}",
            "change 'draft.break_even' and run again",
        )
    for name, value in (("workers", draft.workers), ("screen_px", draft.screen_px)):
        if value is not None and value < 1:
            raise ConfigError(
                f"draft.{name} must be >= 1, got {value}", f"change 'draft.{name}' and run again"
            )
    _rule(settings)


def _check_pair(model: str, dialect: str, names: Sequence[str], tools: Sequence[Tool]) -> None:
    """Refuse what the embedded models never learnt: they zoom, and call tools in one way only."""
    if not is_embedded(model):
        return
    if not any(tool.name == ZoomTool.name for tool in tools):
        given = ", ".join(names) or "none"
        raise ConfigError(
            f"{model} as an agent knows the tool zoom alone, and agent.tools lacks it (got {given})",
            "give agent.tools=[zoom], or engine=direct to ask without tools",
        )
    if dialect in DIALECTS and dialect != _PAIR_DIALECT:
        raise ConfigError(
            f"{model} calls tools in {_PAIR_DIALECT} alone, got agent.dialect={dialect}",
            f"leave agent.dialect out, or give agent.dialect={_PAIR_DIALECT}",
        )


def engine_with_agent(settings: EvalSettings, model: Engine, small: Engine | None) -> Engine:
    """The agent round a model; with a small model before it for `engine=speculative`."""
    agent, draft = settings.agent, settings.draft
    engine = AgentEngine(
        model,
        agent.dialect,
        tuple(agent.tools),
        agent.boxes,
        _limits(settings),
        agent.shown_px,
        agent.foresight,
    )
    if small is None:
        return engine
    return SpeculativeEngine(
        small,
        engine,
        _rule(settings),
        draft.screen,
        draft.screen_above,
        draft.screen_px,
        draft.workers,
        Economy(draft.break_even) if draft.stop_when_slower and not draft.race else None,
        draft.race,
    )


def _limits(settings: EvalSettings) -> Limits:
    agent = settings.agent
    try:
        return Limits(agent.steps, agent.step_tokens, agent.tokens, agent.seconds, agent.tool_seconds)
    except ValueError as error:
        raise ConfigError(
            f"agent.{error}", f"change 'agent.{str(error).split()[0]}' and run again"
        ) from error


def _rule(settings: EvalSettings) -> GateRule:
    draft = settings.draft
    if draft.gate is not None:
        assert draft.model is not None
        return read_gate(draft.gate).rule_for(draft.model, settings.task)
    if draft.kind not in KINDS:
        raise ConfigError(
            f"draft.kind: unknown gate '{draft.kind}'",
            f"{did_you_mean(draft.kind, KINDS)}one of {', '.join(KINDS)}",
        )
    try:
        return GateRule(draft.threshold, draft.kind, draft.k)
    except ValueError as error:
        raise ConfigError(
            f"draft.{error}", f"change 'draft.{str(error).split()[0]}' and run again"
        ) from error
