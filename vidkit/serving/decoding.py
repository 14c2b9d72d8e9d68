"""Undo a reply's compression piece by piece, with its limit held on what comes out, while it comes."""

from __future__ import annotations

import zlib
from typing import Final

from vidkit.serving.wire import bad_reply

ACCEPTED: Final = "gzip, deflate"
"""What a request says that it takes."""
_GZIP: Final = 16 + zlib.MAX_WBITS
_STEP: Final = 1 << 20  # bytes that come out at once
_FREE: Final = 8 << 20  # bytes that may come out of any number
_RATIO: Final = 100  # beyond them; replies with log-probabilities come to 20, zeros to 1,000


class ReplyDecoder:
    """Reads a body of at most `most` bytes, compressed once or not at all, and not a hundredfold.

    Args:
        encoding: the header `content-encoding`, empty for none.
        most: bytes that may come out, and bytes that may come in.

    Raises:
        EngineError: a compression that was not asked for, or several: a few hundred bytes, compressed twice,
            can hold gigabytes.
    """

    def __init__(self, encoding: str, most: int) -> None:
        names = [
            name for part in encoding.lower().split(",") if (name := part.strip()) not in ("", "identity")
        ]
        if len(names) > 1:
            raise bad_reply(f"the reply is compressed {len(names)} times ({', '.join(names[:4])})")
        if names and names[0] not in ("gzip", "x-gzip", "deflate"):
            raise bad_reply(f"the reply is compressed with '{names[0][:40]}', which was not asked for")
        self._kind = names[0] if names else ""
        self._most = most
        self._came_in = self._came_out = 0
        self._opened = False
        self._head = b""  # of a deflated body, until it is known of which kind it is
        self._stream = zlib.decompressobj(_GZIP) if self._kind else None

    def feed(self, data: bytes) -> bytes:
        """The next piece of the body.

        Raises:
            EngineError: too long, or no such compression.
        """
        self._came_in += len(data)
        if self._stream is None:
            self._came_out += len(data)
            self._check()
            return data
        if self._kind == "deflate" and not self._opened:
            self._head += data
            if len(self._head) < 2:
                return b""
            data, self._head, self._opened = self._head, b"", True
            self._stream = zlib.decompressobj(_deflate_bits(data))
        pieces = []
        while data:
            out, data = self._decompressed(self._stream, data)
            pieces.append(out)
            self._came_out += len(out)
            self._check()
        return b"".join(pieces)

    def finish(self) -> None:
        """Refuse a compressed body that ends in the middle.

        Raises:
            EngineError: it does.
        """
        if self._stream is not None and self._came_in and not self._stream.eof:
            raise bad_reply("the reply's compression is broken: it ends in the middle")

    def _decompressed(self, stream: zlib._Decompress, data: bytes) -> tuple[bytes, bytes]:
        """What comes out of a piece, at most one byte more than is allowed, and what is left of the piece."""
        if stream.eof:  # several bodies one behind the other are one
            bits = _deflate_bits(data) if self._kind == "deflate" else _GZIP
            self._stream = stream = zlib.decompressobj(bits)
        try:
            out = stream.decompress(data, min(_STEP, self._most - self._came_out + 1))
        except zlib.error as error:
            raise bad_reply(f"the reply's compression is broken: {error}") from error
        return out, stream.unconsumed_tail or stream.unused_data

    def _check(self) -> None:
        if self._came_out > self._most or self._came_in > self._most:
            raise bad_reply(f"the reply is longer than {self._most} bytes")
        if self._stream is not None and self._came_out > max(_FREE, _RATIO * self._came_in):
            raise bad_reply(f"the reply's compression holds {self._came_out} bytes in {self._came_in}")


def _deflate_bits(data: bytes) -> int:
    """Of a deflated body: with zlib's header, as the standard says, or without, as some servers send it."""
    has_header = len(data) > 1 and data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0
    return zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS
