"""A video stream decoded in order, which every other way of reading is measured by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from vidkit.video.container import open_input
from vidkit.video.streams import pick_stream


class Decoding:
    """One open container whose video stream is being decoded.

    Attributes:
        container, stream: PyAV's.
        errors: packets that could not be read or decoded, and frames that the decoder calls corrupt.
        threads: of the decoder; 0: as many as there are cores. What a decoder makes up for a damaged picture
            is always the same with one thread alone.
    """

    def __init__(self, path: str, stream: int, threads: int = 0) -> None:
        self.errors = 0
        self._path, self._number, self.threads = path, stream, threads
        self._open()

    def _open(self) -> None:
        self.container = open_input(self._path)
        self.stream = pick_stream(self.container, Path(self._path), self._number)
        self.stream.thread_type = "AUTO"
        if self.threads:
            self.stream.codec_context.thread_count = self.threads
        self._is_fresh = True

    def rewind(self) -> None:
        """Stand before the first packet, with a decoder that knows nothing."""
        if not self._is_fresh:
            self.reopen()

    def reopen(self) -> None:
        """Open the file again, with `threads` as they are now."""
        self.close()
        self._open()

    def seek(self, pts: int) -> bool:
        """Stand before a key frame at `pts` or earlier, as the container sees it; false: it cannot."""
        import av

        self._is_fresh = False
        try:
            self.container.seek(pts, stream=self.stream, backward=True, any_frame=False)
        except av.error.FFmpegError:
            return False
        return True

    def __enter__(self) -> Decoding:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.container.close()

    def packets(self) -> Iterator[Any]:
        """Packets from where the container stands; the last is empty or, in a broken file, None."""
        import av

        self._is_fresh = False
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:
                self.errors += 1
                yield None
                return
            yield packet

    def decode(self, packet: Any) -> list[Any]:
        """Frames that a packet brings to light; None: those that are still held back."""
        import av

        try:
            frames = list(self.stream.codec_context.decode(packet))
        except av.error.EOFError:
            return []
        except av.error.FFmpegError:
            self.errors += 1
            return []
        return frames

    def frames(self) -> Iterator[Any]:
        """All frames from here on, in the order of display."""
        for packet in self.packets():
            for frame in self.decode(packet):
                self.errors += bool(frame.is_corrupt)
                yield frame


@dataclass
class DecodedTable:
    """What decoding a whole stream gave: time stamps and key frames in the order of display."""

    stamps: list[int | None] = field(default_factory=list)
    is_key: list[bool] = field(default_factory=list)
    errors: int = 0


def decode_all(path: str, stream: int, threads: int = 0) -> DecodedTable:
    """Decode a whole stream for its time stamps; takes as long as playing it without a clock.

    A damaged one is decoded with one thread, as it is read afterwards (see `Decoding`).
    """
    found = DecodedTable()
    with Decoding(path, stream, threads) as decoding:
        for frame in decoding.frames():
            found.stamps.append(frame.pts)
            found.is_key.append(bool(frame.key_frame))
            if decoding.errors and threads != 1:
                break
        found.errors = decoding.errors
    return decode_all(path, stream, 1) if found.errors and threads != 1 else found
