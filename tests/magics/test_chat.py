"""``%%nexhina chat`` in a real shell, against a scripted server: what is sent, shown and kept."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from pydantic import BaseModel

from nexhina_nb.client import ChatReply
from nexhina_nb.errors import BadInput, NexhinaError, StreamBroken, Upstream
from nexhina_nb.pricing.estimate import Estimate
from tests.client import mock_server
from tests.client.mock_server import SSE, MockServer, Play, chat_body, chunk, frames, stream
from tests.magics.conftest import Notebook

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
)


def sent(server: MockServer) -> dict[str, Any]:
    found: dict[str, Any] = server.seen[-1].json
    return found


def test_an_answer_is_shown_once_and_its_facts_are_metadata(
    online: Notebook, server: MockServer
) -> None:
    server.play(stream("Good ", "**day**", quota=9))
    cell = online.run("%%nexhina -o reply\nHi\n")
    assert cell.error is None
    assert cell.value is None
    assert len(cell.outputs) == 1
    assert cell.data == {"text/markdown": "Good **day**", "text/plain": "Good **day**"}
    assert cell.facts["cost"] == {"quota": 9, "usd": "0.000018", "source": "gateway"}
    assert cell.facts["model"] == "gpt-4o"
    assert cell.facts["usage"]["total_tokens"] == 15
    assert 0 < cell.facts["seconds"] < 5
    assert isinstance(online.names["reply"], ChatReply)
    assert online.names["reply"].text == "Good **day**"
    assert [cost.quota for cost in online.magics.state.costs] == [9]


def test_only_what_was_given_is_sent(online: Notebook, server: MockServer) -> None:
    server.play(stream("x"))
    online.run("%%nexhina\n\n{\"a\": {'b': $HOME}} {x} 50 %\n\n")
    assert sent(server) == {
        "model": "local/chat",
        "messages": [{"role": "user", "content": "{\"a\": {'b': $HOME}} {x} 50 %"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_every_option_is_sent(online: Notebook, server: MockServer) -> None:
    server.play(stream("x"))
    online.names["tone"] = "kind"
    cell = online.run(
        "%%nexhina chat -m m -s 'Be {{tone}}.' --lang zh -t 0.2 --max-tokens 9 --seed 4 "
        "--stop '\\n' --stop END\nHi"
    )
    assert cell.error is None
    body = sent(server)
    assert body["messages"][0]["role"] == "system"
    assert body["messages"][0]["content"].startswith("Be kind.")
    assert "Chinese" in body["messages"][0]["content"]
    given = {"model": "m", "temperature": 0.2, "max_tokens": 9, "seed": 4, "stop": ["\n", "END"]}
    assert {name: body[name] for name in given} == given


def test_variables_are_inserted_unless_told_otherwise(online: Notebook, server: MockServer) -> None:
    server.play(stream("x"), stream("x"))
    online.names["word"] = "tea"
    online.run("%%nexhina\nWhat is {{word}}?")
    assert sent(server)["messages"][0]["content"] == "What is tea?"
    online.run("%%nexhina --verbatim\nWhat is {{word}}?")
    assert sent(server)["messages"][0]["content"] == "What is {{word}}?"


def test_the_first_line_is_not_expanded_by_ipython(online: Notebook, server: MockServer) -> None:
    server.play(stream("x"))
    online.names["x"] = 1
    online.run("%%nexhina -s '{x} $x'\nHi")
    assert sent(server)["messages"][0]["content"] == "{x} $x"


def test_no_stream_asks_for_a_whole_answer(online: Notebook, server: MockServer) -> None:
    server.play(mock_server.chat("Whole"))
    cell = online.run("%%nexhina --no-stream\nHi")
    assert cell.data["text/markdown"] == "Whole"
    assert "stream" not in sent(server)


def test_raw_is_plain_text_without_control_characters(online: Notebook, server: MockServer) -> None:
    server.play(stream("*a*\x1b[31m\n"))
    cell = online.run("%%nexhina --raw\nHi")
    assert cell.data == {"text/plain": "*a*[31m\n"}


def test_json_is_shown_well_and_parsed(online: Notebook, server: MockServer) -> None:
    server.play(stream('{"a":', "[1]}"))
    cell = online.run("%%nexhina --json -o r\nGive JSON")
    assert sent(server)["response_format"] == {"type": "json_object"}
    assert cell.data["text/markdown"] == '```json\n{\n  "a": [\n    1\n  ]\n}\n```'
    assert online.names["r"].parsed == {"a": [1]}


def test_a_schema_gives_an_instance(online: Notebook, server: MockServer) -> None:
    class Town(BaseModel):
        name: str

    online.names["Town"] = Town
    server.play(stream('{"name": "Oslo"}'))
    online.run("%%nexhina --schema Town -o r\nA town")
    assert sent(server)["response_format"]["json_schema"]["name"] == "Town"
    assert online.names["r"].parsed == Town(name="Oslo")


def test_an_answer_of_another_form_is_an_error_and_is_kept(
    online: Notebook, server: MockServer
) -> None:
    server.play(stream("I cannot."))
    cell = online.run("%%nexhina --json -o r\nGive JSON")
    assert isinstance(cell.error, Upstream)
    assert cell.line.startswith("Upstream: the answer does not fit what was asked for")
    assert "I cannot." in cell.data["text/markdown"]
    assert online.names["r"].text == "I cannot."


def test_pictures_from_a_file_a_variable_and_the_web(
    online: Notebook, server: MockServer, tmp_path: Any
) -> None:
    (tmp_path / "dot.png").write_bytes(PNG)
    online.names["picture"] = PNG
    server.play(stream("x"))
    cell = online.run(
        "%%nexhina --image dot.png --image picture --image https://x.example/a.png\nWhat is it?"
    )
    assert cell.error is None
    text, *pictures = sent(server)["messages"][0]["content"]
    assert text["text"] == "What is it?"
    data = "data:image/png;base64," + base64.b64encode(PNG).decode()
    urls = [picture["image_url"]["url"] for picture in pictures]
    assert urls == [data, data, "https://x.example/a.png"]


def test_tool_calls_are_shown_and_kept_but_not_run(online: Notebook, server: MockServer) -> None:
    ran = []

    def weather(city: str, days: int = 1) -> str:
        """The weather of a city."""
        ran.append(city)
        return "sunny"

    online.names["weather"] = weather
    function = {"name": "weather", "arguments": '{"city": "Oslo", "days": 2}'}
    call = {"index": 0, "id": "c1", "type": "function", "function": function}
    chunks = [chunk({"tool_calls": [call]}), chunk({}, "tool_calls"), mock_server.DONE]
    server.play(Play(chunks, content_type=SSE))
    cell = online.run("%%nexhina --tool weather -o r\nWeather?")
    assert cell.error is None
    assert sent(server)["tools"][0]["function"]["name"] == "weather"
    shown = "weather(city='Oslo', days=2)"
    assert cell.data == {"text/markdown": f"```python\n{shown}\n```", "text/plain": shown}
    assert online.names["r"].tool_calls[0].function.name == "weather"
    assert ran == []


def test_a_text_before_tool_calls_is_shown_too(online: Notebook, server: MockServer) -> None:
    function = {"name": "f", "arguments": "not json"}
    call = {"index": 0, "id": "c1", "type": "function", "function": function}
    chunks = [
        chunk({"content": "Let me look."}),
        chunk({"tool_calls": [call]}),
        chunk({}, "tool_calls"),
        mock_server.DONE,
    ]
    server.play(Play(chunks, content_type=SSE))
    cell = online.run("%%nexhina --raw\nLook")
    assert cell.data == {"text/plain": "Let me look.\n\nf(not json)"}


def test_a_truncated_answer_says_so(online: Notebook, server: MockServer) -> None:
    whole = chat_body("cut", choices=[
        {"index": 0, "message": {"role": "assistant", "content": "cut"}, "finish_reason": "length"}
    ])  # fmt: skip
    server.play(Play(json.dumps(whole).encode()))
    cell = online.run("%%nexhina --no-stream\nHi")
    assert cell.error is None
    assert [output["data"]["text/plain"] for output in cell.outputs] == [
        "cut",
        "[truncated: the answer reached its longest length; raise --max-tokens]",
    ]
    assert cell.facts["finish_reason"] == "length"


def test_a_broken_stream_keeps_what_came(online: Notebook, server: MockServer) -> None:
    server.play(Play([chunk({"content": "half "})], content_type=SSE, cut=True))
    cell = online.run("%%nexhina -o r\nHi")
    assert isinstance(cell.error, StreamBroken)
    assert [output["data"]["text/plain"] for output in cell.outputs] == ["half ", "[broken off]"]
    assert online.names["r"].text == "half "


def test_a_conversation_keeps_its_turns(online: Notebook, server: MockServer) -> None:
    server.play(stream("Hello Ada"), stream("Ada"))
    online.run("%%nexhina -c talk -s 'Be brief.'\nI am Ada")
    online.run("%%nexhina -c talk\nWho am I?")
    assert [(turn["role"], turn["content"]) for turn in sent(server)["messages"]] == [
        ("system", "Be brief."),
        ("user", "I am Ada"),
        ("assistant", "Hello Ada"),
        ("user", "Who am I?"),
    ]
    assert repr(online.run("%nexhina conversations").value) == "talk: 2 turns"
    assert online.run("%nexhina conversations reset talk").error is None
    assert repr(online.run("%nexhina conversations").value) == "There are no conversations."
    assert "there is no conversation 'talk'" in online.run("%nexhina conversations reset talk").line
    server.play(stream("Hello"))
    online.run("%%nexhina -c other\nHi")
    assert online.run("%nexhina conversations reset").error is None
    assert online.magics.state.conversations == {}


def test_a_failed_call_is_no_turn(online: Notebook, server: MockServer) -> None:
    server.play(mock_server.error(400, "invalid_value"))
    assert online.run("%%nexhina -c talk\nHi").error is not None
    assert online.magics.state.conversations == {}


def test_dry_run_shows_the_price_and_sends_nothing(online: Notebook, server: MockServer) -> None:
    cell = online.run("%%nexhina --dry-run -m gpt-4o --max-tokens 100 -o e\nHello")
    assert cell.error is None
    assert server.seen == []
    estimated = online.names["e"]
    assert isinstance(estimated, Estimate)
    assert estimated.output_tokens == (0, 100)
    data, _ = cell.value._repr_mimebundle_()
    assert data["text/plain"] == str(estimated)
    assert "<table>" in data["text/html"]


def test_dry_run_needs_no_gateway(notebook: Notebook) -> None:
    assert "gpt-4o" in repr(notebook.run("%%nexhina --dry-run -m gpt-4o\nHello").value)


def test_a_budget_refuses_before_sending(online: Notebook, server: MockServer) -> None:
    cell = online.run("%%nexhina -m gpt-4o --budget 0.0001\nHello")
    assert isinstance(cell.error, BadInput)
    assert "the budget is $0.0001 → nothing was sent" in cell.line
    cell = online.run("%%nexhina -m nobody-knows --budget 1\nHello")
    assert "no price is known for nobody-knows" in cell.line
    assert server.seen == []
    server.play(stream("x"))
    assert online.run("%%nexhina -m gpt-4o --max-tokens 10 --budget 0.01\nHello").error is None


def test_an_empty_prompt_is_refused_even_without_a_body(online: Notebook) -> None:
    for code in ("%%nexhina", "%%nexhina -m x\n", "%%nexhina\n\n  \n"):
        assert online.run(code).line == "BadInput: the prompt is empty → write what to ask"


def test_help_takes_the_place_of_a_call(notebook: Notebook) -> None:
    cell = notebook.run("%%nexhina chat --help")
    assert cell.error is None
    assert "--max-tokens N" in repr(cell.value)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("%%nexhina --schema nix\nHi", "BadInput: there is no variable 'nix'"),
        ("%%nexhina --tool nix\nHi", "BadInput: there is no variable 'nix'"),
        ("%%nexhina --image nix.png\nHi", "BadInput: picture nix.png cannot be read"),
        ("%%nexhina\n{{nix}}", "BadInput: {{nix}}: there is no variable 'nix'"),
        ("%%nexhina -t 5\nHi", "BadInput: "),
    ],
)
def test_what_cannot_be_used_is_said_on_one_line(online: Notebook, code: str, said: str) -> None:
    cell = online.run(code)
    assert isinstance(cell.error, NexhinaError)
    assert cell.line.startswith(said)


def test_errors_of_the_gateway_are_one_line(online: Notebook, server: MockServer) -> None:
    server.play(mock_server.error(401, "invalid_api_key", "Incorrect API key provided"))
    cell = online.run("%%nexhina\nHi")
    assert cell.line.startswith("Authentication: Incorrect API key provided → ")
    assert "%nexhina login" in cell.line
    assert cell.outputs == []


def test_traceback_shows_everything_but_the_key(online: Notebook, server: MockServer) -> None:
    server.play(mock_server.error(401, "invalid_api_key"))
    cell = online.run("%%nexhina --traceback\nHi")
    assert cell.error is not None
    lines = cell.error._render_traceback_()  # type: ignore[attr-defined]
    assert lines[0].startswith("Traceback")
    assert any("chat.py" in line for line in lines)
    assert "sk-very-secret" not in "\n".join(lines)


def test_without_a_gateway_the_way_to_one_is_said(notebook: Notebook) -> None:
    line = notebook.run("%%nexhina\nHi").line
    assert line.startswith("GatewayNotRunning: ")
    assert "%nexhina gateway start" in line


def test_programming_errors_are_not_hidden(online: Notebook, server: MockServer) -> None:
    class Broken:
        def __str__(self) -> str:
            raise ZeroDivisionError

    online.names["broken"] = Broken()
    assert isinstance(online.run("%%nexhina\n{{broken}}").error, ZeroDivisionError)


def test_in_a_terminal_the_text_is_typed(
    online: Notebook, server: MockServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.play(Play([*frames("He", "llo")], content_type=SSE))
    online.shell.run_cell("%%nexhina\nHi")
    assert capsys.readouterr().out == "Hello\n"
