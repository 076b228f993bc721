"""The public list is sorted, complete and alive."""

from __future__ import annotations

import nexhina_nb


def test_the_list() -> None:
    assert nexhina_nb.__all__ == [
        "AsyncClient",
        "Chat",
        "Client",
        "ask",
        "budget",
        "cost",
        "embed",
        "errors",
        "estimate",
        "load_ipython_extension",
        "logs",
        "matrix",
        "moderate",
        "report",
        "rerank",
        "transcribe",
        "unload_ipython_extension",
    ]


def test_every_name_is_there_and_listed_by_dir() -> None:
    for name in nexhina_nb.__all__:
        assert getattr(nexhina_nb, name) is not None
    assert set(nexhina_nb.__all__) <= set(dir(nexhina_nb))
    assert nexhina_nb.__all__ == sorted(nexhina_nb.__all__, key=lambda name: (name.islower(), name))


def test_the_version_is_the_one_number() -> None:
    import json
    from pathlib import Path

    package = json.loads(
        Path(__file__).parents[1].joinpath("labextension/package.json").read_text()
    )
    assert nexhina_nb.__version__ in (package["version"], "0.0.0")
