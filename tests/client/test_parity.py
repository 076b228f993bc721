"""The two clients are one: the same names with the same signatures, whatever is added to either."""

from __future__ import annotations

import inspect

import pytest

from nexhina_nb.client import aio_streams, core, sync_streams
from nexhina_nb.client.aio import AsyncClient
from nexhina_nb.client.aio_jobs import AsyncVideoJob
from nexhina_nb.client.sync import Client
from nexhina_nb.client.sync_jobs import VideoJob

STREAMS = ("Stream", "ChatStream", "RespondStream", "ImageStream", "SpeechStream")
STREAMS += ("TranscriptStream",)
PAIRS = [
    (Client, AsyncClient),
    (VideoJob, AsyncVideoJob),
    *((getattr(sync_streams, name), getattr(aio_streams, f"Async{name}")) for name in STREAMS),
]
VERBS = sorted(set(core.__all__) - {"refuses_base64"})


def names(kind: type) -> set[str]:
    special = {"__aenter__": "__enter__", "__aexit__": "__exit__"}
    special |= {"__aiter__": "__iter__", "__anext__": "__next__"}
    own = {name for name in dir(kind) if not name.startswith("_")}
    return own | {special.get(name, name) for name in vars(kind) if name in special}


@pytest.mark.parametrize(("sync", "aio"), PAIRS)
def test_names(sync: type, aio: type) -> None:
    dunder = {"__enter__", "__exit__", "__iter__", "__next__"} & set(vars(sync))
    assert {name for name in dir(sync) if not name.startswith("_")} | dunder == names(aio)


@pytest.mark.parametrize(("sync", "aio"), PAIRS)
def test_signatures(sync: type, aio: type) -> None:
    for name in [name for name in dir(sync) if not name.startswith("_")]:
        mine, theirs = getattr(sync, name), getattr(aio, name)
        if not callable(mine):
            continue
        here, there = inspect.signature(mine), inspect.signature(theirs)
        assert list(here.parameters.values()) == list(there.parameters.values()), name
    assert inspect.signature(sync) == inspect.signature(aio)


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_look_as_if_they_were_written_out(verb: str) -> None:
    flow, method = getattr(core, verb), getattr(Client, verb)
    assert method.__doc__ == flow.__doc__
    assert method.__name__ == verb
    shown = inspect.signature(method)
    first, *rest = shown.parameters
    assert first == "self"
    assert rest == list(inspect.signature(flow).parameters)[1:]
    assert "Flow" not in str(shown)
    assert "OpenStream" not in str(shown)
    assert "VideoStatus" not in str(shown)


@pytest.mark.parametrize("verb", VERBS)
def test_the_awaited_verbs_are_coroutines(verb: str) -> None:
    assert inspect.iscoroutinefunction(getattr(AsyncClient, verb))
    assert not inspect.iscoroutinefunction(getattr(Client, verb))
