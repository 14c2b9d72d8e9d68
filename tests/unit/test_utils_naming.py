"""Names of files made from ids."""

from __future__ import annotations

import itertools
import unicodedata

import pytest

from vidkit.errors import DataError
from vidkit.utils.naming import check_id, file_name, near_name

HARD = [
    "a/b", "a_b", "a b", "a\\b", "a:b", "A_B", "a_B", "..", ".", "", "...", ".hidden", "-x",
    "a.", "a ", " a", "a~b",
    "é", unicodedata.normalize("NFD", "é"), "e", "ﬁ", "fi", "ß", "ss", "İ", "i", "con",
    "CON", "con.txt", "nul", "com1",
    "x" * 300, "x" * 301, "你" * 200, "你好", "a\0b", "a\nb", "a\udcffb",
    "a_b~0000000000000000", "000001", "~", "q1", "Q1",
    "/etc/passwd", "../../x", "a" * 101, "clip.mp4", "*", "?", "$HOME", "a'b", 'a"b',
]  # fmt: skip


def test_different_ids_have_different_names_on_any_file_system() -> None:
    names = [unicodedata.normalize("NFC", file_name(text)).casefold() for text in HARD]
    assert len(set(names)) == len(HARD)


@pytest.mark.parametrize("text", HARD, ids=ascii)
def test_a_name_is_one_that_a_file_may_have(text: str) -> None:
    name = file_name(text)
    assert 0 < len(name.encode()) <= 120 and name.isascii() and name.isprintable()
    assert not set(name) & set('/\\:*?"<>|\0 ') and name not in (".", "..") and not name.endswith(".")
    assert not name.startswith((".", "-", "~")) and name.partition(".")[0].lower() not in (
        "con",
        "nul",
        "com1",
    )
    assert file_name(text) == name


@pytest.mark.parametrize("text", ["q1", "000001", "clip.mp4", "a_b", "video-12_3", "x" * 100])
def test_plain_ids_are_names_as_they_are(text: str) -> None:
    assert file_name(text) == text


def test_other_ids_stay_readable() -> None:
    assert file_name("a/b").startswith("a_b~") and file_name("fFjv93ACGo8").startswith("fFjv93ACGo8~")


def test_short_ids_of_all_kinds_do_not_meet() -> None:
    texts = ["".join(signs) for size in range(1, 4) for signs in itertools.product("aA/._ ~", repeat=size)]
    assert len({file_name(text).casefold() for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "m.jsonl:3: the id '' is empty"),
        (" ", "is empty"),
        ("a\0b", r"holds a control character \(\\x00\)"),
        ("a\nb", "control character"),
        ("\udc80", r"holds half a character \(\\udc80\)"),
    ],
)
def test_ids_that_are_refused_are_named(text: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        check_id(text, "m.jsonl:3")


def test_near_names() -> None:
    assert near_name("wfs_sb", ["wfs-sb", "efs"]) == "wfs-sb" and near_name("zzz", ["efs"]) is None
