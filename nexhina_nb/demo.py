"""``nexhina demo``: the main job from beginning to end, on real texts, offline, in a terminal.

A gateway starts beside this process, an answer streams, a DataFrame gets embeddings, documents are
ranked, and at the end the sum of the prices shown is held against the gateway's own ledger.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from nexhina_nb.client.cost import Cost, total
from nexhina_nb.client.sync import Client
from nexhina_nb.errors import NexhinaError
from nexhina_nb.gateway import process
from nexhina_nb.pricing.cost import format_usd, usd
from nexhina_nb.settings import Settings, load

if TYPE_CHECKING:
    import pandas as pd

    from nexhina_nb.client.vectors import Vectors

QUESTION = "Why is my account locked?"
QUERY = "I paid twice and want my money back"


@dataclass
class Spent:
    """What the demo has spent so far: what was called, with which model, for how much."""

    rows: list[tuple[str, str, Cost]] = field(default_factory=list)

    def add(self, verb: str, model: str, cost: Cost) -> None:
        """Remember a call."""
        self.rows.append((verb, model, cost))

    @property
    def sum(self) -> Cost:
        """All of it."""
        return total(cost for _, _, cost in self.rows)


def tickets() -> list[dict[str, str]]:
    """Sixteen letters to a support desk, written for this demo, each with its topic."""
    text = files("nexhina_nb").joinpath("data/tickets.json").read_text(encoding="utf-8")
    rows: list[dict[str, str]] = json.loads(text)
    return rows


def run(plot: str = "nexhina-demo.png", console: Console | None = None) -> None:
    """Tell the whole story. Raises NexhinaError when prices and ledger disagree."""
    console = console or Console(highlight=False)
    began = time.monotonic()
    with _gateway(console) as settings, Client(settings=settings) as client:
        spent = Spent()
        _chat(client, console, spent)
        frame = _embed(client, console, spent)
        _rerank(client, console, spent)
        _plot(frame, Path(plot))
        console.print(f"\nThe map of the tickets is in [bold]{plot}[/].")
        _reckon(client, console, spent)
    console.print(f"\nDone in {time.monotonic() - began:.1f} s, without leaving this machine.")
    console.print("In a notebook: [bold]%load_ext nexhina_nb[/], [bold]%nexhina gateway start[/].")


@contextmanager
def _gateway(console: Console) -> Iterator[Settings]:
    """A gateway with a home of its own, so that the demo touches nothing of the user's."""
    with tempfile.TemporaryDirectory(prefix="nexhina-demo-") as folder:
        settings = load(environ={}, cwd=Path(folder), home=Path(folder))
        began = time.monotonic()
        running, child = process.start(settings)
        waited = time.monotonic() - began
        console.rule("[bold]1. A gateway beside this process")
        console.print(f"{running.base_url}, ready after {waited:.2f} s, no key, no network.")
        try:
            yield settings
        finally:
            process.stop(settings, child)


def _chat(client: Client, console: Console, spent: Spent) -> None:
    console.rule("[bold]2. An answer streams")
    letters = "\n".join(f"- {row['text']}" for row in tickets())
    console.print(f"Context: {len(tickets())} letters to a support desk. Question: {QUESTION}")
    with client.chat(f"Context:\n{letters}\n\nQuestion: {QUESTION}", stream=True) as stream:
        for piece in stream:
            console.print(piece, end="", markup=False, style="cyan")
    console.print()
    spent.add("chat", stream.reply.model, stream.reply.cost)


def _embed(client: Client, console: Console, spent: Spent) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - heavy: the command's help must not wait for it

    console.rule("[bold]3. A DataFrame gets embeddings")
    frame = pd.DataFrame(tickets())
    vectors = client.embed(frame["text"])
    frame["embedding"] = list(vectors)
    frame["nearest"] = _nearest(vectors)
    table = Table("topic", "ticket", "nearest other ticket")
    texts = frame["text"].tolist()
    for place in range(0, len(texts), 3):
        near = frame["nearest"].tolist()[place]
        table.add_row(str(frame["topic"][place]), texts[place], texts[near])
    console.print(f"{len(frame)} rows, vectors of {vectors.shape[1]} numbers; every third row:")
    console.print(table)
    same = (frame["topic"].to_numpy() == frame["topic"].to_numpy()[frame["nearest"]]).sum()
    console.print(f"{same} of {len(frame)} nearest neighbours are of the same topic.")
    spent.add("embed", vectors.model or "", vectors.cost or Cost())
    return frame


def _nearest(vectors: Vectors) -> list[int]:
    """For each unit vector the place of the other one with the highest cosine."""
    import numpy as np  # noqa: PLC0415 - heavy: the command's help must not wait for it

    likeness = np.asarray(vectors) @ np.asarray(vectors).T
    np.fill_diagonal(likeness, -1)
    return [int(place) for place in likeness.argmax(axis=1)]


def _rerank(client: Client, console: Console, spent: Spent) -> None:
    console.rule("[bold]4. Documents are ranked")
    reply = client.rerank(QUERY, [row["text"] for row in tickets()], top_n=3)
    table = Table("rank", "score", "ticket", title=f"“{QUERY}”")
    for rank, row in enumerate(reply, 1):
        table.add_row(str(rank), f"{row.score:.3f}", row.document)
    console.print(table)
    spent.add("rerank", reply.model, reply.cost)


def _plot(frame: pd.DataFrame, path: Path) -> None:
    """Scatter the vectors on their two main axes, a colour for each topic."""
    import numpy as np  # noqa: PLC0415 - heavy: the command's help must not wait for it
    from matplotlib.figure import Figure  # noqa: PLC0415 - likewise

    matrix = np.stack(list(frame["embedding"]))
    centred = matrix - matrix.mean(axis=0)
    places = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.subplots()
    for topic, rows in frame.groupby("topic").indices.items():
        axes.scatter(places[rows, 0], places[rows, 1], label=str(topic), s=60)
    for place, text in zip(places, frame["text"], strict=True):
        axes.annotate(text[:28] + "…", place, fontsize=7, xytext=(4, 4), textcoords="offset points")
    axes.margins(x=0.3)
    axes.set(title="Support tickets by local/embed", xticks=[], yticks=[])
    axes.legend()
    figure.savefig(path, dpi=120)


def _reckon(client: Client, console: Console, spent: Spent) -> None:
    console.rule("[bold]5. The price, and the ledger")
    table = Table("call", "model", "quota", "price")
    for verb, model, cost in spent.rows:
        table.add_row(verb, model, str(cost.quota), "–" if cost.usd is None else _price(cost))
    console.print(table)
    ledger = client.usage().used
    console.print(f"sum of the prices shown  {_price(spent.sum)}")
    console.print(f"sum of the ledger        {format_usd(usd(ledger))}")
    if ledger != spent.sum.quota:
        raise NexhinaError(f"the ledger says {ledger} quota, the prices {spent.sum.quota}")
    console.print("[green]They agree, to the unit.[/] (Teaching prices: no money changes hands.)")


def _price(cost: Cost) -> str:
    return "unknown" if cost.usd is None else format_usd(cost.usd)
