"""Settings of methods stand beside the method; sections that name one take them as if they were their own."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from vidkit.attention.predictors import PREDICTORS
from vidkit.attention.reuse import REUSE
from vidkit.config.catalog import builtin_dir, settings_class
from vidkit.config.compose import compose
from vidkit.config.keys import keys_of
from vidkit.config.methods import methods
from vidkit.config.static import settings_of_class
from vidkit.errors import ConfigError
from vidkit.frames.registry import METHODS, load_selector
from vidkit.utils.method_settings import make_method
from vidkit.utils.plugins import load_class

OWN = '''
from dataclasses import dataclass


@dataclass(frozen=True)
class NthConfig:
    stride: int = 2  # candidates from pick to pick
    from_the: Literal["start", "end"] = "start"


class Nth:
    """Every so many."""

    config = NthConfig

    def select(self, candidates, k, cfg):
        raise NotImplementedError


class Lame:
    pass
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "mine.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    return "./mine.py"


def chosen(*words: str, **values: Any) -> tuple[str, dict[str, object]]:
    frames = compose("select-frames", "default", words, values=values).frames
    return frames.name, frames.settings


def told(*words: str) -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        compose("select-frames", "default", words)
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize("name", METHODS)
def test_what_the_source_says_is_what_the_class_has(name: str) -> None:
    config = load_selector(name).config
    read = methods("selector")[name].settings
    assert list(read) == [field.name for field in dataclasses.fields(config)]
    made = config()
    assert {key: setting.default for key, setting in read.items()} == dataclasses.asdict(made)
    assert all(setting.meaning for setting in read.values())


@pytest.mark.parametrize(
    ("kind", "name", "found"),
    [("predictor", name, found) for name, found in PREDICTORS.items()]
    + [("reuse", name, found) for name, found in REUSE.items()],
)
def test_predictors_and_reuse_policies_have_their_settings_in_a_dataclass(
    kind: str, name: str, found: type[Any]
) -> None:
    read = methods(kind)[name].settings
    if not hasattr(found, "config"):
        assert read == {} and found.__init__ is object.__init__
        return
    made = found.config()
    assert {key: setting.default for key, setting in read.items()} == dataclasses.asdict(made)
    assert all(setting.meaning for setting in read.values())
    assert make_method(found, name, {}).describe()["name"] == name


@pytest.mark.parametrize(
    "file", sorted((builtin_dir() / "frames").glob("*.yaml")), ids=lambda file: file.stem
)
def test_a_preset_holds_only_what_differs_from_the_defaults(file: Path) -> None:
    values = yaml.safe_load(file.read_text())
    settings = methods("selector")[values.pop("name")].settings
    assert [key for key, value in values.items() if settings[key].default == value] == []


@pytest.mark.parametrize(
    "file", sorted((builtin_dir() / "attention").glob("*.yaml")), ids=lambda file: file.stem
)
def test_a_preset_of_attention_holds_only_what_differs_from_the_defaults(file: Path) -> None:
    keys = keys_of(settings_class("generate"))
    values = yaml.safe_load(file.read_text())
    settings = dict(methods("predictor").get(values["predictor"], methods("selector")["topk"]).settings)
    settings |= methods("reuse")[values.get("reuse", "never")].settings
    same = [key for key, value in values.items() if key in settings and settings[key].default == value]
    same += [
        key
        for key, value in values.items()
        if key not in settings and keys[f"attention.{key}"].default == value
    ]
    assert set(same) <= {"predictor"}


def test_a_preset_that_the_entry_does_not_mention_is_whole(tmp_path: Path) -> None:
    entry = tmp_path / "mine.yaml"
    entry.write_text("defaults: [/select_frames_schema, _self_]\nframes: {name: efs, alpha: 0.2}\nk: 4\n")
    made = compose("select-frames", str(entry), ["frames=bolt"])
    assert (made.frames.name, made.frames.settings, made.k) == ("bolt", {}, 4)
    changed = compose("select-frames", str(entry), ["frames=bolt", "frames.alpha=3"])
    assert changed.frames.settings == {"alpha": 3.0}
    assert compose("select-frames", str(entry)).frames.settings == {"alpha": 0.2}


def test_a_setting_of_another_predictor_waits_until_it_is_chosen() -> None:
    words = ["attention=svg2", "attention.stride=8", "attention.query_clusters=24"]
    made = compose("generate", "wan1_3b_480p", words).attention
    assert made.settings == {"start": "sample", "stride": 8, "query_clusters": 24}  # the first by the preset
    with pytest.raises(ConfigError) as caught:
        compose("generate", "wan1_3b_480p", ["attention=svg2", "attention.strid=8"])
    assert caught.value.message.startswith("unknown setting 'attention.strid' for ")
    assert caught.value.hint.startswith("did you mean 'attention.stride'?")
    with pytest.raises(ConfigError) as caught:
        compose("generate", "wan1_3b_480p", ["attention.predictor=xatention"])
    assert caught.value.message == "no mask predictor 'xatention' for 'attention.predictor'"
    assert caught.value.hint.startswith("did you mean 'xattention'? choices: dense, xattention")


def test_keys_of_methods_are_keys_of_the_command() -> None:
    keys = keys_of(settings_class("select-frames"))
    alpha = keys["frames.alpha"]
    assert (alpha.takes, alpha.default_text) == ("a number", "0.5 (efs, efs+); 2.5 (bolt)")
    assert alpha.methods == ("efs", "bolt", "efs+")
    assert "standard deviations" in alpha.meaning
    assert keys["frames.fill"].choices == ("relevance", "mmr", "uniform")
    assert keys["frames.name"].choices[:2] == ("wfs-sb", "efs")
    assert "frames.settings" not in keys


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ("wfs-sb", {})),
        (("frames=efs", "frames.alpha=1"), ("efs", {"alpha": 1.0})),
        (("frames=wfs-sb+",), ("wfs-sb+", {})),
        (("frames.name=bolt", "frames.alpha='3'"), ("bolt", {"alpha": 3.0})),
        (("method=mmr", "frames.mmr_lambda=0.2"), ("mmr", {"mmr_lambda": 0.2})),
        (("frames=efs", "frames.alpha=null"), ("efs", {})),
        (("frames.wavelet=haar",), ("wfs-sb", {"wavelet": "haar"})),
        (("frames.distance=7",), ("wfs-sb", {"distance": 7})),
    ],
)
def test_words_choose_a_method_and_change_it(
    words: tuple[str, ...], expected: tuple[str, dict[str, object]]
) -> None:
    assert chosen(*words) == expected


def test_a_method_given_as_an_option_starts_from_its_own_defaults(tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text("defaults: [/select_frames/efs, _self_]\nframes: {alpha: 0.2}\n")
    plain = compose("select-frames", str(config))
    other = compose("select-frames", str(config), values={"method": "bolt"})
    assert plain.frames.settings == {"alpha": 0.2}
    assert (other.frames.name, other.frames.settings) == ("bolt", {})


EFS = "frames.window, frames.window_mode, frames.events, frames.alpha, frames.min_gap"


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("frames.name=efz",), "no selection method 'efz' for 'frames.name'",
         "did you mean 'efs'? choices: wfs-sb, efs"),
        (("frames=efz",), "unknown choice 'efz' for 'frames'", "did you mean 'efs'? choices: aks, "),
        (("method=efz",), "no selection method 'efz' for 'method'", "did you mean 'efs'? choices: wfs-sb"),
        (("frames=efs", "frames.alhpa=1"), "unknown setting 'frames.alhpa' for 'efs'",
         f"did you mean 'frames.alpha'? settings of 'efs': {EFS}"),
        (("frames=efs", "frames.beta=1"), "unknown setting 'frames.beta' for 'efs'",
         f"it is a setting of dpp; settings of 'efs': {EFS}"),
        (("frames=efs", "frames.alpha=high"), "'high' is not a number: frames.alpha=high",
         "'frames.alpha' takes a number, for example frames.alpha=0.5"),
        (("frames=efs", "frames.events=2.5"), "'2.5' is not a whole number: frames.events=2.5",
         "'frames.events' takes a whole number, for example frames.events=1"),
        (("frames=efs", "frames.events=true"), "'True' is not a whole number: frames.events=True",
         "'frames.events' takes a whole number, for example frames.events=1"),
        (("frames=efs", "frames.fill=relevanc"), "unknown choice 'relevanc' for 'frames.fill'",
         "did you mean 'relevance'? choices: relevance, mmr, uniform"),
        (("frames.wavelet=[a]", "frames.drift=[1]"), "'[1]' is not a whole number: frames.drift=[1]",
         "'frames.drift' takes a whole number"),
    ],
)  # fmt: skip
def test_mistakes_are_told_as_those_of_other_settings(
    words: tuple[str, ...], message: str, hint: str
) -> None:
    said = told(*words)
    assert said[0] == message
    assert said[1].startswith(hint)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frames:\n  alpha: many", "'many' is not a number: frames.alpha=many (mine.yaml:3)"),
        ("frames:\n  name: efs\n  alhpa: 1", "unknown setting 'frames.alhpa' for 'efs' (mine.yaml:4)"),
        ("frames:\n  name: efz", "no selection method 'efz' for 'frames.name' (mine.yaml:3)"),
        ("frames: efs", "'frames' is a group of settings, not one value (mine.yaml:2)"),
        ("method: efz", "no selection method 'efz' for 'method' (mine.yaml:2)"),
    ],
)
def test_mistakes_in_a_file_have_its_line(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(f"defaults: [/select_frames/efs, _self_]\n{text}\n")
    with pytest.raises(ConfigError) as caught:
        compose("select-frames", "./mine.yaml")
    assert caught.value.message == message


def test_a_class_in_a_file_is_a_method_with_settings_of_its_own(own: str) -> None:
    assert chosen(f"frames={own}:Nth", "frames.stride=3") == (f"{own}:Nth", {"stride": 3})
    assert chosen(method=f"{own}:Nth")[0] == f"{own}:Nth"
    assert told(f"frames={own}:Nth", "frames.strid=3") == (
        f"unknown setting 'frames.strid' for '{own}:Nth'",
        f"did you mean 'frames.stride'? settings of '{own}:Nth': frames.stride, frames.from_the",
    )
    assert told(f"frames={own}:Nth", "frames.from_the=middle") == (
        "unknown choice 'middle' for 'frames.from_the'",
        "choices: start, end",
    )


def test_a_file_without_the_class_is_refused_before_it_is_run(own: str) -> None:
    Path("mine.py").write_text(OWN + "\nraise SystemExit('run')\n")
    assert told("frames=./nope.py:Nth") == ("no file './nope.py' with a selection method", "check the path")
    assert told("frames=./mine.py:Nht")[0] == "'./mine.py' has no class 'Nht'"
    assert told("frames=./mine.py:Nht")[1].startswith("did you mean 'Nth'? classes there: NthConfig, Nth")
    assert told("frames=./mine.py") == ("'./mine.py' does not name a class", "write FILE.py:Class")
    Path("late.py").write_text("import sys\nif sys:\n    class Late: pass\n")  # only a run would tell
    assert chosen("frames=./late.py:Late") == ("./late.py:Late", {})


def test_an_unknown_setting_of_attention_is_compared_with_those_of_every_method(own: str) -> None:
    for words, message, near in (
        (("attention=svg2", "attention.strde=2"), "for 'svg2' and 'never'", "attention.stride"),
        (
            ("attention=./mine.py:Nth", "attention.strid=2"),
            "for './mine.py:Nth' and 'never'",
            "attention.stride",
        ),
    ):
        with pytest.raises(ConfigError) as caught:
            compose("generate", "maze_demo", words)
        assert caught.value.message.endswith(message)
        assert caught.value.hint.startswith(f"did you mean '{near}'?")


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("nope.py:Nth", "no file 'nope.py' with a selection method", "check the path"),
        ("mine.py:Nht", "'mine.py' has no class 'Nht'", "did you mean 'Nth'? classes there: NthConfig"),
        (
            "mine.py:Lame",
            "'mine.py:Lame' cannot be a selection method: it lacks the method select",
            "a selection method needs select()",
        ),
        ("mine.py", "'mine.py' does not name a class", "write FILE.py:Class"),
        (
            "bad.py:Nth",
            "'bad.py' cannot be loaded: ZeroDivisionError: division by zero",
            "correct the file; it is run as Python",
        ),
        ("efz", "no selection method 'efz'", "did you mean 'efs'? available: wfs-sb, efs"),
    ],
)
def test_what_cannot_be_a_method_is_told(own: str, name: str, message: str, hint: str) -> None:
    Path("mine.py").write_text("from typing import Literal\n" + OWN)
    Path("bad.py").write_text("1 / 0\n")
    with pytest.raises(ConfigError) as caught:
        load_class("selector", name, {method: "" for method in METHODS}, ("select",))
    assert caught.value.message == message
    assert caught.value.hint.startswith(hint)


def test_settings_are_read_without_running_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(OWN + "\nraise SystemExit('run')\n")
    read = settings_of_class(f"{file}:Nth")
    assert [(one.name, one.default, one.meaning) for one in read] == [
        ("stride", 2, "candidates from pick to pick"),
        ("from_the", "start", ""),
    ]
