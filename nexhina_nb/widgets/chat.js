// The view of nx.Chat. It shows what the kernel says and sends wishes; it holds no state of its own
// but the draft. HTML comes from the kernel only, which has made it safe.

/** The turns after a change: each with a number, and only what is new of it. */
export function merged(turns, changes, whole = false) {
  const next = whole ? [] : [...turns];
  for (const change of changes) {
    const place = next.findIndex((turn) => turn.number === change.number);
    if (place < 0) next.push(change);
    else next[place] = { ...next[place], ...change };
  }
  return next;
}

/** The models to choose from; the one in use is always among them. */
export function choices(models, current) {
  return models.includes(current) || !current ? models : [current, ...models];
}

/** Whether a key press sends the draft. Enter that confirms an input method does not. */
export function sends(event) {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing;
}

const GONE = "The kernel of this chat is gone: run its cell again.";

/** Send a wish; whether there is a kernel to hear it, since a view outlives its kernel. */
export function wish(model, content) {
  try {
    model.send(content);
    return true;
  } catch {
    model.set("_notice", GONE);
    return false;
  }
}

function element(tag, name, properties = {}, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = `nexhina-chat-${name}`;
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-")) made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children);
  return made;
}

function button(name, text, label, onclick) {
  return element("button", name, { type: "button", title: label, "aria-label": label, onclick }, text);
}

async function copy(text, pressed) {
  const before = pressed.textContent;
  let said = "copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    said = "not allowed here";
  }
  pressed.textContent = said;
  setTimeout(() => (pressed.textContent = before), 1500);
}

function copyButton(text, label) {
  const made = button("copy", "copy", label, () => copy(text(), made));
  return made;
}

/** One turn: its parts are made once and filled again and again. */
class TurnView {
  constructor(turn) {
    this.question = element("div", "question");
    this.answer = element("div", "answer");
    this.waiting = element("span", "waiting", { "aria-label": "waiting for the answer" }, "…");
    this.note = element("span", "note");
    this.error = element("div", "error", { role: "alert" });
    this.bill = element("span", "bill");
    this.copy = copyButton(() => this.turn.text, "copy the answer");
    this.below = element("div", "below", {}, this.note, this.bill, this.copy);
    this.node = element(
      "div", "turn", {}, this.question, this.waiting, this.answer, this.error, this.below,
    );
    this.fill(turn);
  }

  fill(turn) {
    const before = this.turn ?? {};
    this.turn = turn;
    const coming = turn.state === "coming";
    this.node.dataset.state = turn.state;
    this.node.dataset.number = turn.number;
    this.question.textContent = turn.question;
    this.question.setAttribute("aria-label", "you");
    this.answer.setAttribute("aria-label", turn.model);
    this.answer.setAttribute("aria-busy", String(coming));
    if (turn.html !== before.html) this.answer.innerHTML = turn.html;
    if (!coming) this.addCopyToCode();
    this.waiting.hidden = !coming || Boolean(turn.html);
    this.answer.hidden = !turn.html;
    this.note.textContent = turn.note ?? "";
    this.error.textContent = turn.error ? [turn.error, turn.hint].filter(Boolean).join(" → ") : "";
    this.error.hidden = !turn.error;
    this.bill.textContent = turn.bill ?? "";
    this.bill.title = turn.model ?? "";
    this.copy.hidden = coming || !turn.text;
    this.below.hidden = coming;
  }

  addCopyToCode() {
    for (const block of this.answer.querySelectorAll("pre")) {
      if (block.querySelector(".nexhina-chat-copy")) continue;
      const code = block.querySelector("code") ?? block;
      const text = code.textContent;
      block.append(copyButton(() => text, "copy the code"));
    }
  }
}

/** The list of turns; it stays at its end unless the reader has scrolled away from there. */
class Log {
  constructor(model) {
    this.model = model;
    this.views = new Map();
    this.empty = element("div", "empty", {}, "Ask something.");
    this.node = element(
      "div", "log",
      { role: "log", tabIndex: 0, "aria-live": "polite", "aria-label": "conversation" }, this.empty,
    );
  }

  fill() {
    const turns = this.model.get("_turns");
    const atEnd = this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < 40;
    const known = new Set(turns.map((turn) => turn.number));
    for (const [number, view] of this.views) {
      if (known.has(number)) continue;
      view.node.remove();
      this.views.delete(number);
    }
    for (const turn of turns) this.show(turn);
    this.empty.hidden = turns.length > 0;
    if (atEnd || turns.at(-1)?.html === "") this.node.scrollTop = this.node.scrollHeight;
  }

  show(turn) {
    const view = this.views.get(turn.number);
    if (!view) {
      const made = new TurnView(turn);
      this.views.set(turn.number, made);
      this.node.append(made.node);
    } else if (view.turn !== turn) {
      view.fill(turn);
    }
  }
}

/** A list of models with a way to write another; a field alone where no list could be had. */
class Picker {
  constructor(model) {
    this.model = model;
    this.list = element("select", "model", { "aria-label": "model", onchange: () => this.chosen() });
    this.field = element("input", "model", {
      type: "text", "aria-label": "name of the model", spellcheck: false,
      onchange: () => this.choose(this.field.value.trim()),
      onfocus: () => this.model.get("_models").length || wish(this.model, { do: "models" }),
    });
    this.field.dataset.lmSuppressShortcuts = "true";
    this.writing = false;
    this.node = element("label", "picker", {}, element("span", "", {}, "Model"), this.list, this.field);
  }

  fill() {
    const [models, current] = [this.model.get("_models"), this.model.get("model")];
    const options = choices(models, current).map((name) => new Option(name, name, false, name === current));
    this.list.replaceChildren(...options, new Option("another …", ""));
    this.field.value = current;
    const listed = models.length > 0 && !this.writing;
    this.list.hidden = !listed;
    this.field.hidden = listed;
  }

  chosen() {
    if (this.list.value) {
      this.choose(this.list.value);
      return;
    }
    this.writing = true;
    this.fill();
    this.field.select();
  }

  choose(name) {
    this.writing = false;
    if (name) wish(this.model, { do: "model", model: name });
    this.fill();
  }
}

/** The draft, with Send, or Stop while an answer comes. */
class Composer {
  constructor(model) {
    this.model = model;
    this.sent = null;
    this.draft = element("textarea", "input", {
      rows: 2, placeholder: "Ask … (Enter sends, Shift+Enter begins a new line)",
      "aria-label": "your question",
      onkeydown: (event) => this.pressed(event), oninput: () => this.fill(),
    });
    this.draft.dataset.lmSuppressShortcuts = "true";
    // JupyterLab listens here as well, and takes the line break of Shift+Enter from every field in
    // a cell. It begins to listen with the key press, so this listener comes first.
    this.draft.addEventListener("beforeinput", (event) => event.stopImmediatePropagation());
    this.send = button("send", "Send", "send the question (Enter)", () => this.submit());
    this.stop = button("stop", "Stop", "stop the answer; what came stays", () => this.halt());
    this.node = element("div", "composer", {}, this.draft, this.send, this.stop);
  }

  get coming() {
    return this.model.get("_turns").at(-1)?.state === "coming";
  }

  fill() {
    if (this.sent !== null && this.model.get("_turns").at(-1)?.question === this.sent) this.sent = null;
    if (this.model.get("_notice")) this.putBack();
    this.send.hidden = this.coming;
    this.stop.hidden = !this.coming;
    this.send.disabled = this.sent !== null || !this.draft.value.trim();
    this.send.textContent = this.sent === null ? "Send" : "Waiting …";
    this.send.title = this.sent === null ? "send the question (Enter)" : "the kernel is busy";
    if (!this.coming) this.stop.disabled = false;
  }

  putBack() {
    if (this.sent !== null && !this.draft.value) this.draft.value = this.sent;
    this.sent = null;
  }

  pressed(event) {
    if (event.key === "Escape" && this.coming) this.halt();
    if (!sends(event)) return;
    event.preventDefault();
    this.submit();
  }

  submit() {
    const text = this.draft.value;
    if (!text.trim() || this.coming || this.sent !== null) return;
    this.sent = text;
    this.draft.value = "";
    if (!wish(this.model, { do: "send", text })) this.putBack();
    this.fill();
    this.draft.focus();
  }

  halt() {
    this.stop.disabled = true;
    wish(this.model, { do: "stop" });
    this.draft.focus();
  }
}

function initialize({ model }) {
  model.on("msg:custom", (message) => {
    if (Array.isArray(message?.turns)) {
      model.set("_turns", merged(model.get("_turns"), message.turns, message.whole));
    }
  });
}

function render({ model, el }) {
  const [log, picker, composer] = [new Log(model), new Picker(model), new Composer(model)];
  const notice = element("div", "notice", { role: "status" });
  const total = element("span", "total", { title: "what this chat has cost" });
  const clear = button("clear", "Clear", "begin a new conversation", () => wish(model, { do: "clear" }));
  const fillLines = () => {
    notice.textContent = model.get("_notice");
    notice.hidden = !model.get("_notice");
    total.textContent = model.get("_total");
  };
  const parts = {
    "change:_turns": () => (log.fill(), composer.fill()),
    "change:_models": () => picker.fill(),
    "change:model": () => picker.fill(),
    "change:_notice": () => (fillLines(), composer.fill()),
    "change:_total": fillLines,
  };
  el.classList.add("nexhina-chat");
  el.style.setProperty("--nexhina-chat-height", model.get("_height"));
  el.append(
    element("div", "head", {}, picker.node, total, clear), log.node, notice, composer.node,
  );
  for (const [event, fill] of Object.entries(parts)) {
    model.on(event, fill);
    fill();
  }
  wish(model, { do: "hello" });
  return () => {
    for (const [event, fill] of Object.entries(parts)) model.off(event, fill);
  };
}

export default { initialize, render };
