"""Bits of H.264 streams: NAL units, Exp-Golomb codes, emulation prevention (ITU-T H.264, 7.2, 7.4.1, 9.1)."""

from __future__ import annotations

import re

_START = re.compile(rb"\x00\x00\x01")
_RISKY = re.compile(rb"\x00\x00(?=[\x00-\x03])")


def nal_units(stream: bytes) -> list[bytes]:
    """NAL units of a stream with start codes, without these."""
    # a unit never ends in a zero: those belong to the next start code
    return [unit.rstrip(b"\0") for unit in _START.split(stream) if unit.rstrip(b"\0")]


def with_start_code(header: int, payload: bytes) -> bytes:
    """A NAL unit of a header byte and its raw payload."""
    return b"\0\0\0\1" + bytes([header]) + _RISKY.sub(b"\0\0\3", payload)


def payload_of(unit: bytes) -> bytes:
    """The raw payload of a NAL unit."""
    return unit[1:].replace(b"\0\0\3", b"\0\0")


class BitReader:
    """Reads a raw payload from its first bit.

    Args:
        payload: with its stop bit.
    """

    def __init__(self, payload: bytes) -> None:
        value = int.from_bytes(payload, "big")
        zeros = (value & -value).bit_length() - 1
        # the stop bit and what fills the last byte are no data
        self._value = value >> (zeros + 1)
        self.left = 8 * len(payload) - zeros - 1

    def bits(self, count: int) -> int:
        """So many bits as a number."""
        self.left -= count
        return (self._value >> self.left) & ((1 << count) - 1)

    def unsigned(self) -> int:
        """An Exp-Golomb code, ue(v)."""
        zeros = 0
        while not self.bits(1):
            zeros += 1
        return (1 << zeros) - 1 + self.bits(zeros)

    def signed(self) -> int:
        """A signed Exp-Golomb code, se(v)."""
        code = self.unsigned()
        return (code + 1) // 2 if code % 2 else -(code // 2)

    def rest(self) -> tuple[int, int]:
        """What was not read, and how many bits that are."""
        return self._value & ((1 << self.left) - 1), self.left


class BitWriter:
    """Writes a raw payload."""

    def __init__(self) -> None:
        self.value = self.count = 0

    def bits(self, value: int, count: int) -> BitWriter:
        """A number in so many bits."""
        self.value = self.value << count | value
        self.count += count
        return self

    def unsigned(self, value: int) -> BitWriter:
        """An Exp-Golomb code, ue(v)."""
        length = (value + 1).bit_length()
        return self.bits(value + 1, 2 * length - 1)

    def signed(self, value: int) -> BitWriter:
        """A signed Exp-Golomb code, se(v)."""
        return self.unsigned(2 * value - 1 if value > 0 else -2 * value)

    def payload(self) -> bytes:
        """All of it, with the stop bit."""
        filler = -(self.count + 1) % 8
        value = (self.value << 1 | 1) << filler
        return value.to_bytes((self.count + 1 + filler) // 8, "big")
