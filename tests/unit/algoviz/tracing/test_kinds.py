"""What places become: records, letters of texts, attributes of attributes; and when the story begins."""

import time
from typing import Any

import pytest

from vidkit.algoviz.tracing.here import record_source
from vidkit.algoviz.tracing.memory import Memory
from vidkit.algoviz.tracing.recording import Record
from vidkit.algoviz.tracing.telling import tell
from vidkit.algoviz.vta.state import ArrayView, TableView, View
from vidkit.algoviz.vta.trace import Trace, trace_of


def told(source: str) -> Trace:
    trace = trace_of(tell(record_source(source)))
    assert not trace.errors
    return trace


def states_of(trace: Trace, title: str) -> list[Any]:
    """Distinct states of the view of that title, one after the other."""
    found: list[Any] = []
    for state in trace.replay():
        for view in state.views:
            made = _values(view)
            if view.title == title and (not found or found[-1] != made):
                found.append(made)
    return found


def _values(view: View) -> Any:
    if isinstance(view, TableView):
        return view.rows
    if isinstance(view, ArrayView):
        return view.values
    return tuple(getattr(item, "value", None) for item in getattr(view, "items", ()))


def test_list_of_dicts_is_a_table_of_their_fields() -> None:
    people = "people = [{'name': 'Ann', 'age': 3}, {'name': 'Bo', 'age': 5}]\n"
    source = people + "for p in people:\n    p['age'] += 1\n"
    trace = told(source)
    main = trace.state(0).main
    assert isinstance(main, TableView) and main.col_headers == ("name", "age")
    assert states_of(trace, "people")[-1] == (("Ann", 4), ("Bo", 6))


def test_dict_of_objects_is_a_table_with_their_attributes() -> None:
    source = (
        "class Item:\n    def __init__(self, price, count):\n        self.price, self.count = price, count\n"
        "stock = {}\nstock['pear'] = Item(2, 5)\nstock['fig'] = Item(1, 9)\nstock['pear'].count -= 1\n"
        "del stock['fig']\n"
    )
    trace = told(source)
    main = next(view for view in trace.replay()[-1].views if view.title == "stock")
    assert isinstance(main, TableView) and main.row_headers == ("pear", "fig")
    assert states_of(trace, "stock")[-2:] == [((2, 4), (1, 9)), ((2, 4), (None, None))]


def test_dicts_with_little_in_common_are_no_table_of_fields() -> None:
    trace = told("a = [{'x': 1, 'y': 2}, {'p': 3, 'q': 4}]\na[0]['x'] = 5\na[1]['p'] = 6\n")
    assert all(not isinstance(v, TableView) or v.title != "a" for v in trace.replay()[-1].views)


def test_text_that_is_gone_over_letter_by_letter_is_a_view() -> None:
    trace = told(
        "def shift(s):\n    out = ''\n    for ch in s:\n        out += chr(ord(ch) + 1)\n"
        "    return out\nshift('HAL')\n"
    )
    assert states_of(trace, "s")[0] == ("H", "A", "L")
    read = [[item.style for item in state.main.elements] for state in trace.replay()]  # type: ignore[union-attr]
    assert list(dict.fromkeys(style.index("read") for style in read if "read" in style)) == [0, 1, 2]


def test_attributes_of_attributes_are_views_with_their_whole_name() -> None:
    source = (
        "class Stack:\n    def __init__(self):\n        self.items = []\n"
        "class Queue:\n    def __init__(self):\n        self.a, self.b = Stack(), Stack()\n"
        "q = Queue()\nq.a.items.append(1)\nq.a.items.append(2)\nq.b.items.append(q.a.items.pop())\n"
        "q.b.items.append(q.a.items.pop())\n"
    )
    trace = told(source)
    assert states_of(trace, "q.a.items")[-3:] == [(1, 2), (1,), ()]
    assert states_of(trace, "q.b.items")[-1] == (2, 1)


def test_what_happens_before_the_main_view_is_there_is_told() -> None:
    source = (
        "def first():\n    seen = []\n    for x in range(8):\n        seen.append(x)\n    return seen\n"
        "def second(m):\n    for r in range(4):\n        for c in range(4):\n            m[r][c] += m[r][c]\n"
        "first()\nsecond([[1] * 4 for _ in range(4)])\n"
    )
    trace = told(source)
    assert trace.state(0).main.title == "m"
    assert states_of(trace, "seen")[-1] == tuple(range(8))
    assert states_of(trace, "m")[:2] == [((None,) * 4,) * 4, ((1,) * 4,) * 4]


def test_single_values_are_not_the_main_view() -> None:
    source = (
        "def pick(a):\n    if len(a) < 2:\n        return a[0]\n    pivot = [x for x in a if x == a[0]]\n"
        "    rest = [x for x in a if x > pivot[0]]\n    return pick(rest) if rest else pivot[0]\n"
        "pick([3, 1, 5, 4, 9, 7])\n"
    )
    assert told(source).state(0).main.title == "a"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("{'x': 1, 'y': 2}", "[3, 1, 2]"),
        ("{'x': 1, 'y': 2}", "{1, 2}"),
        ("[3, 1, 2]", "{'x': 1, 'y': 2}"),
        ("{'a': ['b'], 'b': ['a']}", "[1, 2]"),
        ("[[1, 2], [3, 4]]", "deque([1, 2])"),
        ("{1, 2}", "'abc'"),
        ("{'a': ['b'], 'b': ['a']}", "'text'"),
        ("[[('k', 1)], []]", "[Own(), Own()]"),
    ],
)
@pytest.mark.parametrize("name", ["a", "graph", "stack", "table"])
def test_place_may_hold_one_kind_of_container_after_another(name: str, first: str, second: str) -> None:
    use = f"for q in {name}: q\ntry:\n    {name}['x'] = 1\nexcept TypeError:\n    pass\n"
    own = "class Own:\n    def __init__(self):\n        self.v = 1\n"
    begin = f"from collections import deque\n{own}"
    told(f"{begin}{name} = {first}\n{use}{name} = {second}\n{use}{name} = {first}\n")


def test_deep_recursion_is_told_in_time_that_grows_with_its_length() -> None:
    source = "def f(n, a):\n    a[n % 3] += 1\n    return 0 if n == 0 else f(n - 1, a)\nf({}, [0, 0, 0])\n"

    def seconds(depth: int) -> float:
        recording = record_source(source.format(depth))
        begun = time.process_time()
        tell(recording)
        return time.process_time() - begun

    few, many = seconds(90), seconds(800)
    assert many < 30 * few, "8.9 times as deep; the square of it would be 79"


def test_variables_of_the_innermost_call_are_seen() -> None:
    memory = Memory()
    memory.take(Record(1, call=(0, "<module>", 1, ()), variables={0: {"a": 1}}))
    memory.take(Record(2, call=(1, "f", 2, ()), variables={1: {"x": 1}}))
    memory.take(Record(3, call=(2, "f", 3, ()), variables={2: {"y": 5}, 0: {"b": 2}}))
    memory.take(Record(4, variables={2: {"x": 7}, 1: {"x": 2, "y": 6}}))
    seen = {("<module>", "a"): 1, ("<module>", "b"): 2, ("f", "x"): 7, ("f", "y"): 5}
    assert memory.visible() == seen and list(memory.visible()) == list(seen)
    memory.take(Record(5, variables={2: {"y": {"gone": True}}}))
    assert memory.visible()["f", "y"] == 6
    memory.take(Record(6, back=(2, None)))
    assert memory.visible()["f", "x"] == 2
    memory.take(Record(7, back=(1, None)))
    memory.take(Record(8, back=(0, None)))
    assert memory.visible() == {("<module>", "a"): 1, ("<module>", "b"): 2}
