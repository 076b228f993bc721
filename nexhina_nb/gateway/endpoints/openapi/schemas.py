"""The schemas of the document: every form of `wire`, under its own name."""

from __future__ import annotations

import json
from typing import Any

Schema = dict[str, Any]

_BINARY: Schema = {"type": "string", "format": "binary"}


def components() -> dict[str, Schema]:
    """Name → JSON schema: requests as they are checked, replies as they are written."""
    # pydantic is a third of what the gateway loads, and it is ready without it
    from pydantic.json_schema import models_json_schema  # noqa: PLC0415

    from nexhina_nb import wire  # noqa: PLC0415
    from nexhina_nb.wire.base import Request, Wire  # noqa: PLC0415

    named = {name: getattr(wire, name) for name in wire.__all__}
    models = {
        name: model
        for name, model in named.items()
        if isinstance(model, type) and issubclass(model, Wire)
    }
    rows: Any = [
        (model, "validation" if issubclass(model, Request) else "serialization")
        for model in dict.fromkeys(models.values())
    ]
    _, found = models_json_schema(rows, ref_template=_REFERENCE + "{model}")
    schemas = {name: _marked(_plain(schema)) for name, schema in found["$defs"].items()}
    # Two names of one form.
    same = {name: ref(model.__name__) for name, model in models.items() if name not in schemas}
    return dict(sorted((schemas | same).items()))


def ref(name: str) -> Schema:
    """A schema by name."""
    return {"$ref": _REFERENCE + name}


def as_form(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    """The schema of the same body as a form, in which files are what they are."""
    fields = schema.get("properties", {})
    return schema | {"properties": {name: _field(row, schemas) for name, row in fields.items()}}


_REFERENCE = "#/components/schemas/"


def _plain(value: Any) -> Any:
    """Branches are chosen by their shape, and some overlap: so any may hold, not exactly one."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        renamed = {"oneOf": "anyOf"}
        return {renamed.get(name, name): _plain(item) for name, item in value.items()}
    return value


def _marked(schema: Schema) -> Schema:
    """A field with one possible value tells forms apart, and is always written: it is required."""
    fields: Schema = schema.get("properties", {})
    constants = [name for name, row in fields.items() if "const" in row]
    required = list(dict.fromkeys([*schema.get("required", ()), *constants]))
    return schema | ({"required": required} if required else {})


def _field(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    if not _holds_a_file(schema, schemas):
        return schema
    told = {name: schema[name] for name in ("title", "description") if name in schema}
    is_list = '"array"' in json.dumps(schema)
    many: Schema = {"anyOf": [_BINARY, {"type": "array", "items": _BINARY}]}
    return told | (many if is_list else _BINARY)


def _holds_a_file(schema: Schema, schemas: dict[str, Schema]) -> bool:
    text = json.dumps(schema)
    files = (name for name, row in schemas.items() if "filename" in row.get("properties", ()))
    return any(f'"{_REFERENCE}{name}"' in text for name in files)
