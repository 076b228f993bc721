"""``--budget``: the calls of a cell are made within a budget of the client."""

from __future__ import annotations

import io
import wave

import pytest

from nexhina_nb.client.budgets import ACTIVE
from nexhina_nb.errors import BudgetExceeded
from tests.client.mock_server import MockServer
from tests.magics.conftest import Notebook


def sound(seconds: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(bytes(2 * 8000 * seconds))
    return file.getvalue()


@pytest.mark.parametrize(
    "code",
    [
        "%%nexhina --budget {}\nWhat is 2 + 3?",
        "%%nexhina --no-stream --budget {}\nWhat is 2 + 3?",
        "%%nexhina respond --budget {}\nWhat is 2 + 3?",
        "%%nexhina embed --budget {}\na line of text",
        "%%nexhina rerank -q a --budget {}\none\ntwo",
        "%%nexhina moderate --budget {}\nhello",
        "%%nexhina image --size 64x64 --budget {}\na house",
        "%%nexhina speak --format wav --budget {}\nHello",
        "%nexhina transcribe minute --budget {}",
        "%%nexhina video --seconds 1 --size 64x64 --no-wait --budget {}\nstars",
    ],
)
def test_every_verb_keeps_it(served: Notebook, code: str) -> None:
    served.names["minute"] = sound(60)
    cell = served.run(code.format("0.0000001"))
    assert isinstance(cell.error, BudgetExceeded)
    assert "the budget is $0.0000001 → nothing was sent" in cell.line
    assert served.run(code.format(1)).error is None
    assert ACTIVE.get() == ()


def test_earlier_turns_count(served: Notebook) -> None:
    served.run("%%nexhina respond -o first --max-tokens 50\nWhat is 2 + 3?")
    served.names["by_id"] = served.names["first"].id
    more = "%%nexhina respond --max-tokens 50 --budget 0.0005 --previous"
    assert served.run(f"{more} first\nAnd 3 + 4?").error is None
    # How long they are is known of a reply, but not of an id: it may be all that the model takes.
    cell = served.run(f"{more} {served.names['by_id']}\nAnd 3 + 4?")
    assert "this call may cost $0.0032" in cell.line
    more = more.replace("0.0005", "0.01")
    assert served.run(f"{more} {served.names['by_id']}\nAnd 3 + 4?").error is None


def test_a_budget_around_the_cell_holds_too(served: Notebook) -> None:
    served.run("import nexhina_nb as nx")
    code = "with nx.budget(usd=0.000001) as spent:\n    get_ipython().run_line_magic{}"
    cell = served.run(code.format("('nexhina', 'logs')"))
    assert cell.error is None
    magic = "with nx.budget(usd=0) as spent:\n    get_ipython().run_cell_magic{}"
    cell = served.run(magic.format("('nexhina', '--budget 1', 'Hello')"))
    assert isinstance(cell.error, BudgetExceeded)
    assert "the budget is $0 →" in cell.line


def test_what_may_be_too_dear_in_sum_is_not_begun(online: Notebook, server: MockServer) -> None:
    lines = "\n".join(f"text {row} {'word ' * 200}" for row in range(3000))
    # Two requests, of which each would do.
    cell = online.run(f"%%nexhina embed -m text-embedding-3-small --budget 0.012\n{lines}")
    assert isinstance(cell.error, BudgetExceeded)
    assert [seen.path for seen in server.seen if seen.method == "POST"] == []
