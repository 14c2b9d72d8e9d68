"""Every subtitle format with the oddities that files have, and an account of what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from stopwatch import quick

from vidkit.errors import DataError, VidkitError
from vidkit.video.subtitles import Subtitles, SubtitleSegment, read_subtitles

FAULTS = Path(__file__).resolve().parents[2] / "../shared/data/faults/subtitles"
ASS_HEAD = "[Script Info]\nScriptType: v4.00+\n\n[Events]\n"
FORMAT = "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
TWO = (SubtitleSegment(1.0, 3.5, "The penguins dive."), SubtitleSegment(4.0, 5.0, "A red car & a bus"))


def read(folder: Path, text: str | bytes, suffix: str = "srt", **options: bool) -> Subtitles:
    path = folder / f"a.{suffix}"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_subtitles(path, **options)


def said(folder: Path, text: str, suffix: str = "srt") -> list[tuple[float, float, str]]:
    return [(cue.start_s, cue.end_s, cue.text) for cue in read(folder, text, suffix).cues]


def texts(folder: Path, text: str, suffix: str = "srt") -> list[str]:
    return [cue.text for cue in read(folder, text, suffix).cues]


def event(text: str, start: str = "0:00:01.00", end: str = "0:00:03.50") -> str:
    return f"{ASS_HEAD}{FORMAT}Dialogue: 0,{start},{end},Default,,0,0,0,,{text}\n"


SAME = {
    "srt": "1\n00:00:01,000 --> 00:00:03,500\nThe <i>penguins</i> dive.\n\n"
    "2\n00:00:04,000 --> 00:00:05,000\nA red car &amp;\na bus\n",
    "vtt": "WEBVTT - talk\n\nSTYLE\n::cue { color: red }\n\nNOTE a note\nof two lines\n\nintro\n"
    "00:01.000 --> 00:03.500 align:start position:10%\n<v Ann>The <c.yellow>penguins</c> dive.\n\n"
    "00:04.000 --> 00:05.000\nA red <00:04.500>car & a bus\n",
    "ass": f"{ASS_HEAD}{FORMAT}Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,a note\n"
    "Dialogue: 0,0:00:04.00,0:00:05.00,Default,,0,0,0,,A red car\\N& a bus\n"
    "Dialogue: 0,0:00:01.00,0:00:03.50,Default,,0,0,0,,{\\i1}The penguins{\\i0} dive.\n",
    "sbv": "0:00:01.000,0:00:03.500\nThe penguins dive.\n\n0:00:04.000,0:00:05.000\nA red car[br]& a bus\n",
    "lrc": "[ti:Song]\n[00:01.00]The penguins dive.\n[00:03.50]\n[00:04.000]A red car & a bus\n[00:05.00]\n",
    "ttml": '<?xml version="1.0" encoding="UTF-8"?>\n<tt xmlns="http://www.w3.org/ns/ttml"'
    ' xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="25"><head><metadata><p>no</p>'
    '</metadata></head><body><div><p begin="00:00:01.000" end="00:00:03.500">The <span>penguins</span>'
    ' dive.</p>\n<p begin="00:00:04:00" dur="25f">A red car<br/>&amp; a bus</p></div></body></tt>',
    "json": '[{"start": "00:00:01.000", "end": "00:00:03.500", "line": "The penguins dive."},\n'
    ' {"timestamp": [4.0, 5.0], "text": "A red car & a bus"}]',
    "jsonl": '{"text": "The penguins dive.", "start_time": 1, "end_time": 3.5}\n\n'
    '{"text": "A red car & a bus", "start_time": 4, "end_time": 5}\n',
}


SAME |= {
    "sub": "{DEFAULT}{}{C:$0000FF}\n{1}{1}10.000\n{10}{35}{y:i}The penguins dive.\n{40}{50}/A red car|"
    "/& a bus\n",
    "mpl": "[10][35]The penguins dive.\n[40][50]/A red car|& a bus\n",
    "json3": '{"wireMagic": "pb3", "pens": [{}], "events": [{"tStartMs": 0, "dDurationMs": 9000, "id": 1},\n'
    '{"tStartMs": 1000, "dDurationMs": 2500, "segs": [{"utf8": "The"}, {"utf8": " penguins", "tOffsetMs": 9},'
    ' {"utf8": " dive."}]}, {"tStartMs": 3000, "aAppend": 1, "segs": [{"utf8": "\\n"}]},\n'
    '{"tStartMs": 4000, "dDurationMs": 1000, "segs": [{"utf8": "A red car\\n& a bus"}]}]}',
    "srv3": '<?xml version="1.0" encoding="utf-8" ?><timedtext format="3"><head><pen id="1"/></head><body>\n'
    '<p t="1000" d="2500"><s>The</s><s t="300"> penguins</s> dive.</p><p t="3000" d="10" a="1">\n</p>'
    '<p t="4000" d="1000">A red car\n&amp; a bus</p></body></timedtext>',
    "srv1": '<?xml version="1.0" encoding="utf-8" ?><transcript>'
    '<text start="1" dur="2.5">The penguins dive.</text>'
    '<text start="4.0" dur="1">A red car &amp;amp; a bus</text></transcript>',
}


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("suffix", SAME)
def test_all_formats_say_the_same(tmp_path: Path, suffix: str, ends: str) -> None:
    found = read(tmp_path, SAME[suffix].replace("\n", ends), suffix)
    assert found.cues == TWO and not found.problems


@pytest.mark.parametrize("suffix", SAME)
def test_the_contents_tell_the_format_whatever_the_name(tmp_path: Path, suffix: str) -> None:
    if suffix not in ("json", "json3"):
        assert read(tmp_path, SAME[suffix], "txt").cues == TWO


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("un<i>believ</i>able end<b>.</b>", "unbelievable end."),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ("a<b and c>d", "a<b and c>d"),
        ("I <3 you <laughs>", "I <3 you <laughs>"),
        ('<font color="#fff">white</font> text', "white text"),
        ("one<br/>two<BR>three", "one two three"),
        ("{\\an8}top{\\b1}bold", "topbold"),
        ("{curly} stays", "{curly} stays"),
        ("a\\hb\\Nc", "a b c"),
        ("caf&eacute; &lt;i&gt; &#233; &nbsp;x", "café <i> é x"),
        ("42", "42"),
        ("1\n2\n3", "1 2 3"),
        ("A --> B", "A --> B"),
        ("\ufefftext", "text"),
        ("l'été d’hier", "l'été d’hier"),
    ],
)
def test_text_of_a_cue(tmp_path: Path, body: str, wanted: str) -> None:
    assert texts(
        tmp_path, f"1\n00:00:01,000 --> 00:00:02,000\n{body}\n\n2\n00:00:03,000 --> 00:00:04,000\nx\n"
    ) == [
        wanted,
        "x",
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1\n{t}\nfirst\n\nstill first\n\n2\n{u}\nok\n", ["first still first", "ok"]),
        ("1\n{t}\nfirst\n2\n{u}\nok\n", ["first", "ok"]),
        ("1\n{t}\nfirst\n{u}\nok\n", ["first", "ok"]),
        ("{t}\nfirst\n\n{u}\nok", ["first", "ok"]),
        ("{t}\n42\n\n{u}\n43\n", ["42", "43"]),
        ("1\n{t}\n42\n\n2\n{u}\n43\n\n", ["42", "43"]),
        ("1\n{t}\n42\n2\n{u}\n43\n", ["42", "43"]),
        ("1\n\n{t}\n\nfirst\n\n\n\n2\n\n{u}\n\nok\n", ["first", "ok"]),
        ("7\n{t}\nfirst\n\n3\n{u}\nok\n", ["first", "ok"]),
        ("1\n{t}\nfirst\n\n2\n{u}\nok\n\n3\n", ["first", "ok"]),
        ("\ufeff1\n{t}\nfirst\n\n\ufeff2\n{u}\nok\n", ["first", "ok"]),
        ("1\n{t}\n\n2\n{u}\nok\n", ["ok"]),
    ],
)
def test_cues_without_their_blank_lines_or_with_too_many(
    tmp_path: Path, text: str, wanted: list[str]
) -> None:
    filled = text.format(t="00:00:01,000 --> 00:00:02,000", u="00:00:03,000 --> 00:00:04,000")
    assert texts(tmp_path, filled) == wanted


@pytest.mark.parametrize(
    ("times", "wanted"),
    [
        ("00:00:01,500 --> 00:00:02,250", (1.5, 2.25)),
        ("00:00:01.500 --> 00:00:02.250", (1.5, 2.25)),
        ("0:0:1,5-->0:0:2,25", (1.5, 2.25)),
        ("00:01.5 --> 00:02.25", (1.5, 2.25)),
        ("00:00:01:500 --> 00:00:02:250", (1.5, 2.25)),
        ("00:00:01 --> 00:00:02", (1.0, 2.0)),
        ("00: 00: 01, 500 --> 00: 00: 02, 250", (1.5, 2.25)),
        ("  00:00:01,500  -->  00:00:02,250  X1:40 X2:600 Y1:20 Y2:50", (1.5, 2.25)),
        ("00:00:01.500 --> 00:00:02.250 line:0 align:left", (1.5, 2.25)),
        ("00:00:01,500 -> 00:00:02,250", (1.5, 2.25)),
        ("123:00:00,000 --> 123:00:01,000", (442800.0, 442801.0)),
        ("-00:00:01,000 --> 00:00:02,000", (0.0, 2.0)),
        ("00:00:02,000 --> 00:00:02,000", (2.0, 2.0)),
    ],
)
def test_time_lines(tmp_path: Path, times: str, wanted: tuple[float, float]) -> None:
    assert said(tmp_path, f"1\n{times}\nhello\n") == [(*wanted, "hello")]


def test_overlapping_cues_are_all_kept_in_order_of_time(tmp_path: Path) -> None:
    text = "1\n00:00:05,000 --> 00:00:09,000\nb\n\n2\n00:00:01,000 --> 00:00:07,000\na\n"
    assert said(tmp_path, text) == [(1.0, 7.0, "a"), (5.0, 9.0, "b")]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("un{\\i1}believ{\\i0}able", "unbelievable"),
        ("{\\k20}SUN{\\k30}DAY{\\k10} one.", "SUNDAY one."),
        ("{\\kf20\\pos(1,2)}SUN{\\K30}DAY", "SUNDAY"),
        ("a\\Nb\\nc\\hd", "a b c d"),
        ("{\\p1}m 0 0 l 100 0 100 100{\\p0}seen", "seen"),
        ("{\\pos(3,4)}seen", "seen"),
        ("{\\pbo10}seen", "seen"),
        ("{a comment}seen", "seen"),
        ("5 < 6, {open", "5 < 6, {open"),
        ("one, two, three", "one, two, three"),
        ("\\{braced\\}", "{braced}"),
    ],
)
def test_text_of_an_ass_event(tmp_path: Path, text: str, wanted: str) -> None:
    assert texts(tmp_path, event(text), "ass") == [wanted]


def test_drawings_are_counted_not_read(tmp_path: Path) -> None:
    drawing = "Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,{\\p4}m 0 0 l 1 1\n"
    found = read(tmp_path, event("words") + drawing, "ass")
    assert [cue.text for cue in found.cues] == ["words"]
    assert found.left_out == {"drawings": 1} and found.account() == "1 drawings"


@pytest.mark.parametrize(
    ("start", "wanted"),
    [
        ("0:00:01.50", 1.5),
        ("0:00:01.5", 1.5),
        ("0:0:1.500", 1.5),
        ("0:01.50", 1.5),
        ("0:00:01", 1.0),
        ("0:00:01:50", 1.5),
        (" 0:00:01.50 ", 1.5),
        ("-0:00:01.00", 0.0),
    ],
)
def test_ass_times(tmp_path: Path, start: str, wanted: float) -> None:
    assert said(tmp_path, event("x", start), "ass") == [(wanted, 3.5, "x")]


def test_ass_columns_are_those_the_file_names(tmp_path: Path) -> None:
    text = "[Events]\nFormat: Start, End, Text\nDialogue: 0:00:01.00,0:00:02.00,a, b\nDialogue: nothing\n"
    found = read(tmp_path, text, "ssa")
    assert found.cues == (SubtitleSegment(1.0, 2.0, "a, b"),)
    assert found.problems == (f"{tmp_path / 'a.ssa'}:4: not a dialogue line: 'nothing'",)


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ('begin="1.5s" end="2500ms"', (1.5, 2.5)),
        ('begin="0.5m" dur="1s"', (30.0, 31.0)),
        ('begin="15000000t" end="20000000t"', (1.5, 2.0)),
        ('begin="36f" end="48f"', (1.5, 2.0)),
        ('begin="00:00:01:12" end="00:00:02:00"', (1.5, 2.0)),
        ('begin="123:00:00.0" end="123:00:01.0"', (442800.0, 442801.0)),
    ],
)
def test_ttml_times(tmp_path: Path, attributes: str, wanted: tuple[float, float]) -> None:
    text = (
        '<tt xmlns="http://www.w3.org/2006/10/ttaf1" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"'
        f' ttp:frameRate="24" ttp:tickRate="10000000"><body><p {attributes}>x</p></body></tt>'
    )
    assert said(tmp_path, text, "dfxp") == [(*wanted, "x")]


def test_ttml_nested_times_add_up_and_timed_spans_are_cues(tmp_path: Path) -> None:
    text = (
        '<tt:tt xmlns:tt="http://www.w3.org/ns/ttml"><tt:body begin="10s"><tt:div begin="1s">'
        '<tt:p><tt:span begin="0s" end="1s">one</tt:span> <tt:span begin="1s" end="2s">two</tt:span></tt:p>'
        '<tt:p begin="5s" end="6s">a&#233;<tt:span>b</tt:span>c</tt:p><tt:p begin="8s">endless</tt:p>'
        "</tt:div></tt:body></tt:tt>"
    )
    found = read(tmp_path, text, "ttml")
    assert found.cues == (
        SubtitleSegment(11, 12, "one"),
        SubtitleSegment(12, 13, "two"),
        SubtitleSegment(16, 17, "aébc"),
    )
    assert found.left_out == {"a paragraph without an end": 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<tt>\n<body><p begin="1s">x</body></tt>', "ttml:2: not well-formed XML"),
        ('<!DOCTYPE tt [<!ENTITY a "b">]><tt><body/></tt>', "ttml:1: defines XML entities"),
    ],
)
def test_ttml_that_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        read(tmp_path, text, "ttml")


def test_lyrics_repeat_shift_and_last_until_the_next(tmp_path: Path) -> None:
    text = "[offset:+500]\n[00:01.50][00:10.5]<00:01.50>Sun<00:02.00>day\n[00:03]next\nno time\n"
    found = read(tmp_path, text, "lrc")
    assert found.cues == (
        SubtitleSegment(1.0, 2.5, "Sunday"),
        SubtitleSegment(2.5, 10.0, "next"),
        SubtitleSegment(10.0, 15.0, "Sunday"),
    )
    assert found.problems == (f"{tmp_path / 'a.lrc'}:4: not a timed line: 'no time'",)


def test_json_of_longvideobench_whisper_and_others(tmp_path: Path) -> None:
    assert said(tmp_path, '[{"timestamp": [1, null], "text": "last"}]', "json") == [(1.0, 6.0, "last")]
    whisper = '{\n"text": "all",\n"segments": [\n{"start": 1.5, "end": 2, "text": " hi "}]}'
    assert said(tmp_path, whisper, "json") == [(1.5, 2.0, "hi")]
    assert said(tmp_path, '{"body": [{"from": 1, "to": 2, "content": "你好"}]}', "json") == [
        (1.0, 2.0, "你好")
    ]
    late_first = (
        '{"text": "b", "start_time": 2, "end_time": 3}\n{"text": "a", "start_time": 1, "end_time": 2}'
    )
    assert texts(tmp_path, late_first, "jsonl") == ["b", "a"]


@pytest.mark.parametrize(
    ("suffix", "text", "reason"),
    [
        ("jsonl", '{"text": "a"}', "1: .*no field 'start_time'"),
        ("jsonl", '{"text": "a", "start_time": 1, "end_time": 2}\n{torn', "2: .*Expecting property"),
        ("jsonl", '{"text": "a", "start_time": 1, "end_time": 2}\n[1]', "2: .*a list, not an object"),
        ("jsonl", '{"text": "a", "start_time": NaN, "end_time": 1}', "1: a subtitle time is not finite"),
        ("jsonl", '{"text": "a", "start_time": 1e999, "end_time": 1}', "1: a subtitle time is not finite"),
        ("jsonl", '{"text": "a", "start_time": "x", "end_time": 1}', "1: .*'x' is not a time"),
        ("jsonl", f'{{"text": "a", "start_time": {"9" * 5000}, "end_time": 1}}', "1: "),
        (
            "json",
            '[{"text": "a", "start": 1, "end": 2},\n{"text": 5, "start": 1, "end": 2}]',
            "2: .*not text",
        ),
        ("json", '[{"text": "a", "start": 1, "end": 2}\n', "1: .*not closed"),
        ("json", '[{"text": "a", "start": 1, "end": 2}\n{}]', "1: .*no comma"),
        ("json", "[" * 100_000, "nested too deep|no 'text'|a list"),
    ],
)
def test_a_bad_json_row_is_an_error_with_its_line(
    tmp_path: Path, suffix: str, text: str, reason: str
) -> None:
    with pytest.raises(DataError, match=rf"a\.{suffix}:({reason}|\d+: .*({reason}))"):
        read(tmp_path, text, suffix)


def test_damaged_cues_are_counted_by_reason_and_named(tmp_path: Path) -> None:
    text = (
        "some junk\n\n1\n00:00:01,000 --> 00:00:02,000\ngood\n\n2\n00:00:0x --> 00:00:09,000\nlost\n\n"
        "3\n00:00:09,000 --> 00:00:08,000\nbackwards\n\n4\n-00:00:09,000 --> -00:00:08,000\nbefore\n\n"
        "5\n00:00:10,000 --> 00:00:11,000\n<i></i>\n"
    )
    found = read(tmp_path, text)
    assert found.cues == (SubtitleSegment(1.0, 2.0, "good"),)
    path = tmp_path / "a.srt"
    assert found.problems == (
        f"{path}:8: not a time line: '00:00:0x --> 00:00:09,000'",
        f"{path}:1: lines before the first cue: 'some junk'",
        f"{path}:12: ends before it starts: 'backwards'",
        f"{path}:16: lies before the video starts: 'before'",
    )
    assert found.left_out == {
        "not a time line": 1,
        "lines before the first cue": 1,
        "ends before it starts": 1,
        "lies before the video starts": 1,
        "empty cues": 1,
    }
    assert "1 ends before it starts" in found.account()


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02" * 40, b"just words\nno times\n", b"\x00\xff" * 50])
def test_a_file_without_cues_says_so(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DataError, match="no subtitle in"):
        read(tmp_path, data)


@pytest.mark.parametrize(
    ("suffix", "text"), [("jsonl", ""), ("srt", "\n \n"), ("vtt", "WEBVTT\n"), ("json", "[]")]
)
def test_no_speech_is_no_error_where_it_may_be(tmp_path: Path, suffix: str, text: str) -> None:
    assert read(tmp_path, text, suffix, may_be_empty=True).cues == ()
    with pytest.raises(DataError, match="no subtitle in"):
        read(tmp_path, text, suffix)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.srt", tmp_path, tmp_path / "a\0b.srt"):
        with pytest.raises(DataError, match="cannot read the subtitles"):
            read_subtitles(path)


HOSTILE = {
    "angles": "<" * 1_000_000,
    "font tags": "<font " * 160_000,
    "braces": "{" * 1_000_000,
    "overrides": "{\\" * 500_000,
    "digits": "1" * 1_000_000,
    "digit lines": "1\n" * 500_000,
    "arrows": "-->" * 330_000,
    "times": "00:" * 330_000,
    "time lines": "00:00:01,000 --> 00:00:02,000\n" * 33_000,
    "bad time lines": "00:00:0x --> 00:00:02,000\n" * 38_000,
    "blanks": " " * 1_000_000,
    "blank lines": "1\n00:00:01,000 --> 00:00:02,000\n" + "\n" * 1_000_000,
    "ampersands": "&" * 1_000_000,
    "entities": "&#1234567890" * 80_000,
    "backslashes": "\\" * 1_000_000,
    "brackets": "[" * 1_000_000,
    "lyrics": "[00:01.00]" * 100_000,
    "tt": "<tt>" + "<p>" * 300_000,
    "drawings": "{\\p1}m{\\p0}" * 90_000,
}


HOSTILE_OF = {
    "ass": ("angles", "braces", "overrides", "backslashes", "drawings", "digit lines"),
    "ttml": ("angles", "tt", "ampersands", "brackets"),
    "lrc": ("brackets", "lyrics", "digits", "digit lines"),
    "jsonl": ("brackets", "digits", "digit lines", "blanks", "braces"),
    "sbv": ("times", "digits", "blanks"),
}


@pytest.mark.parametrize(
    ("suffix", "name"),
    [
        *(("srt", name) for name in HOSTILE),
        *((suffix, name) for suffix, names in HOSTILE_OF.items() for name in names),
    ],
)
def test_a_mebibyte_of_anything_is_read_or_refused_in_a_moment(
    tmp_path: Path, suffix: str, name: str
) -> None:
    body = HOSTILE[name]
    heads = {"srt": "1\n00:00:01,000 --> 00:00:02,000\n", "ass": event("")[:-1], "lrc": "[00:01.00]"}
    path = tmp_path / f"a.{suffix}"
    path.write_text(heads.get(suffix, "") + body)

    def read() -> None:
        try:
            read_subtitles(path)
        except VidkitError as error:
            assert str(path) in error.message

    quick(read, 1.0)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("midword.srt", ["unbelievable end."]),
        ("gb18030.srt", ["你好世界"]),
        ("karaoke.ass", ["SUNDAY one"]),
        ("blank_in_cue.srt", ["first still first", "ok"]),
    ],
)
def test_files_that_were_read_wrongly_before(name: str, wanted: list[str]) -> None:
    if not FAULTS.is_dir():
        pytest.skip("the shared inputs are not beside the repository")
    assert [cue.text for cue in read_subtitles(FAULTS / name).cues] == wanted


def test_a_number_of_thousands_of_digits_is_no_character(tmp_path: Path) -> None:
    path = tmp_path / "s.srt"
    path.write_text(f"1\n00:00:01,000 --> 00:00:02,000\na &#{'9' * 6000}; b &#65;\n")
    assert [cue.text for cue in read_subtitles(path).cues] == ["a \ufffd b A"]
