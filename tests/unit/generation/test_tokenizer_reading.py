"""The tokenizer of a folder is read once, and anew where its files have changed."""

from pathlib import Path

import pytest
from tiny_pipeline import word_tokenizer

from vidkit.generation.prompt import load_tokenizer


def test_a_tokenizer_is_read_once_and_anew_where_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transformers = pytest.importorskip("transformers", reason="tokenizers need transformers")
    read, whole = [], transformers.AutoTokenizer.from_pretrained
    monkeypatch.setattr(
        transformers.AutoTokenizer,
        "from_pretrained",
        lambda place, **how: read.append(place) or whole(place, **how),
    )
    word_tokenizer(["a", "red"]).save_pretrained(tmp_path / "tokenizer")
    first = load_tokenizer(tmp_path)
    assert load_tokenizer(tmp_path) is first and len(read) == 1
    word_tokenizer(["a", "red", "ball"]).save_pretrained(tmp_path / "tokenizer")
    second = load_tokenizer(tmp_path)
    assert len(read) == 2 and "ball" in second.get_vocab() and "ball" not in first.get_vocab()
