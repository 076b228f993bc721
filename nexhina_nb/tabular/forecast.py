"""`estimate`: what a call, or a verb over a whole frame, would cost; by one model or by several.

It is here because a frame is priced by the verb that would carry it out, which sends nothing then.
The counting and the money are those of `pricing.estimate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Literal, overload

from nexhina_nb import settings as settings_module
from nexhina_nb.analysis.comparison import Comparison
from nexhina_nb.client.history import History, history_of
from nexhina_nb.client.prices import prices_of
from nexhina_nb.client.shell import Shell
from nexhina_nb.client.sync import Client
from nexhina_nb.errors import BadInput, NexhinaError
from nexhina_nb.errors.kinds import kind_of
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.estimate import Estimate, Verb
from nexhina_nb.settings import Settings
from nexhina_nb.tabular.prospect import Prospect, is_frame

AnyVerb = Verb | Literal["ask"]
_ANSWERING = ("chat", "respond", "ask")
# Verb → the setting that names its model, where that is not called after it.
_MODELS = {
    "chat": "model", "respond": "model", "ask": "model", "translate": "transcribe_model",
}  # fmt: skip


@overload
def estimate(
    verb: AnyVerb,
    inputs: Any = ...,
    other: Any = ...,
    *,
    model: str | None = ...,
    client: Shell | None = ...,
    catalog: Catalog | None = ...,
    at: datetime | date | None = ...,
    **options: Any,
) -> Estimate: ...
@overload
def estimate(
    verb: AnyVerb,
    inputs: Any = ...,
    other: Any = ...,
    *,
    model: Sequence[str],
    client: Shell | None = ...,
    catalog: Catalog | None = ...,
    at: datetime | date | None = ...,
    **options: Any,
) -> Comparison: ...
def estimate(
    verb: AnyVerb,
    inputs: Any = "",
    other: Any = None,
    *,
    model: str | Sequence[str] | None = None,
    client: Shell | None = None,
    catalog: Catalog | None = None,
    at: datetime | date | None = None,
    **options: Any,
) -> Estimate | Comparison:
    """Tokens and cost of a call, or of a verb over a frame, before anything is sent.

    A call: ``chat`` and ``respond`` take a prompt or messages (with ``max_tokens``, ``n``,
    ``tools``), ``embed`` and ``moderate`` texts, ``rerank`` a query (with ``documents``), ``image``
    a prompt (``size``, ``quality``, ``n``), ``speak`` a text, ``transcribe`` and ``translate`` the
    path of a recording (or its ``seconds``), ``video`` a prompt (``seconds``, ``size``).

    A frame: ``estimate("embed", frame, column="text")``, likewise ``moderate`` and ``transcribe``;
    ``estimate("ask", frame, prompt="Sum up: {text}")``; ``estimate("rerank", frame, query="…",
    on="text")``, or two frames. It is the dry run of that verb, with its options, as if nothing
    were in the cache.

    Input is counted; output is a range: what 9 of 10 of the key's last answers by the model had, if
    its gateway's log tells of twenty, else up to the model's limit, as ``assumption`` says. With
    ``max_tokens`` that is the upper end, which no bill exceeds. Several models give a Comparison of
    the same work, with one range for all.

    Prices are those of the gateway of ``client`` (by default the one that the settings name, or
    that runs here), and of the bundled table for models that it does not tell of, or if it cannot
    be asked; ``price.source`` says which. With a ``catalog``, or for a day (``at``), no gateway is
    asked. A model without a known price gives ``quota=None`` and an UnknownPriceWarning.

    Raises BadInput for another verb, a frame that the verb cannot take, and a frame with prices
    that are not its gateway's.
    """
    alone = catalog is not None or at is not None
    if alone and is_frame(inputs):
        what = "a frame is priced as its verb would be billed now"
        raise BadInput(what, hint="leave catalog and at out, or estimate one call")
    with _asking(client, alone=alone) as asked:
        settings = settings_module.load() if asked is None else asked.settings
        if catalog is None:
            catalog = Catalog.bundled() if at is not None else prices_of(asked)
        history = history_of(asked) if verb in _ANSWERING and not alone else History()
        work = Prospect(verb, inputs, other, options, asked, catalog, at)
        if model is None or isinstance(model, str):
            named = model or _usual_model(verb, settings)
            return work.narrowed(work.by(named), history.usual(named))
        return Comparison.of(work.by_each(list(dict.fromkeys(model)), history))


@contextmanager
def _asking(client: Shell | None, *, alone: bool) -> Iterator[Shell | None]:
    """The client whose gateway is asked: the caller's, or if there is one to be had, an own one."""
    if client is not None and not isinstance(client, Shell):
        raise BadInput(f"client is {kind_of(client)}", hint="pass a Client or an AsyncClient")
    if client is not None or alone:
        yield client
        return
    try:
        own = Client(max_retries=0)
    except NexhinaError:
        yield None
        return
    with own:
        yield own


def _usual_model(verb: str, settings: Settings) -> str:
    model: str | None = getattr(settings, _MODELS.get(verb, f"{verb}_model"), None)
    if model is None:
        raise BadInput(f"cannot estimate {verb!r}", hint="a verb such as chat or embed")
    return model
