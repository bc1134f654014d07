"""Apply people's edits to a theme set, and say what would move.

A set is kept as it was fitted; its edits are applied to that, in order, whenever it is read, and again after every new
fit. So any edit can be undone, and none is lost.

An edit that contradicts the others is refused. One that was made before the last fit, and that this fit has overtaken
(its theme was not found again), is passed over, with a note.

Invariants, tested: the same edits give the same set; a set without edits stays as it is; no segment is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.errors import Conflict, NotFound, WrongUse
from textcx.domain.themes.edits import Action, Edit, effective, in_words, pack
from textcx.steps.themes.editing.actions import act, middles_of, tidy_name
from textcx.steps.themes.editing.draft import Draft, unknown_theme
from textcx.steps.themes.geometry.positions import KnownVectors
from textcx.steps.themes.geometry.tree import children_of
from textcx.steps.themes.lineage.lineage import continue_themes

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from textcx.domain.themes.sets import Theme, ThemeSet
    from textcx.steps.themes.geometry.positions import VectorsOf

MOVED = pl.Schema(
    {
        "segment_id": pl.String,
        "record_id": pl.String,
        "from_theme_id": pl.String,
        "to_theme_id": pl.String,
    }
)
"""Segments learned from whose theme changed; null for none."""


@dataclass(frozen=True, slots=True)
class EditResult:
    """What edits made of a set.

    Attributes:
        theme_set: The set with the edits applied; it says so in ``settings["edits"]``.
        moved: Frame of ``MOVED``: every segment whose leaf is another one than in the set as fitted, by segment id.
        notes: Sentences for the reader.
        skipped: Numbers of the edits that the last fit has overtaken.
    """

    theme_set: ThemeSet
    moved: pl.DataFrame
    notes: tuple[str, ...] = ()
    skipped: tuple[int, ...] = ()


def apply_edits(theme_set: ThemeSet, edits: Sequence[Edit], *, vectors_of: VectorsOf | None = None) -> EditResult:
    """Apply a log of edits to a set as it was fitted.

    Args:
        theme_set: The set, without any edit applied.
        edits: The whole log, in order.
        vectors_of: Vectors of segments besides those in the set's sample; members of a split leaf whose vector is not
            known are taken out of ``members``, to be assigned anew.

    Returns:
        The set with the edits, and what they did.

    Raises:
        Conflict: If edits contradict each other or a theme of one is not in the set, and no later fit explains that.
        WrongUse: If edits were applied to the set already.
    """
    if not effective(edits):
        return EditResult(theme_set, pl.DataFrame(schema=MOVED))
    draft, skipped = _applied(theme_set, edits, vectors_of=vectors_of)
    applied = [edit.number for edit in effective(edits) if edit.number not in skipped]
    edited = draft.finish(applied=applied)
    return EditResult(edited, moves(theme_set, edited), tuple(draft.notes), tuple(skipped))


def add_edit(
    theme_set: ThemeSet, edits: Sequence[Edit], edit: Edit, *, vectors_of: VectorsOf | None = None
) -> tuple[Edit, EditResult, EditResult]:
    """Check a new edit against a set and the edits before it, and see what it would do. Nothing is written.

    Args:
        theme_set: The set, without any edit applied.
        edits: The log so far.
        edit: The new edit: its number the next, its version that of the set, its vectors still empty.
        vectors_of: As for ``apply_edits``.

    Returns:
        The edit as it is to be written, with its vectors; the set before it and the set after it, with ``moved``
        telling what this edit alone moves.

    Raises:
        Conflict: If it contradicts an earlier edit or the set; the message says which.
        NotFound: If a theme, segment or edit it names is not there.
        WrongUse: If it could never be done.
    """
    try:
        before = apply_edits(theme_set, edits, vectors_of=vectors_of)
    except Conflict:
        if edit.action is not Action.UNDO:  # that may be what mends it
            raise
        before = EditResult(theme_set, pl.DataFrame(schema=MOVED))
    if edit.action is Action.UNDO:
        _check_undo(edits, edit)
    else:
        edit = _with_vectors(theme_set, edits, edit, vectors_of=vectors_of)
    try:
        after = apply_edits(theme_set, [*edits, edit], vectors_of=vectors_of)
    except WrongUse as error:
        if edit.action is Action.UNDO:
            msg = f"edit {edit.undoes} cannot be undone, because a later one builds on it: {error}"
            raise Conflict(msg) from None
        raise
    newly = sorted(set(after.skipped) - set(before.skipped))
    if newly:
        msg = f"edit {edit.undoes} cannot be undone before edit {newly[0]}, which builds on it; undo {newly[0]} first"
        raise Conflict(msg)
    told = tuple(note for note in after.notes if note not in before.notes)
    return edit, before, replace(after, moved=moves(before.theme_set, after.theme_set), notes=told)


def continue_edited(
    old: ThemeSet,
    new: ThemeSet,
    edits: Sequence[Edit],
    *,
    stop_words: Collection[str],
    vectors_of: VectorsOf | None = None,
) -> ThemeSet:
    """Let a new fit take over the ids of a set that has edits: what is pinned by an edit stays.

    Args:
        old: The set before, as it was fitted.
        new: The new fit.
        edits: The log of the set.
        stop_words: Words of a name that say nothing of it.
        vectors_of: Vectors of segments that ``new`` was learned from, besides those in its sample.

    Returns:
        The new set without any edit applied, ready to be saved in the place of the old one; ``apply_edits`` applies
        the edits to it.

    Raises:
        ModelProblem: If the two were made with different encoders.
        Conflict: If the edits contradict each other.
    """
    _refuse_edited(old)
    draft, _ = _applied(old, edits, vectors_of=None)  # which theme is pinned does not depend on vectors
    pinned = {part for each, theme in draft.themes.items() if theme.pinned for part in draft.made_of[each]}
    marked = replace(
        old,
        themes=tuple(replace(theme, pinned=theme.pinned or theme.theme_id in pinned) for theme in old.themes),
    )
    by_fit = {theme.theme_id for theme in old.themes if theme.pinned}
    found = continue_themes(marked, new, stop_words=stop_words, vectors_of=vectors_of)
    # The pins themselves come with the edits, so that they can be undone.
    return replace(found, themes=tuple(replace(theme, pinned=theme.theme_id in by_fit) for theme in found.themes))


def moves(before: ThemeSet, after: ThemeSet, *, level: int | None = None) -> pl.DataFrame:
    """Compare which theme each segment has in two states of one set.

    Args:
        before: The set before.
        after: The set after.
        level: Compare what is shown on this level, 1 to 3; by default the leaves.

    Returns:
        Frame of ``MOVED``: the segments in both whose theme differs, by segment id.
    """
    one, other = (_shown(each, level=level) for each in (before, after))
    both = one.rename({"theme_id": "from_theme_id"}).join(
        other.select("segment_id", to_theme_id="theme_id"), on="segment_id"
    )
    changed = both.filter(pl.col("from_theme_id").ne_missing(pl.col("to_theme_id")))
    return changed.select(MOVED.names()).sort("segment_id")


def whole_names(theme_set: ThemeSet, parts: Sequence[str]) -> tuple[str, ...]:
    """Put names together that hold a comma and were parted at it: "bust, arms and sleeves".

    Args:
        theme_set: The set, as people see it.
        parts: Ids and names of themes, or parts of names, in order.

    Returns:
        The same, but for parts that follow each other and together are the name of a theme.
    """
    names = {theme.name.casefold() for theme in theme_set.themes}
    found: list[str] = []
    place = 0
    while place < len(parts):
        ends = range(len(parts), place + 1, -1)
        end = next((end for end in ends if ", ".join(parts[place:end]).casefold() in names), place + 1)
        found.append(", ".join(parts[place:end]))
        place = end
    return tuple(found)


def find_theme(theme_set: ThemeSet, wanted: str) -> Theme:
    """Return the theme with an id or, in any case, a name.

    Raises:
        NotFound: If there is none; the message names the one that may have been meant.
    """
    for theme in theme_set.themes:
        if wanted in {theme.theme_id, theme.name}:
            return theme
    same = [theme for theme in theme_set.themes if theme.name.casefold() == " ".join(wanted.split()).casefold()]
    if len(same) == 1:
        return same[0]
    raise NotFound(unknown_theme(wanted, theme_set.themes))


def _shown(theme_set: ThemeSet, *, level: int | None) -> pl.DataFrame:
    members = theme_set.members.select("segment_id", "record_id", "theme_id")
    if level is None:
        return members
    shown = theme_set.at_level(level)
    return members.with_columns(pl.col("theme_id").replace_strict(shown, default=None, return_dtype=pl.String))


def _applied(theme_set: ThemeSet, edits: Sequence[Edit], *, vectors_of: VectorsOf | None) -> tuple[Draft, list[int]]:
    _refuse_edited(theme_set)
    counting = effective(edits)
    _refuse_contradictions(counting)
    draft = Draft(theme_set, KnownVectors(theme_set, vectors_of))
    skipped: list[int] = []
    for edit in counting:
        as_before = draft.copy()
        try:
            act(draft, edit)
        except (Conflict, NotFound, WrongUse) as error:
            words = f"edit {edit.number} ({in_words(edit, as_before.names())})"
            if edit.version >= theme_set.version:
                msg = f"{words} cannot be made: {error}"
                raise type(error)(msg) from None
            draft = as_before
            draft.notes.append(f"After the last fit, {words} does not apply any more: {error}.")
            skipped.append(edit.number)
        except ValueError as error:  # a vector that is damaged or has another width
            msg = f"edit {edit.number} cannot be applied: {error}; the edits are damaged or belong to another set"
            raise Conflict(msg) from None
    return draft, skipped


def _refuse_edited(theme_set: ThemeSet) -> None:
    if "edits" in theme_set.settings:
        msg = (
            "edits were applied to this theme set already: it is a copy, as an analysis keeps one; use the theme set "
            "itself"
        )
        raise WrongUse(msg)


def _refuse_contradictions(edits: Sequence[Edit]) -> None:
    """Raise if two segments are to be both together, directly or through others, and apart."""
    pairs = [each for each in edits if each.action in {Action.TOGETHER, Action.APART}]
    for place, edit in enumerate(pairs):
        so_far = pairs[: place + 1]
        if len(set(edit.segments)) == 1:
            msg = f"edit {edit.number} cannot be made: {edit.segments[0]} was named twice; name two segments"
            raise WrongUse(msg)
        joined = [each for each in so_far if each.action is Action.TOGETHER]
        for apart in [each for each in so_far if each.action is Action.APART]:
            chain = _chain(joined, *apart.segments)
            if chain is None:
                continue
            told = sorted({each for each in (*chain, apart.number) if each != edit.number})
            which = f"edit {told[0]}" if len(told) == 1 else f"edits {', '.join(map(str, told[:-1]))} and {told[-1]}"
            msg = (
                f"edit {edit.number} ({in_words(edit, {})}) contradicts {which}: by all of them, "
                f"{apart.segments[0]} and {apart.segments[1]} would be both together and apart; undo {told[0]} first"
            )
            raise Conflict(msg)


def _chain(joined: Sequence[Edit], one: str, other: str) -> list[int] | None:
    """Numbers of the edits by which two segments are together, the fewest; null where they are not."""
    reached: dict[str, list[int]] = {one: []}
    front = [one]
    while front and other not in reached:
        ahead = []
        for segment in front:
            for edit in joined:
                if segment in edit.segments:
                    for each in set(edit.segments) - reached.keys():
                        reached[each] = [*reached[segment], edit.number]
                        ahead.append(each)
        front = ahead
    return reached.get(other)


def _check_undo(edits: Sequence[Edit], edit: Edit) -> None:
    wanted = next((each for each in edits if each.number == edit.undoes), None)
    if wanted is None:
        last = f"the last one is {edits[-1].number}" if edits else "there is none yet"
        msg = f"there is no edit {edit.undoes}; {last}"
        raise NotFound(msg)
    undoings = {each.undoes: each.number for each in edits if each.action is Action.UNDO}
    counting = {each.number for each in effective(edits)}
    if wanted.action is not Action.UNDO and wanted.number not in counting:
        number = undoings[wanted.number]
        msg = f"edit {wanted.number} was undone already, by edit {number}; undo {number} to have it back"
        raise Conflict(msg)


def _with_vectors(theme_set: ThemeSet, edits: Sequence[Edit], edit: Edit, *, vectors_of: VectorsOf | None) -> Edit:
    """Write into an edit the vectors that it needs to mean the same after another fit."""
    if edit.action in {Action.RENAME, Action.MERGE} and edit.name is not None:
        edit = replace(edit, name=tidy_name(edit.name))
    draft, _ = _applied(theme_set, edits, vectors_of=vectors_of)
    if edit.action in {Action.TOGETHER, Action.APART}:
        found = [draft.known.get(segment) for segment in edit.segments]
        return replace(edit, vectors=tuple("" if vector is None else pack(vector) for vector in found))
    if edit.action is Action.SPLIT:
        leaf = edit.themes[0]
        inner = children_of(draft.themes.values())
        parts = edit.parts if edit.parts is not None else 2
        if leaf in draft.themes and leaf not in inner and parts > 1:
            middles = middles_of(draft, leaf, parts=parts)
            return replace(edit, vectors=tuple(pack(middle) for middle in middles))
    return edit
