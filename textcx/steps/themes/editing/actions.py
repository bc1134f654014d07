"""What each kind of edit does to a draft of a theme set.

An action does what was asked or raises; after that, the draft is no longer good for anything.

Invariants, tested: a merge keeps every segment in a theme; a split of a theme with sub-themes moves no segment; two
segments that an edit keeps apart are never brought together by another one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from textcx.domain.errors import Conflict, NotFound, WrongUse
from textcx.domain.themes.edits import LONGEST_NAME, PARTS, Action, in_words, unpack
from textcx.steps.themes.editing.draft import linked
from textcx.steps.themes.geometry.closeness import in_parts, known_vectors, nearest_of, places
from textcx.steps.themes.geometry.lattice import directions, off_lattice, on_lattice, seen_from
from textcx.steps.themes.geometry.tree import DEEPEST, LONGEST, children_of, move, numbered, path_up, unique_name
from textcx.steps.themes.lineage.lineage import fresh_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.edits import Edit
    from textcx.domain.themes.sets import Theme
    from textcx.steps.themes.editing.draft import Draft


def act(draft: Draft, edit: Edit) -> None:
    """Do what an edit, which is no undo, says to a draft, in place; the errors are those of ``add_edit``."""
    _ACTIONS[edit.action](draft, edit)
    for one, other, number in draft.apart:
        if draft.homes[one] is not None and draft.homes[one] == draft.homes[other]:
            msg = f"it contradicts edit {number}: that keeps {one} and {other} apart; undo {number} first"
            raise Conflict(msg)


def middles_of(draft: Draft, leaf: str, *, parts: int) -> NDArray[np.float64]:
    """Find where the parts of a leaf lie, as points. Shape ``(parts, width)``; a ``Conflict`` where it has too few."""
    segments = draft.members_of(leaf)
    _, vectors = known_vectors(draft.base, segments)
    found = in_parts(seen_from(draft.base.origin, vectors), parts=parts)
    if found is None:
        msg = (
            f"the set keeps too few different vectors of {draft.themes[leaf].name!r} to split it into {parts}; it has "
            f"{len(segments):,} segments, and the vectors of {len(vectors):,} are kept"
        )
        raise Conflict(msg)
    return places(draft.base, off_lattice(found))


def _rename(draft: Draft, edit: Edit) -> None:
    theme = draft.find(edit.themes[0], edit)
    _name(draft, edit, theme.theme_id, str(edit.name))
    draft.log([theme.theme_id], [theme.theme_id], f"{theme.name!r} renamed to {draft.themes[theme.theme_id].name!r}")


def _name(draft: Draft, edit: Edit, theme_id: str, name: str) -> None:
    """Give a theme a name; a theme that got this name only in a later fit gets another one."""
    wanted = tidy_name(name)
    taken = {each.name.casefold(): each for each in draft.themes.values() if each.theme_id != theme_id}
    other = taken.get(wanted.casefold())
    if other is not None:
        by = draft.named.get(other.theme_id)
        if by is not None or draft.base.version == edit.version:
            why = f"it contradicts edit {by}: by that, " if by is not None else ""
            msg = f"{why}the name {wanted!r} is that of theme {other.theme_id}; choose another, or merge the two"
            raise Conflict(msg)
        free = unique_name(other.name, other.keywords, {*taken, draft.themes[theme_id].name.casefold()})
        draft.themes[other.theme_id] = replace(other, name=free)
        draft.notes.append(
            f"A new theme was called {wanted!r}, the name that edit {edit.number} gave; it is {free!r} now."
        )
    draft.themes[theme_id] = replace(draft.themes[theme_id], name=wanted)
    draft.named[theme_id] = edit.number


def tidy_name(name: str) -> str:
    """Return a name that a person wants without stray spaces; raise ``WrongUse`` if a theme cannot have it."""
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
    wanted = [part for each in edit.themes[1:] for part in draft.with_parts(draft.find(each, edit).theme_id, edit)]
    others = [each for each in dict.fromkeys(wanted) if each != target.theme_id]
    words = in_words(edit, draft.names())
    if not others and draft.base.version == edit.version:  # a later fit may have merged them by itself
        msg = f"{target.name!r} cannot be merged with itself; name two themes"
        raise WrongUse(msg)
    for other in others:
        if target.theme_id in path_up(draft.themes, other) or other in path_up(draft.themes, target.theme_id):
            msg = f"one of {target.name!r} and {draft.themes[other].name!r} is part of the other; split the larger one"
            raise Conflict(msg)
    others = [each for each in others if not set(others) & set(path_up(draft.themes, each)[1:])]
    is_leaf = draft.leaves[target.theme_id] == (target.theme_id,)
    for other in others:
        (_swallow if is_leaf else _adopt)(draft, target.theme_id, other, edit.number)
    heir = draft.tidy(edit.number).get(target.theme_id, target.theme_id)
    if heir != target.theme_id:
        draft.notes.append(
            f"{target.name!r} is all that {draft.themes[heir].name!r} has now, so the two are one theme: {heir}."
        )
    if edit.name is not None:
        _name(draft, edit, heir, edit.name)
    draft.log((target.theme_id, *others), (heir,), words)


def _swallow(draft: Draft, target: str, other: str, number: int) -> None:
    """Give a leaf all that another theme has, on whatever level."""
    for leaf in draft.leaves[other]:
        draft.give(leaf, target)
    below = [each for each in draft.themes if other in path_up(draft.themes, each)]
    pinned = any(draft.themes[each].pinned for each in (target, *below))
    draft.themes[target] = replace(draft.themes[target], pinned=pinned)
    for each in below:
        draft.remove(each, number, [target])


def _adopt(draft: Draft, target: str, other: str, number: int) -> None:
    """Put another theme's sub-themes, or itself if it has none, under a theme that has sub-themes."""
    children = children_of(draft.themes.values()).get(other)
    if children is None:
        move(draft.themes, other, parent=target)
        return
    leaves = draft.leaves[other]
    levels_below = max(draft.themes[leaf].level for leaf in leaves) - draft.themes[other].level
    gone = [other]
    if draft.themes[target].level + levels_below > DEEPEST:
        children = list(leaves)
        gone = [each for each in draft.themes if other in path_up(draft.themes, each) and each not in leaves]
    for each in children:
        move(draft.themes, each, parent=target)
    for each in gone:
        draft.made_of[target] |= draft.made_of[each]
        draft.remove(each, number, [target])


def _split(draft: Draft, edit: Edit) -> None:
    theme = draft.find(edit.themes[0], edit)
    after = children_of(draft.themes.values()).get(theme.theme_id)
    if after is None:
        after = _split_leaf(draft, edit, theme)
    for child in after:
        move(draft.themes, child, parent=theme.parent_theme_id)
    draft.remove(theme.theme_id, edit.number, after)
    names = ", ".join(repr(draft.themes[each].name) for each in after)
    draft.log((theme.theme_id,), after, f"{theme.name!r} split into {names}")
    draft.tidy(edit.number)


def _split_leaf(draft: Draft, edit: Edit, theme: Theme) -> list[str]:
    """Share out all that a leaf has among new themes beside it; their ids."""
    parts = PARTS[0] if edit.parts is None else edit.parts
    if parts not in PARTS:
        msg = f"a theme can be split into {PARTS[0]} to {PARTS[-1]} at once, not into {parts}"
        raise WrongUse(msg)
    origin, leaf = draft.base.origin, theme.theme_id
    kept = [point for each in edit.vectors if (point := unpack(each, width=len(origin))) is not None]
    middles = np.stack(kept).astype(np.float64) if kept else middles_of(draft, leaf, parts=parts)
    prototypes = off_lattice(directions(middles - origin.astype(np.float64)))
    new = [fresh_id(draft.base.set_id, edit.number, place) for place in range(len(middles))]
    taken = {each.name.casefold() for each in draft.themes.values()}
    names = (name for name in numbered(theme.name, start=1) if name.casefold() not in taken)
    for each, name in zip(new, names, strict=False):
        draft.themes[each] = replace(theme, theme_id=each, name=name, stability=None, born=draft.base.version)
        draft.made_of[each] = draft.made_of[leaf]
    others = [place for place, owner in enumerate(draft.owners) if owner != leaf]
    draft.prototypes = np.concatenate([draft.prototypes[others], prototypes])
    draft.owners = [*(draft.owners[place] for place in others), *new]
    segments = draft.members_of(leaf)
    known, vectors = known_vectors(draft.base, segments)
    heirs = np.full(len(segments), None, dtype=object)
    heirs[known] = nearest_of(seen_from(origin, vectors), prototypes, new)[0]
    draft.share_out(segments, heirs.tolist())
    if not known.all():
        draft.notes.append(
            f"{int((~known).sum()):,} of the {len(segments):,} segments of {theme.name!r} have no vector in the set; "
            "they are assigned anew when they come again."
        )
    exceptions = on_lattice(draft.base.exceptions)
    for place, owner in enumerate(draft.exception_themes):
        if owner == leaf:
            draft.exception_themes[place] = _nearest(exceptions[place], prototypes, new)
    _share_homes(draft, leaf, prototypes, new)
    return new


def _nearest(point: NDArray[np.float32], prototypes: NDArray[np.float32], owners: Sequence[str]) -> str:
    return str(nearest_of(point[None, :], prototypes, owners)[0][0])


def _share_homes(draft: Draft, leaf: str, prototypes: NDArray[np.float32], new: Sequence[str]) -> None:
    """After a split, say where the segments that edits named belong: those kept together stay so."""
    for segment in [each for each, home in draft.homes.items() if home == leaf]:
        if draft.homes[segment] != leaf:
            continue  # it went with one that it belongs together with
        home = draft.theme_of(segment)
        if home is None or home == leaf:
            point = draft.points.get(segment)
            home = new[0] if point is None else _nearest(point, prototypes, new)
        draft.put(segment, home)


_MARKS: dict[Action, tuple[str, dict[str, Any]]] = {
    Action.PIN: ("pinned", {"pinned": True}),
    Action.UNPIN: ("not pinned", {"pinned": False}),
    Action.HIDE: ("hidden", {"hidden": True}),
    Action.SHOW: ("shown", {"hidden": False}),
}
"""For each action that marks a theme what the theme is then called, and the mark."""


def _mark(draft: Draft, edit: Edit) -> None:
    state, mark = _MARKS[edit.action]
    theme = draft.find(edit.themes[0], edit)
    ids = draft.with_parts(theme.theme_id, edit) if edit.action is Action.HIDE else [theme.theme_id]
    marked = {each: replace(draft.themes[each], **mark) for each in ids}
    if all(draft.themes[each] == after for each, after in marked.items()):
        msg = f"{theme.name!r} is {state} already; there is nothing to do"
        raise Conflict(msg)
    draft.themes.update(marked)
    draft.log(ids, ids, f"{theme.name!r} {state}")


def _together(draft: Draft, edit: Edit) -> None:
    one, other = _segments_of(draft, edit)
    draft.together.append((one, other, edit.number))
    here, there = draft.homes[one], draft.homes[other]
    if here is None and there is None:
        msg = f"neither {one} nor {other} is in a theme, so there is none to put the other one into"
        raise Conflict(msg)
    # The second comes to the first, unless that breaks an edit.
    draft.put(one, there if here is None or here in _themes_apart(draft, one) else here)
    draft.log((), (draft.homes[one],), f"{one} and {other} kept together")


def _apart(draft: Draft, edit: Edit) -> None:
    one, other = _segments_of(draft, edit)
    draft.apart.append((one, other, edit.number))
    if draft.homes[one] == draft.homes[other] and draft.homes[one] is not None:
        draft.put(other, _next_home(draft, other, not_in=_themes_apart(draft, other)))
    draft.log((), (draft.homes[one], draft.homes[other]), f"{one} and {other} kept apart")


def _themes_apart(draft: Draft, segment: str) -> set[str | None]:
    """Themes of the segments that edits keep apart from one, or from what is kept together with it."""
    group = linked(draft.together, segment).keys()
    pairs = [(one, other) for one, other, _ in draft.apart if (one in group) != (other in group)]
    return {draft.homes[other if one in group else one] for one, other in pairs}


def _next_home(draft: Draft, segment: str, *, not_in: set[str | None]) -> str | None:
    """Nearest theme of a segment but some; null where its vector is not known or no theme is near enough."""
    point = draft.points.get(segment)
    rows = [row for row, owner in enumerate(draft.owners) if owner not in not_in]
    if point is None or not rows:
        return None
    ids, found = nearest_of(point[None, :], draft.prototypes[rows], [draft.owners[row] for row in rows])
    return str(ids[0]) if found.cosine[0] >= draft.base.curve.least else None


def _segments_of(draft: Draft, edit: Edit) -> tuple[str, str]:
    """Look up the two segments of an edit: where they lie and which theme they are in now."""
    one, other = edit.segments
    for segment, text in zip((one, other), edit.vectors or ("", ""), strict=True):
        vector = unpack(text, width=len(draft.base.origin))
        vectors = known_vectors(draft.base, [segment])[1] if vector is None else vector[None, :]
        if len(vectors):
            draft.points.setdefault(segment, seen_from(draft.base.origin, vectors)[0])
        if segment in draft.homes:
            continue
        if draft.is_member(segment):
            draft.homes[segment] = draft.theme_of(segment)
        elif segment in draft.points:
            draft.homes[segment] = _next_home(draft, segment, not_in=set())
        else:
            msg = (
                f"the set was not learned from a segment {segment}, or does not keep its vector; "
                "segment ids are in segments.parquet of the analysis, such as 'r17:0-42'"
            )
            raise NotFound(msg)
    return one, other


_ACTIONS: dict[Action, Callable[[Draft, Edit], None]] = {
    Action.RENAME: _rename,
    Action.MERGE: _merge,
    Action.SPLIT: _split,
    Action.TOGETHER: _together,
    Action.APART: _apart,
    **dict.fromkeys(_MARKS, _mark),
}
