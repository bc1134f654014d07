"""Carry the ids of a theme set over to a new fit, and write down what became of each theme.

A theme found again goes on: it keeps its id and, unless the new name is clearly better, its name. The others are born,
split off, merged or retired, and the history says so. A pinned theme that is not found again stays as it was.

Invariants, tested: no id ever comes to mean another theme; the order of themes and members never matters; fitted again
to the same feedback, every theme goes on.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain.errors import ModelProblem
from textcx.domain.themes.sets import Change, LineageEvent, ThemeKind
from textcx.steps.themes.geometry.positions import KnownVectors, taken_over
from textcx.steps.themes.geometry.tree import in_order, sizes, unique_name
from textcx.steps.themes.lineage.matching import relate
from textcx.steps.themes.lineage.pins import lost_pins, with_pins

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from textcx.domain.themes.sets import Theme, ThemeSet
    from textcx.steps.themes.geometry.positions import VectorsOf
    from textcx.steps.themes.lineage.matching import Relation
    from textcx.steps.themes.lineage.pins import Kept

CLEARLY_BETTER = 0.6
"""How much larger the share of a name's words must be that are among the theme's keywords, for the new name to win."""

STEM = 5
"""First letters by which two words are taken to be the same."""


def continue_themes(
    old: ThemeSet, new: ThemeSet, *, stop_words: Collection[str], vectors_of: VectorsOf | None = None
) -> ThemeSet:
    """Let a new fit take over the ids, names and history of the set before.

    Args:
        old: The set before.
        new: The new fit, with ids and names of its own.
        stop_words: Words of a name that say nothing of it.
        vectors_of: Vectors of segments that ``new`` was learned from, besides those in its sample. Needed only where a
            pinned theme stays without having been found again: then its segments are told by them.

    Returns:
        The new set: ``old.set_id``, one version later.

    Raises:
        ModelProblem: If the two were made with different encoders.
    """
    same_encoder(old, new)
    relation = relate(old, new)
    ids = _final_ids(old, new, relation)
    version = old.version + 1
    before = {theme.theme_id: theme for theme in old.themes}
    themes = {
        ids[theme.theme_id]: _carried(
            theme,
            before.get(ids[theme.theme_id]),
            ids=ids,
            version=version,
            named=named_by_hand(old),
            stop_words=stop_words,
        )
        for theme in new.themes
    }
    themes = _with_unique_names(themes, before)
    carried = replace(
        new,
        set_id=old.set_id,
        version=version,
        themes=tuple(themes.values()),
        owners=tuple(ids[owner] for owner in new.owners),
        members=_renamed(new.members, ids),
        exceptions=np.concatenate([taken_over(old, old.exceptions, new), new.exceptions]),
        exception_themes=(
            *old.exception_themes,
            *(None if each is None else ids[each] for each in new.exception_themes),
        ),
        settings={key: value for key, value in new.settings.items() if key != "edits"},
        seed_topics=None
        if new.seed_topics is None
        else replace(new.seed_topics, theme_ids=tuple(ids[theme_id] for theme_id in new.seed_topics.theme_ids)),
    )
    kept = lost_pins(old, relation)
    if kept.leaves or kept.groups:
        carried = with_pins(carried, old, kept, KnownVectors(new, vectors_of))
    there = {theme.theme_id for theme in carried.themes}
    living = [place for place, each in enumerate(carried.exception_themes) if each is None or each in there]
    return replace(
        carried,
        themes=in_order(carried.themes, sizes(carried)),
        exceptions=carried.exceptions[living],
        exception_themes=tuple(carried.exception_themes[place] for place in living),
        history=(*old.history, *_events(old, carried, relation, ids, kept)),
    )


def same_encoder(old: ThemeSet, new: ThemeSet) -> None:
    """Raise ``ModelProblem`` unless two sets were made with the same encoder."""
    if old.encoder_id != new.encoder_id or len(old.origin) != len(new.origin):
        msg = (
            f"the two theme sets cannot be compared: one was made with the encoder {old.encoder_id}, the other with "
            f"{new.encoder_id}; learn both with the same one"
        )
        raise ModelProblem(msg)


def named_by_hand(theme_set: ThemeSet) -> frozenset[str]:
    """Ids of the themes whose name a person gave, as far as edits were applied to the set."""
    told = theme_set.settings.get("edits")
    names = told.get("named") if isinstance(told, dict) else None
    return frozenset(map(str, names)) if isinstance(names, list) else frozenset()


def _final_ids(old: ThemeSet, new: ThemeSet, relation: Relation) -> dict[str, str]:
    """Id of every new theme: that of the one it goes on with, else its own, unless that once meant another theme.

    The id of a theme that a team brought along comes from its name, and stays.
    """
    ids = {yours: mine for mine, yours in relation.pairs.items()}
    ids.update({theme.theme_id: theme.theme_id for theme in new.themes if theme.kind is ThemeKind.GIVEN})
    taken = {theme.theme_id for theme in old.themes}
    taken.update(each for event in old.history for each in (*event.before, *event.after))
    for theme in sorted(new.themes, key=lambda each: each.theme_id):
        if theme.theme_id in ids:
            continue
        name, tries = theme.theme_id, 0
        while name in taken:
            tries += 1
            name = fresh_id(theme.theme_id, old.version + 1, tries)
        ids[theme.theme_id] = name
        taken.add(name)
    return ids


def fresh_id(*parts: object) -> str:
    """Make an id from what it is for."""
    return "t" + hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=6).hexdigest()


def _carried(
    theme: Theme,
    before: Theme | None,
    *,
    ids: Mapping[str, str],
    version: int,
    named: frozenset[str],
    stop_words: Collection[str],
) -> Theme:
    theme = replace(
        theme,
        theme_id=ids[theme.theme_id],
        parent_theme_id=None if theme.parent_theme_id is None else ids[theme.parent_theme_id],
        born=version,
    )
    if before is None:
        return theme
    stays = before.theme_id in named or not _clearly_better(theme.name, before.name, theme.keywords, stop_words)
    return replace(
        theme,
        name=before.name if stays else theme.name,
        born=before.born,
        pinned=before.pinned,
        hidden=before.hidden,
    )


def _clearly_better(new: str, old: str, keywords: Sequence[str], stop_words: Collection[str]) -> bool:
    """Whether the theme's keywords speak for its new name, and no longer for the old one."""
    stems = {word.casefold()[:STEM] for keyword in keywords for word in keyword.split()}

    def share(name: str) -> float:
        words = [word for word in name.casefold().replace(",", "").split() if word not in stop_words]
        return sum(word[:STEM] in stems for word in words) / max(1, len(words))

    return share(new) - share(old) >= CLEARLY_BETTER


def _with_unique_names(themes: dict[str, Theme], before: Mapping[str, Theme]) -> dict[str, Theme]:
    """Settle who has a name that two would have: first those who had it before, then others that go on, then the new.

    ``before`` are the themes of the set before, by id.
    """
    taken: set[str] = set()
    ranked = sorted(
        themes.values(),
        key=lambda theme: (
            theme.theme_id not in before or before[theme.theme_id].name != theme.name,
            theme.theme_id not in before,
            theme.level,
            theme.theme_id,
        ),
    )
    named = {}
    for theme in ranked:
        name = theme.name
        if name.casefold() in taken and theme.theme_id in before:
            name = before[theme.theme_id].name
        name = unique_name(name, theme.keywords, taken)
        taken.add(name.casefold())
        named[theme.theme_id] = replace(theme, name=name)
    return {theme_id: named[theme_id] for theme_id in themes}


def _renamed(members: pl.DataFrame, ids: Mapping[str, str]) -> pl.DataFrame:
    return members.with_columns(pl.col("theme_id").replace_strict(dict(ids), default=None, return_dtype=pl.String))


def _events(
    old: ThemeSet, new: ThemeSet, relation: Relation, ids: Mapping[str, str], kept: Kept
) -> Iterable[LineageEvent]:
    """What became of each theme, in the order continued, split, merged, born, retired."""
    was = {theme.theme_id: theme.name for theme in old.themes}
    named = {**was, **{theme.theme_id: theme.name for theme in new.themes}}
    there = {theme.theme_id for theme in new.themes}
    stays = {*kept.leaves, *kept.groups} & there
    merges = {
        ids[yours]: tuple(mine for mine in sources if mine not in stays) for yours, sources in relation.merges.items()
    }
    merges = {yours: sources for yours, sources in merges.items() if set(sources) - {yours}}
    splits = {mine: tuple(ids[yours] for yours in parts) for mine, parts in relation.splits.items()}
    gone = {mine for sources in merges.values() for mine in sources} | set(splits)
    from_old = {yours for parts in splits.values() for yours in parts} | set(merges)

    def event(change: Change, before: Sequence[str], after: Sequence[str], note: str) -> LineageEvent:
        return LineageEvent(version=new.version, change=change, before=tuple(before), after=tuple(after), note=note)

    for mine in sorted(there & set(was)):
        if mine in stays:
            note = f"{was[mine]!r} was not found again; it is pinned and stays as it was"
        elif was[mine] == named[mine]:
            note = f"{was[mine]!r} goes on"
        else:
            note = f"{was[mine]!r} goes on as {named[mine]!r}"
        yield event(Change.CONTINUED, (mine,), (mine,), note)
    for mine, parts in sorted(splits.items()):
        told = "has the sub-themes" if mine in there and mine not in parts else "was split into"
        yield event(Change.SPLIT, (mine,), parts, f"{was[mine]!r} {told} {listed(named[part] for part in parts)}")
    for yours, sources in sorted(merges.items()):
        told = listed(was[mine] for mine in sources)
        yield event(Change.MERGED, sources, (yours,), f"{told} are one theme now: {named[yours]!r}")
    for yours in sorted(there - set(was) - from_old):
        yield event(Change.BORN, (), (yours,), f"{named[yours]!r} is new")
    for mine in sorted(set(was) - there - gone):
        yield event(Change.RETIRED, (mine,), (), f"{was[mine]!r} was not found again")


def listed(names: Iterable[str]) -> str:
    """List names in a sentence."""
    *most, last = [repr(name) for name in names]
    return f"{', '.join(most)} and {last}" if most else last
