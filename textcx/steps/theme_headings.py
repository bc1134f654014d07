"""Headings for themes whose children share no word: "doctors and hospitals", after what the largest children say."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from textcx.domain.themes import EVALUATIONS, GENERAL_OBJECTS, WEAK_WORDS
from textcx.steps.name_options import MOST_WORDS, option_of
from textcx.steps.name_words import akin, describes, noun_of
from textcx.steps.name_worth import Scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textcx.steps.name_book import Book, ThemeWords
    from textcx.steps.name_options import Option
    from textcx.steps.name_worth import Tree

LARGEST = 4
"""Children, the largest, whose subjects are tried."""

SUBJECTS = 3
"""Subjects of each that are."""

JOINED = 0.75
"""Taste for a heading that joins what two children are about."""


def headings(scale: Scale, *, themes: Sequence[ThemeWords], tree: Tree, book: Book) -> Iterator[Option]:
    """Names that join the subjects of two children; the better, the larger the two are beside the others.

    Args:
        scale: Weighs names for the theme above.
        themes: All themes.
        tree: How they hang together.
        book: Who says what.
    """
    sizes = {child: sum(len(themes[leaf].texts) for leaf in tree.under[child]) for child in tree.children[scale.number]}
    children = sorted(sizes, key=lambda child: (-sizes[child], child))
    total = sum(sizes.values())
    for one, two in combinations(children[:LARGEST], 2):
        covered = (sizes[one] + sizes[two]) / max(1, total)
        ours, theirs = (_subjects(child, themes=themes, tree=tree, book=book) for child in (one, two))
        for worth, words in ours:
            for other, more in theirs:
                fits = len(words) + len(more) + 1 <= MOST_WORDS
                if fits and not akin(words, more):
                    yield option_of(JOINED * covered * (worth * other) ** 0.5, (*words, "and", *more))


def _subjects(
    child: int, *, themes: Sequence[ThemeWords], tree: Tree, book: Book
) -> list[tuple[float, tuple[str, ...]]]:
    """What a child is about, in one or two words, best first, with what it is worth there."""
    scale = Scale(child, themes=themes, tree=tree, book=book)
    below = [child, *tree.children[child], *sorted(tree.under[child])]
    found: dict[tuple[str, ...], float] = {}
    for key in sorted(set().union(*(book.proposed[theme] for theme in below))):
        candidate = book.candidates[key]
        if not candidate.raised.get(child):
            continue
        words = candidate.words(child)
        if len(words) == 1:
            noun = noun_of(words[0])
            if noun is not None:
                words = (noun,)
            elif describes(words[0]) or not (candidate.kind == "gerund" or book.is_noun(words[0], least=0.4)):
                continue
            if words[0] in WEAK_WORDS or words[0] in GENERAL_OBJECTS or scale.is_everywhere(candidate):
                continue
        elif candidate.kind not in {"noun", "remark"} or len(words) > 2 or set(words) & EVALUATIONS:  # noqa: PLR2004
            continue
        worth = scale.worth([candidate]) * (1.0 if len(words) == 1 else 0.9 * scale.taste(candidate))
        if worth > 0.0:
            found[words] = max(worth, found.get(words, 0.0))
    return sorted(((worth, words) for words, worth in found.items()), key=lambda item: (-item[0], item[1]))[:SUBJECTS]
