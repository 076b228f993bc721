"""Columns for answers that keep to a schema: names and types, which are known before anything is
asked, and the values that an answer has for them.

Both come from a JSON Schema. A pydantic class has one as well, and first checks its answers itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError

from nexhina_nb.batch import kinds
from nexhina_nb.batch.kinds import Kind, Unfit
from nexhina_nb.errors import BadInput
from nexhina_nb.errors.kinds import kind_of

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns of a schema: one for each field; or a single one, of answers without fields."""

    kinds: Mapping[str, Kind]
    model: type[BaseModel] | None = None
    has_fields: bool = True

    def read(self, text: str) -> Sequence[Any]:
        """The values of an answer, in the order of the columns. Raises Unfit."""
        said = _loaded(text) if self.model is None else _checked(self.model, text)
        if self.has_fields:
            return list(kinds.read_record(self.kinds, said).values())
        return [kind.read(said) for kind in self.kinds.values()]


@dataclass(frozen=True, slots=True)
class FreeText:
    """The column of answers without a schema."""

    name: str
    has_fields: ClassVar[bool] = False

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """One column of texts."""
        return {self.name: kinds.TEXT}

    def read(self, text: str) -> Sequence[Any]:
        """The answer itself."""
        return [text]


def sheet_of(schema: Any, name: str) -> Sheet:
    """The columns of a pydantic class or a JSON Schema; ``name`` is that of one without fields.
    Raises BadInput.
    """
    model = schema if isinstance(schema, type) and issubclass(schema, BaseModel) else None
    if model is None and not isinstance(schema, Mapping):
        raise BadInput(
            f"schema is {kind_of(schema)}", hint="pass a pydantic class or a JSON Schema"
        )
    root = schema if model is None else _schema_of(model)
    fields = _fields(_resolved(root, root), root, ())
    if fields:
        return Sheet(fields, model)
    return Sheet({name: _kind(root, root, ())}, model, has_fields=False)


def _schema_of(model: type[BaseModel]) -> Schema:
    # Of what the class writes, since that is what `_checked` gives.
    try:
        return model.model_json_schema(by_alias=False, mode="serialization")
    except PydanticUserError as error:
        reason = str(error).splitlines()[0]
        hint = "leave out what JSON cannot hold"
        raise BadInput(f"{model.__name__} has no JSON Schema: {reason}", hint=hint) from None


def _loaded(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Unfit(f"it is no JSON: {error.msg}") from None


def _checked(model: type[BaseModel], text: str) -> Any:
    try:
        made = model.model_validate_json(text)
        return made.model_dump(mode="json", by_alias=False, warnings=False)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise Unfit(problem["msg"], tuple(map(str, problem["loc"]))) from None
    except PydanticSerializationError as error:
        raise Unfit(str(error)) from None


# A schema is read from its root, where references point to. ``seen`` are those that were followed:
# what holds itself has no type that a column could have, so there it is JSON.


def _kind(schema: Any, root: Schema, seen: tuple[str, ...]) -> Kind:
    """The kind of column for a part of a schema."""
    if not isinstance(schema, Mapping) or schema.get("$ref") in seen:
        return kinds.JSON
    if isinstance(schema.get("$ref"), str):
        seen = (*seen, schema["$ref"])
    found = _resolved(schema, root)
    if found is not schema:
        return _kind(found, root, seen)
    if several := _alternatives(schema):
        return _either(several, root, seen)
    if isinstance(allowed := schema.get("enum"), list):
        return _of_values(allowed)
    if "const" in schema:
        return _of_values([schema["const"]])
    if schema.get("type") == "array":
        return _rows(schema, root, seen)
    fields = _fields(schema, root, seen)
    return kinds.record(fields) if fields else _plain(schema)


def _resolved(schema: Schema, root: Schema) -> Schema:
    """The schema that a reference, or an allOf of one, stands for."""
    reference, parts = schema.get("$ref"), schema.get("allOf")
    if isinstance(reference, str):
        found: Any = root
        for part in filter(None, reference.removeprefix("#").split("/")):
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}
    if isinstance(parts, list) and len(parts) == 1 and isinstance(parts[0], Mapping):
        only: Schema = parts[0]
        return only
    return schema


def _alternatives(schema: Schema) -> list[Any]:
    for key in ("anyOf", "oneOf"):
        if isinstance(several := schema.get(key), list):
            return several
    named = schema.get("type")
    return [{**schema, "type": name} for name in named] if isinstance(named, list) else []


def _either(several: Sequence[Any], root: Schema, seen: tuple[str, ...]) -> Kind:
    others = [row for row in several if not isinstance(row, Mapping) or row.get("type") != "null"]
    found = [_kind(row, root, seen) for row in others]
    one = kinds.either(found) if found else kinds.JSON
    has_null = len(others) < len(several) or any(kind.may_be_null for kind in found)
    return one.or_null() if has_null else one


def _of_values(allowed: Sequence[Any]) -> Kind:
    named = {bool: kinds.TRUTH, int: kinds.WHOLE, float: kinds.NUMBER, str: kinds.TEXT}
    found = {named.get(type(value), kinds.JSON) for value in allowed if value is not None}
    one = kinds.either(list(found)) if found else kinds.JSON
    return (one.or_null() if None in allowed else one).among(allowed)


def _rows(schema: Schema, root: Schema, seen: tuple[str, ...]) -> Kind:
    if "prefixItems" in schema or not isinstance(schema.get("items"), Mapping):
        return kinds.JSON
    return kinds.rows(_kind(schema["items"], root, seen))


def _fields(schema: Schema, root: Schema, seen: tuple[str, ...]) -> dict[str, Kind]:
    """The fields of an object; none of what is no object, or one with any names."""
    named, required = schema.get("properties"), schema.get("required")
    if not isinstance(named, Mapping):
        return {}
    must = required if isinstance(required, list) else []
    found = {str(name): _kind(row, root, seen) for name, row in named.items()}
    return {name: kind if name in must else kind.or_null() for name, kind in found.items()}


def _plain(schema: Schema) -> Kind:
    match schema.get("type"), schema.get("format"):
        case "string", "date":
            return kinds.DAY
        case "string", "date-time":
            return kinds.MOMENT
        case "string", _:
            return kinds.TEXT
        case "integer", _:
            return kinds.WHOLE
        case "number", _:
            return kinds.NUMBER
        case "boolean", _:
            return kinds.TRUTH
    return kinds.JSON
