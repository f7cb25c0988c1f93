"""The words of the page: there in both languages, none missing, none left over."""

from __future__ import annotations

import json
import re

from toolsync.desk.overview import field
from toolsync.settings import ROOT

PAGE = ROOT / "plugins/toolsync/desk/page"
EN, FR = (json.loads((PAGE / f"{language}.json").read_text(encoding="utf-8")) for language in ("en", "fr"))
# In English, DAGs and Params are called as Airflow calls them.
FROM_AIRFLOW = ("types.", "about.", "param.", "section.", "help.")
# Params that the page asks for in words of its own, or not at all.
NOT_ASKED = {"files", "content", "upload", "runs", "simulate", "delimiter", "encoding"}
# The first argument of t() and known(): words in quotes, and what is between them.
CALL = re.compile(r"""\b(?:t|known)\(((?:[^(),"`]|"[^"]*"|`[^`]*`)*)[,)]""")


def named() -> tuple[set[str], set[str]]:
    """The keys that the modules name, and the beginnings of those that they put together."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in PAGE.glob("*.js"))
    whole, begun = set(), set()
    for call in CALL.findall(code):
        whole |= set(re.findall(r'"([a-z_.]+)"', call))
        begun |= set(re.findall(r"`([a-z]+\.)\$\{", call))
    return whole, begun


def test_both_languages_have_every_word() -> None:
    assert {key for key in FR if not key.startswith(FROM_AIRFLOW)} == set(EN)
    shapes = [(key, type(EN[key]), type(FR[key])) for key in EN]
    assert [key for key, english, french in shapes if english is not french] == []
    # Both say the same things: a {name} that one of them lacks would be lost.
    assert [key for key in EN if _places(EN[key]) != _places(FR[key])] == []


def test_every_word_is_used_and_none_is_missing() -> None:
    whole, begun = named()
    assert len(whole) > 100
    assert whole - set(EN) == set()
    assert {key for key in EN if key not in whole and not key.startswith(tuple(begun))} == set()


def test_dags_and_their_params_have_french_names_and_help() -> None:
    from airflow.dag_processing.dagbag import DagBag

    dags = DagBag(str(ROOT / "dags")).dags
    params = [
        field(name, dag.params.get_param(name).serialize())
        for dag in dags.values()
        for name in dag.params
        if name not in NOT_ASKED
    ]
    wanted = {f"{kind}.{dag_id}" for kind in ("types", "about") for dag_id in dags} | {
        f"{kind}.{param[key]}"
        for param in params
        for kind, key in (("param", "title"), ("section", "section"), ("help", "description"))
    }
    assert wanted - set(FR) == set()
    # What stands between backticks is typed as it is; what nobody asks for any more goes.
    helps = {key: text for key, text in FR.items() if key.startswith("help.")}
    assert [key for key, text in helps.items() if _typed(key) != _typed(text)] == []
    assert set(helps) - wanted == set()


def _typed(text: str) -> set[str]:
    return set(text.split("`")[1::2])


def _places(text: str | dict[str, str]) -> set[str]:
    texts = text.values() if isinstance(text, dict) else [text]
    return {name for each in texts for name in re.findall(r"\{(\w+)\}", each)} - {"n"}
