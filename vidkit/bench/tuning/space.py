"""What is tried on each axis, from mild to strong, and what this device or model cannot do."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence

from vidkit.bench.tuning.setting import AXES, Ladder, Setting, applied
from vidkit.config.schema import GenerateSettings
from vidkit.config.tune_schema import SweepSettings
from vidkit.errors import ConfigError, VidkitError
from vidkit.generation.policies import Policies
from vidkit.generation.resolve import ResolvedRun, resolve
from vidkit.generation.speed import SpeedRun

# of a policy's knob: values of shares and spacings, multiples of the default of thresholds
TOKEN_SHARES = (0.5, 0.25, 0.1, 0.05)
STEP_SHARES = (0.6, 0.4, 0.3, 0.2)
SPACINGS = (2, 3, 4, 6)
MULTIPLES = (0.5, 1.0, 2.0, 4.0)


def ladders_of(
    reference: GenerateSettings, sweep: SweepSettings, dtype: str, multiple: int = 1
) -> list[Ladder]:
    """What is tried one change at a time.

    Args:
        reference: of the sweep.
        sweep: what is asked for.
        dtype: of the reference: bf16, fp16 or fp32.
        multiple: what the model's numbers of steps are multiples of.

    Raises:
        ConfigError: a preset or a policy that does not exist; shares of so few steps that none is left out.
    """
    shares = (max(1, round(share * reference.steps / multiple)) * multiple for share in sweep.steps)
    steps = sorted(count for count in {*shares} if count < reference.steps)
    if not steps:
        raise ConfigError(
            f"steps={reference.steps} leaves no fewer steps to try", "raise steps, or lower tune.steps"
        )
    found = [Ladder("steps", tuple(Setting(steps=count) for count in reversed(steps)))]
    for preset in sweep.attention:
        found.append(_attention(preset, sweep))
    for policy in sweep.caches:
        found.append(_cache(policy, sweep.cache_levels))
    found += [Ladder("precision", (Setting(precision=p),)) for p in sweep.precisions if p.value != dtype]
    return found


def _attention(name: str, sweep: SweepSettings) -> Ladder:
    from vidkit.attention.presets import preset

    chosen = preset(str(name))
    if chosen.predictor == "dense":
        raise ConfigError(
            f"tune.attention has '{name}', which is the reference itself", "name a sparse preset"
        )
    taus = [None] if chosen.predictor == "svg1" else sorted(set(sweep.taus), reverse=True)
    return Ladder("attention", tuple(Setting(attention=(name, tau)) for tau in taus))


def _cache(name: str, levels: int) -> Ladder:
    from vidkit.caching import policy
    from vidkit.caching.targeting import knob_of

    made = policy(str(name))
    if made.changes_steps or name == "none":
        raise ConfigError(f"tune.caches has '{name}', which is not a cache", "fewer steps are always tried")
    knob = knob_of(made)
    values: Sequence[float | None]
    if knob is None:
        return Ladder("cache", (Setting(cache=(name, None, None)),))
    if knob == "threshold":
        values = [float(f"{getattr(made.cfg, knob) * times:.6g}") for times in MULTIPLES]
    else:
        values = {"share": TOKEN_SHARES, "full": STEP_SHARES}.get(knob, SPACINGS)
    return Ladder("cache", tuple(Setting(cache=(name, knob, value)) for value in values[:levels]))


class Checker:
    """Says what cannot be done before it is tried; imports torch, loads no weights.

    Args:
        reference: of the sweep.
        model: resolved once for all; shapes and folder are taken from it.
    """

    def __init__(self, reference: GenerateSettings, model: ResolvedRun) -> None:
        self.reference, self._model = reference, model
        self._known: dict[Setting, str | None] = {}

    def problem(self, setting: Setting) -> str | None:
        """Why a setting cannot run here; None if it can."""
        if setting not in self._known:
            self._known[setting] = self._find(setting)
        return self._known[setting]

    def _find(self, setting: Setting) -> str | None:
        from vidkit.caching.targeting import knob_of, planned_share
        from vidkit.generation.quantize import check_quantize

        settings = dataclasses.replace(applied(self.reference, setting), seed=0)
        try:
            run = resolve(settings, model=(self._model.spec, self._model.folder), draw=False)
            options = run.options.load_options()
            speed = SpeedRun(settings.compile.value, settings.attention.backend.value)
            speed.check(options.device, options.dtype, options.offload)
            check_quantize(options.quantize, options.device, options.offload)
            policies = Policies.of(run)
            policies.check(run)
        except VidkitError as error:
            return error.message
        made = policies.cached.policy
        if made is not None and knob_of(made) is not None and planned_share(made, run.request.steps) == 1:
            return f"of {run.request.steps} steps it would compute every one"
        return None


def combinations(
    best: Mapping[str, Sequence[Setting]],
) -> Iterator[Setting]:
    """Settings that change several axes at once, made of settings that change one each.

    Args:
        best: by axis.
    """
    choices: list[list[Setting | None]] = [[None, *best.get(axis, ())] for axis in AXES]
    for chosen in itertools.product(*choices):
        changed = [one for one in chosen if one is not None]
        if len(changed) > 1:
            made = changed[0]
            for one in changed[1:]:
                made = made.joined(one)
            yield made
