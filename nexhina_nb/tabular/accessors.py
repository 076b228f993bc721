"""`frame.nx` and `frame["text"].nx`: the verbs over frames as methods of pandas and polars.

Importing this package loads neither, whichever of them a notebook imports first; and importing them
does not load the verbs, nor does completion, which looks at every accessor: a verb is loaded when
it is first named. pandas and polars know no entry points for accessors.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import MethodType, ModuleType
from typing import Any

from nexhina_nb.tabular.arrivals import when_imported

NAME = "nx"


class Method:
    """A function of the same name that takes the frame, or the series, first. So a method has the
    documentation and the signature of that function.
    """

    def __init__(self, home: str) -> None:
        self._home, self._name = home, ""

    def __set_name__(self, owner: type[Verbs], name: str) -> None:
        self._name = name

    def __get__(self, instance: Verbs | None, owner: type[Verbs]) -> Callable[..., Any]:
        verb: Callable[..., Any] = getattr(importlib.import_module(self._home), self._name)
        return verb if instance is None else MethodType(verb, instance._data)


class Verbs:
    """What stands behind ``.nx``, for the data that stand before it."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def __repr__(self) -> str:
        kind = type(self)
        verbs = [name for name, held in vars(kind).items() if isinstance(held, Method)]
        return f"{type(self._data).__name__}.{NAME} with the verbs {', '.join(verbs)}"


class FrameVerbs(Verbs):
    """``frame.nx.embed("text")`` is ``nexhina_nb.embed(frame, "text")``, and so on."""

    embed = Method("nexhina_nb")
    rerank = Method("nexhina_nb")
    ask = Method("nexhina_nb")
    moderate = Method("nexhina_nb")
    transcribe = Method("nexhina_nb")


class SeriesVerbs(Verbs):
    """``frame["text"].nx.embed()``: what becomes of each value, row by row."""

    embed = Method("nexhina_nb.tabular.series")
    rerank = Method("nexhina_nb.tabular.series")
    ask = Method("nexhina_nb.tabular.series")
    moderate = Method("nexhina_nb.tabular.series")
    transcribe = Method("nexhina_nb.tabular.series")


def await_libraries() -> None:
    """Register the accessors with each library: now if it is loaded, else when it will be."""
    when_imported("pandas", _with_pandas)
    when_imported("polars", _with_polars)


def _with_pandas(pandas: ModuleType) -> None:
    register = pandas.api.extensions
    _add(pandas.DataFrame, register.register_dataframe_accessor, FrameVerbs)
    _add(pandas.Series, register.register_series_accessor, SeriesVerbs)


def _with_polars(polars: ModuleType) -> None:
    _add(polars.DataFrame, polars.api.register_dataframe_namespace, FrameVerbs)
    _add(polars.LazyFrame, polars.api.register_lazyframe_namespace, FrameVerbs)
    _add(polars.Series, polars.api.register_series_namespace, SeriesVerbs)


def _add(owner: type, register: Callable[[str], Callable[[type], type]], verbs: type) -> None:
    # A package that is imported anew finds its own accessor there, about which both libraries warn.
    if getattr(getattr(owner, NAME, None), "__module__", None) != __name__:
        register(NAME)(verbs)
