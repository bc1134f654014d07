"""Name the themes of a tree in the customers' own words, as a person would: "late delivery", "size and fit".

Candidates are the noun, verb and adjective phrases of a theme's exemplars. A candidate is worth the more, the larger
the share of the theme that says it and the rarer the others do, the siblings above all; two that complete each other
may be joined by "and". Themes above others are named first and broadly, by what their children share. The tone of a
name is the tone of its theme. The most frequent spelling is shown.

Invariants, tested: every theme has a name; names are unique, also in other case, order or number of their words; they
have one to five words, no mask, no profanity; a lone adjective is no name; the order of the texts inside a theme does
not matter.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from textcx.steps.themes.naming.book import ThemeWords, read_book
from textcx.steps.themes.naming.headings import headings
from textcx.steps.themes.naming.meaning import weigh
from textcx.steps.themes.naming.options import Option, last_resorts, options
from textcx.steps.themes.naming.worth import Scale, grow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from textcx.domain.lexicons.naming import NamingWords
    from textcx.ports import PhraseFinder
    from textcx.steps.themes.naming.meaning import Meanings
    from textcx.steps.themes.naming.worth import Tree

__all__ = ["ThemeWords", "name_tree"]

CONFUSABLE = 0.7
"""Worth that is left of a name that a reader could take for a near theme's."""


def name_tree(
    words: Sequence[ThemeWords],
    parents: Sequence[int | None],
    *,
    phrases: PhraseFinder,
    naming: NamingWords,
    meanings: Meanings | None = None,
    taken: Collection[str] = (),
) -> list[str]:
    """Name all themes of a tree, each differently.

    Args:
        words: What each theme is named from.
        parents: For each theme the number of the theme above it, or null. Length as ``words``.
        phrases: Finds phrases in the exemplars.
        naming: The words of the language.
        meanings: Where the themes lie, to weigh names by what they mean; by how they are said alone where null.
        taken: Names that are in use already and may not be given again, in any order, case or number of their words.

    Returns:
        A name of one to five words for each theme.

    Raises:
        ValueError: If ``parents`` is of another length, or no tree.
    """
    if len(words) != len(parents):
        msg = f"names need one parent (or null) per theme: {len(words)} themes came with {len(parents)} parents"
        raise ValueError(msg)
    tree = grow(parents)
    book = read_book(words, leaves=tree.leaves, phrases=phrases, naming=naming)
    used = {naming.same_words(name) for name in taken}
    names: dict[int, Option] = {}
    for depth in range(max(tree.depths, default=-1) + 1):
        level = [number for number in range(len(words)) if tree.depths[number] == depth]
        found = {}
        for number in level:
            scale = Scale(number, themes=words, tree=tree, book=book)
            offered = [*options(scale, tree=tree, book=book, above=_above(number, tree=tree, names=names))]
            if tree.children[number]:
                offered += headings(scale, themes=words, tree=tree, book=book)
            found[number] = sorted(offered)
        if meanings is not None:
            found = weigh(found, meanings, tree=tree, naming=naming)
        _choose(found, tree=tree, names=names, used=used, joint=naming.joint)
        for number in level:
            if number not in names:
                names[number] = _first_free(last_resorts(found[number], words[number], book=book), used=used)
                used.add(names[number].identity)
    return [names[number].shown(book) for number in range(len(words))]


def _above(number: int, *, tree: Tree, names: dict[int, Option]) -> set[tuple[str, ...]]:
    """What tells the names of the themes above a theme."""
    found: set[tuple[str, ...]] = set()
    above = tree.parents[number]
    while above is not None:
        found.add(names[above].identity)
        above = tree.parents[above]
    return found


def _choose(
    found: dict[int, list[Option]],
    *,
    tree: Tree,
    names: dict[int, Option],
    used: set[tuple[str, ...]],
    joint: str,
) -> None:
    """Give the names of a level away, the clearest first; a name that could be confused with a near one counts less."""
    waiting = [(option.cost, option, number) for number, offered in found.items() for option in offered]
    heapq.heapify(waiting)
    while waiting:
        cost, option, number = heapq.heappop(waiting)
        if number in names or option.identity in used:
            continue
        now = option.cost * CONFUSABLE ** min(2, _alike(number, option, tree=tree, names=names, joint=joint))
        if now > cost:
            heapq.heappush(waiting, (now, option, number))
            continue
        names[number] = option
        used.add(option.identity)


def _alike(number: int, option: Option, *, tree: Tree, names: dict[int, Option], joint: str) -> int:
    """Number of near themes that the name could be taken for.

    A sibling's name that holds all its words or is held by it; and the name of the theme above, where that says more.
    """
    ours = set(option.identity)
    beside = [set(names[other].identity) for other in tree.siblings[number] if other in names]
    above = tree.parents[number]
    broader = above is not None and joint not in names[above].words and ours < set(names[above].identity)
    return sum(ours <= theirs or theirs <= ours for theirs in beside) + broader


def _first_free(offered: Iterable[Option], *, used: set[tuple[str, ...]]) -> Option:
    """The first option whose name is not used."""
    return next(option for option in offered if option.identity not in used)
