"""The rules of the house that no other tool holds: sizes of rooms and modules, and how often rules are switched off."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
ROOTS = ("textcx", "api", "client")
MOST = {
    "modules of a package": 15,
    "lines of a module": 400,
    "lines of a module that orchestrates or composes": 150,
    "noqa": 99,
    "fmt: skip": 39,
}
ORCHESTRATING = ("textcx/pipelines/*.py", "textcx/wiring/*.py", "api/main.py")


@pytest.fixture(scope="module")
def sources() -> dict[Path, list[str]]:
    """The lines of every module of the source, by its path in the checkout."""
    return {
        path.relative_to(CHECKOUT): path.read_text(encoding="utf-8").splitlines()
        for root in ROOTS
        for path in sorted((CHECKOUT / root).rglob("*.py"))
    }


def test_a_package_holds_few_modules(sources: dict[Path, list[str]]) -> None:
    modules = Counter(path.parent for path in sources if path.stem != "__init__")
    assert len(modules) > 20
    assert {str(each): count for each, count in modules.items() if count > MOST["modules of a package"]} == {}


def test_a_module_is_short(sources: dict[Path, list[str]]) -> None:
    lengths = {str(path): len(lines) for path, lines in sources.items()}
    assert {path: count for path, count in lengths.items() if count > MOST["lines of a module"]} == {}


def test_a_module_that_orchestrates_or_composes_is_shorter(sources: dict[Path, list[str]]) -> None:
    chosen = {path for pattern in ORCHESTRATING for path in CHECKOUT.glob(pattern)}
    assert len(chosen) > 5
    most = MOST["lines of a module that orchestrates or composes"]
    lengths = {str(path): len(lines) for path, lines in sources.items() if CHECKOUT / path in chosen}
    assert {path: count for path, count in lengths.items() if count > most} == {}


@pytest.mark.parametrize("switch", ["noqa", "fmt: skip"])
def test_rules_are_seldom_switched_off(switch: str, sources: dict[Path, list[str]]) -> None:
    uses = Counter({str(path): sum(f"# {switch}" in line for line in lines) for path, lines in sources.items()})
    assert uses.total() <= MOST[switch], uses.most_common(10)
