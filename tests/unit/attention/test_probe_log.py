"""The log of probes: what it takes back, and what it names and leaves."""

import json

import pytest

from vidkit.attention.calibration.probe_log import ProbeLog

BAD_VALUES = {
    "error": [-1, -1e-9, float("inf"), "0.1", None, True, [0.1]],
    "sparsity": [-0.1, 1.1, "0.5", float("nan"), True],
    "bands": [None, [], {"LL": -1.0}, {"LL": "x"}, {"LL": float("nan")}],
    "head": [-1, 0.5, "0", True],
    "seconds": [-1.0, "1"],
}


@pytest.mark.parametrize(("name", "value"), [(name, v) for name, row in BAD_VALUES.items() for v in row])
def test_a_probe_that_no_measurement_can_be_is_named_and_not_used(name, value, tmp_path, caplog):
    path, header = tmp_path / "log", {"layers": 1}
    good = {
        "prompt": 0,
        "step": 0,
        "layer": 0,
        "head": 0,
        "candidate": 0,
        "error": 0.1,
        "sparsity": 0.5,
        "bands": {"LL": 0.1},
    }
    lines = [{"format": 1, **header}, good, {**good, "candidate": 1, name: value}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    log = ProbeLog(path, header)
    log.close()
    assert list(log.done) == [(0, 0, 0, 0, 0)]
    assert f"{path}:3: not a whole record" in caplog.text and f"{name}" in caplog.text
