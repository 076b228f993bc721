"""The verbs that look after gateway, key and cost."""

from __future__ import annotations

from nexhina_nb.magics.options import (
    Command,
    Conversations,
    Cost,
    Gateway,
    Help,
    Login,
    Logs,
    Models,
    Redeem,
    Usage,
)
from nexhina_nb.magics.verbs.base import Verb

ACCOUNT = (
    Verb(
        "gateway",
        "start, stop or look for the gateway of this machine",
        Gateway,
        "gateway:gateway",
        details=(
            "start uses the gateway that runs, or starts one that ends with this kernel. Cells "
            "find it by themselves, unless a base URL is set."
        ),
        examples=("%nexhina gateway start",),
    ),
    Verb(
        "models",
        "list the models that the key may use",
        Models,
        "account:models",
        examples=("%nexhina models", "%nexhina models gpt-4*"),
    ),
    Verb(
        "cost",
        "show what the key has spent, by model, cell, notebook, day or key",
        Cost,
        "cost:cost",
        details=(
            "Notebooks and cells are known only to the gateway of this machine. By cell, the calls "
            "of other notebooks are one row. Where the gateway's log cannot be read from here, the "
            "newest 1,000 calls count."
        ),
        examples=("%nexhina cost", "%nexhina cost --by cell", "%nexhina cost --since 7d -o spent"),
    ),
    Verb(
        "logs",
        "list the newest calls",
        Logs,
        "logs:logs",
        details=(
            "Shows the newest calls of this machine's gateway, whether or not it runs; of another "
            "gateway, those of the key. In Python, nx.logs() gives the same rows, and nx.report() "
            "adds them up."
        ),
        examples=(
            "%nexhina logs",
            "%nexhina logs --errors --since 24h",
            '%nexhina logs --model "gpt-4*" --key notebook -n 50 -o calls',
        ),
    ),
    Verb("usage", "show what the key may still spend", Usage, "account:usage"),
    Verb(
        "conversations",
        "list the conversations of this kernel, or forget them",
        Conversations,
        "conversations:conversations",
        examples=("%nexhina conversations", "%nexhina conversations reset tutor"),
    ),
    Verb(
        "login",
        "ask for an address and its key, and keep the key in the system's keyring",
        Login,
        "login:login",
        details="Nothing of what is typed is shown. The key never gets into the notebook.",
        examples=("%nexhina login", "%nexhina login https://gateway.example/v1"),
    ),
    Verb(
        "redeem",
        "turn a code into a key, and use that from now on",
        Redeem,
        "redeem:redeem",
        details=(
            "Needs no key. The key is never shown: it is kept as login keeps one, or for this "
            "session where the system has no keyring."
        ),
        examples=("%nexhina redeem 4fT0cQ2x", "%nexhina redeem 4fT0cQ2x --name ada"),
    ),
)

ABOUT = (
    Verb("help", "explain a verb, or list them all", Help, "about:explain"),
    Verb("version", "show the version of nexhina_nb", Command, "about:version"),
)
