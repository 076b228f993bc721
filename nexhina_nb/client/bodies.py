"""Arguments of a call → the JSON body, checked by the wire model before anything is sent."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from nexhina_nb.errors import BadInput
from nexhina_nb.wire.base import Request as WireRequest
from nexhina_nb.wire.validation import from_validation


def encode(kind: type[WireRequest], fields: Mapping[str, Any], own: Mapping[str, Any]) -> bytes:
    """The body: ``fields`` are what the call makes of its named arguments (None: not given),
    ``own`` the other ones.

    Unknown names in ``own`` go to the gateway as they are (contract 0.3), unless they look like
    slips of the pen. Raises BadInput, with the field's name, for what the contract does not allow.
    """
    _catch_slips(kind, fields, own)
    given = {name: value for name, value in {**fields, **own}.items() if value is not None}
    try:
        return kind.model_validate(given).to_json()
    except ValidationError as error:
        raise BadInput(from_validation(error).message, hint=HINT) from None
    except (PydanticSerializationError, UnicodeError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"the request cannot be written as JSON: {reason}", hint=HINT) from None


HINT = "nothing was sent"


def _catch_slips(
    kind: type[WireRequest], fields: Mapping[str, Any], own: Mapping[str, Any]
) -> None:
    known = sorted({*kind.model_fields, *fields, "system", "lang", "json", "schema", "images"})
    for name in own:
        if name in fields and fields[name] is not None:
            raise BadInput(f"{name!r} is given twice", hint="it is made from the other arguments")
        close = difflib.get_close_matches(name, known, 1, 0.85)
        if name not in known and close:
            raise BadInput(f"there is no argument {name!r}", hint=f"did you mean {close[0]!r}?")
