"""English word lists are data of a language, not code: none of more than ten words is left in the sources."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST = 10
WORD = re.compile(r"[A-Za-z][a-z' -]*")

ALLOWED = {
    "api/compat/comprehend.py": "codes of languages",
    "api/openapi.py": "fixed sentences for statuses",
    "textcx/jobs/ingest.py": "names of counts",
    "textcx/domain/items.py": "keys of JSON",
    "textcx/reports/accounts.py": "names of columns, and titles",
    "textcx/reports/formats.py": "fixed words of reports",
    "textcx/reports/json_document.py": "names of tables",
    "textcx/runs/manifest.py": "names of packages and keys of JSON",
    "textcx/steps/measures/headline.py": "keys of JSON",
    "textcx/steps/pains/group.py": "names of columns",
    "textcx/steps/text/clean.py": "tags of HTML",
    "textcx/evaluation/report.py": "titles of columns",
    "textcx/evaluation/slices.py": "what sentences are measured apart",
}
"""Modules whose longest list is of no language's words, or of words that no step reads; each with the reason."""


def word_lists(source: str) -> list[tuple[int, int]]:
    """Lines of lists, sets, tuples, tables, split texts and alternations with their number of words, if over ten."""
    found = []
    for node in ast.walk(ast.parse(source)):
        words: list[str] = []
        if isinstance(node, ast.List | ast.Set | ast.Tuple):
            words = [text for each in node.elts for text in _texts(each)]
        elif isinstance(node, ast.Dict):
            words = [
                text for each in (*node.keys, *node.values) if isinstance(each, ast.Constant) for text in _texts(each)
            ]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "split":
            words = [word for text in _texts(node.func.value, whole=False) for word in text.split()]
        elif isinstance(node, ast.Constant | ast.JoinedStr):
            words = _alternatives(node)
        if len(words) > MOST:
            found.append((node.lineno, len(words)))
    return found


def _texts(node: ast.expr | None, *, whole: bool = True) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value] if not whole or WORD.fullmatch(node.value) else []
    nested = isinstance(node, ast.Tuple | ast.List)
    return [text for each in node.elts for text in _texts(each)] if nested else []


def _alternatives(node: ast.Constant | ast.JoinedStr) -> list[str]:
    """Words of a regular expression with as many alternatives: ``(?:bad|worse|worst)``."""
    parts = [node] if isinstance(node, ast.Constant) else node.values
    text = "".join(str(part.value) if isinstance(part, ast.Constant) else " " for part in parts)
    words = [word for word in text.split("|") if re.search(r"(?<![\\A-Za-z])[A-Za-z]{2,}", word)]
    return words if "|" in text and " | " not in text else []


@pytest.mark.parametrize(
    "planted",
    [
        "WORDS = [{}]", "WORDS = ({})", "WORDS = frozenset({{{}}})", "WORDS = {{'a': [{}]}}",
        'WORDS = """{}""".split()', 'P = re.compile(r"\\b(?:{})\\b")', 'P = re.compile(rf"\\b(?:{})\\b{{more}}")',
        "def f(word):\n    return word in ({})",
    ],
)  # fmt: skip
def test_a_planted_list_is_found(planted: str) -> None:
    words = ["good", "bad", "late", "early", "rude", "kind", "slow", "fast", "cold", "warm", "dirty"]
    shown = "|".join(words) if "(?:" in planted else " ".join(words) if "split" in planted else str(words)[1:-1]
    fewer = shown.replace("|dirty", "").replace(" dirty", "").replace(", 'dirty'", "")

    assert word_lists(planted.format(shown))
    assert not word_lists(planted.format(fewer))


@pytest.mark.parametrize("root", ["textcx", "api"])
def test_no_list_of_more_than_ten_words_is_left_in_code(root: str) -> None:
    for path in sorted((ROOT / root).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name not in ALLOWED:
            assert word_lists(path.read_text(encoding="utf-8")) == [], name


def test_every_exception_is_still_needed() -> None:
    for name in ALLOWED:
        assert word_lists((ROOT / name).read_text(encoding="utf-8")), f"{name} needs no exception any more"
