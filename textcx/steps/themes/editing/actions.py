"""What each kind of edit does to a draft of a theme set.

An action does what was asked or raises; after that, the draft is no longer good for anything.

Invariants, tested: a merge keeps every segment in a theme; a split of a theme with sub-themes moves no segment; two
segments that an edit keeps apart are never brought together by another one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from textcx.domain.errors import Conflict, NotFound, WrongUse
from textcx.domain.themes.edits import LONGEST_NAME, PARTS, Action, in_words, unpack
from textcx.steps.themes.geometry.lattice import on_lattice
from textcx.steps.themes.geometry.positions import directions, in_parts, nearest_of, places, plain, seen_from
from textcx.steps.themes.geometry.tree import LONGEST, children_of, height, move, numbered, unique_name
from textcx.steps.themes.lineage.lineage import fresh_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.edits import Edit
    from textcx.domain.themes.sets import Theme
    from textcx.steps.themes.editing.draft import Draft

DEEPEST = 3

NOBODY = 0
"""Stands for the number of an edit where the first of two segments has no theme to come to."""


def act(draft: Draft, edit: Edit) -> None:
    """Do what an edit says.

    Args:
        draft: The set in the making; changed in place.
        edit: An edit that counts; no undo.

    Raises:
        Conflict: If it contradicts an earlier edit, or what the set is.
        NotFound: If a theme or segment of it is not there.
        WrongUse: If it could never be done.
    """
    _ACTIONS[edit.action](draft, edit)


def middles_of(draft: Draft, leaf: str, *, parts: int) -> NDArray[np.float64]:
    """Find where the parts of a leaf lie, relative to nothing. Shape ``(parts, width)``.

    Raises:
        Conflict: If too few different vectors of it are kept.
    """
    _, segments = draft.members_of(leaf)
    _, vectors = draft.known.find(segments)
    found = in_parts(seen_from(draft.base.origin, vectors), parts=parts) if len(vectors) else None
    if found is None:
        msg = (
            f"the set keeps too few different vectors of {draft.themes[leaf].name!r} to split it into {parts}; it has "
            f"{len(segments):,} segments, and the vectors of {len(vectors):,} are kept"
        )
        raise Conflict(msg)
    return places(draft.base, plain(found))


def _rename(draft: Draft, edit: Edit) -> None:
    theme = draft.find(edit.themes[0], edit)
    before = theme.name
    _name(draft, edit, theme.theme_id, str(edit.name))
    draft.log((theme.theme_id,), (theme.theme_id,), f"{before!r} renamed to {draft.themes[theme.theme_id].name!r}")


def _name(draft: Draft, edit: Edit, theme_id: str, name: str) -> None:
    """Give a theme a name. One that only a later fit took is given back: what a person said comes first."""
    wanted = tidy_name(name)
    same = [each for each in draft.themes.values() if each.name.casefold() == wanted.casefold()]
    other = next((each for each in same if each.theme_id != theme_id), None)
    if other is not None:
        by = draft.named.get(other.theme_id)
        if by is not None or draft.base.version == edit.version:
            told = f"it contradicts edit {by}: by that, " if by is not None else ""
            msg = f"{told}the name {wanted!r} is that of theme {other.theme_id}; choose another, or merge the two"
            raise Conflict(msg)
        taken = {each.name.casefold() for each in draft.themes.values()} | {wanted.casefold()}
        free = unique_name(other.name, other.keywords, taken)
        draft.themes[other.theme_id] = replace(other, name=free)
        draft.notes.append(
            f"A new theme was called {wanted!r}, the name that edit {edit.number} gave; it is {free!r} now."
        )
    draft.themes[theme_id] = replace(draft.themes[theme_id], name=wanted)
    draft.named[theme_id] = edit.number


def tidy_name(name: str) -> str:
    """Check a name that a person wants, and return it without stray spaces.

    Raises:
        WrongUse: If it is empty, longer than five words or 60 characters, or holds control characters.
    """
    wanted = " ".join(name.split())
    if not wanted or len(wanted) > LONGEST_NAME or len(wanted.split()) > LONGEST or not wanted.isprintable():
        msg = (
            f"the name has {len(wanted.split())} words and {len(wanted)} characters; a theme's name has one to "
            f"{LONGEST} words and at most {LONGEST_NAME} characters"
        )
        raise WrongUse(msg)
    return wanted


def _merge(draft: Draft, edit: Edit) -> None:
    target = draft.find(edit.themes[0], edit)
    wanted = [part for each in edit.themes[1:] for part in _found_with_parts(draft, each, edit)]
    others = [each for each in dict.fromkeys(wanted) if each != target.theme_id]
    words = in_words(edit, draft.names())
    if not others and draft.base.version == edit.version:  # a later fit may have merged them by itself
        msg = f"{target.name!r} cannot be merged with itself; name two themes"
        raise WrongUse(msg)
    leaves = draft.leaves
    for other in others:
        if set(leaves[other]) & set(leaves[target.theme_id]):
            msg = f"one of {target.name!r} and {draft.themes[other].name!r} is part of the other; split the larger one"
            raise Conflict(msg)
    others = [each for each in others if not any(_is_below(draft, each, above) for above in others)]
    whole = leaves[target.theme_id] == (target.theme_id,)
    if whole:
        joined = {target.theme_id, *(leaf for other in others for leaf in leaves[other])}
        _keep_apart(draft, joined)
    for other in others:
        if whole:
            _swallow(draft, target.theme_id, other, edit.number)
        else:
            _adopt(draft, target.theme_id, other, edit.number)
    heir = draft.tidy(edit.number).get(target.theme_id, target.theme_id)
    if heir != target.theme_id:
        draft.notes.append(
            f"{target.name!r} is all that {draft.themes[heir].name!r} has now, so the two are one theme: {heir}."
        )
    if edit.name is not None:
        _name(draft, edit, heir, edit.name)
    draft.log((target.theme_id, *others), (heir,), words)


def _found_with_parts(draft: Draft, theme_id: str, edit: Edit) -> list[str]:
    return draft.with_parts(draft.find(theme_id, edit).theme_id, edit)


def _is_below(draft: Draft, theme_id: str, above: str) -> bool:
    parent = draft.themes[theme_id].parent_theme_id
    return parent is not None and (parent == above or _is_below(draft, parent, above))


def _swallow(draft: Draft, target: str, other: str, number: int) -> None:
    """Give a leaf all that another theme has, on whatever level."""
    below = [each for each in draft.themes if each == other or _is_below(draft, each, other)]
    for leaf in draft.leaves[other]:
        draft.give(leaf, target)
    pinned = draft.themes[target].pinned or any(draft.themes[each].pinned for each in below)
    draft.themes[target] = replace(draft.themes[target], pinned=pinned)
    for each in below:
        draft.remove(each, number, (target,))


def _adopt(draft: Draft, target: str, other: str, number: int) -> None:
    """Put another theme's sub-themes, or itself if it has none, under a theme that has sub-themes."""
    level = draft.themes[target].level
    children = children_of(draft.themes.values()).get(other)
    if children is None:
        move(draft.themes, other, parent=target)
        return
    fits = level + height(draft.themes, other) <= DEEPEST
    leaves = draft.leaves[other]
    between = [each for each in draft.themes if _is_below(draft, each, other) and each not in leaves]
    for each in children if fits else leaves:
        move(draft.themes, each, parent=target)
    for each in (other, *([] if fits else between)):
        draft.made_of[target] |= draft.made_of[each]
        draft.remove(each, number, (target,))


def _keep_apart(draft: Draft, joined: set[str]) -> None:
    """Raise if a merge would bring together what an edit keeps apart."""
    for one, other, number in draft.apart:
        homes = draft.homes.get(one), draft.homes.get(other)
        if homes[0] != homes[1] and joined.issuperset(homes):
            msg = f"it contradicts edit {number}: that keeps {one} and {other} apart; undo {number} first"
            raise Conflict(msg)


def _split(draft: Draft, edit: Edit) -> None:
    theme = draft.find(edit.themes[0], edit)
    children = children_of(draft.themes.values()).get(theme.theme_id)
    if children is not None:
        for child in children:
            move(draft.themes, child, parent=theme.parent_theme_id, level=theme.level)
        draft.remove(theme.theme_id, edit.number, tuple(children))
        after: Sequence[str] = children
    else:
        after = _split_leaf(draft, edit, theme)
    names = ", ".join(repr(draft.themes[each].name) for each in after)
    draft.log((theme.theme_id,), after, f"{theme.name!r} split into {names}")
    draft.tidy(edit.number)


def _split_leaf(draft: Draft, edit: Edit, theme: Theme) -> list[str]:
    parts = PARTS[0] if edit.parts is None else edit.parts
    if parts not in PARTS:
        msg = f"a theme can be split into {PARTS[0]} to {PARTS[-1]} at once, not into {parts}"
        raise WrongUse(msg)
    width = len(draft.base.origin)
    told = [unpack(vector, width=width) for vector in edit.vectors]
    kept = [point for point in told if point is not None]
    middles = np.stack(kept).astype(np.float64) if kept else middles_of(draft, theme.theme_id, parts=parts)
    prototypes = plain(directions(middles - draft.base.origin.astype(np.float64)))
    new = [fresh_id(draft.base.set_id, edit.number, place) for place in range(len(middles))]
    rows, segments = draft.members_of(theme.theme_id)
    names = numbered(theme.name, start=1)
    taken = {each.name.casefold() for each in draft.themes.values()}
    for each in new:
        name = next(name for name in names if name.casefold() not in taken)
        part = replace(theme, theme_id=each, name=name, stability=None, born=draft.base.version)
        draft.add(part, made_of=draft.made_of[theme.theme_id])
    others = [place for place, owner in enumerate(draft.owners) if owner != theme.theme_id]
    draft.prototypes = np.concatenate([draft.prototypes[others], prototypes])
    draft.owners = [*(draft.owners[place] for place in others), *new]
    known, vectors = draft.known.find(segments)
    nearest = nearest_of(seen_from(draft.base.origin, vectors), prototypes, new)[0] if len(vectors) else []
    left = iter(nearest)
    draft.share_out(rows, [next(left) if there else None for there in known.tolist()])
    if not known.all():
        draft.notes.append(
            f"{int((~known).sum()):,} of the {len(segments):,} segments of {theme.name!r} have no vector in the set; "
            "they are assigned anew when they come again."
        )
    for place, owner in enumerate(draft.exception_themes):
        if owner == theme.theme_id:
            at = on_lattice(draft.base.exceptions[place : place + 1])
            draft.exception_themes[place] = nearest_of(at, prototypes, new)[0][0]
    _share_homes(draft, theme.theme_id, prototypes, new)
    draft.remove(theme.theme_id, edit.number, tuple(new))
    return new


def _share_homes(draft: Draft, leaf: str, prototypes: NDArray[np.float32], new: Sequence[str]) -> None:
    """After a split, say where the segments that edits named belong: those kept together stay so."""
    for segment in [each for each, home in draft.homes.items() if home == leaf]:
        if draft.homes[segment] != leaf:
            continue  # it went with one that it belongs together with
        home = draft.theme_of(segment)
        if home is None or home == leaf:
            point = draft.points.get(segment)
            home = new[0] if point is None else nearest_of(point[None, :], prototypes, new)[0][0]
        for each in group_of(draft, segment):
            draft.put(each, home, strength=1.0)


def _flag(
    done: str, *, is_so: Callable[[Theme], bool], make_so: Callable[[Theme], Theme]
) -> Callable[[Draft, Edit], None]:
    """Make an action of a mark that a theme can have; ``done`` is how it is called to have it."""

    def act_on(draft: Draft, edit: Edit) -> None:
        theme = draft.find(edit.themes[0], edit)
        ids = draft.with_parts(theme.theme_id, edit) if edit.action is Action.HIDE else [theme.theme_id]
        if all(is_so(draft.themes[each]) for each in ids):
            msg = f"{theme.name!r} is {done} already; there is nothing to do"
            raise Conflict(msg)
        for each in ids:
            draft.themes[each] = make_so(draft.themes[each])
        draft.log(ids, ids, f"{theme.name!r} {done}")

    return act_on


def _together(draft: Draft, edit: Edit) -> None:
    one, other = _meet(draft, edit)
    draft.together.append((one, other, edit.number))
    here, there = draft.homes[one], draft.homes[other]
    if here is None and there is None:
        msg = f"neither {one} nor {other} is in a theme, so there is none to put the other one into"
        raise Conflict(msg)
    meets = _met(draft, group_of(draft, other), here) if here is not None else NOBODY
    mover, home = (other, here) if meets is None else (one, there)  # the second comes, unless that breaks an edit
    if meets is not None and home is not None:
        broken = _met(draft, group_of(draft, one), home)
        if broken is not None:
            number = broken or meets
            msg = f"it contradicts edit {number}, which keeps apart what this would bring together; undo {number} first"
            raise Conflict(msg)
    for each in group_of(draft, mover):
        draft.put(each, home, strength=1.0)
    draft.log((), tuple(each for each in (draft.homes[one],) if each), f"{one} and {other} kept together")


def _met(draft: Draft, group: set[str], home: str) -> int | None:
    """Number of the edit that keeps a group apart from what is in a theme; null where none does."""
    for one, other, number in draft.apart:
        there = other if one in group else one
        if (one in group) != (other in group) and draft.homes[there] == home:
            return number
    return None


def _apart(draft: Draft, edit: Edit) -> None:
    one, other = _meet(draft, edit)
    if draft.homes[one] == draft.homes[other] and draft.homes[one] is not None:
        home = _next_home(draft, other, not_in={str(draft.homes[one])} | _shunned(draft, other))
        for each in group_of(draft, other):
            draft.put(each, home, strength=1.0)
    draft.apart.append((one, other, edit.number))
    draft.log(
        (), tuple(each for each in (draft.homes[one], draft.homes[other]) if each), f"{one} and {other} kept apart"
    )


def _shunned(draft: Draft, segment: str) -> set[str]:
    """Themes of the segments that a segment's group is to be apart from."""
    group = group_of(draft, segment)
    met = [other if one in group else one for one, other, _ in draft.apart if (one in group) != (other in group)]
    return {home for each in met if (home := draft.homes[each]) is not None}


def _next_home(draft: Draft, segment: str, *, not_in: set[str]) -> str | None:
    """Nearest theme of a segment but some; null where its vector is not known or no theme is near enough."""
    point = draft.points.get(segment)
    rows = [row for row, owner in enumerate(draft.owners) if owner not in not_in]
    if point is None or not rows:
        return None
    names, found = nearest_of(point[None, :], draft.prototypes[rows], [draft.owners[row] for row in rows])
    return names[0] if found.cosine[0] >= draft.base.curve.least else None


def _meet(draft: Draft, edit: Edit) -> tuple[str, str]:
    """Look up the two segments of an edit: where they lie and which theme they are in now."""
    one, other = edit.segments
    width = len(draft.base.origin)
    told = edit.vectors or ("", "")
    for segment, text in zip((one, other), told, strict=True):
        vector = unpack(text, width=width)
        vector = draft.known.get(segment) if vector is None else vector
        if vector is not None:
            draft.points.setdefault(segment, seen_from(draft.base.origin, vector[None, :])[0])
        if draft.is_member(segment):
            draft.homes.setdefault(segment, draft.theme_of(segment))
        elif segment in draft.points:
            if segment not in draft.homes:
                draft.homes[segment] = _next_home(draft, segment, not_in=set())
        elif segment not in draft.homes:
            msg = (
                f"the set was not learned from a segment {segment}, or does not keep its vector; "
                "segment ids are in segments.parquet of the analysis, such as 'r17:0-42'"
            )
            raise NotFound(msg)
    return one, other


def group_of(draft: Draft, segment: str) -> set[str]:
    """Return a segment and all that edits keep together with it, directly or through others."""
    group = {segment}
    while True:
        more = {each for one, other, _ in draft.together if group & {one, other} for each in (one, other)} - group
        if not more:
            return group
        group |= more


_ACTIONS: dict[Action, Callable[[Draft, Edit], None]] = {
    Action.RENAME: _rename,
    Action.MERGE: _merge,
    Action.SPLIT: _split,
    Action.PIN: _flag("pinned", is_so=lambda each: each.pinned, make_so=lambda each: replace(each, pinned=True)),
    Action.UNPIN: _flag(
        "not pinned", is_so=lambda each: not each.pinned, make_so=lambda each: replace(each, pinned=False)
    ),
    Action.HIDE: _flag("hidden", is_so=lambda each: each.hidden, make_so=lambda each: replace(each, hidden=True)),
    Action.SHOW: _flag("shown", is_so=lambda each: not each.hidden, make_so=lambda each: replace(each, hidden=False)),
    Action.TOGETHER: _together,
    Action.APART: _apart,
}
