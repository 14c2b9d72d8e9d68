"""`vidkit eval` with agents, against local servers: from start to table, resumed, and when it fails."""

import base64
import io
import json
import re

import PIL.Image
import pytest
from scripted_server import Act, ScriptedServer, completion

from vidkit.cli.main import run as vidkit

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def questions(tmp_path):
    """Eight pictures with a coloured patch too small to be seen shrunk; four questions are easy."""
    rows = []
    for number in range(8):
        picture = PIL.Image.new("RGB", (448, 448), "white")
        picture.paste(RED if number % 2 else BLUE, (28, 28, 84, 84))
        picture.save(tmp_path / f"p{number}.png")
        kind = "easy" if number < 4 else "hard"
        text = f"What colour is the {kind} patch?\n(A) red\n(B) blue\nAnswer with the letter."
        label = "A" if number % 2 else "B"
        rows.append(
            {"question_id": number, "category": kind, "text": text, "label": label, "image": f"p{number}.png"}
        )
    data = tmp_path / "v.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)))
    return data


def content(body) -> list[dict]:
    return [part for message in body["messages"] for part in message["content"] if isinstance(part, dict)]


def texts(body) -> str:
    found = []
    for message in body["messages"]:
        parts = message["content"] if isinstance(message["content"], list) else [{"text": message["content"]}]
        found += [part.get("text", "") for part in parts]
    return "\n".join(found)


def tokens(*tops):
    listed = [
        {
            "token": top[0][0],
            "logprob": top[0][1],
            "top_logprobs": [{"token": t, "logprob": p} for t, p in top],
        }
        for top in tops
    ]
    return {"logprobs": {"content": listed}}


def colour(body) -> tuple[int, ...]:
    url = [part for part in content(body) if part["type"] == "image_url"][-1]["image_url"]["url"]
    picture = PIL.Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")
    return picture.getpixel((picture.width // 2, picture.height // 2))


def small(body) -> Act:
    """Screens easy questions as tool-free, and is sure of two of them."""
    said = texts(body)
    if "closer look" in said:
        free = 0.9 if "easy" in said else 0.2
        top = [("no", -0.1 if free > 0.5 else -1.6), ("yes", -2.3 if free > 0.5 else -0.2), (" x", -9)]
        return Act(body=completion(top[0][0], **tokens(top)))
    rest = [(f"t{n}", -9 - 0.1 * n) for n in range(18)]
    sure = [("A", -0.001), ("B", -7.0), *rest]
    unsure = [("A", -0.69), ("B", -0.7), *rest]
    is_red = "red" in said and colour_of_patch(body) == RED
    return Act(body=completion("A", **tokens(sure if is_red else unsure)))


def colour_of_patch(body) -> tuple[int, ...]:
    url = next(part for part in content(body) if part["type"] == "image_url")["image_url"]["url"]
    picture = PIL.Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")
    red, _, blue = picture.getpixel((56, 56))
    return RED if red > blue else BLUE


def large(body) -> Act:
    """Zooms once, then answers what the crop shows."""
    if "<tool_response>" not in texts(body):
        call = {"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [28, 28, 84, 84]}}
        return Act(f"<think>too small</think><tool_call>{json.dumps(call)}</tool_call>")
    red, _, blue = colour(body)
    return Act(f"<answer>{'A' if red > blue else 'B'}</answer>")


def run(capsys, data, tmp_path, big, *words):
    page = tmp_path / "result.json"
    output = tmp_path / "run"
    command = ["eval", "v-star", "--data", str(data), "--model", "openai:large", "--base-url", big.base_url]
    command += ["-o", str(output), "--json", str(page), *words]
    status = vidkit(command)
    said = capsys.readouterr()
    return (status, said.out + said.err), (json.loads(page.read_text()) if page.exists() else None), output


def funnel(server, k):
    small = ("draft.model=openai:small", f"draft.base_url={server.base_url}")
    return ("engine=speculative", *small, f"draft.k={k}")


def table(result):
    found = next(one for one in result["tables"] if one["name"] == "agents")
    return {row[0]: dict(zip(found["columns"], row, strict=True)) for row in found["rows"]}, found["note"]


def test_an_agent_zooms_and_answers(capsys, questions, tmp_path) -> None:
    with ScriptedServer(large) as big:
        done, result, output = run(capsys, questions, tmp_path, big, "engine=agent")
    assert done[0] == 0, done[1]
    rows, _ = table(result)
    assert rows["agent"] == {"answered by": "agent", "questions": 8, "model steps": 2.0, "with tools": 8,
                             "median s": rows["agent"]["median s"]}  # fmt: skip
    logged = [json.loads(line) for line in (output / "predictions.jsonl").read_text().splitlines()]
    assert logged[0]["meta"]["record"]["agent"]["steps"][0]["call"]["name"] == "image_zoom_in_tool"


def test_the_funnel_believes_what_is_sure_and_asks_the_agent_for_the_rest(
    capsys, questions, tmp_path
) -> None:
    with ScriptedServer(large) as big, ScriptedServer(small) as little:
        words = funnel(little, k=20)
        page = tmp_path / "page.html"
        done, result, output = run(capsys, questions, tmp_path, big, *words, "--html", str(page))
        assert done[0] == 0, done[1]
        html = page.read_text()
        assert html.count('class="box"') == 6 and html.count('class="run"') == 8
        assert re.search(r"""(src|href)=["']?http""", html) is None
        rows, note = table(result)
        assert (rows["draft"]["questions"], rows["agent"]["questions"]) == (2, 6)
        assert "beta = 0.50 of 8" in note and "alpha = 0.50 of 4 drafts" in note
        asked = len(big.requests), len(little.requests)
        again, _, _ = run(capsys, questions, tmp_path, big, *words)
        assert again[0] == 0 and (len(big.requests), len(little.requests)) == asked  # all was known
    logged = [json.loads(line) for line in (output / "predictions.jsonl").read_text().splitlines()]
    right = {
        f"{row['category']}-{row['question_id']}": row["label"]
        for row in map(json.loads, questions.read_text().splitlines())
    }
    assert {row["id"]: row["response"] for row in logged} == right


SURE = [("A", -0.1), ("B", -2.5), ("C", -5.0)]
PLACEHOLDERS = [("A", -0.1), ("B", -9999.0), ("C", -9999.0)]
FAULTS = {
    "refuses": (Act(status=500, text="no"), "2 without a draft: "),
    "torn": (Act(body=completion("A"), cut_at=20), "2 without a draft: "),
    "no json": (Act(body=b"<html>busy</html>"), "2 without a draft: "),
    "reset": (Act(reset=True), "2 without a draft: "),
    "slow": (Act(delay_s=30), "2 without a draft: "),
    "no log-probabilities": (
        Act(body=completion("A")),
        "2 drafts without a score: no score: the server gave",
    ),
    "two alternatives": (
        Act(body=completion("A", **tokens([("A", -0.1), ("B", -2.5)]))),
        "alternatives per token, the gate needs",
    ),
    "placeholders": (
        Act(body=completion("A", **tokens(PLACEHOLDERS))),
        "alternatives per token, the gate needs",
    ),
    "fewer in the draft than in the probe": (
        None,
        "2 drafts without a score: no score: an empty draft, or a token with fewer than three",
    ),
    "empty": (
        Act(body=completion("", logprobs={"content": []})),
        "2 drafts without a score: no score: an empty",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_the_small_model_does_the_agent_answers_and_it_is_counted(
    capsys, questions, tmp_path, fault
) -> None:
    act, told = FAULTS[fault]
    questions.write_text("\n".join(questions.read_text().splitlines()[:2]))  # every slow one is waited for
    words = ("server.attempts=1", "server.timeout_s=1.5", "draft.screen=none", "draft.stop_when_slower=false")

    def script(body) -> Act:
        if act is not None:
            return act
        has_picture = any(part["type"] == "image_url" for part in content(body))  # the probe has none
        return Act(body=completion("A", **tokens(PLACEHOLDERS if has_picture else [*SURE, ("D", -8.0)])))

    with ScriptedServer(large) as big, ScriptedServer(script) as little:
        done, result, _ = run(capsys, questions, tmp_path, big, *funnel(little, k=3), *words)
    if "the gate needs" in told:
        assert done[0] != 0 and told in done[1]
        return
    assert done[0] == 0, done[1]
    rows, note = table(result)
    assert rows["agent"]["questions"] == 2 and "draft" not in rows and told in note
    assert result["counts"]["missing"] == 0


def test_a_small_server_that_is_down_is_deferred_to_the_agent(capsys, questions, tmp_path) -> None:
    with ScriptedServer(small) as little:
        words = funnel(little, k=20)
    with ScriptedServer(large) as big:
        done, result, _ = run(capsys, questions, tmp_path, big, *words, "server.attempts=1")
    assert done[0] == 0 and "8 without a draft" in table(result)[1], done[1]


def test_a_server_with_too_few_alternatives_is_refused(capsys, questions, tmp_path) -> None:
    with ScriptedServer(large) as big, ScriptedServer(small) as little:
        words = funnel(little, k=64)
        done, _, _ = run(capsys, questions, tmp_path, big, *words)
    assert done[0] != 0
    assert "alternatives per token, the gate needs 64" in done[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("engine=speculative",), "needs a small model"),
        (("engine=agent", "agent.boxes=inches"), "agent.boxes=inches is unknown"),
        (("engine=agent", "agent.tools=[fly]"), "no tool of agents 'fly'"),
        (("engine=agent", "agent.dialect=latin"), "no dialect of agents 'latin'"),
        (("engine=agent", "agent.tools=[video_frames_tool]"), "hint: did you mean 'frames'?"),
        (("engine=agent", "agent.steps=0"), "agent.steps must be > 0, got 0 hint: change 'agent.steps'"),
        (("engine=agent", "agent.shown_px=0"), "must be >= 1, got 0 hint: change 'agent.shown_px'"),
        (("engine=speculative", "draft.model=s", "draft.k=1"), "must be >= 3, got 1 hint: change 'draft.k'"),
        (
            ("engine=speculative", "draft.model=s", "draft.kind=margn", "draft.threshold=3"),
            "error: draft.kind: unknown gate 'margn' hint: did you mean 'margin'? one of margin, paper",
        ),
        (("engine=speculative", "draft.model=s", "draft.screen=me"), "draft.screen=me is unknown"),
        (("engine=speculative", "draft.model=s", "draft.kind=best"), "unknown gate 'best'"),
        (("engine=speculative", "draft.model=s", "draft.gate=none.json"), "no gate file 'none.json'"),
        (("engine=speculative", "draft.model=s", "draft.threshold=nan"), "threshold must be in 0..1 for"),
        (
            ("engine=speculative", "draft.model=s", "draft.threshold=1.5"),
            "in 0..1 for the score 'margin', got 1.5",
        ),
        (
            ("engine=speculative", "draft.model=s", "draft.kind=entropy", "draft.threshold=0.5"),
            "threshold must be <= 0 for the score 'entropy', got 0.5",
        ),
        (("engine=speculative", "draft.model=s", "draft.break_even=2"), "break_even must be between 0 and 1"),
        (("engine=agent", "server.batch_size=0"), "batch_size must be >= 1, got 0"),
        (("engine=agent", "server.concurrency=-2"), "concurrency must be >= 1, got -2"),
        (("engine=agent", "server.attempts=0"), "attempts must be >= 1, got 0"),
        (("engine=agent", "server.timeout_s=0"), "timeout_s must be > 0 seconds, got 0"),
    ],
)
def test_settings_that_cannot_be_used_are_told_before_a_call(
    capsys, questions, tmp_path, words, told
) -> None:
    with ScriptedServer(large) as big:
        done, _, _ = run(capsys, questions, tmp_path, big, *words)
        assert done[0] == 2 and told in " ".join(done[1].split())
        assert not big.requests


def test_options_whose_first_is_right_are_asked_in_another_order(capsys, tmp_path) -> None:
    """The authors' own files of V* hold the right option first."""
    rows = []
    for number in range(12):
        PIL.Image.new("RGB", (56, 56), "white").save(tmp_path / f"s{number}.png")
        rows.append(
            {"category": "direct_attributes", "image": f"s{number}.png", "question": "What colour is it?",
             "options": ["white", "red", "blue", "green"]}
        )  # fmt: skip
    data = tmp_path / "v.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)))

    def knows(body) -> Act:
        letter = re.search(r"([A-D])[.)] white", texts(body))[1]
        return Act(f"<answer>{letter}</answer>")

    found = []
    for name, script in (("knows", knows), ("says A", lambda body: Act("<answer>A</answer>"))):
        (tmp_path / name).mkdir()
        with ScriptedServer(script) as big:
            done, result, _ = run(capsys, data, tmp_path / name, big, "engine=agent")
        assert done[0] == 0, done[1]
        found.append(result["accuracy"])
    assert found[0] == 100 and 0 < found[1] < 60  # A is right now and then, as every letter is


def test_a_funnel_that_does_not_pay_says_so(capsys, questions, tmp_path, caplog) -> None:
    rows = [json.loads(line) for line in questions.read_text().splitlines()]
    more = [{**rows[n % 8], "question_id": n, "category": "hard"} for n in range(80)]
    questions.write_text("\n".join(map(json.dumps, more)))

    def never_sure(body) -> Act:
        rest = [(f"t{n}", -9 - 0.1 * n) for n in range(18)]
        return Act(body=completion("A", **tokens([("A", -0.69), ("B", -0.7), *rest])))

    def plain(body) -> Act:
        return Act(f"<answer>{'A' if colour_of_patch(body) == RED else 'B'}</answer>")

    with ScriptedServer(plain) as big, ScriptedServer(never_sure) as little:
        words = (*funnel(little, k=20), "draft.screen=none", "draft.break_even=0.5", "server.concurrency=2")
        done, result, _ = run(capsys, questions, tmp_path, big, *words)
    assert done[0] == 0, done[1]
    told = "drafting stopped after 64 queries: 0% of the last 64 were believed, and it pays above 50%"
    assert told in done[1].replace("\n", " ") or told in caplog.text
    note = table(result)[1]
    assert re.search(rf"\b\d+ questions? not drafted: {re.escape(told)}", note), note
