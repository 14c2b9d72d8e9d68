"""What single packets say by their structure: where decoding may start, and which show no picture.

A container's key flag is not enough. H.264 flags pictures where an intra refresh begins, HEVC and open
groups flag pictures whose leading ones need what came before, AV1 flags key frames that are shown later.
Sources: ITU-T H.264 (7.3.1, D.1.7), H.265 (7.4.2.2), H.266 (7.4.2.2), H.262 (6.2.3), ISO/IEC 14496-2 (6.2.5),
RFC 6386 (9.1), the VP9 (6.2) and AV1 (5.3, 5.9.2) bitstream specifications.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

_NAL_CODECS = {"h264": 1, "hevc": 2, "vvc": 2}  # bytes of a NAL unit's header
_X264 = b"x264 - core "
_SLICES = {"h264": range(1, 6), "hevc": range(32), "vvc": range(12)}  # types of NAL units
_PARAMETER_SETS = {"h264": (7, 8, 13, 15), "hevc": (32, 33, 34), "vvc": (14, 15, 16, 17)}
_RECOVERY_POINT = 6  # type of an SEI payload

Buffer = bytes | memoryview


class Inspector:
    """Reads the first bytes of the packets of one stream.

    Args:
        codec: FFmpeg's name of the codec.
        extradata: the codec's parameters as the container holds them.
        intra_only: whether every picture of this codec stands alone.
    """

    def __init__(self, codec: str, extradata: bytes, intra_only: bool) -> None:
        self.codec = codec
        self._intra_only = intra_only
        self._length_size = _length_size(codec, extradata)
        self._is_entry: Callable[[bytes], bool] | None = {
            "h264": self._h264,
            "hevc": lambda data: self._first_picture(data) in range(16, 22),  # BLA, IDR, CRA
            "vvc": lambda data: self._first_picture(data) in (7, 8, 9),  # IDR, CRA
            "vp8": lambda data: not data[0] & 1,
            "vp9": lambda data: vp9_header(data)[0],
            "av1": _av1_key_is_shown,
            "mpeg1video": _mpeg2_intra,
            "mpeg2video": _mpeg2_intra,
            "mpeg4": _mpeg4_intra,
        }.get(codec)

    @property
    def knows_entries(self) -> bool:
        """Whether this codec's structure is read here; others are decoded in order."""
        return self._intra_only or self._is_entry is not None

    def is_entry(self, data: bytes) -> bool:
        """Whether all pictures displayed from this packet on can be decoded from it."""
        if self._intra_only:
            return True
        try:
            return self._is_entry is not None and self._is_entry(data)
        except IndexError:
            return False

    def parameters(self, data: bytes) -> bytes:
        """The parameter sets (SPS, PPS; HEVC, VVC: VPS too) in a packet before its first slice."""
        kinds = _PARAMETER_SETS.get(self.codec, ())
        found = b""
        for _, unit in self._units(data) if kinds else ():
            kind = self._kind(unit)
            if kind in _SLICES[self.codec]:
                break
            found += unit if kind in kinds else b""
        return found

    @property
    def hides(self) -> bool:
        """Whether packets of this codec may hold pictures that are not shown when they are decoded."""
        return self.codec in ("vp8", "vp9")

    def is_hidden(self, data: Buffer) -> bool:
        """Whether a packet of such a codec shows nothing."""
        if self.codec == "vp8":
            return not data[0] >> 4 & 1
        return not vp9_header(data)[1]

    def encoder_note(self, data: bytes) -> bytes:
        """The message unit in which x264 names its version, as it stands in a packet; empty: none.

        Decoders work around errors of old versions, and the version stands in the first packet alone.
        """
        if self.codec != "h264" or _X264 not in data[:4096]:
            return b""
        for start, unit in self._units(data):
            if unit[0] & 31 == 6 and _X264 in unit:
                return data[start : start + self._prefix(data, start) + len(unit)]
            if unit[0] & 31 in (1, 5):
                break
        return b""

    def _prefix(self, data: bytes, start: int) -> int:
        return self._length_size or (4 if data[start : start + 4] == b"\0\0\0\1" else 3)

    def _units(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """NAL units of a packet, each with the place where its prefix begins."""
        if self._length_size:
            at = 0
            while at + self._length_size < len(data):
                size = int.from_bytes(data[at : at + self._length_size], "big")
                begin = at + self._length_size
                if size:
                    yield at, data[begin : begin + size]
                at = begin + size
            return
        at = data.find(b"\0\0\1")
        while at >= 0:
            following = data.find(b"\0\0\1", at + 3)
            end = len(data) if following < 0 else following
            if end > at + 3:
                yield (at - 1 if at and not data[at - 1] else at), data[at + 3 : end].rstrip(b"\0")
            at = following

    def _kind(self, unit: bytes) -> int:
        if self.codec == "h264":
            return unit[0] & 31
        return unit[0] >> 1 & 63 if self.codec == "hevc" else unit[1] >> 3

    def _first_picture(self, data: bytes) -> int:
        """Type of the first NAL unit that holds a slice, else -1."""
        kinds = (self._kind(unit) for _, unit in self._units(data))
        return next((kind for kind in kinds if kind in _SLICES[self.codec]), -1)

    def _h264(self, data: bytes) -> bool:
        recovers_at_once = False
        for _, unit in self._units(data):
            kind = unit[0] & 31
            if kind == 5:
                return True
            if kind == 6:
                recovers_at_once |= _recovery_count(unit) == 0
            elif kind in (1, 2):
                return recovers_at_once
        return False


def _length_size(codec: str, extradata: bytes) -> int:
    """Bytes of the length before each NAL unit; 0: start codes."""
    if codec not in _NAL_CODECS or len(extradata) < 7 or extradata[:3] in (b"\0\0\1", b"\0\0\0"):
        return 0
    if codec == "h264":
        return (extradata[4] & 3) + 1
    if codec == "hevc":
        return (extradata[21] & 3) + 1 if len(extradata) > 21 else 4
    return (extradata[0] >> 1 & 3) + 1


def _recovery_count(unit: bytes) -> int | None:
    """`recovery_frame_cnt` of an H.264 message unit that has one."""
    data = unit[1:].replace(b"\0\0\3", b"\0\0")
    at = 0
    while at + 2 <= len(data) and data[at] != 0x80:
        kind = size = 0
        while at < len(data) and data[at] == 255:
            kind, at = kind + 255, at + 1
        kind, at = kind + data[at], at + 1
        while at < len(data) and data[at] == 255:
            size, at = size + 255, at + 1
        if at >= len(data):
            return None
        size, at = size + data[at], at + 1
        if kind == _RECOVERY_POINT:
            return _exp_golomb(data[at : at + size])
        at += size
    return None


def _exp_golomb(data: bytes) -> int:
    bits = "".join(f"{byte:08b}" for byte in data[:9])
    zeros = len(bits) - len(bits.lstrip("0"))
    return int(bits[zeros : 2 * zeros + 1] or "1", 2) - 1


def vp9_header(data: Buffer) -> tuple[bool, bool]:
    """(is a key frame, shows a picture) of a VP9 packet; a superframe hides a picture and shows another."""
    first, is_superframe = data[0], data[-1] & 0xE0 == 0xC0
    profile = (first >> 5 & 1) | (first >> 3 & 2)
    left = 3 if profile == 3 else 4  # bits left in the byte behind marker and profile
    if first >> (left - 1) & 1:
        return False, True  # shows a picture that is already decoded
    is_key = not first >> (left - 2) & 1
    return is_key, is_superframe or bool(first >> (left - 3) & 1)


def _av1_key_is_shown(data: bytes) -> bool:
    at = 0
    while at < len(data):
        header = data[at]
        kind, has_extension, has_size = header >> 3 & 15, header >> 2 & 1, header >> 1 & 1
        at += 1 + has_extension
        size, shift = len(data) - at, 0
        if has_size:
            size = 0
            while True:
                byte = data[at]
                size |= (byte & 127) << shift
                at, shift = at + 1, shift + 7
                if not byte & 128:
                    break
        if kind in (3, 6):
            # show_existing_frame 0, frame_type 00 (key), show_frame 1
            return data[at] >> 4 == 0b0001
        at += size
    return False


def _mpeg2_intra(data: bytes) -> bool:
    at = data.find(b"\0\0\1\0")
    return at >= 0 and data[at + 5] >> 3 & 7 == 1


def _mpeg4_intra(data: bytes) -> bool:
    at = data.find(b"\0\0\1\xb6")
    return at >= 0 and data[at + 4] >> 6 == 0
