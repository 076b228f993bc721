"""The document as a page for readers: one HTML text, which needs no script and no other server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

Payload = Mapping[str, Any]

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0 }
details { padding: .4rem .8rem }
summary { cursor: pointer }
table { border-collapse: collapse; width: 100% }
td, th { border-top: 1px solid var(--line); padding: .3rem .6rem }
td, th { text-align: left; vertical-align: top }
b.method { display: inline-block; min-width: 4.5rem }
:target { background: var(--soft) }
"""


def page(document: Payload) -> str:
    """The page of a document."""
    info = document["info"]
    title = escape(f"{info['title']} {info['version']}")
    body = "\n".join(_body(document))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{title}</h1>\n{body}\n</body></html>\n"
    )


def _body(document: Payload) -> Iterator[str]:
    about, *refused = str(document["info"]["description"]).split("\n- ")
    yield f"<p>{escape(about.partition(chr(10))[0])}</p>"
    yield '<p>For programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>'
    families: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            family = families.setdefault(operation["tags"][0], [])
            family.append(_operation(path, method, operation))
    for name, rows in families.items():
        yield f"<h2>{escape(name)}</h2>"
        yield from rows
    yield "<h2>Not offered</h2><ul>"
    yield from (f"<li>{_coded(row)}</li>" for row in refused)
    yield "</ul><h2>Schemas</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield _schema(name, schema)


def _coded(text: str) -> str:
    """A line with the names between its backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{p}</code>" if place % 2 else p for place, p in enumerate(parts))


def _operation(path: str, method: str, operation: Payload) -> str:
    rows = [*_inputs(operation), *_outputs(operation)]
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><b class="method">'
        f"{method.upper()}</b><code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
        f"<table>{''.join(rows)}</table></details>"
    )


def _inputs(operation: Payload) -> Iterator[str]:
    keys = " or ".join(name for row in operation["security"] for name in row) or "none"
    yield _row("key", escape(keys))
    for row in operation.get("parameters", ()):
        yield _row(f"{row['in']}: {row['name']}", _type(row["schema"]))
    for kind, row in operation.get("requestBody", {}).get("content", {}).items():
        yield _row(f"body: {kind}", _type(row["schema"]))


def _outputs(operation: Payload) -> Iterator[str]:
    for status, response in operation["responses"].items():
        kinds = (
            f"{escape(kind)} {_type(row['schema'])}" for kind, row in response["content"].items()
        )
        yield _row(f"{status} {response['description']}", "<br>".join(kinds))


def _schema(name: str, schema: Payload) -> str:
    needed = schema.get("required", ())
    fields = (
        _row(f"{field}{' *' if field in needed else ''}", _type(row))
        for field, row in schema.get("properties", {}).items()
    )
    about = escape(schema.get("description", ""))
    same = "" if "properties" in schema else _type(schema)
    return (
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f"<p>{about} {same}</p><table>{''.join(fields)}</table></details>"
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
