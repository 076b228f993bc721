"""`Chat`: a conversation with a model as a widget, for the mouse and for code.

The front end sends only wishes (messages such as ``{"do": "send"}``), never state: what is shown is
decided here, where threads stream the answers. A change is sent as the one turn that changed; all
turns stand in a trait, for views that open later.
"""

from __future__ import annotations

import contextvars
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from nexhina_nb import settings as settings_module
from nexhina_nb.client.account import ModelsReply, kinds_of
from nexhina_nb.client.cost import Cost
from nexhina_nb.client.replies import ChatReply
from nexhina_nb.client.sync import ChatStream, Client
from nexhina_nb.errors import BadInput, NexhinaError, Stopped
from nexhina_nb.origin import current_origin
from nexhina_nb.widgets.call import Call
from nexhina_nb.widgets.turns import Turn, as_markdown, as_text, cost_of, price, summary

_HERE = Path(__file__).parent
_LENGTH = re.compile(r"\d+(\.\d+)?(px|em|rem|vh|%)")


class Chat(anywidget.AnyWidget):
    """A chat in the notebook: answers stream, can be stopped, and say what they cost.

    ``model``, ``system``, ``lang``, ``temperature`` and ``max_tokens`` are those of `Client.chat`
    and can be changed at any time; ``height`` is that of the conversation (pixels, or a CSS
    length). Without a ``client`` it finds its gateway as `Client` does, when it is first needed.
    """

    _esm = _HERE / "chat.js"
    _css = _HERE / "chat.css"

    model = traitlets.Unicode().tag(sync=True)
    _turns: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    _models: traitlets.List[str] = traitlets.List().tag(sync=True)
    _total = traitlets.Unicode().tag(sync=True)
    _notice = traitlets.Unicode().tag(sync=True)
    _height = traitlets.Unicode().tag(sync=True)

    # Here, since `close` is also called for a chat that could not be made.
    _call: Call | None = None
    _own_client: Client | None = None

    def __init__(
        self,
        model: str | None = None,
        system: str | None = None,
        client: Client | None = None,
        lang: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        height: int | str = "28em",
    ) -> None:
        known = settings_module.load() if client is None else client.settings
        super().__init__(model=model or known.model, _height=_length(height))
        self.system, self.lang = system, lang
        self.temperature, self.max_tokens = temperature, max_tokens
        self._client = client
        self._origin = current_origin()
        self._lock = threading.RLock()
        self._cleared: list[Turn] = []
        self._kept: list[Turn] = []
        self.on_msg(self._receive)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation as messages; turns without an answer are not part of it."""
        with self._lock:
            system = [{"role": "system", "content": self.system}] if self.system else []
            return system + [message for turn in self._kept for message in turn.messages()]

    @property
    def reply(self) -> ChatReply | None:
        """The last reply; of an answer that was stopped, what came."""
        with self._lock:
            replies = [turn.reply for turn in self._kept if turn.reply is not None]
        return replies[-1] if replies else None

    @property
    def cost(self) -> Cost:
        """What this chat has cost, with what was cleared; unknown if one answer's cost is."""
        with self._lock:
            return cost_of([*self._cleared, *self._kept])

    def ask(self, text: str) -> ChatReply:
        """Send a question as if it had been typed, and wait for the answer.

        Gives what came if the answer is stopped in the widget. Raises Stopped when interrupted,
        BadInput while another answer comes, and what `Client.chat` raises.
        """
        call = self._begin(text)
        try:
            call.wait()
        except KeyboardInterrupt:
            call.stop()
            raise Stopped("the call was stopped", partial=call.turn.reply) from None
        turn = call.turn
        if turn.error is not None:
            raise turn.error
        if turn.reply is None:
            raise Stopped("the call was stopped before an answer came")
        return turn.reply

    def stop(self) -> None:
        """Stop the answer that is coming, if one is; what came stays."""
        if self._call is not None:
            self._call.stop()

    def clear(self) -> None:
        """Begin a new conversation; the cost goes on counting."""
        self.stop()
        with self._lock:
            self._cleared += self._kept
            self._kept, self._turns[:] = [], []
            self._notice = ""
            self.send({"turns": [], "whole": True})

    def close(self) -> None:
        """Stop, and take the widget away."""
        self.stop()
        super().close()
        if self._own_client is not None:
            self._own_client.close()

    def __repr__(self) -> str:
        count = len(self._kept)
        return f"<Chat {self.model}, {count} turn{'s'[: count != 1]}, {price(self.cost)}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget; and for where there are none, the conversation."""
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        data["text/plain"] = "\n\n".join(filter(None, (repr(self), as_text(self._kept))))
        if self._kept:
            data["text/markdown"] = as_markdown(self._kept)
        return data, metadata

    def _begin(self, text: Any) -> Call:
        if not isinstance(text, str) or not text.strip():
            raise BadInput("the question is empty", hint="write what to ask")
        with self._lock:
            if self._call is not None and not self._call.is_over:
                raise BadInput("an answer is still coming", hint="wait for it, or stop it")
            before, self._notice = self.messages, ""
            number = len(self._cleared) + len(self._kept)
            turn = Turn(number, self.model, text)
            ask = self._asking([*before, {"role": "user", "content": text}])
            self._call = Call(turn, ask, self._show, self._lock)
            self._kept.append(turn)
            self._show(turn.view())
        self._call.start()
        return self._call

    def _asking(self, messages: list[dict[str, Any]]) -> Callable[[], tuple[Client, ChatStream]]:
        options: dict[str, Any] = {
            "model": self.model,
            "lang": self.lang,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
        }

        def ask() -> tuple[Client, ChatStream]:
            client = self._connected()
            return client, client.chat(messages, stream=True, **options)

        return ask

    def _connected(self) -> Client:
        """The client; only gateways that are trusted learn which notebook and cell is asking."""
        if self._client is not None:
            return self._client
        with self._lock:
            if self._own_client is None:
                self._own_client = Client()
            client = self._own_client
        return client.with_tags(**self._origin.tags()) if client.is_trusted else client

    def _show(self, change: dict[str, Any]) -> None:
        """Tell the front end of a turn that changed."""
        with self._lock:
            self._total = summary([*self._cleared, *self._kept])
            place = change["number"] - len(self._cleared)
            if place < 0:
                return  # it has been cleared; only what it cost still counts
            if place == len(self._turns):
                self._turns.append(change)
            else:
                self._turns[place] = self._turns[place] | change
            self.send({"turns": [change]})

    def _receive(self, _: Any, content: Any, buffers: Any) -> None:
        """A wish of the front end."""
        wish = content.get("do") if isinstance(content, dict) else None
        try:
            if wish == "send":
                self._begin(content.get("text"))
            elif wish == "model":
                self.model = str(content.get("model") or self.model)
            elif wish in ("stop", "clear", "hello", "models"):
                {"stop": self.stop, "clear": self.clear}.get(wish, self._greet)()
        except NexhinaError as error:
            self._notice = str(error)

    def _greet(self) -> None:
        """A view has opened: send what it may have missed, and the models that there are."""
        with self._lock:
            self.send({"turns": list(self._turns), "whole": True})
        if not self._models:
            # In the context of the message: some kernels send nothing from a thread without it.
            run = contextvars.copy_context().run
            threading.Thread(
                target=run, args=(self._list,), name="nexhina-models", daemon=True
            ).start()

    def _list(self) -> None:
        try:
            names = _chat_models(self._connected().models())
        except NexhinaError:
            return  # the picker stays a field to write into; sending says what is wrong
        with self._lock:
            self._models = names


def _chat_models(models: ModelsReply) -> list[str]:
    """Those that chat; all of them where the gateway does not say which do."""
    kinds = {model.id: kinds_of(model) for model in models}
    return [name for name, known in kinds.items() if not known or "openai" in known]


def _length(height: int | str) -> str:
    if isinstance(height, int) and height > 0:
        return f"{height}px"
    if isinstance(height, str) and _LENGTH.fullmatch(height):
        return height
    raise BadInput(f"{height!r} is no height", hint='pixels, or a CSS length such as "30em"')
