"""The items that a Responses conversation is made of (contract 1.15 to 1.18)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from nexhina_nb.wire.base import IsList, JSONObject, Reply, Request, Several, Text, lacking, one_of

Status = Literal["in_progress", "completed", "incomplete"]


class ResponseInputText(Request):
    """Text from the user."""

    type: Literal["input_text"] = "input_text"
    text: str


class ResponseInputImage(Request):
    """An image from the user: by URL (http or data URI) or as an uploaded file."""

    type: Literal["input_image"] = "input_image"
    image_url: str | None = None
    file_id: str | None = None
    detail: Literal["low", "high", "auto"] | None = None

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if not (self.image_url or self.file_id):
            raise lacking("image_url", "unless there is a file_id")
        return self


class ResponseInputFile(Request):
    """A file from the user."""

    type: Literal["input_file"] = "input_file"
    file_id: str | None = None
    file_url: str | None = None
    filename: str | None = None
    file_data: str | None = Field(default=None, repr=False)


class ResponseOutputText(Reply):
    """Text from the model, with the places that it quotes."""

    type: Literal["output_text"] = "output_text"
    text: str
    annotations: list[JSONObject]
    logprobs: list[JSONObject] | None = None


class ResponseOutputRefusal(Reply):
    """Why the model would not answer."""

    type: Literal["refusal"] = "refusal"
    refusal: str


class ResponseItem(Reply):
    """A part or an item of a kind that has no model here: kept as it is."""

    type: str


_PARTS = {
    "input_text": "~input_text",
    "input_image": "~input_image",
    "input_file": "~input_file",
    "output_text": "~output_text",
    "refusal": "~refusal",
}
_ITEMS = {
    "message": "~message",
    "function_call": "~function_call",
    "function_call_output": "~function_call_output",
    "reasoning": "~reasoning",
}


def _type(value: object) -> Any:
    return value.get("type") if isinstance(value, dict) else getattr(value, "type", None)


def _part_branch(value: object) -> str:
    return _PARTS.get(str(_type(value)), "~other")


def _input_branch(value: object) -> str:
    # Messages may come without a type: their role tells them.
    has_role = isinstance(value, dict) and "role" in value and "type" not in value
    return "~message" if has_role else _ITEMS.get(str(_type(value)), "~other")


def _output_branch(value: object) -> str:
    return _ITEMS.get(str(_type(value)), "~other")


ResponsePart = Annotated[
    Annotated[ResponseInputText, Tag("~input_text")]
    | Annotated[ResponseInputImage, Tag("~input_image")]
    | Annotated[ResponseInputFile, Tag("~input_file")]
    | Annotated[ResponseOutputText, Tag("~output_text")]
    | Annotated[ResponseOutputRefusal, Tag("~refusal")]
    | Annotated[ResponseItem, Tag("~other")],
    Discriminator(_part_branch),
]
ResponseContent = Annotated[
    Text | Annotated[Several[ResponsePart], IsList], one_of("a string or an array of parts")
]


class ResponseInputMessage(Request):
    """A message that goes in, earlier answers of the assistant included."""

    type: Literal["message"] | None = None
    role: Literal["user", "assistant", "system", "developer"]
    content: ResponseContent
    id: str | None = None
    status: Status | None = None


class ResponseFunctionCall(Reply):
    """A function that the model wants called; ``arguments`` is the model's text."""

    type: Literal["function_call"] = "function_call"
    id: str | None = None
    call_id: str
    name: str
    arguments: str
    status: Status | None = None


class ResponseFunctionOutput(Request):
    """What a called function gave back."""

    type: Literal["function_call_output"] = "function_call_output"
    call_id: str
    output: ResponseContent
    id: str | None = None


class ResponseReasoning(Reply):
    """What the model thought, in short or encrypted."""

    type: Literal["reasoning"] = "reasoning"
    id: str | None = None
    summary: list[JSONObject]
    content: list[JSONObject] | None = None
    encrypted_content: str | None = Field(default=None, repr=False)


_OutputPart = Annotated[
    Annotated[ResponseOutputText, Tag("~output_text")]
    | Annotated[ResponseOutputRefusal, Tag("~refusal")]
    | Annotated[ResponseItem, Tag("~other")],
    Discriminator(_part_branch),
]


class ResponseOutputMessage(Reply):
    """A message that came out."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"]
    status: Status
    content: list[_OutputPart]


ResponseInputItem = Annotated[
    Annotated[ResponseInputMessage, Tag("~message")]
    | Annotated[ResponseFunctionCall, Tag("~function_call")]
    | Annotated[ResponseFunctionOutput, Tag("~function_call_output")]
    | Annotated[ResponseReasoning, Tag("~reasoning")]
    | Annotated[ResponseItem, Tag("~other")],
    Discriminator(_input_branch),
]
ResponseOutputItem = Annotated[
    Annotated[ResponseOutputMessage, Tag("~message")]
    | Annotated[ResponseFunctionCall, Tag("~function_call")]
    | Annotated[ResponseReasoning, Tag("~reasoning")]
    | Annotated[ResponseItem, Tag("~other")],
    Discriminator(_output_branch),
]
