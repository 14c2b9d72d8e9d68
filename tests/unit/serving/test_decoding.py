"""Compressed replies: what comes out is the same in pieces of any size, and never more than the limit."""

import gzip
import tracemalloc
import zlib

import pytest
from stopwatch import quick

pytest.importorskip("httpx", reason="asking a server needs httpx")

from vidkit.serving.decoding import ReplyDecoder
from vidkit.serving.engine import EngineError

TEXT = b'{"choices": []} ' * 500


def raw_deflate(data: bytes) -> bytes:
    made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return made.compress(data) + made.flush()


BODIES = {
    "": TEXT,
    "identity": TEXT,
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "GZIP, identity": gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]),
    "deflate": zlib.compress(TEXT),
    " deflate ": raw_deflate(TEXT),
}


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("encoding", BODIES)
def test_pieces_of_any_size_give_the_same(encoding: str, size: int) -> None:
    decoder, body = ReplyDecoder(encoding, len(TEXT)), BODIES[encoding]
    found = b"".join(decoder.feed(body[at : at + size]) for at in range(0, len(body), size))
    decoder.finish()
    assert found == TEXT


@pytest.mark.parametrize("encoding", [name for name in BODIES if name.strip() not in ("", "identity")])
def test_a_body_that_ends_in_the_middle_is_refused(encoding: str) -> None:
    decoder = ReplyDecoder(encoding, len(TEXT))
    with pytest.raises(EngineError, match="compression is broken"):
        decoder.feed(BODIES[encoding][:-9])
        decoder.finish()


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("gzip, gzip", "compressed 2 times"),
        ("gzip,deflate,gzip", "compressed 3 times"),
        ("br", "compressed with 'br'"),
        ("zstd", "compressed with 'zstd'"),
    ],
)
def test_what_was_not_asked_for_is_refused_before_it_is_read(encoding: str, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        ReplyDecoder(encoding, 100)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
def test_a_bomb_stops_at_the_limit(compress) -> None:  # type: ignore[no-untyped-def]
    body = compress(b" " * 200_000_000)

    def read() -> None:
        decoder = ReplyDecoder("gzip" if compress is gzip.compress else "deflate", 1_000_000)
        with pytest.raises(EngineError, match="longer than 1000000 bytes"):
            decoder.feed(body)

    tracemalloc.start()
    try:
        quick(read, 1.0)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_bomb_stops_long_before_the_limit_of_real_replies() -> None:
    decoder = ReplyDecoder("gzip", 64 << 20)
    tracemalloc.start()
    with pytest.raises(EngineError, match=r"compression holds \d+ bytes in \d+"):
        decoder.feed(gzip.compress(b" " * (60 << 20)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80 << 20  # of which the body itself, made here, is 60


def test_a_long_reply_that_repeats_itself_is_read() -> None:
    token = b'{"token": "the", "logprob": -0.%06d}, '
    body = b"".join(token % (number * 7919 % 10**6) for number in range(400_000))
    decoder = ReplyDecoder("gzip", 64 << 20)
    assert decoder.feed(gzip.compress(body, 1)) == body
    decoder.finish()


def test_many_empty_bodies_end_at_the_limit_of_what_comes_in() -> None:
    with pytest.raises(EngineError, match="longer than 10000 bytes"):
        decoder = ReplyDecoder("gzip", 10_000)
        for _ in range(10_000):
            decoder.feed(gzip.compress(b""))
