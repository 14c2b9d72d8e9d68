"""Scenes for agents: every answer follows from what is drawn, and is the only one."""

import pytest
import torch

from vidkit.synthetic.zoom_scenes.drawing import cropped, draw_pictures, shrunk
from vidkit.synthetic.zoom_scenes.layout import CELLS, CELLS_PER_SIDE, CROP, SIDE, STRIDE, is_held_out
from vidkit.synthetic.zoom_scenes.questions import KINDS, STRATA, draw_questions
from vidkit.synthetic.zoom_scenes.words import COLOURS, LETTERS, RGB, SHAPES, WORDS, text_of


def objects_of(questions, place: int) -> list[dict]:
    scenes = questions.scenes
    return [
        {
            "x": scenes.x[place, n].item(),
            "y": scenes.y[place, n].item(),
            "size": scenes.size[place, n].item(),
            "colour": COLOURS[scenes.colour[place, n]],
            "shape": SHAPES[scenes.shape[place, n]],
            "letter": LETTERS[scenes.letter[place, n]],
        }
        for n in range(scenes.x.shape[1])
        if scenes.exists[place, n]
    ]


def answered(question: str, objects: list[dict]) -> set[str]:
    """All answers a careful reader of the scene could give."""
    words = question.split()
    if words[:2] == ["what", "colour"]:
        shape = next(word for word in words if word in SHAPES)
        return {one["colour"] for one in objects if one["shape"] == shape}
    if words[:2] in (["what", "shape"], ["which", "letter"]):
        colour = next(word for word in words[: words.index("?")] if word in COLOURS)
        return {one[words[1]] for one in objects if one["colour"] == colour}
    if words[:2] == ["is", "there"]:
        return {
            "yes" if any((one["colour"], one["shape"]) == (words[3], words[4]) for one in objects) else "no"
        }
    if words[0] == "is":
        pair = []
        for colour, shape in ((words[2], words[3]), (words[6], words[7])):
            found = [one for one in objects if (one["colour"], one["shape"]) == (colour, shape)]
            assert len(found) == 1, question
            pair += found
        axis, sign = {"left": ("x", 1), "right": ("x", -1), "above": ("y", 1), "below": ("y", -1)}[words[4]]
        gap = sign * (pair[0][axis] - pair[1][axis])
        return {"yes" if gap < 0 else "no"}
    axis, sign = {"leftmost": ("x", 1), "rightmost": ("x", -1), "topmost": ("y", 1), "bottommost": ("y", -1)}[
        words[3]
    ]
    first = min(objects, key=lambda one: sign * one[axis])
    return {f"{first['colour']} {first['shape']}"}


def test_every_answer_follows_from_the_scene() -> None:
    questions = draw_questions(11, 1500)
    seen = set()
    for place in range(1500):
        question, answer = (
            text_of(questions.tokens[place].tolist()),
            text_of(questions.answer[place].tolist()),
        )
        kind = KINDS[questions.kind[place]]
        assert answered(question, objects_of(questions, place)) == {answer}, (question, answer)
        if kind in ("colour", "shape", "letter"):
            options = question.split()[-4:]
            assert len(set(options)) == 4 and answer in options
        seen.add(kind)
    assert seen == set(KINDS)


def test_yes_and_no_and_options_are_balanced() -> None:
    questions = draw_questions(12, 6000)
    for kind in ("relation", "existence"):
        said = [WORDS[a] for a in questions.answer[questions.kind == KINDS.index(kind), 0]]
        assert abs(said.count("yes") / len(said) - 0.5) < 0.06, kind
    letters = questions.kind == KINDS.index("letter")
    options = questions.tokens[letters][:, 7:]
    place = (options == questions.answer[letters, :1]).float().argmax(1)
    assert torch.bincount(place, minlength=4).float().div(len(place)).sub(0.25).abs().max() < 0.05


def test_adversarial_negatives_have_both_attributes_apart() -> None:
    questions, count = draw_questions(13, 4000), 0
    for place in range(4000):
        stratum = STRATA[questions.stratum[place]]
        is_no = text_of(questions.answer[place].tolist()) == "no"
        if KINDS[questions.kind[place]] == "existence" and is_no and stratum == "adversarial":
            words, objects = text_of(questions.tokens[place].tolist()).split(), objects_of(questions, place)
            assert any(one["colour"] == words[3] for one in objects)
            count += any(one["shape"] == words[4] for one in objects)
    assert count > 60


def test_objects_do_not_touch_and_lie_inside() -> None:
    questions = draw_questions(14, 200)
    for place in range(200):
        objects = objects_of(questions, place)
        assert len(objects) >= 3
        for n, a in enumerate(objects):
            assert a["size"] / 2 <= min(a["x"], a["y"]) and max(a["x"], a["y"]) <= SIDE - a["size"] / 2
            for b in objects[:n]:
                gap = max(abs(a["x"] - b["x"]), abs(a["y"] - b["y"])) - (a["size"] + b["size"]) / 2
                assert gap > 0


def test_a_seed_gives_the_same_pictures() -> None:
    first, second = (draw_pictures(draw_questions(15, 3)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, draw_pictures(draw_questions(16, 3)))


def test_objects_are_drawn_where_they_lie_and_a_crop_shows_them_at_full_size() -> None:
    questions = draw_questions(17, 8)
    pictures, scenes = draw_pictures(questions), questions.scenes
    assert pictures.shape == (8, SIDE, SIDE, 3)
    sizes = scenes.size.masked_fill(~scenes.exists, 0)
    chosen = ((sizes > 20) & (sizes < 60)).nonzero().tolist()
    assert len(chosen) > 10
    for place, thing in chosen:
        x, y, size = (values[place, thing].item() for values in (scenes.x, scenes.y, scenes.size))
        top, left, side = round(y - size / 2), round(x - size / 2), round(size)
        box = pictures[place, top : top + side, left : left + side]
        near = (box - torch.tensor(RGB[scenes.colour[place, thing]])).abs().amax(2) < 0.1
        assert near.float().mean() > 0.12, (place, thing)  # a star is the thinnest
        cell = int(questions.covers[place, thing].float().argmax())
        assert questions.covers[place, thing, cell]
        crop = cropped(pictures[place : place + 1], torch.tensor([cell]))[0].permute(1, 2, 0)
        x0, y0 = (cell % CELLS_PER_SIDE) * STRIDE, (cell // CELLS_PER_SIDE) * STRIDE
        assert torch.equal(crop, pictures[place, y0 : y0 + CROP, x0 : x0 + CROP])
        assert torch.equal(crop[top - y0 :, left - x0 :][:side, :side], box)


@pytest.mark.parametrize("side", [96, 128])
def test_shrinking_keeps_the_mean(side: int) -> None:
    pictures = draw_pictures(draw_questions(18, 2))
    small = shrunk(pictures, side)
    assert small.shape == (2, 3, side, side)
    torch.testing.assert_close(small.mean(dim=(2, 3)), pictures.mean(dim=(1, 2)), atol=1e-4, rtol=0)


def test_needs_are_what_the_shrunk_picture_hides() -> None:
    questions = draw_questions(19, 3000)
    needs = questions.need.any(1)
    assert 0.4 < needs.float().mean() < 0.65
    assert (questions.need & ~questions.relevant).sum() == 0
    letters = questions.kind == KINDS.index("letter")
    assert torch.equal(needs[letters], questions.key[letters] < 56)
    small = questions.need & (questions.scenes.size < CROP - 64)
    assert questions.covers[small].any(1).all() and questions.covers.shape[2] == CELLS


def test_one_seed_in_ten_is_held_out() -> None:
    assert 0.08 < sum(map(is_held_out, range(5000))) / 5000 < 0.12
