"""The funnel's schedule: nothing lost, answers whatever the interleaving, as fast as theory allows."""

import asyncio
import math

import pytest

from vidkit.agents import funnel_model
from vidkit.agents.economy import Economy
from vidkit.agents.funnel import Funnel, FunnelReport
from vidkit.agents.scripted import ScriptedStages, run_virtually, scripted_queries


def run(stages, queries, **settings) -> FunnelReport:
    async def main() -> FunnelReport:
        return await Funnel(stages, clock=asyncio.get_running_loop().time, **settings).run(queries)

    return run_virtually(main())


def expected(queries) -> list[str]:
    return [q.name if q.tool_free and q.believed else q.name + "!" for q in queries]


def test_who_answers_whom() -> None:
    queries = scripted_queries(50, alpha=0.6, beta=0.7)
    report = run(ScriptedStages(0.1, 0.1, 2), queries, workers=3)
    assert [one.answer for one in report.outcomes] == expected(queries)
    assert (report.beta, report.alpha) == (0.7, pytest.approx(0.6))
    assert [one.place for one in report.outcomes] == list(range(50))
    assert all((one.by == "draft") == (one.depth == 0) for one in report.outcomes)


def test_answers_do_not_depend_on_the_interleaving() -> None:
    queries = scripted_queries(40, alpha=0.5, beta=0.6)
    for seed in range(100):
        settings = {
            "batch": 1 + seed % 7,
            "workers": 1 + seed % 5,
            "wide": 1 + seed % 3,
            "ahead": 1 + seed % 9,
        }
        stages = ScriptedStages(0.2, 0.3, 1.5, jitter=0.9, seed=seed)
        report = run(stages, queries, overlap=seed % 4 != 3, **settings)
        assert [one.answer for one in report.outcomes] == expected(queries)
        assert stages.most_agents <= settings["workers"] * (1 if seed % 4 != 3 else settings["wide"])


@pytest.mark.parametrize("batch", [1, 8, 16])
@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize(("alpha", "beta"), [(0, 0.5), (0.5, 0.5), (0.8, 0.9)])
def test_throughput_is_near_the_bound(alpha, beta, workers, batch) -> None:
    count, times = 256, {"screen_s": 0.1, "draft_s": 0.1, "agent_s": 4.0}
    report = run(ScriptedStages(**times), scripted_queries(count, alpha, beta), workers=workers, batch=batch)
    bound = funnel_model(
        round(alpha * beta * count) / (beta * count), beta, workers=workers, **times
    ).interval
    if batch > 1:  # a batch's calls take as long whatever share of it is drafted
        front = (times["screen_s"] + times["draft_s"]) / batch
        bound = max(front, (1 - beta * report.alpha) * 4.0 / workers)
    assert count * bound / report.seconds >= 0.95


def test_the_published_schedule_is_slower_and_gives_the_same_answers() -> None:
    queries, times = scripted_queries(96, 0.6, 0.8), {"screen_s": 1.0, "draft_s": 1.0, "agent_s": 2.0}
    ours = run(ScriptedStages(**times), queries, workers=2)
    theirs = run(ScriptedStages(**times), queries, workers=2, overlap=False)
    assert [a.answer for a in ours.outcomes] == [a.answer for a in theirs.outcomes]
    assert theirs.seconds > 1.3 * ours.seconds


@pytest.mark.parametrize("batch", [1, 6])
@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("front_s", [0.05, 0.5, 5.0])
@pytest.mark.parametrize(("alpha", "beta"), [(0, 0), (0, 1), (0.2, 0.3), (0.9, 0.9)])
def test_never_slower_than_the_agents_by_more_than_the_screening(
    alpha, beta, front_s, workers, batch
) -> None:
    queries, spent = scripted_queries(96, alpha, beta), []

    class Counted(ScriptedStages):
        async def screen(self, some):
            spent.append(self.screen_s)
            return await super().screen(some)

        async def draft(self, some):
            spent.append(self.draft_s)
            return await super().draft(some)

    def seconds(**settings) -> float:
        return run(Counted(front_s, front_s, 2.0), queries, workers=workers, batch=batch, **settings).seconds

    agents = seconds(speculate=False)
    assert not spent
    assert seconds() <= agents + sum(spent) + 1e-6
    spent.clear()
    # whatever does not pay is given up after a window: then the rest costs what the agents cost
    watched = seconds(economy=Economy(window=16))
    assert watched <= agents + sum(spent) + 1e-6
    # agents work meanwhile, so a front that is quicker than they are only delays the first of them
    if 2 * front_s / batch * workers < 2.0 * (1 - alpha * beta):
        assert seconds() <= agents + math.ceil(workers / batch) * 2 * front_s + 1e-6


def test_what_needs_tools_does_not_wait_for_drafts_of_others() -> None:
    queries = scripted_queries(8, alpha=1, beta=0.5)
    report = run(ScriptedStages(1.0, 10.0, 2.0), queries, batch=8, workers=4)
    needy = [one for one in report.outcomes if one.by == "agent"]
    assert {one.latency_s for one in needy} == {3.0} and {one.front_s for one in needy} == {1.0}
    assert {one.latency_s for one in report.outcomes if one.by == "draft"} == {11.0}
    crowded = run(ScriptedStages(1.0, 1.0, 50.0), queries, batch=8, workers=1, ahead=1)
    assert {one.latency_s for one in crowded.outcomes if one.by == "draft"} == {2.0}


def test_the_front_pauses_when_too_many_wait() -> None:
    asked = []

    class Watched(ScriptedStages):
        async def screen(self, queries):
            asked.append(asyncio.get_running_loop().time())
            return await super().screen(queries)

    run(Watched(0.01, 0.01, 10), scripted_queries(40, 0, 0), workers=1, batch=1, ahead=3)
    assert asked[5] > 9  # one runs, three wait, one is held in hand
    assert asked[-1] > 300


class Failing(ScriptedStages):
    """Fails for some queries in every stage, or for a whole batch."""

    async def screen(self, queries):
        found = await super().screen(queries)
        if any(q.name == "q7" for q in queries):
            raise ConnectionError("server closed")
        return [
            ValueError("no word") if q.name == "q3" else word for q, word in zip(queries, found, strict=True)
        ]

    async def draft(self, queries):
        found = await super().draft(queries)
        return [TimeoutError("late") if q.name == "q11" else d for q, d in zip(queries, found, strict=True)]

    async def agent(self, query):
        if query.name in ("q3", "q20"):
            raise RuntimeError("the tool broke")
        return await super().agent(query)


def test_one_failure_is_one_failure() -> None:
    queries = scripted_queries(30, 1, 1)
    report = run(Failing(0.1, 0.1, 1), queries, batch=4)
    by_name = {q.name: one for q, one in zip(queries, report.outcomes, strict=True)}
    assert by_name["q3"].answer is None and "the tool broke" in by_name["q3"].problem
    assert by_name["q11"].answer == "q11!" and "late" in by_name["q11"].problem
    assert by_name["q7"].answer == "q7!" and "server closed" in by_name["q7"].problem
    drafted = [name for name, one in by_name.items() if one.by == "draft"]
    assert len(drafted) == 30 - 4 - sum(name not in batch_of("q7", queries, 4) for name in ("q3", "q11"))
    assert len(report.outcomes) == 30


def batch_of(name: str, queries, size: int) -> list[str]:
    place = next(i for i, q in enumerate(queries) if q.name == name)
    return [q.name for q in queries[place // size * size :][:size]]


def test_wrong_number_of_results_is_told_and_deferred() -> None:
    class Short(ScriptedStages):
        async def screen(self, queries):
            return []

    report = run(Short(0, 0, 1), scripted_queries(5, 1, 1))
    assert all(one.by == "agent" and "0 results for 5" in one.problem for one in report.outcomes)


def test_queries_that_arrive_are_answered_at_once() -> None:
    async def main() -> FunnelReport:
        async def arrivals():
            for query in scripted_queries(10, 1, 1):
                yield query
                await asyncio.sleep(5)

        stages = ScriptedStages(0.5, 0.5, 2)
        return await Funnel(stages, clock=asyncio.get_running_loop().time, batch=8).run(arrivals())

    report = run_virtually(main())
    assert max(one.latency_s for one in report.outcomes) == pytest.approx(1.0)
    assert report.seconds == pytest.approx(50)


def test_it_turns_itself_off_when_it_does_not_pay_and_says_so() -> None:
    queries, times = scripted_queries(400, 0.05, 0.5), {"screen_s": 3.0, "draft_s": 3.0, "agent_s": 4.0}
    report = run(ScriptedStages(**times), queries, batch=4, economy=Economy())
    assert report.turned_off_after is not None and report.turned_off_after <= 80
    assert "it pays above" in report.why_off
    assert report.seconds <= 400 * 4.0 + 80 / 4 * 6  # the agent's own, and what the front cost
    paying = run(ScriptedStages(0.1, 0.1, 4), scripted_queries(400, 0.5, 0.5), batch=4, economy=Economy())
    assert paying.turned_off_after is None


def test_a_set_break_even_turns_it_off_at_the_same_query_whatever_the_times() -> None:
    queries = scripted_queries(300, 0.1, 0.5)
    stops = {
        run(ScriptedStages(0.1, 0.1, 2, 0.9, seed), queries, economy=Economy(break_even=0.2)).turned_off_after
        for seed in range(10)
    }
    assert len(stops) == 1 and stops != {None}


def test_cancelling_ends_everything() -> None:
    stages = ScriptedStages(0.1, 0.1, 100)

    async def main() -> int:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(Funnel(stages, workers=3).run(scripted_queries(30, 0, 0)), timeout=10)
        return stages._running

    assert run_virtually(main()) == 0


def test_no_query_at_all() -> None:
    report = run(ScriptedStages(1, 1, 1), [])
    assert report.outcomes == [] and math.isnan(report.alpha) and math.isnan(report.beta)


@pytest.mark.parametrize("setting", ["batch", "workers", "wide"])
def test_counts_must_be_positive(setting: str) -> None:
    with pytest.raises(ValueError, match=f"{setting} must be >= 1, got 0"):
        Funnel(ScriptedStages(1, 1, 1), **{setting: 0})
