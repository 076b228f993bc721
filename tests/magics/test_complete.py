"""Tab in a real shell: what is offered, what is left to IPython."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter

from nexhina_nb.magics import model_names
from nexhina_nb.magics.state import Conversation
from tests.client import mock_server
from tests.client.mock_server import MockServer, Play
from tests.magics.conftest import Notebook

CELLS = ["chat", "respond", "ask", "embed", "rerank", "moderate", "image", "speak", "video"]


def tab(notebook: Notebook, text: str) -> list[str]:
    """What Tab at the end of the text offers: each offer with the text that it replaces."""
    with provisionalcompleter():
        found = list(notebook.shell.Completer.completions(text, len(text)))
    return [f"{text[offer.start :]}→{offer.text}" for offer in found]


def offers(notebook: Notebook, text: str) -> list[str]:
    return [offer.rpartition("→")[2] for offer in tab(notebook, text)]


def test_verbs(notebook: Notebook) -> None:
    assert offers(notebook, "%%nexhina ") == CELLS
    assert "gateway" in offers(notebook, "%nexhina ")
    assert tab(notebook, "%nexhina ga") == ["ga→gateway"]
    assert tab(notebook, "spent = %nexhina cos") == ["cos→cost"]
    assert tab(notebook, "\n%%nexhina em") == ["em→embed"]


def test_options_without_those_that_are_given(notebook: Notebook) -> None:
    assert tab(notebook, "%%nexhina --te") == ["--te→--temperature"]
    assert tab(notebook, "%%nexhina chat --json --ma") == ["--ma→--max-tokens"]
    found = offers(notebook, "%%nexhina chat -m x --image a --")
    assert "--model" not in found
    assert {"--image", "--out"} <= set(found)
    assert "-m" in offers(notebook, "%%nexhina -")
    assert offers(notebook, "%nexhina gateway st") == ["start", "stop", "status"]
    grouped = ["model", "cell", "notebook", "day", "key", "tag:"]
    assert offers(notebook, "%nexhina cost --by ") == grouped
    assert offers(notebook, "%nexhina cost --by=d") == ["--by=day"]
    assert offers(notebook, "%nexhina help em") == ["embed"]


def test_variables_by_what_fits(notebook: Notebook) -> None:
    notebook.names.update(
        df=pd.DataFrame({"text": [1], "my col": [2]}),
        look=lambda x: x,
        form={"type": "object"},
        note="x",
    )
    assert offers(notebook, "%%nexhina --tool ") == ["look"]
    assert offers(notebook, "%%nexhina --schema ") == ["form"]
    assert offers(notebook, "%%nexhina embed --from ") == ["df"]
    assert offers(notebook, "%%nexhina -o ") == ["df", "form", "note"]
    line = "%%nexhina embed --from df --column "
    assert offers(notebook, line) == ["text", '"my col"']
    assert tab(notebook, line + '"my') == ['"my→"my col"']


def test_the_options_of_frames(notebook: Notebook) -> None:
    notebook.names.update(df=pd.DataFrame({"text": [1]}), asked=pd.DataFrame({"q": [1]}))
    line = "%%nexhina embed --from df --column text "
    assert {"--into", "--too-long"} <= set(offers(notebook, line + "--"))
    assert offers(notebook, line + "--too-long ") == ["error", "truncate", "split"]
    assert offers(notebook, line + "--too-long=s") == ["--too-long=split"]
    assert offers(notebook, line + "--into pri") == ["pri"]
    line = "%%nexhina rerank --from df --queries "
    assert offers(notebook, line) == ["asked", "df"]
    assert offers(notebook, line + "asked --query-column ") == ["q"]
    assert offers(notebook, line + "asked --column ") == ["text"]
    assert offers(notebook, "%%nexhina rerank --from df --query-column q") == ["q"]


def test_conversations(notebook: Notebook) -> None:
    notebook.magics.state.conversations["tutor"] = Conversation()
    assert offers(notebook, "%%nexhina -c t") == ["tutor"]
    assert offers(notebook, "%nexhina conversations reset ")[0] == "tutor"


@pytest.mark.parametrize(
    "line",
    ["%%nexhina -s ", "%%nexhina -t ", "%%nexhina chat xyz", "%%nexhina nix ", "%%nexhina -s pr"],
)
def test_python_names_are_not_offered_where_text_stands(notebook: Notebook, line: str) -> None:
    assert offers(notebook, line) == [line.rpartition(" ")[2]]


def test_the_rest_is_left_to_ipython(notebook: Notebook) -> None:
    assert "print" in offers(notebook, "pri")
    assert "print" in offers(notebook, "%%nexhina\npri")
    assert "gateway" not in offers(notebook, "%%nexhina\ntext\n%nexhina ")
    assert "%%nexhina" in offers(notebook, "%%nexh")
    assert all("chat" not in offer for offer in offers(notebook, "print('%nexhina ')"))


def test_a_path_for_a_picture_is_completed_by_ipython(notebook: Notebook) -> None:
    open("scan.png", "w").close()
    assert offers(notebook, "%%nexhina --image sca") == ["scan.png"]


def test_a_file_to_read_or_write_is_completed_by_ipython(notebook: Notebook) -> None:
    for name in ("talk.wav", "my talk.wav"):
        open(name, "w").close()
    assert "talk.wav" in offers(notebook, "%nexhina transcribe ta")
    assert any("talk.wav" in offer for offer in offers(notebook, '%nexhina transcribe "my t'))
    assert "--language" in offers(notebook, "%nexhina transcribe talk.wav --")
    assert "talk.wav" in offers(notebook, "%%nexhina speak --save ta")


def test_a_verb_of_cells_in_its_line(notebook: Notebook) -> None:
    assert {"video", "transcribe", "translate"} <= set(offers(notebook, "%nexhina "))
    assert "--no-wait" in offers(notebook, "%nexhina video task_1 --")
    assert "--seconds" not in offers(notebook, "%nexhina video task_1 --")
    assert "--seconds" in offers(notebook, "%%nexhina video --")
    assert offers(notebook, "%nexhina image --") == ["--"]


def test_models_come_from_the_gateway(online: Notebook, server: MockServer) -> None:
    server.play(mock_server.models("gpt-4o", "gpt-4o-mini", "o3"))
    offers(online, "%%nexhina -m g")  # loads the client, which may take longer than Tab waits
    deadline = time.monotonic() + 5
    while "gpt-4o" not in offers(online, "%%nexhina -m g") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert tab(online, "%%nexhina -m g") == ["g→gpt-4o", "g→gpt-4o-mini"]
    assert offers(online, "%%nexhina embed --model=o") == ["--model=o3"]
    assert len(server.seen) == 1


def test_without_a_gateway_the_defaults_are_offered(notebook: Notebook) -> None:
    found = offers(notebook, "%%nexhina -m lo")
    assert found[:3] == ["local/chat", "local/embed", "local/rerank"]
    assert {"local/image", "local/transcribe", "local/video"} <= set(found)


def test_nobody_waits_for_a_slow_gateway(online: Notebook, server: MockServer) -> None:
    server.play(Play([b"{"], hang=True))
    offers(online, "%%nexhina -m g")
    started = time.monotonic()
    assert offers(online, "%%nexhina -m lo")[0] == "local/chat"
    assert time.monotonic() - started < 10  # the gateway would never have answered
    assert model_names.PATIENCE < 0.3
    server.stopping = True


def test_tab_is_quiet_when_a_file_is_broken(notebook: Notebook, tmp_path: Path) -> None:
    (tmp_path / "nexhina.toml").write_text("colour = 'x'\n")
    assert "chat" not in offers(notebook, "%%nexhina -m x")
    assert offers(notebook, "%%nexhina --te") == ["--temperature"]


def test_arguments_are_told_from_the_values_of_options(notebook: Notebook) -> None:
    assert "start" in offers(notebook, "%nexhina gateway --traceback ")
    assert "start" not in offers(notebook, "%nexhina gateway start ")
    assert "local/chat" not in offers(notebook, "%nexhina models -o m gpt ")
    assert "local/chat" in offers(notebook, "%nexhina models -o m ")
