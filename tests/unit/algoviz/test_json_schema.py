"""The JSON Schemas that ship are those of the models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vidkit.algoviz.json_schema import FOLDER, NAMES, schema_text
from vidkit.algoviz.vta.operations import PARAMS


@pytest.mark.parametrize("what", NAMES)
def test_the_file_is_what_the_models_say(what: str) -> None:
    assert (FOLDER / NAMES[what]).read_text(encoding="utf-8") == schema_text(what), (
        "python scripts/make_docs.py"
    )


def test_the_schema_tells_operations_apart_by_their_name() -> None:
    schema = json.loads(schema_text("trace"))
    found = {value["const"] for value in _objects(schema) if str(value.get("const")) in PARAMS}
    assert found == set(PARAMS)
    assert {"svl_version", "initial_frame", "deltas"} <= set(schema["required"])


def test_the_schema_of_a_style_refuses_unknown_fields() -> None:
    schema = json.loads(schema_text("style"))
    assert schema["additionalProperties"] is False


def _objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(found for entry in value.values() for found in _objects(entry))]
    return [found for entry in value for found in _objects(entry)] if isinstance(value, list) else []
