"""What moves from step to step, and how."""

import algoviz_traces as made

from vidkit.algoviz import trace_of
from vidkit.algoviz.scene.film import Film
from vidkit.algoviz.scene.look import Look
from vidkit.algoviz.scene.motion import between
from vidkit.algoviz.scene.pacing import faster, look_for
from vidkit.algoviz.scene.reading import story_of


def film_of(raw: made.Json) -> Film:
    return Film(story_of(trace_of(raw)), Look())


def test_swapped_values_change_places_on_arcs():
    film = film_of(made.trace(made.array([1, 2, 3]), [made.swap([1, 2, 3], 0, 2)]))
    before, after = film.scene(0), film.scene(1)
    assert after.moves == {"value:main:0": "value:main:2", "value:main:2": "value:main:0"}
    middle = {shape.id: shape for shape in between(before, after, 0.5)}
    right, left = middle["value:main:0"], middle["value:main:2"]
    assert abs(right.centre[0] - left.centre[0]) < 1
    assert abs(right.y - left.y) > right.h, "they pass above and below each other"


def test_overwritten_value_does_not_move():
    film = film_of(
        made.trace(made.array([1, 2, 3]), [made.op("updateValues", updates=[{"index": 0, "value": 3}])])
    )
    assert film.scene(1).moves == {}
    assert film.scene(1).changed == ("value:main:0",)


def test_entries_of_a_queue_keep_their_identity_when_the_first_leaves():
    film = film_of(made.stack_and_queue())
    ids = [
        [s.id for s in film.scene(k).shapes if s.id.startswith("item:aux.q") and s.kind == "rect"]
        for k in (1, 2)
    ]
    assert len(ids[0]) == 2
    assert ids[1] == ids[0][1:]


def test_ends_of_a_movement_are_the_steps_themselves():
    film = film_of(made.bubble_sort([3, 1, 2]))
    before, after = film.scene(1), film.scene(2)
    assert between(before, after, 1.0) == list(after.shapes)
    start = {(shape.text, shape.box) for shape in between(before, after, 0.0)}
    assert start == {(shape.text, shape.box) for shape in before.shapes}


def test_new_comments_can_be_read():
    film = film_of(made.trace(made.array([1]), [made.op("showComment", text="x" * 45, anchor="global")], []))
    assert film.timing(1).stands_s == 3.0
    assert film.timing(2).stands_s == film.look.pause_s


def test_long_traces_go_faster():
    theme = Look().theme
    assert look_for(10, theme).transition_s > look_for(400, theme).transition_s
    assert faster(look_for(10, theme), 2).pause_s == look_for(10, theme).pause_s / 2
