"""What a built-in engine is: a plain function over plain values, described by one row.

An engine knows no socket and no money. It computes its answer from its input, is deterministic
(for a seed where chance plays a part), and is honest about what it is: its row says so to
`/v1/models` and to whoever asks.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from nexhina_nb.errors import NotOffered

if TYPE_CHECKING:  # listing the engines must not load NumPy, or the gateway would start slowly
    import numpy as np
    import numpy.typing as npt

    from nexhina_nb.wire import ChatCompletionRequest

    Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a tool call: the first piece of an index carries ``id`` and ``name``, later ones
    only arguments.
    """

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """One piece of choice ``index``. The last piece of a choice has only ``finish_reason``, and the
    stop string that ended it, if one did.
    """

    index: int = 0
    content: str | None = None
    reasoning: str | None = None
    tool_calls: tuple[ToolCallDelta, ...] = ()
    logprobs: tuple[dict[str, Any], ...] | None = None
    finish_reason: str | None = None
    stop: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens of a whole chat: the last thing that a chat engine yields."""

    prompt: int
    completion: int
    reasoning: int = 0


class ChatEngine(Protocol):
    """Answers a validated chat request piece by piece, then says what it counted."""

    def __call__(self, request: ChatCompletionRequest) -> Iterator[Delta | Counts]: ...


class EmbedEngine(Protocol):
    """Texts → unit vectors (n, d) float32; ``dimensions`` cuts d and normalises again."""

    def __call__(self, texts: Sequence[str], dimensions: int | None = None) -> Matrix: ...


class RerankEngine(Protocol):
    """Query and documents → one score in [0, 1] per document, in the order of the documents,
    float32.
    """

    def __call__(self, query: str, documents: Sequence[str]) -> Matrix: ...


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """One engine as `/v1/models` shows it.

    ``target`` is ``module:function``, imported on first use; ``requires`` names the modules that
    come with the extra "local" only. ``context_length`` is in tokens, 0 where nothing is counted.
    """

    model: str
    target: str
    endpoint_types: tuple[str, ...]
    description: str
    context_length: int
    dimensions: int | None = None
    max_output: int | None = None
    requires: tuple[str, ...] = ()

    @property
    def is_installed(self) -> bool:
        """Whether the modules that it needs of the extra "local" are there."""
        return all(importlib.util.find_spec(name) is not None for name in self.requires)

    def load(self) -> Callable[..., Any]:
        """Import the engine's function. Raises NotOffered (501) when it lacks the extra "local"."""
        if not self.is_installed:
            raise NotOffered(
                f"the engine {self.model} is not installed here: "
                'pip install "nexhina_nb[local]" brings it'
            )
        module, _, name = self.target.partition(":")
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
        return function
