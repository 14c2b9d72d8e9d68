"""`vidkit bench vbench`: scores computed by hand, totals of official files, stand-ins, bad input."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel, ViTConfig, ViTModel

from vidkit.bench.vbench import comparing, scoring
from vidkit.bench.vbench.dimensions import DIMENSIONS, LIKE, coefficients, total_of
from vidkit.bench.vbench.official import Results, Scores, prompt_of, read_results
from vidkit.cli.main import run
from vidkit.video.writing import write_mp4

CPU = torch.device("cpu")


def clip_of(frames: np.ndarray, per_second: float = 8.0) -> scoring.Clip:
    return scoring.Clip(Path("x.mp4"), frames.astype(np.uint8), per_second)


def flat(*values: int, side: int = 64) -> np.ndarray:
    return np.stack([np.full((side, side, 3), value, np.uint8) for value in values])


def test_flickering_is_the_mean_difference_of_neighbours() -> None:
    # |110 - 100| and |90 - 110| on the mean: 15 of 255
    assert scoring.temporal_flickering(clip_of(flat(100, 110, 90))).value == pytest.approx(1 - 15 / 255)
    assert scoring.temporal_flickering(clip_of(flat(0, 255))).value == 0
    assert scoring.temporal_flickering(clip_of(flat(7, 7, 7))).value == 1


def test_smoothness_is_the_error_of_the_frames_between() -> None:
    # frames 1 and 3 are predicted as 105 and 120: errors 5 and 20
    made = scoring.motion_smoothness(clip_of(flat(100, 110, 110, 140, 130)))
    assert made.value == pytest.approx(1 - 12.5 / 255) and made.count == 2


def moving(pixels: int, frames: int = 16) -> np.ndarray:
    texture = np.random.default_rng(0).integers(0, 255, (128, 128), dtype=np.uint8)
    texture = np.repeat(np.repeat(texture[::8, ::8], 8, 0), 8, 1)
    return np.stack([np.roll(texture, n * pixels, axis=1)[..., None].repeat(3, -1) for n in range(frames)])


def test_a_clip_is_dynamic_from_six_pixels_of_256_on() -> None:
    assert scoring.dynamic_degree(clip_of(moving(5))).value == 1  # 5 of 128
    assert scoring.dynamic_degree(clip_of(moving(1))).value == 0
    # 32 frames per second: every fourth frame, four times as far
    assert scoring.dynamic_degree(clip_of(moving(1, 64), 32.0)).value == 1
    # short ones: nothing that moves is not a movement
    assert scoring.dynamic_degree(clip_of(flat(7, 7, 7), 60.0)).value == 0


def test_consistency_looks_at_the_frame_before_and_at_the_first() -> None:
    features = np.array([[2, 0], [0, 3], [-1, 0], [1, 1]], np.float32)
    # cosines to the frame before: 0, 0, -.71 -> 0; to the first one: 0, -1 -> 0, .71
    assert scoring.consistency(features).value == pytest.approx((0 + 0 + 0.5**0.5 / 2) / 3)
    assert scoring.consistency(np.ones((3, 4), np.float32)).value == pytest.approx(1)


def test_features_weight_videos_by_their_frames_and_the_rest_does_not() -> None:
    scores = [scoring.Score(1.0, 30), scoring.Score(0.0, 10)]
    assert scoring.over_all(scores, by_frame=True) == 0.75
    assert scoring.over_all(scores, by_frame=False) == 0.5


def test_a_total_is_four_parts_quality_and_one_part_semantic() -> None:
    assert len(DIMENSIONS) == 16 and sum(one.group == "Quality" for one in DIMENSIONS.values()) == 7
    highest = {name: one.highest for name, one in DIMENSIONS.items()}
    assert total_of(highest, "Total") == pytest.approx(1)
    # by hand: without the dynamic degree (weight .5 of 6.5) quality is 6/6.5; without scene semantic is 8/9
    other = highest | {"dynamic_degree": 0.0, "scene": 0.0}
    assert total_of(other, "Quality") == pytest.approx(6 / 6.5)
    assert total_of(other, "Semantic") == pytest.approx(8 / 9)
    assert total_of(other, "Total") == pytest.approx((4 * 6 / 6.5 + 8 / 9) / 5)
    # unclipped: a raw 0 of a dimension whose lowest is .6293 counts below 0
    assert DIMENSIONS["temporal_flickering"].normalized(0) == pytest.approx(-0.6293 / 0.3707)
    for total in comparing.TOTALS:
        assert sum(coefficients(total).values()) == pytest.approx(1)


def test_a_total_lacking_one_dimension_is_not_made() -> None:
    raw = {name: one.highest for name, one in DIMENSIONS.items() if name != "color"}
    assert total_of(raw, "Quality") == pytest.approx(1)
    assert total_of(raw, "Semantic") is None and total_of(raw, "Total") is None


def results(name: str, shift: float = 0.0, noise: int = 0) -> Results:
    drawn = np.random.default_rng(noise)
    scores = {}
    for dimension in DIMENSIONS:
        videos = {
            f"prompt {p}-{n}.mp4": 0.5 + shift + drawn.normal() / 50 for p in range(12) for n in range(2)
        }
        scores[dimension] = Scores(float(np.mean(list(videos.values()))), videos)
    return Results(name, scores)


def test_differences_are_paired_and_totals_follow_from_them() -> None:
    first, other = results("a"), results("b", shift=0.01)  # the same noise: each video differs by .01
    found = comparing.differences(first, other)
    for name in DIMENSIONS:
        figure = found[name]
        assert figure.value == pytest.approx(0.01) and figure.prompts == 12
        assert (figure.low, figure.high) == (pytest.approx(0.01), pytest.approx(0.01))
    expected = sum(
        w * 0.01 / (DIMENSIONS[n].highest - DIMENSIONS[n].lowest) for n, w in coefficients("Total").items()
    )
    assert found["Total"].value == pytest.approx(expected) == pytest.approx(found["Total"].low)


def test_the_interval_of_a_difference_holds_zero_where_there_is_none() -> None:
    found = comparing.differences(results("a"), results("b", noise=1))
    assert sum(found[name].low < 0 < found[name].high for name in DIMENSIONS) >= 12  # of 16, at 95 %
    assert found["Total"].low < found["Total"].value < found["Total"].high
    alone = comparing.scored(results("a"))["color"]
    assert alone.high - alone.low < 0.05 and alone.prompts == 12


def test_without_scores_of_common_videos_there_is_a_difference_and_no_interval() -> None:
    first, other = results("a"), results("b")
    other.scores["color"] = Scores(0.6, {})
    other.scores["scene"] = Scores(0.6, {"other.mp4": 0.6})
    found = comparing.differences(first, other)
    assert found["color"].low is None and "no interval" in found["color"].note
    assert found["scene"].low is None and "25 videos are of one alone" in found["scene"].note
    assert found["Total"].low is None and "color" in found["Total"].note


def test_prompts_are_names_without_the_number() -> None:
    assert prompt_of("a cat, oil-painting-3.mp4") == "a cat, oil-painting"
    assert prompt_of("clip.mp4") == "clip"


def official(folder: Path, name: str, plain: object) -> Path:
    file = folder / f"{name}_eval_results.json"
    file.write_text(json.dumps(plain))
    return file


def test_official_files_are_read_with_blanks_or_underscores_one_or_a_folder(tmp_path) -> None:
    rows = [{"video_path": "/data\\videos\\a cat-0.mp4", "video_results": True}]
    official(tmp_path, "one", {"human action": [0.9, rows]})
    official(
        tmp_path, "two", {"temporal_flickering": [0.97, [{"video_path": "x/y.mp4", "video_results": 0.97}]]}
    )
    found = read_results(tmp_path)
    assert found.raw == {"human_action": 0.9, "temporal_flickering": 0.97}
    assert found.scores["human_action"].videos == {"a cat-0.mp4": 1.0}


@pytest.mark.parametrize(
    ("plain", "text"),
    [
        ([], "is not a result of VBench"),
        ({"i2v_subject": [0.9, []]}, "VBench has no dimension 'i2v_subject'"),
        ({"color": 0.9}, "color is not a list of score and videos"),
        ({"color": ["high", []]}, "the score of color is not a number: high"),
        ({"color": [0.9, [{"video": "x"}]]}, "a video of color has no video_path"),
        (
            {"color": [0.9, [{"video_path": "x", "video_results": None}]]},
            "color of 'x' is not a number: None",
        ),
        ({"color": [0.9, [{"video_path": "x", "video_results": 1}] * 2]}, "color has 'x' twice"),
        ({"color": [0.9, []], "color ": [0.8, []]}, "tells of color twice"),
    ],
)
def test_other_files_are_refused_in_two_lines(plain, text, tmp_path, capsys) -> None:
    file = official(tmp_path, "x", plain)
    assert run(["bench", "vbench", f"results=[{file}]", "-o", str(tmp_path / "out")]) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert text in errors[0] and errors[1].startswith("hint: ") and len(errors) == 2


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    made = []
    for name, step in (("steady", 0), ("flicker", 20)):
        folder = tmp_path_factory.mktemp("clips") / name
        folder.mkdir()
        for number in range(6):
            frames = flat(100, *(100 + step * (n % 2) for n in range(1, 5)))
            write_mp4(folder / f"scene {number}-0.mp4", frames, 8)
        made.append(folder)
    return made[0], made[1]


def test_two_folders_are_scored_and_compared_and_make_no_total(folders, tmp_path, capsys) -> None:
    words = ["bench", "vbench", f"videos=[{folders[0]},{folders[1]}]", "-o", str(tmp_path)]
    assert run(words) == 0
    record = json.loads((tmp_path / "vbench.json").read_text())
    names = {"temporal_flickering", f"motion_smoothness ({LIKE})", f"dynamic_degree ({LIKE})"}
    for one in record["results"]:
        assert set(one["figures"]) == names  # no Quality, no Total
        assert len(one["missing"]["Quality"]) == 6
    (delta,) = record["differences"]
    # the codec keeps flat grey within a level or two of 255
    assert delta["figures"]["temporal_flickering"]["value"] == pytest.approx(-20 / 255, abs=0.01)
    assert delta["figures"]["temporal_flickering"]["high"] < 0
    out = capsys.readouterr().out
    assert "no Total of steady: 15 dimensions are missing" in out and "flicker minus steady" in out


def tiny_dino(folder: Path) -> Path:
    torch.manual_seed(0)
    config = ViTConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    ViTModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def tiny_clip(folder: Path) -> Path:
    torch.manual_seed(0)
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = CLIPConfig(
        text_config={**small, "vocab_size": 30}, vision_config={**small, "image_size": 32, "patch_size": 8},
        projection_dim=8,
    )  # fmt: skip
    CLIPModel(config).save_pretrained(folder)
    return folder


def test_local_models_score_and_other_shapes_than_vbenchs_are_called_like_it(folders, tmp_path) -> None:
    layer = tmp_path / "layer.safetensors"
    save_file({"weight": torch.zeros(1, 8), "bias": torch.tensor([5.0])}, layer)
    dino, clip = tiny_dino(tmp_path / "dino"), tiny_clip(tmp_path / "clip")
    words = ["bench", "vbench", f"videos=[{folders[0]}]", f"dino={dino}", f"clip={clip}", "--device", "cpu"]
    words += [f"aesthetic_clip={clip}", f"aesthetic_layer={layer}", "-o", str(tmp_path / "out")]
    words += ["dimensions=[subject_consistency,background_consistency,aesthetic_quality]"]
    assert run(words) == 0
    (found,) = json.loads((tmp_path / "out" / "vbench.json").read_text())["results"]
    figures = {name.removesuffix(f" ({LIKE})"): one["value"] for name, one in found["figures"].items()}
    assert all(name.endswith(f"({LIKE})") for name in found["figures"])
    assert figures["subject_consistency"] == pytest.approx(1, abs=1e-3)  # nothing moves
    assert figures["background_consistency"] == pytest.approx(1, abs=1e-3)
    assert figures["aesthetic_quality"] == pytest.approx(0.5)  # the layer says 5 of 10 whatever it sees


def test_features_are_those_of_the_prepared_frames(tmp_path) -> None:
    from vidkit.bench.vbench.features import load_clip, load_dino

    frames = np.random.default_rng(0).integers(0, 255, (3, 48, 64, 3), dtype=np.uint8)
    dino = load_dino(tiny_dino(tmp_path / "dino"), CPU)
    pixels = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    pixels = torch.nn.functional.interpolate(pixels, size=(224, 298), mode="bilinear")
    pixels = (pixels - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor(
        [0.229, 0.224, 0.225]
    ).view(3, 1, 1)
    with torch.no_grad():
        expected = dino.model(pixel_values=pixels, interpolate_pos_encoding=True).last_hidden_state[:, 0]
    np.testing.assert_allclose(dino.of(frames), expected.numpy(), atol=1e-5)
    assert not dino.published
    rows = load_clip(tiny_clip(tmp_path / "clip"), CPU).of(frames)
    assert rows.shape == (3, 8) and not np.allclose(rows[0], rows[1])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "there is nothing to score"),
        (["videos=[a]", "results=[b]"], "not both"),
        (["videos=[nowhere]"], "there is no folder 'nowhere'"),
        (["results=[nowhere.json]"], "cannot read 'nowhere.json'"),
        (["videos=[.]", "dimensions=[subject_consistency]"], "subject_consistency needs dino=FOLDER"),
        (["videos=[.]", "aesthetic_clip=x"], "aesthetic_clip and aesthetic_layer go together"),
        (["videos=[empty]"], "'empty' has no video"),
    ],
)
def test_what_cannot_be_scored_is_said(words, text, tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run(["bench", "vbench", *words, "-o", str(tmp_path / "out")]) == 2
    assert text in capsys.readouterr().err


def test_bad_videos_and_models_are_refused(folders, tmp_path, capsys) -> None:
    out = ["-o", str(tmp_path / "out"), "--device", "cpu"]
    one = tmp_path / "one"
    one.mkdir()
    write_mp4(one / "x.mp4", flat(5), 8)
    assert run(["bench", "vbench", f"videos=[{one}]", *out]) == 2
    assert "too few frames to compare: 1 of at least 3" in capsys.readouterr().err
    assert run(["bench", "vbench", f"videos=[{folders[0]},{one}]", *out]) == 2
    assert "has a namesake in the other folders" in capsys.readouterr().err
    for key, folder, text in (
        ("dino", tmp_path, "has no config.json"),
        ("dino", tiny_clip(tmp_path / "clip"), "holds a clip model"),
    ):
        assert run(["bench", "vbench", f"videos=[{folders[0]}]", f"{key}={folder}", *out]) != 0
        assert text in capsys.readouterr().err
    layer = tmp_path / "layer.pth"
    torch.save({"weight": torch.zeros(1, 9), "bias": torch.zeros(1)}, layer)
    words = [f"aesthetic_clip={tmp_path / 'clip'}", f"aesthetic_layer={layer}"]
    assert run(["bench", "vbench", f"videos=[{folders[0]}]", *words, *out]) != 0
    assert "is not a linear layer from 8 features to one number" in capsys.readouterr().err


def test_one_bad_video_does_not_end_the_run_and_is_named(folders, tmp_path, capsys) -> None:
    mixed = tmp_path / "mixed [1]"
    shutil.copytree(folders[0], mixed)
    good = (mixed / "scene 0-0.mp4").read_bytes()
    (mixed / "scene 3-0.mp4").write_bytes(good[: len(good) // 2])
    assert run(["bench", "vbench", f"videos={mixed}", "-o", str(tmp_path / "out")]) == 5
    assert "1 video was left out of the scores" in capsys.readouterr().err
    (made,) = json.loads((tmp_path / "out" / "vbench.json").read_text())["results"]
    assert (
        list(made["left_out"]) == ["scene 3-0.mp4"] and "scene 3-0.mp4" in made["left_out"]["scene 3-0.mp4"]
    )
    assert len(made["videos"]["temporal_flickering"]) == 5


def test_a_dry_run_says_what_would_be_scored(folders, capsys) -> None:
    assert run(["bench", "vbench", f"videos=[{folders[0]}]", "--dry-run"]) == 0
    assert "6 of 6 videos, 3 dimensions" in capsys.readouterr().out
