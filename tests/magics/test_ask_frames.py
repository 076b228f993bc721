"""``%%nexhina ask``: a prompt for each row of a frame."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
import polars as pl
import pytest
from IPython.core.completer import provisionalcompleter
from pydantic import BaseModel

from nexhina_nb.errors import BadInput, BudgetExceeded, GatewayNotRunning
from nexhina_nb.pricing.estimate import Estimate
from tests.client.mock_server import MockServer, Play, as_json
from tests.magics.conftest import Notebook

KINDS = [pd.DataFrame, pl.DataFrame]


class Review(BaseModel):
    """What a row says."""

    sentiment: Literal["positive", "negative", "neutral"]
    n: int


def answer(text: str, reason: str = "stop") -> Play:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": reason}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    body = {"id": "c", "model": "chatter", "choices": [choice], "usage": usage}
    return as_json(body, **{"X-Nexhina-Quota": "5"})


def asked(server: MockServer) -> list[Any]:
    """The bodies of the chats, in order."""
    return [seen.json for seen in server.seen if seen.path.endswith("/chat/completions")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_gets_answers(online: Notebook, server: MockServer, kind: Any) -> None:
    frame = kind({"text": ["a", None], "n": [1, 2]})
    online.names["df"] = frame
    server.play(answer("good"))
    cell = online.run(
        "%%nexhina ask --from df -m m -o df2 -t 0 --max-tokens 9\nLabel no. {n}: {text}"
    )
    assert cell.error is None
    (body,) = asked(server)
    assert body["messages"] == [{"role": "user", "content": "Label no. 1: a"}]
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("m", 0, 9)
    made = online.names["df2"]
    assert type(made) is kind
    assert list(made.columns) == ["text", "n", "answer", "answer_error"]
    assert list(frame.columns) == ["text", "n"]
    assert cell.data["text/plain"] == (
        'df2: 2 rows, "answer" holds the answers; 1 of 2 rows failed, "answer_error" says why'
    )
    assert (cell.facts["model"], cell.facts["cost"]["quota"]) == ("chatter", 5)
    assert [cost.quota for cost in online.magics.state.costs] == [5]
    cell = online.run("%%nexhina ask --from df -m m -t 0\nLabel no. {n}: {text}")
    assert len(asked(server)) == 1
    assert "good" in cell.data["text/plain"]
    assert "1 of 2 rows from the cache" in cell.outputs[1]["data"]["text/plain"]
    server.play(answer("good"))
    online.run("%%nexhina ask --from df -m m -t 0 --no-cache\nLabel no. {n}: {text}")
    assert len(asked(server)) == 2


def test_fields_become_columns(online: Notebook, server: MockServer) -> None:
    online.names.update({"df": pl.DataFrame({"text": ["a"]}), "Review": Review})
    server.play(answer('{"sentiment": "positive", "n": 3}'))
    cell = online.run("%%nexhina ask --from df --schema Review -o made\n{text}")
    assert cell.error is None
    assert online.names["made"].schema == {"text": pl.String, "sentiment": pl.String, "n": pl.Int64}
    assert cell.data["text/plain"] == 'made: 1 rows, "sentiment", "n" hold the answers'
    online.run("%%nexhina ask --from made --schema Review --into x -o made\n{text}")
    assert online.names["made"].columns == ["text", "sentiment", "n", "x_sentiment", "x_n"]
    assert len(asked(server)) == 1


@pytest.mark.parametrize(
    ("options", "text", "sent"),
    [
        ("", "{{tone}}: {text}", "{loud} {{x}}: a"),
        ("", "{{ tone }}{text}{{1 + 1}} {{{{", "{loud} {{x}}a{1 + 1} {{"),
        ("", '{{rows["k"]}} {text} {{"json": 1}}', 'v {} a {"json": 1}'),
        ("--verbatim", "{{tone}}: {text}", "{tone}: a"),
        ("", "\n two\nlines {text}\n\n", " two\nlines a"),
    ],
)
def test_variables_come_first_and_columns_after(
    online: Notebook, server: MockServer, options: str, text: str, sent: str
) -> None:
    online.names.update(
        {
            "df": pd.DataFrame({"text": ["a"]}),
            "tone": "{loud} {{x}}",
            "rows": {"k": "v {}"},
        }
    )
    server.play(answer("x"))
    cell = online.run(f"%%nexhina ask --from df {options}\n{text}")
    assert cell.error is None
    assert asked(server)[0]["messages"][0]["content"] == sent


def test_instructions_are_the_same_for_all_rows(online: Notebook, server: MockServer) -> None:
    online.names.update({"df": pd.DataFrame({"text": ["a"]}), "tone": "kind"})
    server.play(answer("x"))
    online.run('%%nexhina ask --from df -s "Be {{tone}} to {text}." --lang fr --seed 3\n{text}')
    body = asked(server)[0]
    assert body["messages"][0]["content"] == "Be kind to {text}.\n\nAnswer in French."
    assert body["seed"] == 3


@pytest.mark.parametrize(
    ("line", "body", "words"),
    [
        ("", "{text}", "ask needs --from"),
        ("--from df", "", "the prompt is empty"),
        ("--from df", "Label it", "the prompt names no column"),
        ("--from df", "{txt}", "no column 'txt', which the prompt names → did you mean text?"),
        ("--from df", "{{txt}} {text}", "no variable 'txt'"),
        ("--from nothing", "{text}", "no variable 'nothing'"),
        ("--from number", "{text}", "number is no pandas or polars DataFrame but an int"),
        ("--from lazy", "{text}", "rows = lazy.collect() makes one: --from rows"),
        ("--from df --schema number", "{text}", "schema is an int"),
        ("--from df --schema Review", "{text}", "a column 'n', and the schema a field"),
        ("--from df -t 9", "{text}", "temperature"),
    ],
)
def test_what_cannot_be_used_is_said(
    online: Notebook, server: MockServer, line: str, body: str, words: str
) -> None:
    frame = pd.DataFrame({"text": ["a"], "n": ["b"]})
    online.names.update({"df": frame, "number": 3, "lazy": pl.LazyFrame(), "Review": Review})
    cell = online.run(f"%%nexhina ask {line}\n{body}")
    assert isinstance(cell.error, BadInput)
    assert words in cell.line
    assert not asked(server)


def test_the_price_before(online: Notebook, server: MockServer) -> None:
    online.names["df"] = pd.DataFrame({"text": ["a", "b", "a"]})
    line = "%%nexhina ask --from df -m gpt-4o --max-tokens 100"
    cell = online.run(f"{line} --dry-run -o before\nLabel: {{text}}")
    assert cell.error is None
    before = online.names["before"]
    assert isinstance(before, Estimate)
    assert before.output_tokens == (0, 200)
    assert "gpt-4o" in cell.value.text
    cell = online.run(f"{line} --budget 0.00001\nLabel: {{text}}")
    assert isinstance(cell.error, BudgetExceeded)
    assert not asked(server)


def test_what_was_paid_for_is_kept(online: Notebook, server: MockServer) -> None:
    online.names["df"] = pd.DataFrame({"text": ["a"]})
    server.play(answer("so f", "length"))
    cell = online.run("%%nexhina ask --from df --max-tokens 2 -o made\n{text}")
    assert cell.error is None
    made = online.names["made"]
    assert list(made["answer"]) == ["so f"]
    assert made["answer_error"][0].startswith("truncated: ")
    refused = b'{"error": {"message": "no", "code": "insufficient_user_quota"}}'
    online.names["df"] = pd.DataFrame({"text": [f"t{row}" for row in range(9)]})
    server.play(answer("good"), *[Play(refused, status=403)] * 9)
    cell = online.run("%%nexhina ask --from df -o partial\n{text}")
    assert cell.error is not None
    assert (online.names["partial"]["answer"] == "good").sum() == 1


def test_without_a_gateway(notebook: Notebook) -> None:
    notebook.names["df"] = pd.DataFrame({"text": ["a"]})
    cell = notebook.run("%%nexhina ask --from df\n{text}")
    assert isinstance(cell.error, GatewayNotRunning)
    assert notebook.run("%%nexhina ask --from df --dry-run\n{text}").error is None


def test_the_built_in_model_answers(served: Notebook) -> None:
    texts = ["I love it!", "What a terrible thing.", "I love it!"]
    served.names.update({"df": pd.DataFrame({"text": texts}), "Review": Review})
    cell = served.run(
        "%%nexhina ask --from df --schema Review -o made\nLabel the sentiment of: {text}"
    )
    assert cell.error is None
    assert list(served.names["made"]["sentiment"]) == ["positive", "negative", "positive"]


def test_completion_knows_its_options(online: Notebook) -> None:
    online.names.update({"reviews": pd.DataFrame({"text": ["a"]}), "Review": Review})
    for text, offer in [
        ("%%nexhina as", "ask"),
        ("%%nexhina ask --fr", "--from"),
        ("%%nexhina ask --from rev", "reviews"),
        ("%%nexhina ask --from reviews --schema Rev", "Review"),
    ]:
        with provisionalcompleter():
            found = list(online.shell.Completer.completions(text, len(text)))
        assert [each.text for each in found] == [offer]


def test_the_page(online: Notebook) -> None:
    page = online.run("%%nexhina ask --help\n").value.text
    assert page.startswith("ask: ask a chat model about each row of a frame")
    assert "%%nexhina ask --from FRAME [OPTION]…" in page
