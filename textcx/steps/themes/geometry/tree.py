"""The tree of a theme set: what lies below a theme, how large it is, and keeping the tree and its names in shape.

Invariants, tested: no theme of a tidy tree has a single child; a theme is always on a deeper level than its parent;
names stay unique whatever their case.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from textcx.domain.themes.sets import Theme, ThemeSet

DEEPEST = 3
"""Levels of a tree at most."""

LONGEST = 5
"""Words of a name at most."""


def children_of(themes: Iterable[Theme]) -> dict[str, list[str]]:
    """Ids of the children of every theme that has some, in the order given."""
    found: dict[str, list[str]] = {}
    for theme in themes:
        if theme.parent_theme_id is not None:
            found.setdefault(theme.parent_theme_id, []).append(theme.theme_id)
    return found


def path_up(themes: Mapping[str, Theme], theme_id: str) -> list[str]:
    """Ids of a theme and of every theme above it, from the bottom up."""
    path = [theme_id]
    while (parent := themes[path[-1]].parent_theme_id) is not None:
        path.append(parent)
    return path


def leaves_below(themes: Iterable[Theme]) -> dict[str, tuple[str, ...]]:
    """Ids of the leaves below every theme; a leaf has itself."""
    by_id = {theme.theme_id: theme for theme in themes}
    inner = {theme.parent_theme_id for theme in by_id.values()}
    found: dict[str, tuple[str, ...]] = {}
    for leaf in by_id:
        for each in path_up(by_id, leaf) if leaf not in inner else ():
            found[each] = (*found.get(each, ()), leaf)
    return found


def sizes(theme_set: ThemeSet) -> dict[str, int]:
    """Segments learned from that raise each theme, on all levels."""
    counted = dict(theme_set.members.drop_nulls("theme_id")["theme_id"].value_counts().iter_rows())
    below = leaves_below(theme_set.themes)
    return {theme: sum(counted.get(leaf, 0) for leaf in leaves) for theme, leaves in below.items()}


def in_order(theme_set: ThemeSet) -> ThemeSet:
    """Put the themes of a set in order: coarse before fine, the larger first."""
    size = sizes(theme_set)
    ranked = sorted(theme_set.themes, key=lambda theme: (theme.level, -size[theme.theme_id], theme.theme_id))
    return replace(theme_set, themes=tuple(ranked))


def tidy(themes: Mapping[str, Theme], *, owning: Collection[str]) -> tuple[dict[str, Theme], dict[str, str]]:
    """Bring a tree into shape: no theme without children and prototypes, none with a single child.

    An only child is dissolved: its parent takes its place and what it has. ``owning`` are the themes with prototypes.
    Also returns, for each dissolved theme, the one that took its place.
    """
    kept, heirs = dict(themes), dict[str, str]()
    while True:
        children = children_of(kept.values())
        empty = kept.keys() - children.keys() - set(owning) - set(heirs.values())
        if empty:
            kept = {each: theme for each, theme in kept.items() if each not in empty}
            continue
        parent = min((each for each, below in children.items() if len(below) == 1), default=None)
        if parent is None:
            return kept, heirs
        child = children[parent][0]
        only, above = kept.pop(child), kept[parent]
        kept[parent] = replace(above, pinned=above.pinned or only.pinned, hidden=above.hidden or only.hidden)
        for grandchild in children.get(child, ()):
            move(kept, grandchild, parent=parent)
        heirs = {gone: parent if heir == child else heir for gone, heir in heirs.items()} | {child: parent}


def move(themes: dict[str, Theme], theme_id: str, *, parent: str | None) -> None:
    """Put a theme, with all that lies below it, under another parent (null: on level 1), in place."""
    themes[theme_id] = replace(themes[theme_id], parent_theme_id=parent)
    below = children_of(themes.values())
    moved = [theme_id]
    for each in moved:
        above = themes[each].parent_theme_id
        themes[each] = replace(themes[each], level=1 if above is None else themes[above].level + 1)
        moved += below.get(each, [])


def unique_name(name: str, keywords: Sequence[str], taken: Collection[str]) -> str:
    """Return the name, or one like it, with a keyword or a number, that is not ``taken`` (names in lower case)."""
    if name.casefold() not in taken:
        return name
    longer = (
        f"{name} ({keyword})"
        for keyword in keywords
        if keyword.casefold() not in name.casefold() and len(f"{name} {keyword}".split()) <= LONGEST
    )
    return next(better for better in chain(longer, numbered(name, start=2)) if better.casefold() not in taken)


def numbered(name: str, *, start: int) -> Iterator[str]:
    """Name with numbers after it, from ``start`` on; still at most five words."""
    short = " ".join(name.split()[: LONGEST - 1])
    return (f"{short} {number}" for number in count(start))


def settle_names(ranked: Iterable[Theme], earlier: Mapping[str, str]) -> dict[str, Theme]:
    """Make names unique, and return the themes by id: the first theme that has a name keeps it.

    ``earlier`` are names by id that themes go back to before they are given another one.
    """
    taken: set[str] = set()
    settled = {}
    for theme in ranked:
        wanted = earlier.get(theme.theme_id, theme.name) if theme.name.casefold() in taken else theme.name
        name = unique_name(wanted, theme.keywords, taken)
        taken.add(name.casefold())
        settled[theme.theme_id] = replace(theme, name=name)
    return settled
