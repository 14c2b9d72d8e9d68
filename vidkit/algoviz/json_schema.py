"""JSON Schemas (2020-12) of traces and styles, for editors and other programs; made from the models.

They are kept as files beside this one, in `schemas/`; `python scripts/make_docs.py` renews them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vidkit.algoviz.rsl.grammar import Rsl
from vidkit.algoviz.vta.document import Document

FOLDER = Path(__file__).parent / "schemas"
NAMES = {"trace": "trace.schema.json", "style": "style.schema.json"}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(what: str) -> dict[str, Any]:
    """The schema of a trace or a style.

    Args:
        what: "trace" or "style".
    """
    model = Document if what == "trace" else Rsl
    title = "VTA-JSON 5.x, a trace of an algorithm" if what == "trace" else "RSL, how a trace looks"
    made = model.model_json_schema(by_alias=True)
    return {"$schema": _DIALECT, **_without_defaults(made), "title": title}


def _without_defaults(value: Any) -> Any:
    """Without `additionalProperties: true`, as its absence means; releases of pydantic differ."""
    if isinstance(value, dict):
        kept = {name: one for name, one in value.items() if (name, one) != ("additionalProperties", True)}
        return {name: _without_defaults(one) for name, one in kept.items()}
    return [_without_defaults(one) for one in value] if isinstance(value, list) else value


def schema_text(what: str) -> str:
    """The schema as its file has it."""
    return json.dumps(schema_of(what), indent=1, ensure_ascii=False) + "\n"
