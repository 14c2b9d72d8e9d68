"""What of a video a run sends: frames, sound, subtitles, whole clips; and what happens where it cannot."""

import json

import pytest
from made_clips import write_clip
from scripted_engine import FakeEngine, rows_of

from vidkit.evaluation.running import FrameBudget, RunOptions, run
from vidkit.evaluation.types import Item, Part, PartKind, Prompt, PromptMode, SubtitleMode, Visuals
from vidkit.serving import Audio, Image, Text, Video


class Shows:
    """One video a question, every kind of part."""

    kinds = (PartKind.FRAMES, PartKind.AUDIO)

    def items(self, rows):
        for row in rows:
            yield Item(row["id"], row["video"], "What?", ("x", "y"))

    def visuals(self, item):
        return Visuals(video=f"{item.group}.mp4", subtitles=f"{item.group}.jsonl", audio=True)

    def prompt(self, item, mode):
        if mode.subtitles is SubtitleMode.INTERLEAVE:
            parts = (Part(PartKind.FRAMES_WITH_SUBTITLES),)
        elif mode.subtitles is SubtitleMode.SUBS:
            parts = (Part(PartKind.FRAMES), Part(PartKind.SUBTITLES))
        else:
            parts = tuple(Part(kind) for kind in self.kinds)
        return Prompt((*parts, Part(PartKind.TEXT, "Answer.")))


@pytest.fixture
def media(tmp_path):
    folder = tmp_path / "media"
    write_clip(folder / "v1.mp4", seconds=2, fps=10)
    (folder / "broken.mp4").write_bytes(b"no video")
    words = [("Hi.", 0.1, 0.4), ("You", 1.2, 1.4)]
    lines = [json.dumps({"text": text, "start_time": a, "end_time": b}) for text, a, b in words]
    (folder / "v1.jsonl").write_text("\n".join(lines))
    return folder


def shown(media, tmp_path, rows=({"id": "a", "video": "v1"},), **options):
    engine = FakeEngine()
    options = RunOptions(**{"media": media, "budget": FrameBudget(count=3), **options})
    summary = run(Shows(), rows, engine, tmp_path / "run", options)
    return engine, summary


def test_undecodable_video_fails_its_items_and_the_run_goes_on(media, tmp_path, caplog):
    rows = [{"id": f"{video}-{k}", "video": video} for video in ("v1", "broken", "gone") for k in (1, 2)]
    engine, summary = shown(media, tmp_path, rows)
    assert (summary.items, summary.answered, summary.failed) == (6, 2, 4)
    assert summary.failures_by_kind == {"media": 4}
    names = dict(summary.failures)
    assert "as a video" in names["broken-1"]
    assert "broken.mp4" in names["broken-1"]
    assert "no video" in names["gone-2"]
    assert len(engine.requests) == 2
    assert [row["id"] for row in rows_of(summary.predictions)] == [row["id"] for row in rows]


def test_frames_and_sound_are_sent(media, tmp_path):
    engine, summary = shown(media, tmp_path)
    kinds = [type(part) for part in engine.requests[0].messages[0].parts]
    assert kinds == [Image, Image, Image, Audio, Text]
    (row,) = rows_of(summary.predictions)
    assert row["meta"]["frames"] == 3
    assert row["meta"]["decoder"].startswith("pyav")


def test_whole_clip_is_sent(media, tmp_path):
    engine, _ = shown(media, tmp_path, whole_clips=True)
    kinds = [type(part) for part in engine.requests[0].messages[0].parts]
    assert kinds == [Video, Text]  # the clip brings its sound along
    assert engine.requests[0].messages[0].parts[0].data == (media / "v1.mp4").read_bytes()


def test_subtitles_as_one_text(media, tmp_path):
    engine, _ = shown(media, tmp_path, mode=PromptMode(subtitles=SubtitleMode.SUBS))
    *frames, text = engine.requests[0].messages[0].parts
    assert [type(part) for part in frames] == [Image] * 3
    assert text == Text("Hi. You\nAnswer.")


def test_subtitles_between_frames(media, tmp_path):
    engine, _ = shown(media, tmp_path, mode=PromptMode(subtitles=SubtitleMode.INTERLEAVE))
    parts = engine.requests[0].messages[0].parts
    # frames at 0.5, 1.0 and 1.5 s: the first word ended before all of them
    assert [part.text if isinstance(part, Text) else "frame" for part in parts] == [
        "frame",
        "frame",
        "[Subtitle 1.20s - 1.40s]: You",
        "frame",
        "Answer.",
    ]


def test_black_frames_keep_the_sound(media, tmp_path):
    engine, _ = shown(media, tmp_path, mode=PromptMode(modality="amv"))
    image, *_, audio, _ = engine.requests[0].messages[0].parts
    assert image.to_pil().getextrema() == ((0, 0),) * 3
    assert isinstance(audio, Audio)


def test_questions_of_one_video_decode_it_once(media, tmp_path, monkeypatch):
    from vidkit.evaluation.running import media as media_module

    decoded = []
    real = media_module.read_frames
    monkeypatch.setattr(
        media_module, "read_frames", lambda path, *rest: decoded.append(path) or real(path, *rest)
    )
    shown(media, tmp_path, [{"id": f"v1-{k}", "video": "v1"} for k in range(8)])
    assert len(decoded) == 1


def test_own_frame_picker_is_used(media, tmp_path):
    class Last:
        name = "last"

        def pick(self, path, query, count, start_s, end_s):
            return [19 - count, 19], {"query": query}

    engine, summary = shown(media, tmp_path, picker=Last())
    assert len(engine.requests[0].messages[0].parts) == 4
    (row,) = rows_of(summary.predictions)
    assert row["meta"]["selection"] == {"query": "What?"}


def test_the_video_behind_the_frames_is_known_unless_pictures_are_kept_back(media, tmp_path):
    engine, _ = shown(media, tmp_path)
    clip = engine.requests[0].clip
    assert (clip.path, clip.start_s) == (media / "v1.mp4", 0.0)
    assert clip.length_s == pytest.approx(2.0) and len(clip.times_s) == 3
    hidden, _ = shown(media, tmp_path / "black", mode=PromptMode(modality="amv"))
    assert hidden.requests[0].clip is None  # an agent must not look behind black pictures
