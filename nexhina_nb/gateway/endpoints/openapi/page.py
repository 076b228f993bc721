"""The document as a page for readers: one HTML text, which needs no script and no other server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

Payload = Mapping[str, Any]

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere }
pre { background: var(--soft); border-radius: .4rem; padding: .8rem; overflow-x: auto }
nav a { margin-right: .8rem }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0 }
details { padding: .4rem .8rem }
summary { cursor: pointer }
table { border-collapse: collapse; width: 100% }
td, th { border-top: 1px solid var(--line); padding: .3rem .6rem }
td, th { text-align: left; vertical-align: top }
b.method { display: inline-block; min-width: 4.5rem }
/* a link to what is inside a closed block opens it, and its headline stays in sight */
[id] { scroll-margin-top: 3rem }
:target { background: var(--soft) }
"""


# One call that works as it stands, once the variable holds a key.
_EXAMPLE = """curl {origin}/v1/chat/completions \\
  -H "Authorization: Bearer $NEXHINA_API_KEY" -H "Content-Type: application/json" \\
  -d '{{"model": "local/chat", "messages": [{{"role": "user", "content": "Hello"}}]}}'"""


def page(document: Payload, origin: str) -> str:
    """The page of a document; ``origin`` is the address of the gateway that the reader knows."""
    info = document["info"]
    title = escape(f"{info['title']} {info['version']}")
    body = "\n".join((*_opening(document, origin), *_families(document), *_closing(document)))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{title}</h1>\n{body}\n</body></html>\n"
    )


def _opening(document: Payload, origin: str) -> Iterator[str]:
    yield f"<p>{escape(_about(document)[0].partition(chr(10))[0])}</p>"
    yield '<p>For programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).'
    yield " Keys are made with <code>nexhina keys create</code>.</p>"
    yield f"<pre>{escape(_EXAMPLE.format(origin=origin))}</pre>"
    names = [escape(row["name"]) for row in document["tags"]]
    links = (f'<a href="#of-{name}">{name}</a>' for name in names)
    yield f"<nav>{' '.join(links)}</nav>"


def _families(document: Payload) -> Iterator[str]:
    found: dict[str, list[str]] = {row["name"]: [] for row in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].append(_operation(path, method, operation))
    for name, rows in found.items():
        yield f'<h2 id="of-{escape(name)}">{escape(name)}</h2>'
        yield from rows


def _closing(document: Payload) -> Iterator[str]:
    yield "<h2>Not offered</h2><ul>"
    yield from (f"<li>{_coded(row)}</li>" for row in _about(document)[1:])
    yield "</ul><h2>Schemas</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield _schema(name, schema)


def _about(document: Payload) -> list[str]:
    """The description: first what the gateway is, then what it does not offer."""
    return str(document["info"]["description"]).split("\n- ")


def _coded(text: str) -> str:
    """A line with the names between its backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{p}</code>" if place % 2 else p for place, p in enumerate(parts))


def _operation(path: str, method: str, operation: Payload) -> str:
    rows = [*_inputs(operation), *_outputs(operation)]
    return (
        '<details><summary><b class="method">'
        f"{method.upper()}</b><code>{escape(path)}</code> {_coded(operation['summary'])}</summary>"
        f'<table id="{escape(operation["operationId"])}">{"".join(rows)}</table></details>'
    )


def _inputs(operation: Payload) -> Iterator[str]:
    keys = " or ".join(name for row in operation["security"] for name in row) or "none"
    yield _row("key", escape(keys))
    for row in operation.get("parameters", ()):
        yield _row(f"{row['in']}: {row['name']}", _type(row["schema"]))
    for kind, row in operation.get("requestBody", {}).get("content", {}).items():
        yield _row(f"body: {kind}", _type(row["schema"]))


def _outputs(operation: Payload) -> Iterator[str]:
    """A row for each form of answer, with the statuses that have it."""
    found: dict[str, list[str]] = {}
    for status, response in operation["responses"].items():
        kinds = (
            f"{escape(kind)} {_type(row['schema'])}" for kind, row in response["content"].items()
        )
        found.setdefault("<br>".join(kinds), []).append(status)
    for form, statuses in found.items():
        yield _row(", ".join(statuses), form)


def _schema(name: str, schema: Payload) -> str:
    needed = schema.get("required", ())
    fields = (
        _row(f"{field}{' *' if field in needed else ''}", _type(row))
        for field, row in schema.get("properties", {}).items()
    )
    about = escape(schema.get("description", ""))
    same = "" if "properties" in schema else _type(schema)
    return (
        f"<details><summary><code>{escape(name)}</code></summary>"
        f'<p id="{escape(name)}">{about} {same}</p><table>{"".join(fields)}</table></details>'
    )


def _row(name: str, value: str) -> str:
    return f"<tr><th><code>{escape(name)}</code></th><td>{value}</td></tr>"


def _type(schema: Payload) -> str:
    """A schema in a few words, with links to those that it names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    for key, joint in (("anyOf", " | "), ("allOf", " &amp; ")):
        if key in schema:
            return joint.join(_type(row) for row in schema[key])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum") or [schema["const"]]
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in values)
    if schema.get("type") == "array":
        return f"array of {_type(schema.get('items', {}))}"
    return escape(str(schema.get("format") or schema.get("type") or "any")) + _bounds(schema)


def _bounds(schema: Payload) -> str:
    told = (("minimum", "≥"), ("maximum", "≤"), ("maxLength", "length ≤"), ("maxItems", "items ≤"))
    found = [f"{sign} {schema[name]}" for name, sign in told if name in schema]
    return f" ({', '.join(found)})" if found else ""
