"""target_flops: knobs are turned until the share is met, and floors are said."""

import pytest

from vidkit import caching
from vidkit.caching.targeting import for_target, planned_share
from vidkit.errors import ConfigError


def make(name):
    return lambda **given: caching.policy(name, **given)


def never(policy):
    raise AssertionError("nothing has to be run")


@pytest.mark.parametrize("name", ["interval", "taylor", "change", "fewer_steps"])
@pytest.mark.parametrize("target", [0.3, 0.5, 0.8])
def test_schedules_are_planned_without_a_run(name, target):
    found = for_target(make(name), {}, target, 50, never)
    assert found.runs == 0 and found.share <= target + 1e-3
    assert found.share >= target - 0.3
    assert planned_share(found.policy, 50) == pytest.approx(found.share)
    if name == "change":
        assert found.knob == "full" and found.share == pytest.approx(target, abs=1e-6)


def test_what_single_tokens_cost_is_taken_off_the_full_steps():
    found = for_target(make("change"), {"share": 0.1}, 0.4, 50, never)
    assert found.knob == "full" and found.value == 16 / 50  # 16 + 34 / 10 <= 20
    found = for_target(make("change"), {"full_every": 10}, 0.4, 50, never)
    assert found.knob == "share" and found.share == pytest.approx(0.4, abs=1e-3)


def test_thresholds_are_bisected_by_running():
    asked = []

    def measure(policy):
        asked.append(policy.cfg.threshold)
        return 1 / (1 + policy.cfg.threshold)

    found = for_target(make("flowcache"), {"warmup": 3}, 0.4, 50, measure)
    assert found.knob == "threshold" and found.value == pytest.approx(1.5, rel=0.1)
    assert found.policy.cfg.warmup == 3 and found.runs == len(asked) <= 20


def test_a_target_below_the_floor_says_the_floor():
    with pytest.raises(ConfigError, match=r"below what 'change' must compute: 0\.020"):
        for_target(make("change"), {}, 0.01, 50, never)
    with pytest.raises(ConfigError, match=r"below what 'change' must compute: 0\.118"):
        for_target(make("change"), {"share": 0.1}, 0.05, 50, never)
    with pytest.raises(ConfigError, match=r"below what 'flowcache' must compute: 0\.300"):
        for_target(make("flowcache"), {}, 0.1, 50, lambda policy: max(0.3, 1 - policy.cfg.threshold))
    with pytest.raises(ConfigError, match="nothing to set"):
        for_target(make("none"), {}, 0.5, 50, never)
