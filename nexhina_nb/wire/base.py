"""What all wire models share: unknown fields are kept, and what was not set is not written.

Requests are checked strictly (no "1" for 1), replies are read leniently (`Wire.read`). Where a
field takes several forms, the form is chosen by the shape of the value, so that an error speaks of
the form that was meant; the names of these branches start with `BRANCH` and are left out of the
paths that errors show (`wire.errors.from_validation`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError
from pydantic_core import PydanticCustomError

from nexhina_nb.errors import Upstream
from nexhina_nb.wire.lenient import missing_value, shaped

BRANCH = "~"
JSONObject = dict[str, Any]


class Wire(BaseModel):
    """The root of all models of this package."""

    model_config = ConfigDict(
        extra="allow",
        populate_by_name=True,
        protected_namespaces=(),  # the wire says model_name, and so do we
        defer_build=True,  # a validator is built when it is first used: importing stays quick
        ser_json_bytes="base64",
        hide_input_in_errors=True,  # the text of an error may reach a log, and no prompt may
    )

    always_written: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        # A text default is a constant of the form ("object": "list"); a reply without it would be
        # no such reply.
        fields = cls.__pydantic_fields__.items()
        cls.always_written = frozenset(name for name, f in fields if isinstance(f.default, str))

    def model_post_init(self, context: Any, /) -> None:
        if self.always_written:
            self.__pydantic_fields_set__.update(self.always_written)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # Of forty fields three are set; the others would only hide them.
        told = {*self.model_fields_set, *(self.model_extra or ())}
        return (pair for pair in super().__repr_args__() if pair[0] in told)

    def dump(self) -> dict[str, Any]:
        """As plain JSON values: what was set, constants and unknown fields, nothing else."""
        return self.model_dump(exclude_unset=True, by_alias=True, warnings=False)

    def to_json(self) -> bytes:
        """As JSON text, on one line."""
        return self.__pydantic_serializer__.to_json(
            self, exclude_unset=True, by_alias=True, warnings=False
        )

    @classmethod
    def read(cls, data: object) -> Self:
        """Read what another server sent, also where it is not what the contract says.

        Wrong values stay as they came, missing ones read as empty; neither is an error. Only what
        is no JSON object at all raises `Upstream`.
        """
        if not isinstance(data, Mapping):
            raise Upstream("the answer is not a JSON object", code="bad_response_body")
        try:
            return cls.model_validate(data)
        except ValidationError:
            return cls._as_it_came(data)

    @classmethod
    def _as_it_came(cls, data: Mapping[str, Any]) -> Self:
        known: dict[str, Any] = {}
        rest = dict(data)
        for name, field in cls.__pydantic_fields__.items():
            for key in {name, field.alias or name, field.serialization_alias or name} & rest.keys():
                known[name] = shaped(field.annotation, rest.pop(key))
        model = cast("Self", cls.model_construct(set(known), **known))
        for name, field in cls.__pydantic_fields__.items():
            if field.is_required() and name not in known:
                model.__dict__[name] = missing_value(field.annotation)
        model.__pydantic_extra__ = rest
        return model


class Request(Wire):
    """What a client sends: types and bounds are checked, nothing is silently converted."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class Reply(Wire):
    """What a server sends. Unlike in a request, harmless conversions (1.0 → 1) are made."""


def kind(value: object) -> str | None:
    """The branch of a field that may be a text, a list or an object."""
    match value:
        case str():
            return "~text"
        case list():
            return "~list"
        case dict() | BaseModel():
            return "~object"
    return None


def one_of(expected: str) -> Discriminator:
    """Choose among branches by `kind`; a value of no branch "must be ``expected``"."""
    return Discriminator(
        kind, custom_error_type="wrong_kind", custom_error_message=f"must be {expected}"
    )


# A list of a million wrong things is refused at the first of them.
Item = TypeVar("Item")
Several = Annotated[list[Item], Field(fail_fast=True)]

IsText = Tag("~text")
IsList = Tag("~list")
IsObject = Tag("~object")
Text = Annotated[str, IsText]


def lacking(field: str, when: str) -> PydanticCustomError:
    """The error of a field that other fields make necessary; ``field`` is relative to the model."""
    return PydanticCustomError("missing", "is required {when}", {"field": field, "when": when})


def unfit(field: str, rule: str) -> PydanticCustomError:
    """The error of a field that does not go with others: it "must …"."""
    return PydanticCustomError("unfit", "must {rule}", {"field": field, "rule": rule})
