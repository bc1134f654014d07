"""The tree of a theme set: what lies below a theme, how large it is, and keeping the tree in shape.

Invariants, tested: no theme of a tidy tree has a single child; a theme is always on a deeper level than its parent;
names stay unique whatever their case.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from textcx.domain.themes.sets import Theme, ThemeSet

LONGEST = 5
"""Words of a name."""


def children_of(themes: Iterable[Theme]) -> dict[str, list[str]]:
    """Ids of the children of every theme that has some, in the order given."""
    found: dict[str, list[str]] = {}
    for theme in themes:
        if theme.parent_theme_id is not None:
            found.setdefault(theme.parent_theme_id, []).append(theme.theme_id)
    return found


def leaves_below(themes: Sequence[Theme]) -> dict[str, tuple[str, ...]]:
    """Ids of the leaves below every theme; a leaf has itself."""
    children = children_of(themes)
    found: dict[str, tuple[str, ...]] = {}
    for theme in sorted(themes, key=lambda each: -each.level):  # children stand on deeper levels
        own = children.get(theme.theme_id)
        found[theme.theme_id] = (
            (theme.theme_id,) if own is None else tuple(leaf for child in own for leaf in found[child])
        )
    return found


def height(themes: Mapping[str, Theme], theme_id: str) -> int:
    """Levels below a theme: 0 for a leaf."""
    below = [theme.theme_id for theme in themes.values() if theme.parent_theme_id == theme_id]
    return 1 + max(height(themes, each) for each in below) if below else 0


def sizes(theme_set: ThemeSet) -> dict[str, int]:
    """Segments learned from that raise each theme, on all levels."""
    counted = dict(theme_set.members.drop_nulls("theme_id")["theme_id"].value_counts().iter_rows())
    below = leaves_below(theme_set.themes)
    return {theme: sum(counted.get(leaf, 0) for leaf in leaves) for theme, leaves in below.items()}


def in_order(themes: Iterable[Theme], size: Mapping[str, int]) -> tuple[Theme, ...]:
    """Put themes in the order of a set: coarse before fine, the larger first."""
    return tuple(sorted(themes, key=lambda theme: (theme.level, -size.get(theme.theme_id, 0), theme.theme_id)))


def tidy(themes: Mapping[str, Theme], *, owning: Collection[str]) -> tuple[dict[str, Theme], dict[str, str]]:
    """Bring a tree into shape: no theme without children and prototypes, none with a single child.

    An only child is dissolved: its parent takes its place and what it has.

    Args:
        themes: Themes by id.
        owning: Ids of those that own prototypes.

    Returns:
        The themes that stay, and for each dissolved one the theme that took its place.
    """
    kept, taken = dict(themes), dict[str, str]()
    while True:
        children = children_of(kept.values())
        empty = sorted(
            each for each in kept if each not in children and each not in owning and each not in taken.values()
        )
        if empty:
            for each in empty:
                del kept[each]
            continue
        lonely = sorted(parent for parent, below in children.items() if len(below) == 1)
        if not lonely:
            return kept, taken
        parent, child = lonely[0], children[lonely[0]][0]
        only = kept.pop(child)
        above = kept[parent]
        kept[parent] = replace(above, pinned=above.pinned or only.pinned, hidden=above.hidden or only.hidden)
        for grandchild in children.get(child, ()):
            move(kept, grandchild, parent=parent)
        taken = {gone: parent if heir == child else heir for gone, heir in taken.items()} | {child: parent}


def move(themes: dict[str, Theme], theme_id: str, *, parent: str | None, level: int | None = None) -> None:
    """Put a theme, and what lies below it, under another parent, in place.

    Args:
        themes: Themes by id.
        theme_id: The theme that moves.
        parent: Its new parent; null for none.
        level: Its new level; the one below its parent's by default.
    """
    now = level if level is not None else 1 if parent is None else themes[parent].level + 1
    by = now - themes[theme_id].level
    themes[theme_id] = replace(themes[theme_id], parent_theme_id=parent)
    below = [theme_id]
    while below:
        each = below.pop()
        themes[each] = replace(themes[each], level=themes[each].level + by)
        below.extend(child for child, theme in themes.items() if theme.parent_theme_id == each)


def unique_name(name: str, keywords: Sequence[str], taken: Collection[str]) -> str:
    """Return the name, or one like it that is not taken.

    Args:
        name: The name wanted.
        keywords: Words of the theme, best first, that may tell it from the other.
        taken: Names that others have, in small letters.
    """
    if name.casefold() not in taken:
        return name
    words = name.split()
    for keyword in keywords:
        if keyword.casefold() in name.casefold() or len(words) + len(keyword.split()) > LONGEST:
            continue
        better = f"{name} ({keyword})"
        if better.casefold() not in taken:
            return better
    return next(better for better in numbered(name, start=2) if better.casefold() not in taken)


def numbered(name: str, *, start: int) -> Iterable[str]:
    """Name with numbers after it, from ``start`` on; still at most five words."""
    short = " ".join(name.split()[: LONGEST - 1])
    number = start
    while True:
        yield f"{short} {number}"
        number += 1
