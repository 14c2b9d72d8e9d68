"""Every benchmark of pictures with agents and funnels, raced or not, on local servers; killed and resumed."""

import base64
import io
import json
import os
import random
import signal
import time

import PIL.Image
import pytest
import vidkit_process
from scripted_server import Act, ScriptedServer, completion

from vidkit.cli.main import run as vidkit

NAMES = ("v-star", "hr-bench", "pope")
TOTAL = 12


def picture(number: int) -> PIL.Image.Image:
    made = PIL.Image.new("RGB", (448, 448), "white")
    made.paste((255, 0, 0) if number % 2 else (0, 0, 255), (28, 28, 112, 112))
    return made


def encoded(number: int) -> str:
    buffer = io.BytesIO()
    picture(number).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def rows(name: str, total: int) -> list[dict]:
    found = []
    for n in range(total):
        red, kind = n % 2 == 1, "easy" if n < total // 2 else "hard"
        question = f"Is the {kind} patch red?" if name == "pope" else f"What colour is the {kind} patch?"
        row = {"question_id": n, "category": kind, "question": question}
        if name == "v-star":
            row |= {
                "text": f"{question}\n(A) red\n(B) blue\nAnswer with the letter.",
                "label": "A" if red else "B",
            }
            row |= {"image": f"p{n}.png"}
        elif name == "hr-bench":
            row |= {
                "index": n,
                "A": "red",
                "B": "blue",
                "C": "grey",
                "D": "black",
                "answer": "A" if red else "B",
            }
            row |= {"cycle_category": "1", "image": encoded(n)}
        else:
            row |= {"answer": "yes" if red else "no", "image_source": f"s{n}", "image": encoded(n)}
        found.append(row)
    return found


def seen(body, place=-1) -> tuple[bool, str, bool]:
    """Whether the picture's patch is red, all text, and whether a crop was shown."""
    parts, texts = [], []
    for message in body["messages"]:
        content = (
            message["content"] if isinstance(message["content"], list) else [{"text": message["content"]}]
        )
        parts += [part for part in content if part.get("type") == "image_url"]
        texts += [part.get("text", "") for part in content]
    if not parts:  # a probe
        return False, "\n".join(texts), False
    data = base64.b64decode(parts[place]["image_url"]["url"].partition(",")[2])
    image = PIL.Image.open(io.BytesIO(data)).convert("RGB")
    spot = (image.width // 2, image.height // 2) if len(parts) > 1 else (70, 70)
    red, _, blue = image.getpixel(spot)
    return red > blue, "\n".join(texts), len(parts) > 1


def said(body, is_red: bool) -> str:
    if "patch red?" in seen(body)[1]:
        return "yes" if is_red else "no"
    return "A" if is_red else "B"


def large(body) -> Act:
    is_red, _, is_crop = seen(body)
    if not is_crop:
        call = {"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [28, 28, 112, 112]}}
        return Act(f"<think>small</think><tool_call>{json.dumps(call)}</tool_call>", delay_s=0.01)
    return Act(f"<answer>{said(body, is_red)}</answer>", delay_s=0.01)


def tokens(text: str, other: float) -> dict:
    rest = [(f"t{n}", -9 - 0.1 * n) for n in range(18)]
    top = [{"token": t, "logprob": p} for t, p in ((text, -0.001), ("other", other), *rest)]
    return {"logprobs": {"content": [{"token": text, "logprob": -0.001, "top_logprobs": top}]}}


def small(body) -> Act:
    is_red, text, _ = seen(body)
    if "closer look" in text:
        word = "no" if "easy" in text else "yes"
        return Act(body=completion(word, **tokens(word, -8.0)))
    word = said(body, is_red)
    return Act(body=completion(word, **tokens(word, -7.0 if is_red else -0.7)))


def written(tmp_path, name: str, total: int = TOTAL):
    for n in range(total):
        picture(n).save(tmp_path / f"p{n}.png")
    data = tmp_path / f"{name}.jsonl"
    data.write_text("\n".join(map(json.dumps, rows(name, total))))
    return data


def words(data, name, big, little, engine, output) -> list[str]:
    found = ["eval", name, "--data", str(data), "--model", "openai:large", "--base-url", big.base_url]
    found += [f"engine={engine}", "-o", str(output), "resamples=100"]
    if engine == "speculative":
        found += ["draft.model=openai:small", f"draft.base_url={little.base_url}", "draft.k=20"]
        found += ["draft.stop_when_slower=false"]
    return found


def answers(output) -> dict[str, tuple]:
    lines = (output / "predictions.jsonl").read_text().splitlines()
    found = map(json.loads, lines)
    return {row["id"]: (row["response"], row["meta"]["record"]["by"]) for row in found}


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_with_every_engine(tmp_path, name) -> None:
    data = written(tmp_path, name)
    with ScriptedServer(large) as big, ScriptedServer(small) as little:
        found = {}
        for engine, more in (
            ("agent", ["agent.foresight=centre"]),
            ("speculative", []),
            ("speculative", ["draft.race=true"]),
        ):
            output, page = tmp_path / f"{engine}{len(more)}", tmp_path / "page.json"
            asked = [*words(data, name, big, little, engine, output), *more, "--json", str(page)]
            assert vidkit(asked) == 0
            result = json.loads(page.read_text())
            assert result["counts"]["missing"] == 0 and result["accuracy"] == 100
            figures = result["agents"]
            assert figures["questions"] == TOTAL and figures["endings"].keys() <= {"answered"}
            found[output.name] = answers(output)
            if engine == "speculative":
                assert figures["beta"] == 0.5 and figures["alpha"] == 0.5 and figures["depth"] == 2
                assert figures["seconds"]["draft"] > 0 and figures["seconds"]["agent"] > 0
    assert found["speculative0"] == found["speculative1"]  # who is quicker decides nothing
    assert sum(by == "draft" for _, by in found["speculative0"].values()) == TOTAL // 4


def killed_at_random(tmp_path, kills: int, total: int, seed: int = 0) -> tuple[dict, dict, int]:
    """Answers of a run that was killed so many times, of one that was not, and the kills that hit."""
    data, draw, hits = written(tmp_path, "v-star", total), random.Random(seed), 0
    with ScriptedServer(large) as big, ScriptedServer(small) as little:
        assert vidkit(words(data, "v-star", big, little, "speculative", tmp_path / "whole")) == 0
        again = words(data, "v-star", big, little, "speculative", tmp_path / "k")
        for _ in range(kills):
            before = len(little.requests)
            process = vidkit_process.start([*again, "server.concurrency=1"])
            ends = time.monotonic() + 300
            while len(little.requests) == before and process.poll() is None and time.monotonic() < ends:
                time.sleep(0.005)
            time.sleep(draw.uniform(0, 0.08))
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                hits += 1
            process.wait()
            if (tmp_path / "k" / "predictions.jsonl").exists():
                break
        assert vidkit(again) == 0
    return answers(tmp_path / "k"), answers(tmp_path / "whole"), hits


def test_a_funnel_that_is_killed_goes_on_to_the_same_answers(tmp_path) -> None:
    kills = int(os.environ.get("VIDKIT_KILLS", "2"))  # 50 for a soak
    total = max(TOTAL, kills)
    killed, whole, hits = killed_at_random(tmp_path, kills, total)
    assert killed == whole and len(killed) == total
    assert hits >= min(kills, 1)
