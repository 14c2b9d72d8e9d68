"""Slices of one H.264 stream put into the pictures of another.

A slice can be decoded without its neighbours: nothing in it refers to macroblocks of other slices of the same
picture. So a small picture that was encoded with one slice a row of macroblocks can stand anywhere in a
larger one: its slices get a new header (first macroblock, picture number), their data stay as they are, bit
by bit; the macroblocks between are skipped, which repeats the picture before. Both streams are of x264, with
the same settings: CAVLC, frames, one reference, no deblocking, no B pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

from vidkit.video.h264_bits import BitReader, BitWriter, nal_units, payload_of, with_start_code

_P, _I = 0, 2
_IDR, _SPS, _PPS = 5, 7, 8
_BASELINE = 66
_HEADER = 0x41  # of a NAL unit: a slice of a reference picture


class UnknownStream(ValueError):  # noqa: N818 - the name says what it is
    """A stream of another kind than these slices are cut from."""


@dataclass(frozen=True)
class StreamParameters:
    """What slice headers of a stream depend on.

    Attributes:
        number_bits: of the picture number.
        quantiser: from which slices count.
    """

    number_bits: int
    quantiser: int

    @classmethod
    def of(cls, headers: bytes) -> StreamParameters:
        """From sequence and picture parameter sets.

        Raises:
            UnknownStream: a stream of another kind.
        """
        found: dict[str, int] = {}
        for unit in nal_units(headers):
            read = BitReader(payload_of(unit))
            if unit[0] & 31 == _SPS:
                if read.bits(8) != _BASELINE:
                    raise UnknownStream("a stream of another profile")
                read.bits(16)
                read.unsigned()
                found["number_bits"] = read.unsigned() + 4
                if read.unsigned() != 2:
                    raise UnknownStream("a stream whose pictures have an order of their own")
            elif unit[0] & 31 == _PPS:
                read.unsigned(), read.unsigned()
                if read.bits(2) or read.unsigned() or read.unsigned() or read.unsigned() or read.bits(3):
                    raise UnknownStream("a stream with CABAC, slice groups, more references or weights")
                found["quantiser"] = 26 + read.signed()
                read.signed(), read.signed()
                if not read.bits(1):
                    raise UnknownStream("a stream whose slices say nothing of deblocking")
        return cls(**found)


@dataclass(frozen=True)
class Slice:
    """A slice without its header.

    Attributes:
        first: its first macroblock in its own picture.
        kind: 0 predicted, 2 intra.
        quantiser: absolute.
        data: its macroblocks, as a number.
        length: bits of `data`.
    """

    first: int
    kind: int
    quantiser: int
    data: int
    length: int


def slices_of(stream: bytes, parameters: StreamParameters) -> list[Slice]:
    """Slices of one encoded picture.

    Raises:
        UnknownStream: a header that such streams do not have.
    """
    found = []
    for unit in nal_units(stream):
        kind = unit[0] & 31
        if kind not in (1, _IDR):
            continue
        read = BitReader(payload_of(unit))
        first, shape = read.unsigned(), read.unsigned() % 5
        read.unsigned()
        read.bits(parameters.number_bits)
        if kind == _IDR:
            read.unsigned()
        # fewer references than usual, another order of them: never with one reference
        if shape == _P and read.bits(2):
            raise UnknownStream("a slice with references of its own")
        if read.bits(2 if kind == _IDR else 1):
            raise UnknownStream("a slice that marks references")
        quantiser = parameters.quantiser + read.signed()
        if read.unsigned() != 1:
            raise UnknownStream("a slice that is deblocked")
        found.append(Slice(first, shape, quantiser, *read.rest()))
    return found


def placed(one: Slice, first: int, number: int, parameters: StreamParameters) -> bytes:
    """A slice as a NAL unit of another stream.

    Args:
        one: the slice.
        first: its first macroblock there.
        number: of the picture there.
        parameters: of the stream there.
    """
    write = BitWriter().unsigned(first).unsigned(one.kind).unsigned(0)
    write.bits(number % (1 << parameters.number_bits), parameters.number_bits)
    write.bits(0, 3 if one.kind == _P else 1)
    write.signed(one.quantiser - parameters.quantiser).unsigned(1)
    return with_start_code(_HEADER, write.bits(one.data, one.length).payload())


def skipped(first: int, count: int, number: int, parameters: StreamParameters) -> bytes:
    """A slice of macroblocks that stay as they are, as a NAL unit."""
    run = BitWriter().unsigned(count)
    return placed(Slice(first, _P, parameters.quantiser, run.value, run.count), first, number, parameters)
