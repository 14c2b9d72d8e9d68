"""What a recording is told as: marks, pointers, calls, the family."""

from vidkit.algoviz.tracing.here import record_source
from vidkit.algoviz.tracing.telling import tell
from vidkit.algoviz.vta.trace import Trace, trace_of


def told(source: str) -> Trace:
    trace = trace_of(tell(record_source(source)))
    assert not trace.errors
    return trace


def test_ends_of_a_range_that_is_halved_are_pointers():
    source = (
        "def find(a, x):\n    lo, hi = 0, len(a) - 1\n    while lo <= hi:\n"
        "        mid = lo + (hi - lo) // 2\n"
        "        if a[mid] == x:\n            return mid\n        if a[mid] < x:\n            lo = mid + 1\n"
        "        else:\n            hi = mid - 1\n"
        "numbers = [1, 3, 5, 7, 9, 11]\nprint(find(numbers, 9))\n"
    )
    seen = [{name: at.at for name, at in state.pointers.items()} for state in told(source).replay()]
    assert {"lo": 0, "hi": 5, "mid": 2} in seen and {"lo": 3, "hi": 5, "mid": 4} in seen


def test_marks_go_with_the_step_that_made_them():
    trace = told("a = [3, 1]\na[0], a[1] = a[1], a[0]\nprint('done')\n")
    styles = [[item.style for item in state.main.elements] for state in trace.replay()]  # type: ignore[union-attr]
    assert styles[-2:] == [["swap", "swap"], [None, None]]


def test_arguments_of_calls_are_values_and_not_text():
    source = (
        "def down(a, n, at, ok):\n    if n:\n        a[n] = 0\n        down(a, n - 1, at, ok)\n"
        "down([1, 2, 3], 2, (4, 'x'), True)\n"
    )
    calls = [state.aux["call_stack"].items for state in told(source).replay()]  # type: ignore[union-attr]
    assert 'down(a=[1, 2, 3], at=[4, "x"], n=2, ok=True)' in {item.value for one in calls for item in one}


def test_long_arguments_are_told_in_part():
    source = "def f(a, n):\n    if n:\n        a[n] = 1\n        f(a, n - 1)\nf(list(range(90)), 2)\n"
    calls = [state.aux["call_stack"].items for state in told(source).replay()]  # type: ignore[union-attr]
    assert 'f(a=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, "…"], n=2)' in {i.value for one in calls for i in one}


def test_table_is_dynamic_programming_only_if_it_is_filled_from_its_own_cells():
    grid = "g = [[1, 2], [3, 4]]\nfor r in range(2):\n    for c in range(2):\n        g[r][c] = 0\n"
    filled = "t = [[1, 1], [1, 0]]\nfor i in range(1, 2):\n    t[i][1] = t[i - 1][1] + t[i][0]\n"
    assert told(grid).family == "table"
    assert told(filled).family == "dynamic programming"
