"""Tools: what a request offers and what an assistant calls (contract 1.4, 1.6 and 1.8)."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from nexhina_nb.wire.base import JSONObject, Request, lacking


class FunctionDefinition(Request):
    """A function that the model may call; no ``parameters`` means that it takes no arguments."""

    name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    description: str | None = None
    parameters: JSONObject | None = None
    strict: bool | None = None


class ToolDefinition(Request):
    """A tool on offer; ``function`` is None only where type is another."""

    type: str
    function: FunctionDefinition | None = None

    @model_validator(mode="after")
    def _defines_a_function(self) -> Self:
        if self.type == "function" and self.function is None:
            raise lacking("function", "when type is 'function'")
        return self


class NamedFunction(Request):
    """The one function that must be called."""

    name: str


class ToolChoice(Request):
    """A particular tool instead of "auto"; types other than "function" have fields of their own."""

    type: str
    function: NamedFunction | None = None

    @model_validator(mode="after")
    def _names_a_function(self) -> Self:
        if self.type == "function" and self.function is None:
            raise lacking("function", "when type is 'function'")
        return self


class FunctionCall(Request):
    """Which function to call; ``arguments`` is the model's text, so it may be broken JSON."""

    name: str
    arguments: str


class ToolCall(Request):
    """A call that the assistant asks for; ``function`` is None only where type is another."""

    id: str
    type: str = "function"
    function: FunctionCall | None = None
    index: int | None = None

    @model_validator(mode="after")
    def _names_a_function(self) -> Self:
        if self.type == "function" and self.function is None:
            raise lacking("function", "when type is 'function'")
        return self
