"""A text that is shown while it comes; what came of one without an end is shown and kept too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nexhina_nb.client.cost import Cost
from nexhina_nb.errors import NexhinaError, Stopped
from nexhina_nb.magics.display import Data, Live, Remark
from nexhina_nb.magics.state import Context

STOPPED = "stopped"
BROKEN = "broken off"


@dataclass(frozen=True, slots=True)
class Growth:
    """Where a text grows, how it is displayed, and as what reply it is kept, in the variable
    ``out``, if it does not come to its end.
    """

    context: Context
    live: Live
    out: str | None
    data: Callable[[str], Data]
    unfinished: Callable[[str], Any]

    def follow(self, opened: Callable[[], Any]) -> Any:
        """Read a stream to its end; its reply. Raises Stopped when interrupted."""
        stream: Any = None
        try:
            with opened() as stream:
                for _ in stream:
                    self.live.write(lambda: self.data(stream.text))
        except KeyboardInterrupt:
            text = self._keep(stream, STOPPED)
            raise Stopped("the call was stopped", partial=text) from None
        except NexhinaError:
            self._keep(stream, BROKEN)
            raise
        return stream.reply

    def _keep(self, stream: Any, note: str) -> str:
        text: str = stream.text if stream is not None else ""
        if text:
            self.live.end((self.data(text), {}))
            self.context.screen.show(Remark(note))
            self.context.state.costs.append(Cost())  # the gateway knows its price
            self.context.names.assign(self.out, self.unfinished(text))
        return text
