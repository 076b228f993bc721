"""Arguments of a call → the JSON body, checked by the wire model before anything is sent."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from nexhina_nb.errors import BadInput
from nexhina_nb.wire.base import Request as WireRequest, Wire
from nexhina_nb.wire.validation import from_validation

Model = TypeVar("Model", bound=Wire)


def encode(kind: type[WireRequest], fields: Mapping[str, Any], own: Mapping[str, Any]) -> bytes:
    """The body: ``fields`` are what the call makes of its named arguments (None: not given),
    ``own`` the other ones.

    Unknown names in ``own`` go to the gateway as they are (contract 0.3), unless they look like
    slips of the pen. Raises BadInput, with the field's name, for what the contract does not allow.
    """
    try:
        return check(kind, fields, own).to_json()
    except (PydanticSerializationError, UnicodeError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"the request cannot be written as JSON: {reason}", hint=HINT) from None


def check(
    kind: type[Model],
    fields: Mapping[str, Any],
    own: Mapping[str, Any],
    more: Mapping[str, Any] = MappingProxyType({}),
) -> Model:
    """The request that the arguments make, as `encode` would write it; ``more`` stands for what
    goes along in another way, such as files. Raises BadInput as `encode` does.
    """
    _catch_slips(kind, fields, own)
    given = {name: value for name, value in {**fields, **own, **more}.items() if value is not None}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise BadInput(from_validation(error).message, hint=HINT) from None


HINT = "nothing was sent"


def _catch_slips(kind: type[Wire], fields: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    known = sorted({*kind.model_fields, *fields, "system", "lang", "json", "schema", "images"})
    for name in own:
        if name in fields and fields[name] is not None:
            raise BadInput(f"{name!r} is given twice", hint="it is made from the other arguments")
        close = difflib.get_close_matches(name, known, 1, 0.85)
        if name not in known and close:
            raise BadInput(f"there is no argument {name!r}", hint=f"did you mean {close[0]!r}?")
