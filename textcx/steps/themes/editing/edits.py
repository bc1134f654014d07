"""Apply people's edits to a theme set, and say what would move.

A set is kept as it was fitted; its edits are applied to that, in order, whenever it is read, and again after every new
fit. So any edit can be undone, and none is lost.

An edit that contradicts the others is refused. One made before the last fit that no longer applies, because its theme
was not found again, is skipped, with a note.

Invariants, tested: the same edits give the same set; a set without edits stays as it is; no segment is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.errors import Conflict, NotFound, WrongUse
from textcx.domain.themes.edits import PARTS, Action, Edit, effective, in_words, pack
from textcx.steps.themes.editing.actions import act, middles_of, tidy_name
from textcx.steps.themes.editing.draft import Draft, linked, unknown_theme
from textcx.steps.themes.geometry.closeness import known_vectors
from textcx.steps.themes.lineage.lineage import continue_themes

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from textcx.domain.themes.sets import Theme, ThemeSet
    from textcx.steps.themes.geometry.closeness import VectorsOf

MOVED = pl.Schema(dict.fromkeys(("segment_id", "record_id", "from_theme_id", "to_theme_id"), pl.String))
"""Segments learned from whose theme changed; null for none."""


@dataclass(frozen=True, slots=True)
class EditResult:
    """A set with edits applied, which it lists in ``settings["edits"]``, and sentences for the reader.

    ``moved`` is a frame of ``MOVED``: the segments whose leaf is another one than in the set as fitted. ``skipped`` are
    the numbers of the edits that no longer apply after the last fit.
    """

    theme_set: ThemeSet
    moved: pl.DataFrame
    notes: tuple[str, ...] = ()
    skipped: tuple[int, ...] = ()


def apply_edits(theme_set: ThemeSet, edits: Sequence[Edit]) -> EditResult:
    """Apply a whole log of edits, in order, to a set as it was fitted.

    Members of a split leaf whose vector the set does not keep are taken out of ``members``, to be assigned anew.

    Raises:
        Conflict: If edits contradict each other or a theme of one is not in the set, and no later fit explains that.
        WrongUse: If edits were applied to the set already.
    """
    if not effective(edits):
        return EditResult(theme_set, pl.DataFrame(schema=MOVED))
    draft, skipped = _applied(theme_set, edits)
    edited = draft.finish(applied=[edit.number for edit in effective(edits) if edit.number not in skipped])
    return EditResult(edited, moves(theme_set, edited), tuple(draft.notes), tuple(skipped))


def add_edit(theme_set: ThemeSet, edits: Sequence[Edit], edit: Edit) -> tuple[Edit, EditResult, EditResult]:
    """Check a new edit, its vectors still empty, against a set as fitted and its log; nothing is written.

    Returns:
        The edit as it is to be written, with its vectors; the set before it and the set after it, with ``moved`` and
        ``notes`` about this edit alone.

    Raises:
        Conflict: If it contradicts an earlier edit or the set; the message says which.
        NotFound: If a theme, segment or edit it names is not there.
        WrongUse: If it could never be done.
    """
    try:
        before = apply_edits(theme_set, edits)
    except Conflict:
        if edit.action is not Action.UNDO:  # that may be what mends it
            raise
        before = EditResult(theme_set, pl.DataFrame(schema=MOVED))
    if edit.action is Action.UNDO:
        _check_undo(edits, edit)
    else:
        edit = _with_vectors(theme_set, edits, edit)
    try:
        after = apply_edits(theme_set, [*edits, edit])
    except WrongUse as error:
        if edit.action is Action.UNDO:
            msg = f"edit {edit.undoes} cannot be undone, because a later one builds on it: {error}"
            raise Conflict(msg) from None
        raise
    newly = sorted(set(after.skipped) - set(before.skipped))
    if newly:
        msg = f"edit {edit.undoes} cannot be undone before edit {newly[0]}, which builds on it; undo {newly[0]} first"
        raise Conflict(msg)
    notes = tuple(note for note in after.notes if note not in before.notes)
    return edit, before, replace(after, moved=moves(before.theme_set, after.theme_set), notes=notes)


def continue_edited(
    old: ThemeSet,
    new: ThemeSet,
    edits: Sequence[Edit],
    *,
    stop_words: Collection[str],
    vectors_of: VectorsOf | None = None,
) -> ThemeSet:
    """Do as ``continue_themes`` does for a set, as fitted, that has edits: what an edit pins stays.

    The result has no edit applied. It is to be saved in place of the old set, with the same log. Raises ``Conflict``
    also if the edits contradict each other.
    """
    draft, _ = _applied(old, edits)
    pinned = {part for each, theme in draft.themes.items() if theme.pinned for part in draft.made_of[each]}
    by_fit = {theme.theme_id for theme in old.themes if theme.pinned}
    found = continue_themes(_with_pins(old, by_fit | pinned), new, stop_words=stop_words, vectors_of=vectors_of)
    return _with_pins(found, by_fit)  # the pins of edits come with the edits, so that they can be undone


def _with_pins(theme_set: ThemeSet, pinned: Collection[str]) -> ThemeSet:
    themes = tuple(replace(theme, pinned=theme.theme_id in pinned) for theme in theme_set.themes)
    return replace(theme_set, themes=themes)


def moves(before: ThemeSet, after: ThemeSet, *, level: int | None = None) -> pl.DataFrame:
    """Find the segments in two states of one set whose theme differs: a frame of ``MOVED``, by segment id.

    Compared is what is shown on a level, 1 to 3; by default the leaves.
    """

    def shown(theme_set: ThemeSet, name: str) -> pl.DataFrame:
        theme_id = pl.col("theme_id")
        if level is not None:
            theme_id = theme_id.replace_strict(theme_set.at_level(level), default=None, return_dtype=pl.String)
        return theme_set.members.select("segment_id", "record_id", theme_id.alias(name))

    both = shown(before, "from_theme_id").join(shown(after, "to_theme_id").drop("record_id"), on="segment_id")
    changed = both.filter(pl.col("from_theme_id").ne_missing(pl.col("to_theme_id")))
    return changed.sort("segment_id")


def whole_names(theme_set: ThemeSet, parts: Sequence[str]) -> tuple[str, ...]:
    """Rejoin names of themes that hold a comma and were split at it, such as "bust, arms and sleeves"."""
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
    """Return the theme with an id or, in any case, a name; ``NotFound`` names the one that may have been meant."""
    name = " ".join(wanted.split()).casefold()
    for theme in theme_set.themes:
        if theme.theme_id == wanted or theme.name.casefold() == name:
            return theme
    raise NotFound(unknown_theme(wanted, theme_set.themes))


def _applied(theme_set: ThemeSet, edits: Sequence[Edit]) -> tuple[Draft, list[int]]:
    """Apply edits to a draft; also the numbers of those that no longer apply."""
    if "edits" in theme_set.settings:
        msg = (
            "edits were applied to this theme set already: it is a copy, as an analysis keeps one; use the theme set "
            "itself"
        )
        raise WrongUse(msg)
    counting = effective(edits)
    _refuse_contradictions(counting)
    draft = Draft(theme_set)
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


def _refuse_contradictions(edits: Sequence[Edit]) -> None:
    """Raise if two segments are to be both together, directly or through others, and apart."""
    together: list[tuple[str, str, int]] = []
    apart: list[tuple[str, str, int]] = []
    for edit in edits:
        if edit.action not in {Action.TOGETHER, Action.APART}:
            continue
        if len(set(edit.segments)) == 1:
            msg = f"edit {edit.number} cannot be made: {edit.segments[0]} was named twice; name two segments"
            raise WrongUse(msg)
        first, second = edit.segments
        (together if edit.action is Action.TOGETHER else apart).append((first, second, edit.number))
        for one, other, number in apart:
            chain = linked(together, one).get(other)
            if chain is None:
                continue
            numbers = sorted({*chain, number} - {edit.number})
            *most, last = map(str, numbers)
            which = f"edits {', '.join(most)} and {last}" if most else f"edit {last}"
            msg = (
                f"edit {edit.number} ({in_words(edit, {})}) contradicts {which}: by all of them, {one} and {other} "
                f"would be both together and apart; undo {numbers[0]} first"
            )
            raise Conflict(msg)


def _check_undo(edits: Sequence[Edit], edit: Edit) -> None:
    wanted = next((each for each in edits if each.number == edit.undoes), None)
    if wanted is None:
        last = f"the last one is {edits[-1].number}" if edits else "there is none yet"
        msg = f"there is no edit {edit.undoes}; {last}"
        raise NotFound(msg)
    if wanted.action is not Action.UNDO and wanted not in effective(edits):
        number = {each.undoes: each.number for each in edits if each.action is Action.UNDO}[wanted.number]
        msg = f"edit {wanted.number} was undone already, by edit {number}; undo {number} to have it back"
        raise Conflict(msg)


def _with_vectors(theme_set: ThemeSet, edits: Sequence[Edit], edit: Edit) -> Edit:
    """Write into an edit the vectors that it needs to mean the same after another fit."""
    if edit.action in {Action.RENAME, Action.MERGE} and edit.name is not None:
        return replace(edit, name=tidy_name(edit.name))
    if edit.action not in {Action.TOGETHER, Action.APART, Action.SPLIT}:
        return edit
    draft, _ = _applied(theme_set, edits)
    if edit.action is not Action.SPLIT:
        there, vectors = known_vectors(theme_set, edit.segments)
        packed = map(pack, vectors)
        return replace(edit, vectors=tuple(next(packed) if known else "" for known in there))
    leaf, parts = edit.themes[0], edit.parts if edit.parts is not None else PARTS[0]
    if parts < PARTS[0] or draft.leaves.get(leaf) != (leaf,):
        return edit  # it is refused later, or needs none
    return replace(edit, vectors=tuple(pack(middle) for middle in middles_of(draft, leaf, parts=parts)))
