"""How things come onto the screen: an answer as it grows, a result, a short note.

What changes from run to run (ids, seconds, cost) goes into the output's *metadata*, under
``nexhina``, so that a saved notebook changes only when an answer does.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

from IPython.core.interactiveshell import InteractiveShell

from nexhina_nb.origin import Origin

# Ten updates a second read as a flow; an update carries the whole text, so one a token would send
# a long answer a thousand times.
UPDATE_SECONDS = 0.1

Data = dict[str, Any]
Bundle = tuple[Data, dict[str, Any]]


@dataclass(frozen=True, slots=True, repr=False)
class Note:
    """A line or a page of plain text, or the plain form of something richer; ``facts`` go into the
    metadata.
    """

    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    rich: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        facts = {"nexhina": dict(self.facts)} if self.facts else {}
        return {**self.rich, "text/plain": self.text}, facts


@dataclass(frozen=True, slots=True, repr=False)
class Remark(Note):
    """A note under an answer, set apart from it: truncated, stopped."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        return {"text/markdown": f"*{self.text}*", "text/plain": f"[{self.text}]"}, {}


class Live:
    """An answer that appears when it is complete; the classes below show it as it grows."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def write(self, data: Callable[[], Data]) -> None:
        """More has come; ``data`` gives all of it."""

    def end(self, bundle: Bundle) -> None:
        """The last word."""
        self.screen.publish(bundle)


class Updating(Live):
    """One output of a front end, replaced at most every `UPDATE_SECONDS`."""

    def __init__(self, screen: Screen, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(screen)
        self._clock = clock
        self._transient = {"display_id": uuid.uuid4().hex}
        self._last: float | None = None

    def write(self, data: Callable[[], Data]) -> None:
        now = self._clock()
        if self._last is None or now - self._last >= UPDATE_SECONDS:
            self._send((data(), {}))
            self._last = now

    def end(self, bundle: Bundle) -> None:
        self._send(bundle)

    def _send(self, bundle: Bundle) -> None:
        self.screen.publish(bundle, transient=self._transient, update=self._last is not None)


class Typing(Live):
    """Text in a terminal, written piece by piece."""

    def __init__(self, screen: Screen, out: TextIO) -> None:
        super().__init__(screen)
        self._out, self._written = out, 0

    def write(self, data: Callable[[], Data]) -> None:
        text = data()["text/plain"]
        self._out.write(text[self._written :])
        self._out.flush()
        self._written = len(text)

    def end(self, bundle: Bundle) -> None:
        data, _ = bundle
        self.write(lambda: data)
        self._out.write("\n")
        self._out.flush()


class Rewriting(Live):
    """One line of a terminal, written over until the end."""

    def __init__(self, screen: Screen, out: TextIO) -> None:
        super().__init__(screen)
        self._out = out

    def write(self, data: Callable[[], Data]) -> None:
        self._put(data()["text/plain"].partition("\n")[0])

    def end(self, bundle: Bundle) -> None:
        self._put("")
        super().end(bundle)

    def _put(self, text: str) -> None:
        self._out.write(f"\r\x1b[K{text}")
        self._out.flush()


class Screen:
    """The output of one execution."""

    def __init__(self, shell: InteractiveShell, origin: Origin, *, streams: bool) -> None:
        self._shell = shell
        self._in_kernel = origin.in_kernel
        self._is_live = streams and origin.is_watched

    def live(self) -> Live:
        """A place for an answer that comes in pieces."""
        if not self._is_live:
            return Live(self)
        return Updating(self) if self._in_kernel else Typing(self, sys.stdout)

    def changing(self) -> Live:
        """A place for something whose forms replace each other, such as a picture in the making."""
        if self._is_live and self._in_kernel:
            return Updating(self)
        if self._is_live and sys.stdout.isatty():
            return Rewriting(self, sys.stdout)
        return Live(self)

    def show(self, value: Any, facts: Mapping[str, Any] | None = None) -> None:
        """Display a value as IPython would; ``facts`` join its metadata."""
        formatter: Any = self._shell.display_formatter
        data, metadata = formatter.format(value)
        if facts:
            metadata = {**metadata, "nexhina": {**metadata.get("nexhina", {}), **facts}}
        self.publish((data, metadata))

    def publish(self, bundle: Bundle, **more: Any) -> None:
        """Send one display."""
        data, metadata = bundle
        self._shell.display_pub.publish(data=data, metadata=metadata, **more)
