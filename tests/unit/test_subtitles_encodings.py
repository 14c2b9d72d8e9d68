"""Encodings of subtitles that nobody states, on real sentences."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from vidkit.video.subtitles import read_subtitles
from vidkit.video.subtitles.encoding import decode

SENTENCES = {
    "gb18030": ["你好世界", "我们今天去北京看长城，天气很好。", "企鹅正在跳进冰冷的海水里", "谢谢大家",
                "红色的汽车停在门口"],
    "gbk": ["这是第一句话", "他们为什么要离开？"],
    "big5": ["你好世界", "我們今天去臺北看電影，天氣很好。", "紅色的汽車停在門口", "謝謝大家"],
    "shift_jis": ["こんにちは世界", "ペンギンが海に飛び込みます。", "赤い車が止まった", "ありがとう",
                  "東京の天気は晴れです"],
    "euc_jp": ["こんにちは世界", "ペンギンが海に飛び込みます。", "赤い車が止まった"],
    "cp949": ["안녕하세요", "펭귄이 바다로 뛰어든다.", "빨간 자동차가 멈췄다"],
    "cp1251": ["Привет, мир!", "Пингвины ныряют в воду.", "Красная машина остановилась у дома", "Спасибо"],
    "koi8-r": ["Привет, мир!", "Пингвины ныряют в воду.", "Красная машина остановилась у дома"],
    "iso8859-5": ["Привет, мир!", "Пингвины ныряют в воду.", "Красная машина остановилась у дома",
                  "Добар дан"],
    "cp1250": ["Żółta łódź płynie po rzece", "Příliš žluťoučký kůň úpěl", "Ő egy jó kérdés volt, szép idő"],
    "cp1252": [
        "L’été est déjà là", "Über die Straße gehen", "El niño comió mañana", "Ça va, garçon ?", "café",
        "“Quoted” – text…", "Vous êtes prêt ?",
    ],
    "latin-1": ["Där är en röd bil på gatan", "Não, você está aqui"],
    "cp1253": ["Καλημέρα κόσμε", "Το κόκκινο αυτοκίνητο σταμάτησε"],
    "cp1254": ["Kırmızı araba durdu, şimdi gidiyoruz", "İyi günler, nasılsınız"],
    "cp1255": ["שלום עולם", "המכונית האדומה עצרה"],
    "cp1256": ["مرحبا بالعالم", "توقفت السيارة الحمراء أمام المنزل"],
    "cp874": ["สวัสดีชาวโลก", "รถสีแดงจอดอยู่หน้าบ้าน"],
    "cp1257": ["Šiandien labai gražus oras, ačiū"],
    "utf-8": ["Ünïcödé", "你好世界", "שלום"],
    "utf-16-le": ["Hello world", "你好世界", "Привет, мир!"],
    "utf-16-be": ["Hello world", "你好世界", "Привет, мир!"],
    "utf-32-le": ["Hello world", "你好世界"],
    "utf-32-be": ["Hello world", "你好世界"],
}  # fmt: skip
PAIRS = [(name, text) for name, texts in SENTENCES.items() for text in texts]


def srt(text: str, times: int) -> str:
    return "".join(f"{n}\n00:00:{n:02d},000 --> 00:00:{n:02d},900\n{text}\n\n" for n in range(1, times + 1))


@pytest.mark.parametrize("times", [1, 6])
@pytest.mark.parametrize(("encoding", "text"), PAIRS)
def test_a_sentence_in_any_encoding_is_read_as_written(
    tmp_path: Path, encoding: str, text: str, times: int
) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(srt(text, times).encode(encoding))
    assert {cue.text for cue in read_subtitles(path).cues} == {text}


@pytest.mark.parametrize(("encoding", "text"), [pair for pair in PAIRS if not pair[0].startswith("utf")])
def test_a_film_in_an_old_encoding_with_plain_text_between(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(
        (srt("nothing but plain text here, again and again", 59) + srt(text, 3)).encode(encoding)
    )
    assert {cue.text for cue in read_subtitles(path).cues} >= {text}


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"\x84\x31\x95\x33", "gb18030"),
    ],
)
def test_byte_order_marks_decide(mark: bytes, encoding: str) -> None:
    found = decode(mark + "你好, world".encode(encoding))
    assert (found.text, found.encoding, found.unreadable) == ("你好, world", encoding, 0)


def test_one_broken_byte_does_not_turn_a_file_into_another_language(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(
        srt("Пингвины ныряют в воду", 9).encode() + b"10\n00:00:20,000 --> 00:00:21,000\n\xd0x\n"
    )
    found = read_subtitles(path)
    assert found.cues[0].text == "Пингвины ныряют в воду" and found.encoding == "utf-8"
    assert found.left_out == {"characters that are not utf-8": 1}


def test_a_replacement_sign_that_the_author_wrote_is_no_damage() -> None:
    assert decode("a \ufffd b".encode()).unreadable == 0


def test_the_encoding_found_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(srt("企鹅正在跳进冰冷的海水里", 3).encode("gbk"))
    assert read_subtitles(path).encoding == "gb18030"
