"""`AttentionPolicy`: predictor x reuse x thresholds x executor, and how settings become one."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from vidkit.attention.executors import ExecutorChooser
from vidkit.attention.predictors import PREDICTORS, MaskPredictor, make_predictor, predictor_class
from vidkit.attention.presets import preset
from vidkit.attention.reuse import REUSE, Never, ReusePolicy, make_reuse, reuse_class
from vidkit.attention.shipped import AUTO, shipped_table
from vidkit.attention.thresholds import Thresholds, ThresholdTable, check_tau
from vidkit.config.attention_schema import AttentionSettings, Predictor, Reuse
from vidkit.errors import ConfigError
from vidkit.utils.method_settings import defaults_of
from vidkit.utils.naming import did_you_mean

log = logging.getLogger(__name__)

# drift that triggers a refresh; HASTE's values for Wan, absolute L1 units
DEFAULT_DELTA = {"svg2": 8.0}
FALLBACK_DELTA = 30.0


@dataclass
class AttentionPolicy:
    """What `enable` puts on a transformer.

    Attributes:
        predictor: makes the masks; None is dense attention.
        reuse: decides which heads get a new mask.
        tau: shared threshold, used without a table.
        table: calibrated thresholds per head.
        table_path: where the table came from, for messages and records.
        executor: chooser of who computes.
        dense_steps: first steps of a generation that stay dense.
        dense_layers: first layers that stay dense.
        min_tokens: shorter sequences stay dense.
        pre_rope: measure drift on Q and K before rotary embedding.
        share_cfg_mask: the second and later branches reuse the first branch's masks of the same step.
        model: name that a table must have been made for; None skips the check.
        seed: decides random starts.
        compensate: blocks that a mask leaves out take part with their mean key and value.
        note: what `table=auto` came to, for the user; None: nothing to say.
    """

    predictor: MaskPredictor | None
    reuse: ReusePolicy = field(default_factory=Never)
    tau: float = 0.9
    table: ThresholdTable | None = None
    table_path: str | None = None
    executor: ExecutorChooser = field(default_factory=ExecutorChooser)
    dense_steps: int = 0
    dense_layers: int = 0
    min_tokens: int = 0
    pre_rope: bool = False
    share_cfg_mask: bool = False
    model: str | None = None
    seed: int = 0
    compensate: bool = False
    note: str | None = None

    def __post_init__(self) -> None:
        check_tau(self.tau)

    def thresholds(self, layers: int, heads: int, transformer: str | None = None) -> Thresholds:
        """Thresholds for a model of this size.

        A table holds for one transformer of a pipeline: the other one of Wan2.2 takes `tau`, and a warning
        says so.

        Args:
            layers: L.
            heads: H.
            transformer: its name on a pipeline that has two; None: the only one.

        Raises:
            ConfigError: the table was made for another model, predictor or size.
        """
        if self.table is None:
            return Thresholds(self.tau, layers, heads)
        made_on = self.table.meta.get("transformer") or "transformer"
        if transformer not in (None, made_on):
            log.warning(
                "table %s was made on '%s': '%s' uses tau %g on every head",
                self.table_path,
                made_on,
                transformer,
                self.tau,
            )
            return Thresholds(self.tau, layers, heads)
        assert self.predictor is not None
        self.table.check_fits(self.table_path or "", self.model, self.predictor.describe(), layers, heads)
        return Thresholds(self.table.tensor(), layers, heads)

    def describe(self) -> dict[str, Any]:
        """What a record stores about the policy."""
        if self.predictor is None:
            return {"predictor": {"name": "dense"}}
        return {
            "predictor": self.predictor.describe(),
            "reuse": self.reuse.describe(),
            "tau": None if self.table else self.tau,
            "table": self.table_path,
            "dense_steps": self.dense_steps,
            "dense_layers": self.dense_layers,
            "min_tokens": self.min_tokens,
            "pre_rope": self.pre_rope,
            "share_cfg_mask": self.share_cfg_mask,
            "seed": self.seed,
            "compensate": self.compensate,
            "executor": self.executor.name,
        }


def build_policy(
    settings: AttentionSettings, model: str | None = None, fingerprint: str | None = None
) -> AttentionPolicy:
    """Settings to a policy; the table file is read and checked here.

    Args:
        settings: `attention=...` of a command.
        model: name of the model about to run, checked against the table's.
        fingerprint: of its weights (`vidkit.utils.fingerprint`); `table=auto` needs it.

    Raises:
        ConfigError: values that do not go together.
        DataError: an unreadable table file.
    """
    if settings.predictor == Predictor.DENSE:
        if settings.table and settings.table != AUTO:
            raise ConfigError(
                "a threshold table needs a predictor, and attention is dense",
                "add attention=haste_xattention",
            )
        return AttentionPolicy(None)
    name = str(settings.predictor)
    predictor = make_predictor(name, **_predictor_settings(settings, name))
    table, path, note = _table(settings, predictor, model, fingerprint)
    return AttentionPolicy(
        predictor,
        _reuse(settings, name, table),
        settings.tau,
        table,
        path,
        ExecutorChooser(str(settings.executor), may_be_dense=True),
        settings.dense_steps,
        settings.dense_layers,
        settings.min_tokens,
        settings.pre_rope,
        settings.share_cfg_mask,
        model,
        settings.seed,
        settings.compensate,
        note,
    )


def _table(
    settings: AttentionSettings, predictor: MaskPredictor, model: str | None, fingerprint: str | None
) -> tuple[ThresholdTable | None, str | None, str | None]:
    """Table, where it came from, and what to tell about it."""
    if settings.table != AUTO:
        table = ThresholdTable.load(settings.table) if settings.table else None
        made_on = None if table is None else table.meta.get("fingerprint")
        other = None not in (made_on, fingerprint) and made_on != fingerprint
        note = f"table {settings.table} was calibrated on other weights ({made_on}, these are {fingerprint})"
        return table, settings.table, f"{note}: its errors may not hold; calibrate again" if other else None
    found = shipped_table(model, predictor, settings.tau, fingerprint)
    if found.why_not is not None:
        return None, None, f"the table that ships with '{model}' is not used: {found.why_not}"
    return found.table, None if found.path is None else f"{found.path.name} (ships with vidkit)", None


def _predictor_settings(settings: AttentionSettings, name: str) -> dict[str, Any]:
    """What the predictor takes of the settings.

    Raises:
        ConfigError: a setting that no predictor and no reuse policy has.
    """
    given: dict[str, Any] = {**settings.settings, "always_keep": [str(rule) for rule in settings.always_keep]}
    if name == "svg2" and settings.cluster_block is not None:
        given["block_q"] = given["block_k"] = settings.cluster_block
    classes = [predictor_class(name), *PREDICTORS.values(), *REUSE.values()]
    if settings.reuse != Reuse.TMR_AUTO:
        classes.append(reuse_class(str(settings.reuse)))
    known = {"always_keep", *(one for kind in classes for one in defaults_of(kind))}
    for key in given:
        if key not in known:
            raise ConfigError(
                f"unknown setting '{key}' of attention",
                f"{did_you_mean(key, known)}'{name}' has {', '.join(defaults_of(classes[0])) or 'none'}",
            )
    return {key: given[key] for key in defaults_of(classes[0]) if given.get(key) is not None}


def _reuse(settings: AttentionSettings, predictor: str, table: ThresholdTable | None) -> ReusePolicy:
    """The reuse policy with the settings that belong to it."""
    kind = str(settings.reuse)
    known = defaults_of(reuse_class("tmr" if kind == Reuse.TMR_AUTO else kind))
    given = {key: value for key, value in settings.settings.items() if key in known and value is not None}
    if kind == Reuse.TMR_AUTO:
        given["delta"] = table.meta.get("delta") if table else None
    if kind == Reuse.TMR and "delta" not in given:
        # the table's was found on this model; None where its steps allow too little reuse
        delta = table.meta.get("delta") if table is not None else None
        given["delta"] = DEFAULT_DELTA.get(predictor, FALLBACK_DELTA) if delta is None else delta
    return make_reuse(kind, **given)


def as_policy(policy: AttentionPolicy | AttentionSettings | str, model: str | None = None) -> AttentionPolicy:
    """A policy from what users pass: a policy, settings, or a preset's name.

    Raises:
        ConfigError: an unknown preset, or none of the three.
    """
    if isinstance(policy, AttentionPolicy):
        return policy
    if not isinstance(policy, (AttentionSettings, str)):
        raise ConfigError(
            f"not an attention policy: {type(policy).__name__}",
            "give a preset's name, AttentionSettings or an AttentionPolicy",
        )
    made = build_policy(policy if isinstance(policy, AttentionSettings) else preset(policy), model)
    if made.note is not None:
        log.warning("%s", made.note)
    return made
