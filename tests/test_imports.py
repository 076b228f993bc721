"""What importing may load: the cheap things only. Everything heavy waits until it is used."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "IPython", "PIL", "anywidget", "av", "bm25s", "espeakng_loader", "httpx", "httpx2",
    "ipywidgets", "jupyter_server", "jupyterlab", "keyring", "markdown_it", "matplotlib",
    "narwhals", "numpy", "openai", "pandas", "pocketsphinx", "polars", "pyarrow", "pydantic",
    "pygments", "rich", "sqlalchemy", "starlette", "tiktoken", "tornado", "uvicorn",
}  # fmt: skip


def loaded_by(statement: str) -> set[str]:
    """The top-level packages that a fresh interpreter has after a statement."""
    program = (
        f"import sys, json; before = set(sys.modules); {statement}; "
        "print(json.dumps(sorted({n.partition('.')[0] for n in set(sys.modules) - before})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("import nexhina_nb", set()),
        ("import nexhina_nb.errors, nexhina_nb.settings, nexhina_nb.discovery", set()),
        ("import nexhina_nb.cli", set()),
        ("import nexhina_nb.gateway.process", set()),
        ("import nexhina_nb.engines", set()),
        ("from nexhina_nb.engines import sound, speech, transcription", set()),
        ("import nexhina_nb.pricing.cost", set()),
        ("import nexhina_nb.wire", set()),
        ("import nexhina_nb.magics.extension", {"IPython", "pygments"}),
        ("import nexhina_nb.server.service", set()),
        ("import nexhina_nb; nexhina_nb._jupyter_labextension_paths()", set()),
        (
            "import nexhina_nb; nexhina_nb._jupyter_server_extension_points()",
            {"jupyter_server", "tornado"},
        ),
        ("import nexhina_nb.widgets.progress", set()),
        ("import nexhina_nb.analysis.frames", {"polars"}),
        ("import nexhina_nb.analysis.report", {"numpy", "polars"}),
    ],
)
def test_import_loads_nothing_heavy(statement: str, allowed: set[str]) -> None:
    assert loaded_by(statement) & HEAVY <= allowed


def test_the_gateway_is_ready_without_frames_engines_and_pydantic() -> None:
    loaded = loaded_by("import nexhina_nb.gateway.serve")
    assert not loaded & HEAVY - {"sqlalchemy", "starlette", "uvicorn"}


def test_a_client_without_a_budget_loads_nothing_of_budgets() -> None:
    program = (
        "import sys; from nexhina_nb.client import Client; "
        "print('nexhina_nb.client.metering' in sys.modules, 'nexhina_nb.engines' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]
