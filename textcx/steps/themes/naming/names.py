"""Name the themes of a tree in the customers' own words, as a person would: "late delivery", "size and fit".

Candidates are the phrases of a theme's exemplars. One is worth the more, the larger the share of the theme that says it
and the rarer the others do, the siblings above all; two that complete each other may be joined by "and". Themes above
others are named first and broadly, by what their children share. The tone of a name is the tone of its theme.

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
    from collections.abc import Collection, Sequence

    from textcx.domain.lexicons.naming import NamingWords
    from textcx.ports import PhraseFinder
    from textcx.steps.themes.naming.meaning import Meanings
    from textcx.steps.themes.naming.worth import Tree

__all__ = ["ThemeWords", "name_tree"]

CONFUSABLE = 0.7  # worth that is left of a name that a reader could take for a near theme's


def name_tree(
    words: Sequence[ThemeWords],
    parents: Sequence[int | None],
    *,
    phrases: PhraseFinder,
    naming: NamingWords,
    meanings: Meanings | None = None,
    taken: Collection[str] = (),
) -> list[str]:
    """Name all themes of a tree, each differently, in one to five words.

    ``parents`` are the themes above, or null. ``meanings`` weigh names by what they mean, too. Names that are ``taken``
    are not given again, in any order, case or number of their words.

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
                resorts = last_resorts(found[number], words[number], book=book)
                names[number] = next(option for option in resorts if option.identity not in used)
                used.add(names[number].identity)
    return [names[number].shown(book) for number in range(len(words))]


def _above(number: int, *, tree: Tree, names: dict[int, Option]) -> set[tuple[str, ...]]:
    """Identities of the names of the themes above a theme."""
    parent = tree.parents[number]
    return set() if parent is None else {names[parent].identity, *_above(parent, tree=tree, names=names)}


def _choose(
    found: dict[int, list[Option]], *, tree: Tree, names: dict[int, Option], used: set[tuple[str, ...]], joint: str
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
    """Number of siblings whose names hold its words or are held by it, and of themes above whose names say more."""
    ours = set(option.identity)
    beside = [set(names[other].identity) for other in tree.siblings[number] if other in names]
    above = tree.parents[number]
    broader = above is not None and joint not in names[above].words and ours < set(names[above].identity)
    return sum(ours <= theirs or theirs <= ours for theirs in beside) + broader
