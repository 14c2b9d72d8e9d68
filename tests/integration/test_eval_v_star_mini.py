"""`vidkit eval v-star-mini`: the set that is drawn, asked with embedded models of random weights."""

import asyncio
import json

import pytest
import torch

from vidkit.agents.pair.conversation import cell_box, read_conversation
from vidkit.agents.pair.engine import PairEngine
from vidkit.agents.pair.folder import save_model
from vidkit.agents.pair.network import PairConfig, PairNetwork
from vidkit.agents.pair.running import draft, run_agent
from vidkit.cli.main import run as vidkit
from vidkit.evaluation.task import load_task
from vidkit.evaluation.tasks import v_star_mini
from vidkit.evaluation.tasks.v_star_mini.questions import rows_of
from vidkit.evaluation.tasks.v_star_mini.recipe import Recipe
from vidkit.serving.messages import Image, Message, Request
from vidkit.synthetic.zoom_scenes.drawing import draw_pictures
from vidkit.synthetic.zoom_scenes.layout import split_of
from vidkit.synthetic.zoom_scenes.questions import LENGTH, draw_questions
from vidkit.synthetic.zoom_scenes.single import question_tokens
from vidkit.synthetic.zoom_scenes.words import text_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Weights of a tiny pair."""
    place = tmp_path_factory.mktemp("pair")
    torch.manual_seed(3)
    for name in ("small", "large"):
        config = PairConfig(view=64, width=32, depth=3, heads=2, can_zoom=name == "large")
        save_model(PairNetwork(config), place / f"{name}.safetensors", {})
    return place


def rows(split="test", scenes=20):
    return rows_of(Recipe(split, scenes))


def test_rows_have_every_order_of_their_options() -> None:
    found = rows(scenes=40)
    orders: dict[int, list] = {}
    for row in found:
        orders.setdefault(row["scene"], []).append(row)
        assert split_of(row["scene"]) == "test" and len(set(row["options"])) == len(row["options"])
    for same in orders.values():
        if same[0]["options"] in (["yes", "no"], ["no", "yes"]):
            assert len(same) == 1
            continue
        texts = {row["options"]["ABCD".index(row["answer"])] for row in same}
        assert len(texts) == 1 and sorted(row["answer"] for row in same) == list("ABCD")
    assert {row["kind"] for row in found} >= {"letter", "shape", "existence", "relation"}


def test_splits_share_no_scene() -> None:
    seen = [{row["scene"] for row in rows(split)} for split in ("train", "calibrate", "test")]
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])


def test_words_become_the_tokens_that_were_drawn() -> None:
    for row in rows(scenes=30):
        drawn = draw_questions(row["scene"], 1)
        if row["order"] == "1":
            tokens = question_tokens(row["question"], tuple(row["options"]), LENGTH)
            assert torch.equal(tokens, drawn.tokens[0])
            assert row["options"]["ABCD".index(row["answer"])] == text_of(drawn.answer[0].tolist())


def asked(row) -> Request:
    picture = Image.from_bytes(v_star_mini.visuals(next(v_star_mini.items([row]))).images[0])
    listed = [f"{letter}. {text}" for letter, text in zip("ABCD", row["options"], strict=False)]
    return Request((Message.of("user", picture, "\n".join([row["question"], *listed])),), top_logprobs=64)


def test_engines_say_what_the_networks_say(folder) -> None:
    asyncio.run(_compared(folder))


async def _compared(folder) -> None:
    few = [row for row in rows(scenes=4) if row["order"] == "1"]
    small, large = (PairEngine(name, folder, "cpu") for name in ("small", "large"))
    for row in few:
        drawn = draw_questions(row["scene"], 1)
        pictures = (draw_pictures(drawn) * 255).round() / 255
        expected = draft(small._model, pictures, drawn.tokens)
        request = asked(row)
        reply = await small.generate(request)
        assert reply.tokens is not None and len(reply.tokens[0].top) == 64
        best = expected.logits[0].log_softmax(-1).max(-1).values
        assert reply.tokens[0].logprob == pytest.approx(best[0].item(), abs=1e-4)
        assert await small.tool_free(request) == pytest.approx(expected.tool_free[0].item(), abs=1e-5)
        assert small.forwards == few.index(row) + 1  # the screen and the draft share one look
        first = run_agent(large._model, pictures, drawn.tokens).first[0].log_softmax(-1).max(-1).values
        said = await large.generate(request)
        assert said.tokens is not None
        assert said.tokens[0].logprob == pytest.approx(first[0].item(), abs=1e-4)
    for engine in (small, large):
        await engine.aclose()


def test_a_conversation_with_crops_is_read() -> None:
    row = next(row for row in rows() if row["kind"] == "letter")
    request = asked(row)
    crop = Image.from_pil(request.messages[0].parts[0].to_pil().crop(tuple(cell_box(9))), lossless=True)
    call = json.dumps({"name": "image_zoom_in_tool", "arguments": {"bbox_2d": cell_box(9)}})
    turns = (
        Message.of("system", "tools: image_zoom_in_tool"),
        *request.messages,
        Message.of("assistant", f"<tool_call>{call}</tool_call>"),
        Message.of("user", "<tool_response>", crop),
    )
    found = read_conversation(Request(turns))
    assert found.has_tool and [one.cell for one in found.crops] == [9]
    assert torch.equal(found.crop_pixels(0).permute(1, 2, 0), found.pixels()[64:192, 128:256])
    for words in ("What is love?", "no question", "What shape is the red thing?"):
        with pytest.raises(ValueError):
            read_conversation(Request((Message.of("user", request.messages[0].parts[0], words),)))


def evaluated(folder, tmp_path, engine, *words):
    tmp_path.mkdir(exist_ok=True)
    recipe = tmp_path / "few.json"
    recipe.write_text('{"split": "test", "scenes": 6}')
    page, output = tmp_path / f"{engine}.json", tmp_path / engine
    command = ["eval", "v-star-mini", "--data", str(recipe), f"engine={engine}", "-o", str(output)]
    status = vidkit([*command, f"server.options.folder={folder}", "--json", str(page), *words])
    return status, json.loads(page.read_text()) if page.exists() else None, output


@pytest.mark.parametrize("engine", ["direct", "agent", "speculative"])
def test_every_engine_needs_nothing_but_the_name(folder, tmp_path, engine) -> None:
    words = ("draft.kind=paper", "draft.threshold=0.2", "draft.screen_above=0.4", "prices.large_out=2")
    status, result, output = evaluated(folder, tmp_path, engine, *words)
    assert status == 0 and result["counts"]["items"] == len(rows(scenes=6))
    assert result["counts"]["missing"] == 0 and result["run_summary"]["failed"] == 0
    log = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    assert all(row["latency_s"] > 0 for row in log)
    if engine == "direct":
        assert "agents" not in result and result["run"]["model"]["model"] == "pair:small"
        return
    figures = result["agents"]
    assert figures["questions"] == result["counts"]["items"] and figures["cost"] is not None
    assert figures["tokens"]["large_out"] > 0 or figures["alpha"] == 1
    if engine == "agent":
        assert figures["endings"] == {"answered": figures["questions"]} and figures["depth"] >= 1
    else:
        assert figures["beta"] is not None and figures["seconds"]["screen"] > 0
    before = (output / "log.jsonl").read_bytes()
    assert evaluated(folder, tmp_path, engine, *words)[0] == 0
    assert (output / "log.jsonl").read_bytes() == before  # resumed: nothing was asked again


@pytest.mark.parametrize(
    ("engine", "word"),
    [("agent", "agent.seconds=200"), ("agent", "agent.tool_seconds=7"), ("agent", "agent.tokens=99"),
     ("speculative", "draft.screen_above=0.7"), ("speculative", "draft.break_even=0.4"),
     ("speculative", "draft.stop_when_slower=false")],
)  # fmt: skip
def test_a_run_is_continued_with_the_same_limits_only(folder, tmp_path, capsys, engine, word) -> None:
    assert evaluated(folder, tmp_path, engine)[0] == 0
    capsys.readouterr()
    assert evaluated(folder, tmp_path, engine, word)[0] == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "was begun with model." in told and word.partition("=")[2].replace("false", "never") in told


@pytest.mark.parametrize(
    ("word", "told"),
    [("agent.tools=[]", "lacks it (got none) hint: give agent.tools=[zoom]"),
     ("agent.tools=[frames]", "lacks it (got frames)"), ("agent.tools=[python]", "lacks it (got python)"),
     ("agent.dialect=python_block", "calls tools in hermes_text alone")],
)  # fmt: skip
def test_what_the_pair_never_learnt_is_refused(folder, tmp_path, capsys, word, told) -> None:
    status, _, output = evaluated(folder, tmp_path, "agent", word)
    assert status == 2 and told in " ".join(capsys.readouterr().err.split()) and not output.exists()


def test_engines_have_folders_of_their_own(folder, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "few.json").write_text('{"split": "test", "scenes": 1}')
    for engine in ("agent", "speculative", "direct"):
        words = [f"engine={engine}", f"server.options.folder={folder}"]
        assert vidkit(["eval", "v-star-mini", "--data", "few.json", *words]) == 0
    found = sorted(one.name for one in (tmp_path / "outputs" / "eval").iterdir())
    assert found == [f"v-star-mini-pair-{name}" for name in ("large-agent", "large-speculative", "small")]


def test_a_gate_is_of_its_own_weights(folder, tmp_path) -> None:
    """The shipped gate says nothing of other weights; a gate beside them is theirs."""
    place = tmp_path / "weights"
    place.mkdir()
    for file in folder.iterdir():
        (place / file.name).symlink_to(file)
    gates = []
    for kind in (None, "entropy"):
        if kind is not None:
            own = {"form": "vidkit gate 1", "model": "pair:small", "task": "v-star-mini", "k": 64}
            own |= {"kind": kind, "threshold": -0.2, "risk": 0.1, "delta": 0.1, "count": 5}
            own |= {"coverage": 0.5, "accuracy": 1}
            (place / "gate.json").write_text(json.dumps(own))
        _, result, _ = evaluated(place, tmp_path / str(kind), "speculative")
        gates.append(result["run"]["model"]["gate"])
    assert gates == ["margin > 0.98 at K = 64", "entropy > -0.2 at K = 64"]


@pytest.mark.parametrize(
    ("text", "told"),
    [('{"split": "exam", "scenes": 3}', "split is 'exam'"), ('{"split": "test", "scenes": 0}', "scenes must"),
     ('{"split": "test"}', "scenes must"), ("[1]", "not a recipe"), ("{", "not a recipe")],
)  # fmt: skip
def test_recipes_that_cannot_be(tmp_path, capsys, text, told) -> None:
    file = tmp_path / "r.json"
    file.write_text(text)
    assert vidkit(["eval", "v-star-mini", "--data", str(file), "engine=agent"]) != 0
    assert told in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [(["--model", "pair:huge"], "the pair has no model 'huge'"),
     (["server.options.folder=/nowhere"], "no weights of pair:small in '/nowhere'"),
     (["server.options.depth=3"], "has no option 'depth'"), (["prices.beer=3"], "prices.beer is unknown")],
)  # fmt: skip
def test_models_that_do_not_ship(capsys, tmp_path, words, told) -> None:
    assert vidkit(["eval", "v-star-mini", "-o", str(tmp_path / "o"), *words]) != 0
    assert told in " ".join(capsys.readouterr().err.split())


def test_the_title_and_the_tables() -> None:
    from vidkit.config.catalog import builtin_dir

    task = load_task("v-star-mini", [builtin_dir() / "eval" / "tasks"])
    assert task.functions.OWN_DATA.endswith("test.json") and not task.functions.BUDGETED


def test_a_recipe_is_a_line_of_json_by_either_suffix(tmp_path) -> None:
    recipe = '{"split": "calibrate", "scenes": 3, "orders": 1}\n'
    found = []
    for name in ("a.json", "a.jsonl"):
        (tmp_path / name).write_text(recipe)
        found.append(list(v_star_mini.rows_in(tmp_path / name)))
    assert found[0] == found[1] and len({row["scene"] for _, row in found[0]}) == 3
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for _, row in found[0]))
    assert [row for _, row in v_star_mini.rows_in(tmp_path / "rows.jsonl")] == [row for _, row in found[0]]


@pytest.mark.parametrize("place", ["file", "file/sub"])
def test_a_file_where_the_runs_folder_would_be_is_named(tmp_path, capsys, place) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "a.json").write_text('{"split": "test", "scenes": 1}')
    words = ["eval", "v-star-mini", "--data", str(tmp_path / "a.json"), "engine=direct"]
    assert vidkit([*words, "-o", str(tmp_path / place)]) == 2
    assert "is not a folder" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"
