"""The task set: its proportions, its inputs, and answers that are found another way."""

import copy
import hashlib
import json
from collections import Counter

import pytest
from task_oracles import ORACLES

from vidkit.algoviz.asking.answers import same_answer
from vidkit.bench.algoviz.task_set import PROPORTIONS, SEEDS, all_tasks, chosen
from vidkit.errors import ConfigError


def test_there_are_200_tasks_in_the_proportions_of_the_paper():
    tasks = all_tasks()
    assert len(tasks) == len({one.task_id for one in tasks}) == 200
    assert Counter(one.area for one in tasks) == PROPORTIONS and sum(PROPORTIONS.values()) == 200
    assert len({one.task.title for one in tasks}) >= 195
    statements = [one.task.problem for one in tasks]
    assert all(len(text) > 30 and ("?" in text or text.endswith(".")) for text in statements)


def test_inputs_and_answers_are_the_same_everywhere():
    text = json.dumps(
        [[one.task_id, one.task.data, one.task.expected] for one in all_tasks(1)], sort_keys=True
    )
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "685606b9619ec5a2"


def test_seeds_give_other_inputs():
    first, second = (all_tasks(seed) for seed in SEEDS[:2])
    assert sum(a.task.data != b.task.data for a, b in zip(first, second, strict=True)) > 185


@pytest.mark.parametrize("name", ORACLES)
def test_answer_is_the_one_that_is_found_another_way(name):
    for seed in SEEDS:
        task = next(one.task for one in all_tasks(seed) if one.task_id == name)
        found = ORACLES[name](**copy.deepcopy(task.data))
        assert same_answer(found, task.expected), (task.data, found, task.expected)


@pytest.mark.parametrize("name", [one.task_id for one in all_tasks() if one.area == "sorting"])
def test_what_is_sorted_is_sorted(name):
    for seed in SEEDS:
        task = next(one.task for one in all_tasks(seed) if one.task_id == name)
        if (
            "a" in task.data
            and "partition" not in name
            and name not in ("sorting-zigzag", "sorting-quickselect")
        ):
            whole = json.dumps(task.expected)
            if name not in ("sorting-inversions", "sorting-pancake_sort"):
                assert json.dumps(sorted(task.data["a"])) in whole


def test_tasks_are_chosen_by_area_id_and_number():
    assert len(chosen([], [], 20, 1)) == 20 and len(chosen(["dp"], [], None, 1)) == 29
    assert {one.area for one in chosen([], [], 20, 1)} == set(PROPORTIONS)
    assert [one.task_id for one in chosen([], ["dp-rod", "dp-rod"], None, 1)] == ["dp-rod"]
    with pytest.raises(ConfigError, match="no area 'dpp'"):
        chosen(["dpp"], [], None, 1)
    with pytest.raises(ConfigError, match="no task 'dp-rods'") as caught:
        chosen([], ["dp-rods"], None, 1)
    assert "dp-rod" in caught.value.hint
