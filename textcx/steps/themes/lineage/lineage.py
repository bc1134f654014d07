"""Carry the ids of a theme set over to a new fit, and write down what became of each theme.

A theme found again goes on: it keeps its id and, unless the new name is clearly better, its name. The others are born,
split off, merged or retired, and the history says so. A pinned theme that is not found again stays as it was.

Invariants, tested: no id ever comes to mean another theme; the order of themes and members never matters; fitted again
to the same feedback, every theme goes on; a pinned theme keeps its id, name, prototypes and segments.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import chain, count
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain.errors import ModelProblem
from textcx.domain.themes.sets import Change, LineageEvent, ThemeKind
from textcx.steps.themes.geometry.closeness import known_vectors, nearest_of, strength_of, taken_over
from textcx.steps.themes.geometry.lattice import directions, seen_from
from textcx.steps.themes.geometry.tree import DEEPEST, children_of, in_order, leaves_below, move, settle_names, tidy
from textcx.steps.themes.lineage.matching import relate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.sets import Theme, ThemeSet
    from textcx.steps.themes.geometry.closeness import VectorsOf
    from textcx.steps.themes.lineage.matching import Relation

CLEARLY_BETTER, STEM = 0.6, 5
"""How much larger the share of a name's words must be that are among the theme's keywords, for the new name to win;
first letters by which two words are taken to be the same."""


def continue_themes(
    old: ThemeSet, new: ThemeSet, *, stop_words: Collection[str], vectors_of: VectorsOf | None = None
) -> ThemeSet:
    """Let a new fit take over the ids, names and history of the set before; the result is its next version.

    ``stop_words`` do not count when names are compared. ``vectors_of`` gives vectors of segments that ``new`` was
    learned from, besides those in its sample; they tell which belong to a pinned theme that was not found again.

    Raises:
        ModelProblem: If the two were made with different encoders.
    """
    require_same_encoder(old, new)
    relation = relate(old, new)
    ids = _final_ids(old, new, relation)
    carried = replace(
        new,
        set_id=old.set_id,
        version=old.version + 1,
        themes=tuple(_carried_themes(old, new, ids, stop_words=stop_words).values()),
        owners=tuple(ids[owner] for owner in new.owners),
        members=new.members.with_columns(pl.col("theme_id").replace_strict(ids, default=None, return_dtype=pl.String)),
        exceptions=np.concatenate([taken_over(old, old.exceptions, new), new.exceptions]),
        exception_themes=(*old.exception_themes, *(each and ids[each] for each in new.exception_themes)),
        settings={key: value for key, value in new.settings.items() if key != "edits"},
        seed_topics=new.seed_topics
        and replace(new.seed_topics, theme_ids=tuple(ids[theme_id] for theme_id in new.seed_topics.theme_ids)),
    )
    leaves, groups = _lost_pins(old, relation)
    if leaves or groups:
        carried = _with_pins(carried, old, leaves, groups, vectors_of=vectors_of)
    living = {None, *(theme.theme_id for theme in carried.themes)}
    rows = [row for row, each in enumerate(carried.exception_themes) if each in living]
    return replace(
        in_order(carried),
        exceptions=carried.exceptions[rows],
        exception_themes=tuple(carried.exception_themes[row] for row in rows),
        history=(*old.history, *_events(old, carried, relation, ids, pinned={*leaves, *groups})),
    )


def require_same_encoder(old: ThemeSet, new: ThemeSet) -> None:
    """Raise ``ModelProblem`` unless two sets were made with the same encoder."""
    if old.encoder_id != new.encoder_id or len(old.origin) != len(new.origin):
        msg = (
            f"the two theme sets cannot be compared: one was made with the encoder {old.encoder_id}, the other with "
            f"{new.encoder_id}; learn both with the same one"
        )
        raise ModelProblem(msg)


def _final_ids(old: ThemeSet, new: ThemeSet, relation: Relation) -> dict[str, str]:
    """Id of every new theme: that of the one it goes on with, else its own, unless that once meant another theme.

    The id of a theme that a team brought along comes from its name, and stays.
    """
    ids = {after: before for before, after in relation.pairs.items()}
    ids.update({theme.theme_id: theme.theme_id for theme in new.themes if theme.kind is ThemeKind.GIVEN})
    taken = {theme.theme_id for theme in old.themes}
    taken.update(each for event in old.history for each in (*event.before, *event.after))
    for own in sorted(theme.theme_id for theme in new.themes if theme.theme_id not in ids):
        fresh = (fresh_id(own, old.version + 1, number) for number in count(1))
        ids[own] = next(each for each in chain([own], fresh) if each not in taken)
        taken.add(ids[own])
    return ids


def fresh_id(*parts: object) -> str:
    """Make a theme id from what it is for."""
    return "t" + hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=6).hexdigest()


def _carried_themes(
    old: ThemeSet, new: ThemeSet, ids: Mapping[str, str], *, stop_words: Collection[str]
) -> dict[str, Theme]:
    """The themes of the new fit with ids, names and marks of those they go on with.

    Where two would have one name, those that had it before keep it, then others that go on, then the new ones.
    """
    edits = old.settings.get("edits")
    named = edits.get("named") if isinstance(edits, dict) else None
    named_by_hand = named if isinstance(named, list) else []
    before = {theme.theme_id: theme for theme in old.themes}
    themes = []
    for theme in new.themes:
        theme_id, parent = ids[theme.theme_id], theme.parent_theme_id
        moved = replace(theme, theme_id=theme_id, parent_theme_id=parent and ids[parent], born=old.version + 1)
        if (same := before.get(theme_id)) is not None:
            stays = theme_id in named_by_hand or not _clearly_better(theme, same.name, stop_words)
            name = same.name if stays else theme.name
            moved = replace(moved, name=name, born=same.born, pinned=same.pinned, hidden=same.hidden)
        themes.append(moved)
    names = {theme_id: theme.name for theme_id, theme in before.items()}
    themes.sort(
        key=lambda each: (names.get(each.theme_id) != each.name, each.theme_id not in names, each.level, each.theme_id)
    )
    return settle_names(themes, names)


def _clearly_better(theme: Theme, old_name: str, stop_words: Collection[str]) -> bool:
    """Whether a theme's keywords speak for its new name, and no longer for the old one."""
    stems = {word.casefold()[:STEM] for keyword in theme.keywords for word in keyword.split()}

    def share(name: str) -> float:
        words = [word for word in name.casefold().replace(",", "").split() if word not in stop_words]
        return sum(word[:STEM] in stems for word in words) / max(1, len(words))

    return share(theme.name) - share(old_name) >= CLEARLY_BETTER


def _lost_pins(old: ThemeSet, relation: Relation) -> tuple[list[str], list[str]]:
    """Find what must stay because of a pin though it was not found again: leaves, and pinned themes with sub-themes."""
    below = leaves_below(old.themes)
    lost = [theme for theme in old.themes if theme.pinned and theme.theme_id not in relation.pairs]
    leaves = {leaf for theme in lost for leaf in below[theme.theme_id] if leaf not in relation.pairs}
    groups = sorted((theme.level, theme.theme_id) for theme in lost if below[theme.theme_id] != (theme.theme_id,))
    return sorted(leaves), [theme_id for _, theme_id in groups]


def _with_pins(
    carried: ThemeSet, old: ThemeSet, leaves: Sequence[str], groups: Sequence[str], *, vectors_of: VectorsOf | None
) -> ThemeSet:
    """Put what ``_lost_pins`` found back into the new set, with prototypes, place in the tree and segments."""
    rows = [row for row, owner in enumerate(old.owners) if owner in leaves]
    back = taken_over(old, old.prototypes[rows], carried)
    owners = [old.owners[row] for row in rows]
    prototypes = {leaf: back[[owner == leaf for owner in owners]] for leaf in leaves}
    themes, dissolved = tidy(_in_tree(carried, old, prototypes, groups), owning={*carried.owners, *owners})
    heirs = {owner: dissolved.get(owner, owner) for owner in (*carried.owners, *owners)}
    kept = {*leaves, *groups}
    ranked = sorted(themes.values(), key=lambda theme: (theme.theme_id not in kept, theme.theme_id))
    whole = replace(
        carried,
        themes=tuple(settle_names(ranked, {}).values()),
        prototypes=np.concatenate([carried.prototypes, back]),
        owners=tuple(heirs[owner] for owner in (*carried.owners, *owners)),
        members=carried.members.with_columns(
            pl.col("theme_id").replace_strict(heirs, default=None, return_dtype=pl.String)
        ),
    )
    back_in = {leaf: heirs[leaf] for leaf in leaves}
    return replace(whole, members=_with_their_segments(whole, old, back_in, vectors_of))


def _in_tree(
    carried: ThemeSet, old: ThemeSet, prototypes: dict[str, NDArray[np.float32]], groups: Sequence[str]
) -> dict[str, Theme]:
    """The themes of the new set and the pinned ones; a leaf whose parent is gone comes to where it is nearest."""
    themes = {theme.theme_id: theme for theme in carried.themes}
    before = {theme.theme_id: theme for theme in old.themes}
    below = leaves_below(old.themes)
    for group in groups:
        parent = before[group].parent_theme_id
        inner = {*children_of(themes.values()), *groups}
        fits = parent in inner and parent in themes and themes[parent].level + 1 < DEEPEST
        themes[group] = before[group]
        move(themes, group, parent=parent if fits else None)
    for leaf, place in prototypes.items():
        parent = before[leaf].parent_theme_id
        if parent not in groups and parent not in children_of(themes.values()):
            parent = _beside(carried, place)
        themes[leaf] = before[leaf]
        move(themes, leaf, parent=parent)
    for group in groups:
        for leaf in below[group]:
            if leaf in themes and leaf not in children_of(themes.values()):
                move(themes, leaf, parent=group)
    return themes


def _beside(carried: ThemeSet, prototypes: NDArray[np.float32]) -> str | None:
    """Parent of the leaf nearest to some prototypes; null where it has none."""
    if not carried.owners:
        return None
    ids, found = nearest_of(directions(prototypes), carried.prototypes, carried.owners)
    return carried.theme(ids[found.cosine.argmax()]).parent_theme_id


def _with_their_segments(
    whole: ThemeSet, old: ThemeSet, heirs: dict[str, str], vectors_of: VectorsOf | None
) -> pl.DataFrame:
    """Give the themes that were put back the segments that were theirs, and those of known vectors nearest to them."""
    before = (
        old.members.filter(pl.col("theme_id").is_in(list(heirs)))
        .with_columns(pl.col("theme_id").replace_strict(heirs, return_dtype=pl.String))
        .select("segment_id", before="theme_id", strength_before="strength")
    )
    members = whole.members.join(before, on="segment_id", how="left", maintain_order="left")
    others = members.filter(pl.col("before").is_null())["segment_id"]
    there, vectors = known_vectors(whole, others.to_list(), vectors_of)
    ids, found = nearest_of(seen_from(whole.origin, vectors), whole.prototypes, whole.owners)
    nearer = pl.DataFrame(
        {
            "segment_id": others.filter(pl.Series(there, dtype=pl.Boolean)),
            "nearer": pl.Series(ids, dtype=pl.String),
            "strength_near": strength_of(found, whole.curve),
        }
    ).filter(pl.col("nearer").is_in(list(heirs.values())) & (pl.col("strength_near") > 0))
    return members.join(nearer, on="segment_id", how="left", maintain_order="left").select(
        "segment_id",
        "record_id",
        theme_id=pl.coalesce("before", "nearer", "theme_id"),
        strength=pl.coalesce("strength_before", "strength_near", "strength"),
    )


def _events(
    old: ThemeSet, new: ThemeSet, relation: Relation, ids: Mapping[str, str], *, pinned: set[str]
) -> Iterable[LineageEvent]:
    """What became of each theme, in the order continued, split, merged, born, retired.

    ``pinned`` are those that stay because of a pin though they were not found again.
    """
    was = {theme.theme_id: theme.name for theme in old.themes}
    now = {theme.theme_id: theme.name for theme in new.themes}
    names = was | now
    stays = pinned & now.keys()
    merges = {
        ids[after]: tuple(each for each in sources if each not in stays) for after, sources in relation.merges.items()
    }
    merges = {after: sources for after, sources in merges.items() if set(sources) - {after}}
    splits = {before: tuple(ids[after] for after in parts) for before, parts in relation.splits.items()}
    gone = {*splits, *chain(*merges.values())}
    from_old = {*merges, *chain(*splits.values())}

    def event(change: Change, before: Sequence[str], after: Sequence[str], note: str) -> LineageEvent:
        return LineageEvent(version=new.version, change=change, before=tuple(before), after=tuple(after), note=note)

    for each in sorted(now.keys() & was.keys()):
        note = f"{was[each]!r} goes on" + ("" if was[each] == now[each] else f" as {now[each]!r}")
        if each in stays:
            note = f"{was[each]!r} was not found again; it is pinned and stays as it was"
        yield event(Change.CONTINUED, (each,), (each,), note)
    for before, parts in sorted(splits.items()):
        verb = "has the sub-themes" if before in now and before not in parts else "was split into"
        yield event(Change.SPLIT, (before,), parts, f"{was[before]!r} {verb} {_listed(names[part] for part in parts)}")
    for after, sources in sorted(merges.items()):
        note = f"{_listed(was[each] for each in sources)} are one theme now: {names[after]!r}"
        yield event(Change.MERGED, sources, (after,), note)
    for each in sorted(now.keys() - was.keys() - from_old):
        yield event(Change.BORN, (), (each,), f"{now[each]!r} is new")
    for each in sorted(was.keys() - now.keys() - gone):
        yield event(Change.RETIRED, (each,), (), f"{was[each]!r} was not found again")


def _listed(names: Iterable[str]) -> str:
    *most, last = [repr(name) for name in names]
    return f"{', '.join(most)} and {last}" if most else last
