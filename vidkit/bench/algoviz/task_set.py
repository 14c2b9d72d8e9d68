"""The task set: 200 problems in the proportions of the paper, with inputs, answers and reference programs.

Statements, inputs and answers are our own: inputs come from seeded generators, answers from the reference
solutions in `tasks/`. Nothing is taken from any published set of problems.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from vidkit.algoviz.asking.judging import Task
from vidkit.errors import ConfigError
from vidkit.utils.naming import did_you_mean

AREAS = {
    "array": ("arrays_scanning", "arrays_searching", "arrays_tables", "arrays_stacks"),
    "dp": ("dp",),
    "sorting": ("sorting", "sorting_more"),
    "graph": ("graphs", "graphs_more"),
    "tree": ("trees",),
    "hashtable": ("hashing",),
}
PROPORTIONS = {"array": 84, "dp": 29, "sorting": 26, "graph": 22, "tree": 21, "hashtable": 18}
"""Tasks an area, as on the site of ALGOGEN (arXiv 2605.12159)."""
SEEDS = (1, 2, 3)
_FAMILIES = {"dp": "table", "sorting": "array"}
_PACKAGE = "vidkit.bench.algoviz.tasks"


@dataclass(frozen=True)
class BenchTask:
    """A task of the set.

    Args:
        task_id: `array-pair_sum`.
        area: key of AREAS.
        seed: of its input.
        task: problem, input and answer.
        reference: an ordinary program that solves it: reads `input.json`, prints the answer as JSON.
    """

    task_id: str
    area: str
    seed: int
    task: Task
    reference: str


@cache
def all_tasks(seed: int = 1) -> tuple[BenchTask, ...]:
    """All 200 tasks, by area, with inputs of a seed; the same seed gives the same inputs everywhere."""
    return tuple(
        made for area, names in AREAS.items() for name in names for made in _of_module(area, name, seed)
    )


def chosen(areas: Sequence[str], ids: Sequence[str], limit: int | None, seed: int) -> list[BenchTask]:
    """Tasks of some areas (all for none), or of some ids; with a limit spread evenly over what is left.

    Raises:
        ConfigError: an area or id that is not there.
    """
    tasks = list(all_tasks(seed))
    known = {one.task_id: one for one in tasks}
    for area in areas:
        if area not in AREAS:
            raise ConfigError(
                f"no area '{area}'", f"{did_you_mean(area, list(AREAS))}areas: {', '.join(AREAS)}"
            )
    for name in ids:
        if name not in known:
            raise ConfigError(
                f"no task '{name}'", f"{did_you_mean(name, list(known))}see `vidkit list tasks`"
            )
    if ids:
        return [known[name] for name in dict.fromkeys(ids)]
    tasks = [one for one in tasks if not areas or one.area in areas]
    if limit is None or limit >= len(tasks):
        return tasks
    return [tasks[i * len(tasks) // limit] for i in range(limit)]


def _of_module(area: str, name: str, seed: int) -> Iterator[BenchTask]:
    module = importlib.import_module(f"{_PACKAGE}.{name}")
    helpers = getattr(module, "HELPERS", ())
    head = "".join(inspect.getsource(helper) + "\n\n" for helper in helpers)
    note = getattr(module, "_LEVELS", "")
    for solution in vars(module).values():
        if not callable(solution) or not hasattr(solution, "problem"):
            continue
        title, make = solution.problem
        task_id = f"{area}-{solution.__name__}"
        # a text as seed: the same on every machine and in every process
        data = _plain(make(random.Random(f"{task_id} {seed}")))
        said = " ".join((inspect.getdoc(solution) or "").split())
        problem = f"{note if 'values' in data else ''}{said}"
        expected = _plain(solution(**copy.deepcopy(data)))
        task = Task(problem, data, expected, title, _FAMILIES.get(area, area))
        yield BenchTask(task_id, area, seed, task, _program(solution, head))


def _plain(value: Any) -> Any:
    """As JSON has it; what JSON lacks is an error of the task."""
    return json.loads(json.dumps(value, allow_nan=False))


def _program(solution: Any, head: str) -> str:
    """The reference solution as an ordinary program."""
    source = inspect.getsource(solution)
    source = source[source.index("def ") :]
    imports = "import heapq\nimport json\nfrom collections import OrderedDict, deque\n\n\n"
    used = "\n".join(
        line
        for line in imports.splitlines()
        if "json" in line
        or any(word in source + head for word in ("heapq", "deque", "OrderedDict") if word in line)
    )
    call = f'print(json.dumps({solution.__name__}(**json.load(open("input.json")))))'
    return f"{used}\n\n\n{head}{source}\n\n{call}\n"
