"""The documents point at what is there."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    page
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/**/*.md", "sample/*.md", "models/*/*.md", "notebooks/*.ipynb")
    for page in sorted(ROOT.glob(pattern))
]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for path, heading in LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / unquote(path)).resolve() if path else page
        if not target.exists() or (heading and heading not in anchors(target)):
            broken.append(f"{path}#{heading}")
    assert not broken


@pytest.mark.parametrize("page", [*PAGES, ROOT / "Makefile"], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_benchmark_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"python -m (benchmarks[\w.]*\w)", page.read_text(encoding="utf-8"))
    assert not [name for name in named if not (ROOT / f"{name.replace('.', '/')}.py").is_file()]
