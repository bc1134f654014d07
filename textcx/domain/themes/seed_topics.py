"""A team's own taxonomy: the themes it already has, to be matched before new ones are sought.

Only the themes at the bottom of the tree are matched. A theme's id comes from its name alone, so it stays the same when
order, parents and examples change.

Invariant, tested: a taxonomy that was built has no contradictions; all of them are reported at once.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting
from textcx.domain.themes.sets import Theme, ThemeKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST_NAME = 5
"""Words of a name at most."""
LEVELS = 3
"""Levels of a tree of themes at most."""
SHORTEST_EXAMPLE, SHORTEST_LETTERS = 2, 6
"""Words and letters of an example at least: one word says too little of what customers write."""
LISTED = 6
"""Names listed in a message at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedTopic:
    """A theme as its team describes it.

    ``examples`` are what customers say when they raise it, ``keywords`` words that stand for it, read as one more text
    about it. ``parent`` is the name of the theme above it, null on level 1.
    """

    name: str
    description: str | None = None
    examples: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    parent: str | None = None

    @property
    def theme_id(self) -> str:
        """Opaque id, from the name alone."""
        return f"g{hashlib.blake2b(key_of(self.name).encode('utf-8', 'surrogatepass'), digest_size=6).hexdigest()}"

    def texts(self) -> tuple[str, ...]:
        """Everything that tells what the theme is about: name, description, keywords as one text, examples last."""
        return (*filter(None, (self.name, self.description, ", ".join(self.keywords))), *self.examples)


@dataclass(frozen=True, slots=True)
class ThemeTaxonomy:
    """The themes of a team, in the order of its file; a ``BadSetting`` names everything that contradicts itself."""

    themes: tuple[SeedTopic, ...]

    def __post_init__(self) -> None:
        """Refuse a taxonomy that contradicts itself."""
        if found := problems(self.themes):
            raise BadSetting("\n  ".join(["this taxonomy cannot be used:", *found]))

    def leaves(self) -> tuple[SeedTopic, ...]:
        """Return the themes without others below them, sorted by id."""
        parents = {key_of(theme.parent) for theme in self.themes if theme.parent is not None}
        leaves = (theme for theme in self.themes if key_of(theme.name) not in parents)
        return tuple(sorted(leaves, key=lambda theme: theme.theme_id))

    def tree(self) -> tuple[Theme, ...]:
        """Return all themes as those of a new theme set, parents before children."""
        by_key = {key_of(theme.name): theme for theme in self.themes}
        levels = {key: len(_way_up(key, by_key)) for key in by_key}
        ordered = sorted(by_key.items(), key=lambda item: levels[item[0]])  # stable: the file's order within a level
        return tuple(
            Theme(
                theme_id=theme.theme_id,
                parent_theme_id=None if theme.parent is None else by_key[key_of(theme.parent)].theme_id,
                level=levels[key],
                name=" ".join(theme.name.split()),
                keywords=theme.keywords,
                kind=ThemeKind.GIVEN,
            )
            for key, theme in ordered
        )


def key_of(name: str) -> str:
    """What makes a name: its words without case and with single spaces."""
    return " ".join(name.casefold().split())


def problems(themes: Sequence[SeedTopic]) -> list[str]:
    """Say everything that is wrong with the themes of a taxonomy."""
    if not themes:
        return ["it has no themes; give at least one"]
    return [*_bad_names(themes), *_bad_examples(themes), *_bad_tree(themes)]


def _shown(name: str) -> str:
    return f"theme '{' '.join(name.split())}'"


def _bad_names(themes: Sequence[SeedTopic]) -> Iterator[str]:
    first: dict[str, str] = {}
    for number, theme in enumerate(themes, start=1):
        key = key_of(theme.name)
        if not key:
            yield f"theme {number} has an empty name; give it one of at most {LONGEST_NAME} words"
            continue
        if len(key.split()) > LONGEST_NAME:
            words = f"has {len(key.split())} words in its name, at most {LONGEST_NAME} are shown"
            yield f"{_shown(theme.name)} {words}; shorten it and tell the rest in its description"
        if key in first:
            yield f"{_shown(theme.name)} stands there twice (case and spaces make no difference); rename one of them"
        first[key] = theme.name


def _bad_examples(themes: Sequence[SeedTopic]) -> Iterator[str]:
    parents = {key_of(theme.parent) for theme in themes if theme.parent is not None}
    owner: dict[str, str] = {}
    for theme in themes:
        where = _shown(theme.name)
        for number, example in enumerate(theme.examples, start=1):
            letters = sum(character.isalnum() for character in example)
            if len(re.findall(r"\w+", example)) < SHORTEST_EXAMPLE or letters < SHORTEST_LETTERS:
                yield f"{where}: example {number} is too short; write what a customer would, in a sentence or so"
            before = owner.setdefault(key_of(example), theme.name)
            if key_of(before) != key_of(theme.name):
                yield f"{where}: example {number} is also one of {_shown(before)}; an example belongs to one theme"
        above = key_of(theme.name) in parents
        if above and theme.examples:
            yield f"{where} has themes below it, and only those are matched; move its examples to them"
        if not above and not theme.examples and not (theme.description or "").strip():
            yield f"{where} has neither examples nor a description; give it five or more examples"


def _bad_tree(themes: Sequence[SeedTopic]) -> Iterator[str]:
    by_key = {key_of(theme.name): theme for theme in themes}
    children: dict[str, list[str]] = {}
    for theme in themes:
        if theme.parent is None:
            continue
        parent = key_of(theme.parent)
        children.setdefault(parent, []).append(theme.name)
        if parent not in by_key:
            known = ", ".join(f"'{' '.join(other.name.split())}'" for other in themes[:LISTED] if other is not theme)
            hint = f"; there are {known}{' and more' if len(themes) > LISTED else ''}" if known else ""
            yield f"{_shown(theme.name)} has the parent '{theme.parent}', which is no theme here{hint}"
            continue
        way = _way_up(key_of(theme.name), by_key)
        if way[-1] in way[:-1]:
            circle = way[way.index(way[-1]) :]
            if theme is by_key[min(circle)]:  # each circle is told once
                yield f"{' > '.join(by_key[key].name for key in circle)}: these themes are their own parents"
        elif len(way) > LEVELS:
            yield f"{_shown(theme.name)} stands on level {len(way)}; themes have at most {LEVELS} levels"
    for parent, names in children.items():
        if len(names) == 1 and parent in by_key:
            single = f"has a single theme below it, '{names[0]}'"
            yield f"{_shown(by_key[parent].name)} {single}; give it another, or leave the upper one out"


def _way_up(key: str, by_key: dict[str, SeedTopic]) -> list[str]:
    """The theme itself and those above it, up to the first that comes twice or is missing."""
    way = [key]
    while way[-1] not in way[:-1]:
        parent = by_key[way[-1]].parent
        if parent is None or key_of(parent) not in by_key:
            break
        way.append(key_of(parent))
    return way
