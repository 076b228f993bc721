from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from nexhina_nb.client.tools import function_definition, tool_definitions
from nexhina_nb.errors import BadInput
from nexhina_nb.wire import FunctionDefinition, ToolDefinition


def weather(city: str, unit: Literal["C", "F"] = "C", days: list[int] | None = None) -> str:
    """The weather of a city.

    Only for today.

    Args:
        city (str): where
        unit: the unit to answer in

    Returns:
        a text
    """
    return f"{city} {unit} {days}"


def test_a_function_becomes_a_definition() -> None:
    definition = function_definition(weather)
    assert definition["name"] == "weather"
    assert definition["description"] == "The weather of a city.\n\nOnly for today."
    parameters = definition["parameters"]
    assert parameters["required"] == ["city"]
    assert parameters["properties"]["city"] == {"type": "string", "description": "where"}
    assert parameters["properties"]["unit"]["enum"] == ["C", "F"]
    assert parameters["properties"]["unit"]["description"] == "the unit to answer in"
    assert "description" not in parameters["properties"]["days"]
    assert parameters["additionalProperties"] is False


def sphinx(x: int) -> int:
    """Doubles.

    :param x: what to double
    :returns: twice that
    """
    return 2 * x


def numpy(x: int, y: int) -> int:
    """Adds.

    Parameters
    ----------
    x : int
        the one
    y : int, optional
        the other
    """
    return x + y


def test_other_ways_to_write_docstrings() -> None:
    assert function_definition(sphinx)["description"] == "Doubles."
    assert function_definition(sphinx)["parameters"]["properties"]["x"]["description"] == (
        "what to double"
    )
    properties = function_definition(numpy)["parameters"]["properties"]
    assert function_definition(numpy)["description"] == "Adds."
    assert [properties[name]["description"] for name in "xy"] == ["the one", "the other"]


class Place(BaseModel):
    name: str


def visit(
    place: list[Place], note: Annotated[str, "what to say"], times: Annotated[int, Field(ge=1)]
) -> None:
    return None


def test_models_and_annotations() -> None:
    parameters = function_definition(visit)["parameters"]
    assert parameters["properties"]["place"]["items"] == {"$ref": "#/$defs/Place"}
    assert parameters["$defs"]["Place"]["properties"]["name"]["type"] == "string"
    assert parameters["properties"]["note"]["description"] == "what to say"
    assert parameters["properties"]["times"]["minimum"] == 1
    assert "description" not in function_definition(visit)


def test_a_function_without_hints_or_parameters() -> None:
    def now() -> str:
        return "now"

    def anything(x):  # type: ignore[no-untyped-def]
        return x

    assert function_definition(now)["parameters"]["properties"] == {}
    assert function_definition(anything)["parameters"]["properties"] == {"x": {}}


def test_dicts_pass_and_bare_definitions_are_wrapped() -> None:
    whole = {"type": "function", "function": {"name": "f"}}
    assert tool_definitions(whole) == [whole]
    assert tool_definitions([{"name": "f"}, whole]) == [whole, whole]
    assert tool_definitions(weather)[0]["function"]["name"] == "weather"
    assert tool_definitions([FunctionDefinition(name="f"), ToolDefinition(**whole)]) == [whole] * 2


def several(*args: int) -> None: ...
def named(**options: int) -> None: ...
def positional(x: int, /) -> None: ...
def unwritable(x: Callable[[], int]) -> None: ...
def arbitrary(x: threading.Event) -> None: ...
def unknown(x: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    "bad", [several, named, positional, unwritable, arbitrary, unknown, lambda x: x, 3, "weather"]
)
def test_what_a_model_cannot_call(bad: object) -> None:
    with pytest.raises(BadInput, match=r"hints|def"):
        tool_definitions([bad])
