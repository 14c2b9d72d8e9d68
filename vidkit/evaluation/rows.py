"""Read rows from parquet, tsv, csv, jsonl and json; every fault names the file and the line.

Files are untrusted: nothing is skipped, guessed or shortened in silence. Rows come one at a time.
"""

from __future__ import annotations

import csv
import json
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from vidkit.errors import DataError, require
from vidkit.utils.strict_json import load_json, refuse_duplicates

T = TypeVar("T")
FORMATS = ("parquet", "tsv", "csv", "jsonl", "json", "xlsx")
_LIST_KEYS = ("rows", "data", "results")  # where a json object keeps its list of rows
_MAY_BE_NAN = frozenset({"prediction", "response"})  # a data frame's way to say "no reply"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MOST_UNPACKED = 1 << 30  # bytes of a workbook's parts together
# what is not a zip, no workbook or a broken one comes as many kinds of errors (XML's are syntax errors)
_OF_WORKBOOKS = (
    OSError, ValueError, LookupError, TypeError, AttributeError, SyntaxError, EOFError, RuntimeError,
    ArithmeticError, MemoryError, AssertionError, zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip
_MAX_CELL = 16 * 2**20  # characters of one tsv cell; long reasoning replies fit


def read_rows(path: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, row) of a data or predictions file.

    `line` counts lines of text files from 1, rows of parquet files and json lists likewise.

    Raises:
        DataError: no such file, unknown format, wrong encoding, bad row, no rows at all.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"no file '{path}'", "check the path; a folder is not read")
    kind = path.suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise DataError(
            f"cannot read '{path.name}': unknown format '{kind}'", f"use one of {', '.join(FORMATS)}"
        )
    readers = {"parquet": _parquet, "tsv": _tsv, "csv": _csv, "jsonl": _jsonl, "json": _json, "xlsx": _xlsx}
    empty = True
    try:
        for line, row in readers[kind](path):
            empty = False
            _check_finite(path, line, row)
            yield line, row
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name} is not UTF-8: byte 0x{error.object[error.start]:02x} at offset {error.start}",
            _conversion(path),
        ) from error
    if empty:
        raise DataError(f"{path.name} has no rows", "check that the file was written to the end")


def _conversion(path: Path) -> str:
    with path.open("rb") as file:
        coding = "utf-16" if file.read(2) in _UTF16 else "latin1"
    return f"convert it, for example: iconv -f {coding} -t utf-8"


def text_id(value: object) -> str:
    """An id as text: 7, 7.0 and "7" are the same id; None and NaN are not ids."""
    if isinstance(value, str):
        return value.strip()
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else str(int(value)) if value.is_integer() else str(value)
    return str(value).strip()


def _jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    name = path.name
    with path.open("rb") as file:
        for line, raw in enumerate(file, 1):
            text = _decoded(path, line, raw).strip()
            if text:
                yield line, _json_object(name, line, text)


def _decoded(path: Path, line: int, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig" if line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise DataError(
            f"{path.name} line {line}: not UTF-8 (byte 0x{byte:02x} at {error.start})", _conversion(path)
        ) from error


def _json_object(name: str, line: int, text: str) -> dict[str, Any]:
    try:
        row = load_json(text, name, line=line)
    except ValueError as error:
        raise DataError(
            f"{name} line {line}: not JSON ({_reason(error)})",
            "one JSON object per line; a cut line can be deleted",
        ) from error
    return _as_row(name, line, row)


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return error.msg
    return str(error).partition(";")[0]


def _as_row(name: str, line: int, row: object) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise DataError(
            f"{name} line {line}: expected an object, found {type(row).__name__}",
            "rows are JSON objects",
        )
    return row


def _json(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    text = path.read_bytes().decode("utf-8-sig")
    if not text.strip():
        return
    try:
        content = load_json(text, path.name)
    except ValueError as error:
        at = f"line {error.lineno}: " if isinstance(error, json.JSONDecodeError) else ""
        what = f"{path.name} {at}not JSON ({_reason(error)})"
        raise DataError(what, "for one object per line, name the file .jsonl") from error
    if isinstance(content, dict):
        content = next((content[key] for key in _LIST_KEYS if isinstance(content.get(key), list)), content)
    if not isinstance(content, list):
        raise DataError(
            f"{path.name}: expected a list of rows, found {type(content).__name__}",
            f"a list, or an object with a list under {' or '.join(_LIST_KEYS)}",
        )
    for number, row in enumerate(content, 1):
        yield number, _as_row(path.name, number, row)


def _tsv(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    yield from _delimited(path, "\t")


def _csv(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    yield from _delimited(path, ",")


def _delimited(path: Path, delimiter: str) -> Iterator[tuple[int, dict[str, Any]]]:
    csv.field_size_limit(_MAX_CELL)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            header = next(reader, None)
            if header is None:
                return
            refuse_duplicates(header, f"{path.name} line {reader.line_num}")
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise DataError(
                        f"{path.name} line {reader.line_num}: {len(cells)} cells, the header {len(header)}",
                        "quote cells that hold tabs or line breaks",
                    )
                yield (
                    reader.line_num,
                    {k: (v if v != "" else None) for k, v in zip(header, cells, strict=True)},
                )
        except csv.Error as error:
            raise DataError(
                f"{path.name} line {reader.line_num}: {error}", "quote cells with line breaks"
            ) from error


def _parquet(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    pyarrow = require("pyarrow", extra="eval")
    parquet = require("pyarrow.parquet", extra="eval")
    try:
        file = parquet.ParquetFile(path)
        refuse_duplicates(file.schema_arrow.names, f"{path.name} line 1")
        number = 0
        for batch in file.iter_batches(batch_size=512):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(
            f"{path.name} is not a readable parquet file: {error}", "download it again"
        ) from error


def _xlsx(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The first sheet; its first row names the columns."""
    openpyxl = require("openpyxl", extra="eval")
    _check_unpacked(path)
    book = _of_workbook(path, lambda: openpyxl.load_workbook(path, read_only=True, data_only=True))
    try:
        lines = _of_workbook(path, lambda: book.worksheets[0].iter_rows(values_only=True))
        names = [text_id(cell) for cell in _of_workbook(path, lambda: next(lines, ()))]
        refuse_duplicates(names, f"{path.name} line 1")
        number = 1
        while (cells := _of_workbook(path, lambda: next(lines, None))) is not None:
            number += 1
            if any(cell is not None for cell in cells):
                yield number, {name: cell for name, cell in zip(names, cells, strict=False) if name}
    finally:
        book.close()


def _check_unpacked(path: Path) -> None:
    """Refuse an archive of some kilobytes that becomes gigabytes."""

    def size() -> int:
        with zipfile.ZipFile(path) as archive:
            return sum(part.file_size for part in archive.infolist())

    unpacked = _of_workbook(path, size)
    if unpacked > _MOST_UNPACKED:
        raise DataError(
            f"{path.name} unpacks to {unpacked >> 20} MiB, which is too much for a table",
            "use csv or parquet",
        )


def _of_workbook(path: Path, step: Callable[[], T]) -> T:
    try:
        return step()
    except _OF_WORKBOOKS as error:
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise DataError(f"{path.name} is not a readable workbook: {reason}", "export it again") from error


def _check_finite(path: Path, line: int, row: Mapping[str, Any]) -> None:
    if float not in map(type, row.values()):
        return  # as in most files
    for name, value in row.items():
        if isinstance(value, float) and not math.isfinite(value) and name not in _MAY_BE_NAN:
            if math.isnan(value) and path.suffix == ".parquet":
                continue  # parquet written from a data frame says "no value" with NaN
            raise DataError(
                f"{path.name} line {line}: '{name}' is {value}, not a finite number",
                "write null for no value",
            )
