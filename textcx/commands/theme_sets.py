"""Look at theme sets, compare them, and edit them by hand; what is shown is plain text for a terminal.

An edit is checked before it is written, and a dry run writes nothing. No text of a customer is shown: only names,
keywords, ids and counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.errors import NotFound, WrongUse
from textcx.domain.themes.edits import PAIR, Action, Edit, in_words
from textcx.domain.themes.sets import FRAGILE, Change
from textcx.steps.themes.editing.edits import add_edit, apply_edits, find_theme, moves, whole_names
from textcx.steps.themes.geometry.tree import children_of, sizes
from textcx.steps.themes.lineage.diff import diff
from textcx.store.theme_sets.directory import append_edits, is_theme_set, load, read_edits
from textcx.wiring.theme_sets import load_edited

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from textcx.domain.themes.sets import Theme, ThemeSet
    from textcx.steps.themes.lineage.diff import DiffLine

INSIDE = "themes"
"""Where an analysis keeps the theme set that it used."""
_KEYWORDS = 5
_NAME_WIDTH = 44
_FIRST = 5
_FLOWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An edit as a person asks for it: themes by id or name.

    ``themes``: the theme, or those to merge. ``name``: new name. ``parts``: themes wanted from a split. ``segments``:
    two ids. ``undoes``: number of an edit.
    """

    action: Action
    themes: tuple[str, ...] = ()
    name: str | None = None
    parts: int | None = None
    segments: tuple[str, ...] = ()
    undoes: int | None = None


def place_of(directory: Path) -> Path:
    """Return where a theme set is: the directory itself, or ``themes`` in the directory of an analysis.

    Raises:
        NotFound: If there is none.
    """
    for place in (directory, directory / INSIDE):
        if is_theme_set(place):
            return place
    if not directory.is_dir():
        msg = f"{directory} is not there; name the directory of a theme set, or of an analysis that used one"
        raise NotFound(msg)
    msg = (
        f"{directory} holds no theme set, and neither does {directory / INSIDE}; 'textcx themes learn' makes one, and "
        "'textcx analyze --themes SET' keeps the one it used"
    )
    raise NotFound(msg)


def show(directory: Path, *, level: int | None = None) -> str:
    """Describe a theme set with its edits applied.

    Args:
        directory: Of the set, or of an analysis with one.
        level: 1 to 3: what is shown there, without the levels above and below; by default the whole tree.

    Returns:
        A table: themes with segments, share of all segments, stability, marks, id and keywords.

    Raises:
        TextcxError: What ``load`` raises.
    """
    place = place_of(directory)
    log = read_edits(place)
    result = apply_edits(load(place), log)
    found, edits = result.theme_set, len(log) or _edits_applied(result.theme_set)
    size = sizes(found)
    total = found.members.height
    finest = f"{len(found.leaves())} on the finest level"
    lines = [
        f"{place}: version {found.version}, {_many(len(found.themes), 'theme')} ({finest}), {_many(edits, 'edit')}",
        f"Learned from {_many(total, 'segment')}, {_unassigned(found)} of them in no theme; encoder {found.encoder_id}",
        "",
    ]
    rows = [("name", "segments", "share", "stability", "marks", "id", "keywords")]
    for depth, theme in _listed(found, level=level, size=size):
        rows.append(
            (
                "  " * depth + _short(theme.name, _NAME_WIDTH - 2 * depth),
                f"{size[theme.theme_id]:,}",
                f"{size[theme.theme_id] / max(1, total):.1%}",
                "-" if theme.stability is None else f"{theme.stability:.2f}",
                _marks(theme),
                theme.theme_id,
                ", ".join(theme.keywords[:_KEYWORDS]),
            )
        )
    lines += _columns(rows, right={1, 2, 3})
    lines += _notes(result.notes)
    return "\n".join(lines) + "\n"


def compare(before: Path, after: Path, *, everything: bool = False) -> str:
    """Say what became of the themes of a set in another one, each with its edits applied.

    Args:
        before: Directory of a set, or of an analysis with one.
        after: The same for the other one.
        everything: List also the themes that go on as they were.

    Returns:
        Counts and a table.

    Raises:
        TextcxError: What ``load`` and ``diff`` raise.
    """
    one, other = place_of(before), place_of(after)
    old, new = load_edited(one), load_edited(other)
    lines = diff(old, new)
    counts = {change: sum(line.change is change for line in lines) for change in Change}
    told = ", ".join(f"{counts[change]} {_WORDS[change]}" for change in _WORDS if counts[change])
    how = (
        "by their ids" if old.set_id == new.set_id else "by what they are about, for the sets have no history in common"
    )
    shown = [line for line in lines if everything or not line.unchanged]
    text = [
        f"{one} (version {old.version}) and {other} (version {new.version}), compared {how}",
        told or "no themes",
        "",
    ]
    if shown:
        rows = [("what", "theme", "", "level", "before", "after", "came", "left"), *map(_line, shown)]
        text += _columns(rows, right={3, 4, 5, 6, 7})
    hidden = len(lines) - len(shown)
    if hidden:
        text += ["", f"{_many(hidden, 'theme')} unchanged but for the number of segments; --all lists them, too"]
    return "\n".join(text) + "\n"


def edit(directory: Path, wish: Wish, *, when: datetime, who: str | None = None, dry_run: bool = False) -> str:
    """Edit a theme set by hand: check the edit, write it into the log, and say what it moves.

    Args:
        directory: Of the set, or of an analysis with one.
        wish: What is wanted.
        when: Now, in UTC.
        who: Who wants it.
        dry_run: Write nothing.

    Returns:
        What was done, or would be, for the reader.

    Raises:
        Conflict: If it contradicts an earlier edit.
        NotFound: If a theme, segment or edit is not there.
        WrongUse: If it can never be done.
        TextcxError: What ``load`` raises.
    """
    place = place_of(directory)
    fitted, log = load(place), read_edits(place)
    # What is to be undone may be what keeps the edits from being applied, so they are applied for names only.
    seen = None if wish.action is Action.UNDO else apply_edits(fitted, log).theme_set
    wanted = Edit(
        number=len(log) + 1,
        when=when,
        action=wish.action,
        version=fitted.version,
        who=who,
        themes=()
        if seen is None
        else tuple(find_theme(seen, each).theme_id for each in whole_names(seen, wish.themes)),
        name=wish.name,
        parts=wish.parts,
        segments=wish.segments,
        undoes=wish.undoes,
    )
    made, before, after = add_edit(fitted, log, wanted)
    # An edit is told by the names before it, what is undone by those after it.
    told_by = (before, after) if wish.action is Action.UNDO else (after, before)
    names = {theme.theme_id: theme.name for each in told_by for theme in each.theme_set.themes}
    words = in_words(made, names)
    if wish.action is Action.UNDO:
        undone = next(each for each in log if each.number == wish.undoes)
        words += f" ({in_words(undone, names)})"
    if not dry_run:
        append_edits(place, [made])
    lines = [f"{'Would be edit' if dry_run else 'Edit'} {made.number}: {words}"]
    lines += _moves(before.theme_set, after.theme_set, after.moved)
    lines += _tree_changes(before.theme_set, after.theme_set)
    lines += _notes(after.notes)
    if dry_run:
        lines += ["", "Nothing was written; leave --dry-run away to do it."]
    return "\n".join(lines) + "\n"


def wish_of(given: Mapping[Action, str | None], *, into: str | None = None) -> Wish:
    """Make a wish of what was written on the command line.

    Args:
        given: For each action what was written after its flag; null where the flag was not given.
        into: Name for what a merge makes.

    Raises:
        WrongUse: If not exactly one edit was given, or it is written in another way than expected.
    """
    asked = {action: value for action, value in given.items() if value is not None}
    if len(asked) != 1:
        what = "none was given" if not asked else "given were " + ", ".join(f"--{action}" for action in asked)
        msg = f"one edit at a time: --{', --'.join(given)}; {what}"
        raise WrongUse(msg)
    action, value = next(iter(asked.items()))
    if into is not None and action is not Action.MERGE:
        msg = f"--into names what a merge makes; it does not go with --{action}"
        raise WrongUse(msg)
    return _read_wish(action, value, into=into)


def _read_wish(action: Action, value: str, *, into: str | None) -> Wish:
    parts = tuple(part.strip() for part in value.split(",") if part.strip())
    name, equals, after = (part.strip() for part in value.partition("="))
    match action:
        case Action.RENAME if name and equals and after:
            return Wish(action=action, themes=(name,), name=after)
        case Action.MERGE if len(parts) > 1:
            return Wish(action=action, themes=parts, name=into)
        case Action.SPLIT if name and (after.isdecimal() or not equals):
            return Wish(action=action, themes=(name,), parts=int(after) if after else None)
        case Action.TOGETHER | Action.APART if len(parts) == PAIR:
            return Wish(action=action, segments=parts)
        case Action.UNDO if value.isdecimal():
            return Wish(action=action, undoes=int(value))
        case Action.PIN | Action.UNPIN | Action.HIDE | Action.SHOW if value.strip():
            return Wish(action=action, themes=(value.strip(),))
    msg = f"--{action} {value!r} cannot be read; write --{action} {_WRITTEN.get(action, 'ID')}"
    raise WrongUse(msg)


_WRITTEN = {
    Action.RENAME: "ID=NAME",
    Action.MERGE: "ID,ID",
    Action.SPLIT: "ID or ID=NUMBER",
    Action.TOGETHER: "SEG,SEG",
    Action.APART: "SEG,SEG",
    Action.UNDO: "NUMBER",
}

_WORDS = {
    Change.CONTINUED: "go on",
    Change.SPLIT: "split",
    Change.MERGED: "merged",
    Change.BORN: "new",
    Change.RETIRED: "not found again",
}


def _listed(found: ThemeSet, *, level: int | None, size: Mapping[str, int]) -> Iterator[tuple[int, Theme]]:
    """Themes to show, the larger first, with how far each is indented."""
    by_id = {theme.theme_id: theme for theme in found.themes}
    below = children_of(found.themes)

    def ranked(ids: Sequence[str]) -> list[str]:
        return sorted(ids, key=lambda each: (-size[each], each))

    def tree(each: str, depth: int) -> Iterator[tuple[int, Theme]]:
        yield depth, by_id[each]
        for child in ranked(below.get(each, [])):
            yield from tree(child, depth + 1)

    if level is not None:
        yield from ((0, by_id[each]) for each in ranked(sorted(set(found.at_level(level).values()))))
        return
    for top in ranked([theme.theme_id for theme in found.themes if theme.parent_theme_id is None]):
        yield from tree(top, 0)


def _edits_applied(found: ThemeSet) -> int:
    """Edits that were applied before the set was kept, as in an analysis."""
    told = found.settings.get("edits")
    applied = told.get("applied") if isinstance(told, dict) else None
    return len(applied) if isinstance(applied, list) else 0


def _marks(theme: Theme) -> str:
    fragile = theme.stability is not None and theme.stability < FRAGILE
    marks = {"fragile": fragile, "pinned": theme.pinned, "hidden": theme.hidden}
    return ", ".join(mark for mark, there in marks.items() if there)


def _unassigned(found: ThemeSet) -> str:
    count = found.members["theme_id"].null_count()
    return f"{count:,} ({count / max(1, found.members.height):.1%})"


def _line(line: DiffLine) -> tuple[str, ...]:
    after = " + ".join(_short(name, _NAME_WIDTH) for name in line.name_after)
    before = _short(line.name_before or "", _NAME_WIDTH)
    match line.change:
        case Change.CONTINUED:
            change = "" if line.name_after == (line.name_before,) else f"is now {after}"
        case Change.SPLIT:
            change = f"part of it: {after}" if line.size_after or not line.moved_out else f"became {after}"
        case Change.MERGED:
            change = f"went into {after}"
        case Change.BORN:
            before, change = after, ""
        case _:
            change = ""
    return (
        _WORDS[line.change],
        before,
        change,
        str(line.level),
        f"{line.size_before:,}",
        f"{line.size_after:,}",
        f"{line.moved_in:,}",
        f"{line.moved_out:,}",
    )


def _moves(before: ThemeSet, after: ThemeSet, moved: pl.DataFrame) -> list[str]:
    """Which segments and records have another theme, on the finest level on which some have."""
    names = {theme.theme_id: theme.name for each in (before, after) for theme in each.themes}
    where = ""
    for level in (None, 2, 1):
        frame = moved if level is None else moves(before, after, level=level)
        if frame.height:
            where = "" if level is None else f" on level {level}"
            break
    else:
        return ["No segment gets another theme."]
    records = frame["record_id"].n_unique()
    lines = [f"{_many(frame.height, 'segment')} of {_many(records, 'record')} get another theme{where}:"]
    flows = (
        frame.group_by("from_theme_id", "to_theme_id")
        .agg(pl.len().alias("segments"), pl.col("record_id").unique().sort().head(_FIRST).alias("first"))
        .sort("segments", "from_theme_id", "to_theme_id", descending=[True, False, False], nulls_last=True)
    )
    rows = [("segments", "from", "to", "first records")]
    rows += [
        (f"{count:,}", names.get(one, "no theme"), names.get(other, "no theme"), ", ".join(first))
        for one, other, count, first in flows.head(_FLOWS).iter_rows()
    ]
    lines += _columns(rows, right={0})
    if flows.height > _FLOWS:
        lines.append(f"  and {flows.height - _FLOWS} more ways")
    return lines


def _tree_changes(before: ThemeSet, after: ThemeSet) -> list[str]:
    """Themes that appear and disappear."""
    rows: list[tuple[str, ...]] = []
    for word, here, there in (("new", after, before), ("gone", before, after)):
        size, known = sizes(here), {theme.theme_id for theme in there.themes}
        rows += [
            (word, theme.theme_id, theme.name, _many(size[theme.theme_id], "segment"))
            for theme in here.themes
            if theme.theme_id not in known
        ]
    return _columns(rows, right=set())


def _notes(notes: Sequence[str]) -> list[str]:
    return ["", *(f"- {note}" for note in notes)] if notes else []


def _short(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 1].rstrip() + "…"


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" + ("" if count == 1 else "s")


def _columns(rows: Sequence[Sequence[str]], *, right: set[int]) -> list[str]:
    """Align the columns of a table; those in ``right`` at their right edge."""
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
