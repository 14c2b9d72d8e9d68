"""What a recording is told as: marks, pointers, calls, the family."""

import contextlib
import io

import pytest

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


def marked(source: str) -> list[list[int]]:
    """Places of the first row that each step marks as read, of steps that mark any."""
    states = told(source).replay()
    rows = [[at for at, item in enumerate(state.main.elements) if item.style] for state in states]  # type: ignore[union-attr]
    return [row for row in rows if row]


@pytest.mark.parametrize(
    ("loop", "expected"),
    [
        ("for x in a[1:]:\n    s += x\n", [[1], [2], [3]]),
        ("for x in a[:-1]:\n    s += x\n", [[0], [1], [2]]),
        ("for x in a[::2]:\n    s += x\n", [[0], [2]]),
        ("for i, x in enumerate(a[1:], 1):\n    s += x\n", [[1], [2], [3]]),
        ("for x in reversed(a):\n    s += x\n", [[3], [2], [1], [0]]),
        ("for x, y in zip(a, a[1:]):\n    s += x * y\n", [[0, 1], [1, 2], [2, 3], [3]]),
        ("s = sum(a[1:3])\n", [[1, 2]]),
        ("b = a[:2] + a[3:]\n", [[0, 1, 3]]),
    ],
)
def test_parts_of_a_list_are_read_where_they_lie_in_it(loop, expected):
    assert marked(f"a = [5, 3, 8, 2]\ns = 0\n{loop}print(s)\n") == expected


def test_index_of_a_part_that_begins_later_points_into_the_whole_list():
    source = "a = [5, 3, 8]\nfor i, x in enumerate(a[1:], 1):\n    print(x)\n"
    other = "a = [5, 3, 8]\nfor i, x in enumerate(a[1:]):\n    print(x)\n"
    at = [state.pointers["i"].at for state in told(source).replay() if "i" in state.pointers]
    assert sorted(set(at)) == [1, 2]
    assert not any(state.pointers for state in told(other).replay()), "there i is no index of a"


def test_loops_over_dicts_sets_and_queues_are_steps():
    source = (
        "from collections import deque\nprice = {'fig': 2, 'pear': 3}\n"
        "seen = {4, 6}\nwaiting = deque([7, 9])\nt = 0\n"
        "for name, cost in price.items():\n    t += cost\nfor cost in price.values():\n    t += cost\n"
        "for name in price:\n    t += 1\nfor one in seen:\n    t += one\n"
        "for one in waiting:\n    t += one\nprint(t)\n"
    )
    steps = told(source)
    lines = [state.code for state in steps.replay()]
    for line in (6, 8, 10, 12, 14):
        assert any(line in one for one in lines), line
    assert steps.replay()[-1].aux["output"].items[0].value == "38"  # type: ignore[union-attr]


def test_hooks_leave_what_a_script_does_as_it_is():
    source = (
        "class Own:\n    def __getitem__(self, key):\n        return key\n"
        "    def items(self):\n        return 'own'\n"
        "o, out, a, d = Own(), [], [1, 2, 3], {'x': 1, 'y': 2}\nout.append(o[1:2:3] == slice(1, 2, 3))\n"
        "for x in o.items():\n    out.append(x)\nfor x in a[:]:\n    a.remove(x)\nout.append(a)\n"
        "try:\n    for k in d:\n        d.pop(k)\n"
        "except RuntimeError as error:\n    out.append(str(error)[:18])\n"
        "for x in reversed((1, 2)):\n    out.append(x)\nfor x in 'abc'[::-1]:\n    out.append(x)\n"
        "b = [1, 2, 3, 4]\ndel b[1:3]\nb[:0] = [9]\nout.append(b)\nprint(out)\n"
    )
    printed = told(source).replay()[-1].aux["output"].items[0].value  # type: ignore[union-attr]
    wanted = [True, "o", "w", "n", [], "dictionary changed", 2, 1, "c", "b", "a", [9, 1, 4]]
    assert printed == str(wanted)


def test_a_search_compares_as_often_as_it_does_unwatched():
    source = (
        "class Own:\n    asked = 0\n    def __eq__(self, other):\n        Own.asked += 1\n"
        "        return other == 'b'\n"
        "class Odd:\n    def __eq__(self, other):\n        raise ValueError('odd')\n"
        "a, b = [Own(), Own()], [Odd()]\nprint('b' in a, 'c' in a, a[1] in a)\n"
        "try:\n    print(1 in b)\nexcept ValueError as error:\n    print(error)\n"
        "print(b[0] in b, float('nan') in [float('nan')], Own.asked)\n"
    )
    printed = [item.value for item in told(source).replay()[-1].aux["output"].items]  # type: ignore[union-attr]
    with contextlib.redirect_stdout(io.StringIO()) as unwatched:
        exec(source, {})
    assert "\n".join(printed) == unwatched.getvalue().strip()


@pytest.mark.parametrize(
    ("fields", "value", "label"),
    [
        ("self.lo, self.hi, self.total = 0, 4, v", 11, 11),
        ("self.height, self.amount = 1, v", 7, 7),
        ("self.char, self.freq = None, v", 5, 5),
        ("self.f, self.pos = 3, v", (1, 2), (1, 2)),
        ("self.depth = v", 2, 2),
    ],
)
def test_node_is_labelled_by_what_it_holds(fields, value, label):
    source = f"class Node:\n    def __init__(self, v):\n        {fields}\n        self.next = None\n"
    source += f"first = Node({value!r})\nfirst.next = Node({value!r})\n"
    main = told(source).replay()[-1].main
    assert {str(node.label) for node in main.nodes.values()} == {str(label)}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("container", "item", "expected"),
    [
        ("[2, 7, 1]", 1, [[2]]),
        ("[2, 7, 1]", 7, [[1]]),
        ("[2, 7, 1]", 0, []),
        ("{4, 2, 0}", 2, [[1]]),
        ("{4, 2, 0}", 1, []),
    ],
)
def test_search_marks_the_element_that_was_found_not_the_one_of_that_index(container, item, expected):
    found = marked(f"a = {container}\nprint({item} in a)\n")
    if container.startswith("{"):  # whose order is its own
        order = [item.value for item in told(f"a = {container}\nprint(1 in a)\n").replay()[-1].main.elements]  # type: ignore[union-attr]
        expected = [[order.index(item)]] if expected else []
    assert found == expected


def test_objects_that_are_nodes_tell_their_distance_and_that_they_were_visited():
    source = (
        "class Town:\n    def __init__(self, name):\n        self.name, self.near = name, []\n"
        "        self.visited, self.dist = False, 9\n"
        "a, b = Town('A'), Town('B')\na.near.append(b)\nb.near.append(a)\na.visited = True\nb.dist = 1\n"
    )
    states = told(source).replay()
    last = {str(node.label): (node.style, dict(node.properties)) for node in states[-1].main.nodes.values()}  # type: ignore[union-attr]
    assert last == {"A": ("visited", {"dist": 9}), "B": (None, {"dist": 1})}
    assert any(state.code == (8,) for state in states) and any(state.code == (9,) for state in states)


def test_objects_that_are_neighbours_of_each_other_are_joined_by_one_line():
    source = (
        "class Town:\n    def __init__(self, name):\n        self.name, self.near = name, []\n"
        "a, b, c = Town('A'), Town('B'), Town('C')\n"
        "for x, y in ((a, b), (b, c), (c, a)):\n    x.near.append(y); y.near.append(x)\nprint(a.name)\n"
    )
    main = told(source).replay()[-1].main
    assert len(main.edges) == 3 and not any(edge.directed for edge in main.edges)  # type: ignore[union-attr]
    one_way = told(source.replace("; y.near.append(x)", "")).replay()[-1].main
    assert len(one_way.edges) == 3 and all(edge.directed for edge in one_way.edges)  # type: ignore[union-attr]
