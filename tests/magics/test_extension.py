"""Loading, unloading, and what it costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError

from nexhina_nb.magics.extension import load, loaded, unload, with_body
from tests.magics.conftest import Notebook

HEAVY = {
    "httpx2", "pydantic", "numpy", "pandas", "polars", "narwhals", "matplotlib", "sqlalchemy",
    "uvicorn", "starlette", "tiktoken", "keyring", "ipywidgets", "rich", "bm25s",
}  # fmt: skip
MEASURE = """
import json, sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
started = time.process_time()
shell.run_line_magic("load_ext", "nexhina_nb")
print(json.dumps([time.process_time() - started, sorted(sys.modules)]))
"""


def test_loading_is_cheap() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True
    )
    seconds, modules = json.loads(done.stdout)
    assert not HEAVY & {name.partition(".")[0] for name in modules}
    assert seconds < 0.25


def test_loading_twice_changes_nothing(notebook: Notebook) -> None:
    shell = notebook.shell
    counts = [len(shell.Completer.custom_matchers), len(shell.configurables)]
    load(shell)
    assert [len(shell.Completer.custom_matchers), len(shell.configurables)] == counts
    assert loaded(shell) is notebook.magics
    assert shell.input_transformer_manager.cleanup_transforms.count(with_body) == 1


def test_unloading_leaves_nothing(notebook: Notebook) -> None:
    shell = notebook.shell
    unload(shell)
    assert loaded(shell) is None
    assert with_body not in shell.input_transformer_manager.cleanup_transforms
    assert isinstance(notebook.run("%nexhina version").error, UsageError) or (
        shell.find_line_magic("nexhina") is None
    )
    with provisionalcompleter():
        found = [offer.text for offer in shell.Completer.completions("%nexhina gate", 13)]
    assert "gateway" not in found
    unload(shell)
    load(shell)
    assert notebook.run("%nexhina version").error is None


def test_the_docstring_is_the_manual(notebook: Notebook) -> None:
    for mark in ("%", "%%"):
        info = notebook.shell.object_inspect(f"{mark}nexhina")
        assert info["found"]
        assert "Verbs of cells (%%nexhina):" in info["docstring"]


def test_help_and_version(notebook: Notebook) -> None:
    assert "Verbs of lines" in repr(notebook.run("%nexhina").value)
    assert "--max-tokens N" in repr(notebook.run("%nexhina help chat").value)
    assert "--by model|cell|notebook|day|key" in repr(notebook.run("%nexhina cost --help").value)
    assert notebook.run("%nexhina help cht").line.endswith("did you mean chat?")
    assert repr(notebook.run("%nexhina version").value).startswith("nexhina_nb ")


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (["%%nexhina embed --from df\n"], ["%%nexhina embed --from df\n", "\n"]),
        (["%%nexhina"], ["%%nexhina\n", "\n"]),
        (["%%nexhina\n", "text\n"], ["%%nexhina\n", "text\n"]),
        (["%%nexhina?\n"], ["%%nexhina?\n"]),
        (["%%nexhinas\n"], ["%%nexhinas\n"]),
        (["%%time\n"], ["%%time\n"]),
        ([], []),
    ],
)
def test_a_cell_of_one_line_gets_a_body(lines: list[str], body: list[str]) -> None:
    assert with_body(lines) == body


def test_a_terminal_goes_on_waiting_for_the_body(notebook: Notebook) -> None:
    check = notebook.shell.input_transformer_manager.check_complete
    assert check("%%nexhina")[0] == "incomplete"
    assert check("%%nexhina\nHi\n\n")[0] == "complete"


def test_a_variable_of_a_function_is_seen(notebook: Notebook) -> None:
    notebook.run(
        "def ask(verb):\n    return get_ipython().run_line_magic('nexhina', 'help {{verb}}')\n"
        "page = ask('rerank')"
    )
    assert "rerank: sort documents" in repr(notebook.names["page"])
