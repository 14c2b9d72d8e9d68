"""Scripts traced in the sandbox: everyday ones, and those that go wrong in every way."""

import textwrap
from pathlib import Path

import pytest

from vidkit import sandbox
from vidkit.algoviz import trace
from vidkit.algoviz.tracing.run import LIMITS, Traced, trace_source
from vidkit.algoviz.vta.state import ArrayView
from vidkit.errors import DataError
from vidkit.sandbox import Limits

if not any(backend.works for backend in sandbox.backends()):
    pytest.skip("no sandbox works here", allow_module_level=True)

SORT = """
data = [3, 1, 2]
for i in range(len(data)):
    for j in range(i + 1, len(data)):
        if data[j] < data[i]:
            data[i], data[j] = data[j], data[i]
"""


def traced(text: str, **settings: object) -> Traced:
    return trace_source(textwrap.dedent(text), "script.py", **settings)  # type: ignore[arg-type]


def final_row(made: Traced) -> tuple[object, ...]:
    main = made.trace.replay()[-1].main
    return main.values if isinstance(main, ArrayView) else tuple(item.value for item in main.items)


def test_script_of_a_file_is_traced(tmp_path: Path) -> None:
    path = tmp_path / "three numbers.py"
    path.write_text(SORT + "import sys; print(sys.argv[1:])\n")
    made = trace.run(path, "a b")
    assert made.state(0).main.values == (3, 1, 2)  # type: ignore[union-attr]
    assert made.replay()[-1].main.values == (1, 2, 3)  # type: ignore[union-attr]
    assert made.name == "three numbers"
    assert "['a b']" in str(made.as_dict())
    assert made.diagnostics == ()


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("x = int(input())", "it reads standard input"),
        ("import frobnicate", "it needs the package 'frobnicate'"),
        ("1 / 0", "ZeroDivisionError in line 7: division by zero"),
        ("raise SystemExit(4)", "the script ended with status 4"),
        ("import os; os._exit(5)", "the script ended with status 5"),
        ("def f(n): return f(n + 1)\nf(0)", "RecursionError"),
        ("while True: pass", "over its limit (cpu)"),
        ("x = bytearray(1 << 40)", "MemoryError"),
        ("print('x' * 3_000_000)", "3000001 bytes of output, the first 65536 are kept"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "stopped before it finished"),
    ],
)
def test_what_was_done_before_a_fault_is_kept_and_the_fault_told(rest: str, told: str) -> None:
    limits = Limits(cpu_s=2, wall_s=30, memory_mib=512)
    made = traced(SORT + rest, limits=limits)
    assert any(told in text for text, _ in made.findings), made.findings
    assert final_row(made) == (1, 2, 3)
    assert not made.trace.errors


def test_children_of_a_script_do_not_write_into_its_recording() -> None:
    made = traced(SORT + "import os\npid = os.fork()\ndata.append(9)\nif pid == 0: os._exit(0)\nos.wait()")
    assert made.ok, made.findings
    assert final_row(made) == (1, 2, 3, 9)


def test_standard_input_is_given() -> None:
    made = traced("n = int(input())\na = list(map(int, input().split()))\na.sort()", stdin=b"3\n5 4 6\n")
    assert made.ok and final_row(made) == (4, 5, 6)


def test_script_that_is_no_python_is_refused_with_the_line() -> None:
    with pytest.raises(DataError, match=r"SyntaxError in line 2"):
        traced("x = 1\nfor in x:\n")


def test_watched_names_alone_are_shown() -> None:
    text = "a = [3, 1]\nb = [0, 0]\nfor i in range(2):\n    b[i] = a[i]\n    a[i] = 0\n"
    titles = {view.title for view in traced(text, watch=["b"]).trace.state(0).views}
    assert "b" in titles and "a" not in titles


def test_steps_beyond_the_most_are_counted() -> None:
    text = "a = [0]\nfor i in range(500):\n    a[0] = i\n"
    made = traced(text, most_steps=100)
    assert len(made.trace) == 101
    remarks = made.trace.replay()[-1].marks.remarks
    assert any("more steps are not shown (at most 100)" in remark.text for remark in remarks)


def test_long_script_is_recorded_up_to_a_bound_and_runs_on() -> None:
    made = traced("a = [0]\nfor i in range(200_000):\n    a[0] = i\nprint(a)", limits=LIMITS)
    assert made.outcome.stdout == "[199999]\n"
    assert any("the recording stopped here" in text for text, _ in made.findings)
