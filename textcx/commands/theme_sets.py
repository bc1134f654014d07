"""Look at theme sets, compare them, and edit them by hand; what is shown is plain text for a terminal.

An edit is checked before it is written, and a dry run writes nothing. No text of a customer is shown: only names,
keywords, ids and counts.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any

import polars as pl

from textcx.commands.terminal import columns, many
from textcx.domain.errors import NotFound, WrongUse
from textcx.domain.themes.edits import PAIR, Action, Edit, in_words
from textcx.domain.themes.sets import FRAGILE, Change
from textcx.steps.themes.editing.edits import add_edit, apply_edits, find_theme, moves, whole_names
from textcx.steps.themes.geometry.tree import children_of, sizes
from textcx.steps.themes.lineage.diff import diff
from textcx.store.theme_sets.directory import append_edits, is_theme_set, load, read_edits
from textcx.wiring.theme_sets import load_edited

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def place_of(directory: Path) -> Path:
    """Return where a theme set is: the directory itself, or ``themes`` in that of an analysis; else ``NotFound``."""
    for place in (directory, directory / INSIDE):
        if is_theme_set(place):
            return place
    msg = f"{directory} is not there; name the directory of a theme set, or of an analysis that used one"
    if directory.is_dir():
        msg = (
            f"{directory} holds no theme set, and neither does {directory / INSIDE}; 'textcx themes learn' makes one, "
            "and 'textcx analyze --themes SET' keeps the one it used"
        )
    raise NotFound(msg)


def show(directory: Path, *, level: int | None = None) -> str:
    """Describe a theme set with its edits applied: each theme with its segments, share, stability, marks and keywords.

    ``level``, 1 to 3, shows what is there, without the levels above and below; by default the whole tree is shown.
    """
    place = place_of(directory)
    log = read_edits(place)
    result = apply_edits(load(place), log)
    found, edits = result.theme_set, len(log) or _edits_applied(result.theme_set)
    size = sizes(found)
    total = found.members.height
    alone = found.members["theme_id"].null_count()
    unassigned = f"{alone:,} ({alone / max(1, total):.1%})"
    finest = f"{len(found.leaves())} on the finest level"
    rows = [("name", "segments", "share", "stability", "marks", "id", "keywords")]
    for depth, theme in _listed(found, level=level, size=size):
        rows.append(
            (
                "  " * depth + _short(theme.name, _NAME_WIDTH - 2 * depth),
                f"{size[theme.theme_id]:,}",
                f"{size[theme.theme_id] / max(1, total):.1%}",
                "-" if theme.stability is None else f"{theme.stability:.2f}",
                ", ".join(_marks(theme)),
                theme.theme_id,
                ", ".join(theme.keywords[:_KEYWORDS]),
            )
        )
    return _text(
        f"{place}: version {found.version}, {many(len(found.themes), 'theme')} ({finest}), {many(edits, 'edit')}",
        f"Learned from {many(total, 'segment')}, {unassigned} of them in no theme; encoder {found.encoder_id}",
        "",
        *columns(rows, right={1, 2, 3}),
        *_notes(result.notes),
    )


def compare(before: Path, after: Path, *, everything: bool = False) -> str:
    """Say what became of the themes of a set in another one, each with its edits applied.

    With ``everything``, the themes that go on as they were are listed, too.
    """
    one, other = place_of(before), place_of(after)
    old, new = load_edited(one), load_edited(other)
    lines = diff(old, new)
    counts = {change: sum(line.change is change for line in lines) for change in Change}
    summary = ", ".join(f"{counts[change]} {_WORDS[change]}" for change in _WORDS if counts[change])
    how = (
        "by their ids" if old.set_id == new.set_id else "by what they are about, for the sets have no history in common"
    )
    shown = [line for line in lines if everything or not line.unchanged]
    rows = [("what", "theme", "", "level", "before", "after", "came", "left"), *map(_line, shown)]
    hidden = many(len(lines) - len(shown), "theme")
    unchanged = ("", f"{hidden} unchanged but for the number of segments; --all lists them, too")
    return _text(
        f"{one} (version {old.version}) and {other} (version {new.version}), compared {how}",
        summary or "no themes",
        "",
        *(columns(rows, right={3, 4, 5, 6, 7}) if shown else ()),
        *(unchanged if len(lines) > len(shown) else ()),
    )


def edit(
    directory: Path,
    given: Mapping[str, str],
    *,
    when: datetime,
    into: str | None = None,
    who: str | None = None,
    dry_run: bool = False,
) -> str:
    """Edit a theme set by hand: check the edit, write it into the log, and say what it moves.

    Args:
        directory: Of the set, or of an analysis with one.
        given: The action, and what was written after its flag.
        when: Now, in UTC.
        into: Name for what a merge makes.
        who: Who wants it.
        dry_run: Write nothing.

    Raises:
        Conflict: If it contradicts an earlier edit.
        NotFound: If a theme, segment or edit is not there.
        WrongUse: If it can never be done, is not exactly one edit, or is written in another way than expected.
    """
    if len(given) != 1:
        what = "given were " + ", ".join(f"--{action}" for action in given) if given else "none was given"
        msg = f"one edit at a time: --{', --'.join(Action)}; {what}"
        raise WrongUse(msg)
    action, fields = read_edit(*next(iter(given.items())), into=into)
    place = place_of(directory)
    fitted, log = load(place), read_edits(place)
    if "themes" in fields:
        seen = apply_edits(fitted, log).theme_set
        fields["themes"] = tuple(find_theme(seen, each).theme_id for each in whole_names(seen, fields["themes"]))
    wanted = Edit(number=len(log) + 1, when=when, action=action, version=fitted.version, who=who, **fields)
    made, before, after = add_edit(fitted, log, wanted)
    # An edit is described by the names before it, what is undone by those after it.
    named_by = (before, after) if action is Action.UNDO else (after, before)
    names = {theme.theme_id: theme.name for each in named_by for theme in each.theme_set.themes}
    words = in_words(made, names)
    if action is Action.UNDO:
        undone = next(each for each in log if each.number == made.undoes)
        words += f" ({in_words(undone, names)})"
    if not dry_run:
        append_edits(place, [made])
    return _text(
        f"{'Would be edit' if dry_run else 'Edit'} {made.number}: {words}",
        *_moves(before.theme_set, after.theme_set, after.moved),
        *_tree_changes(before.theme_set, after.theme_set),
        *_notes(after.notes),
        *(("", "Nothing was written; leave --dry-run away to do it.") if dry_run else ()),
    )


def read_edit(flag: str, value: str, *, into: str | None = None) -> tuple[Action, dict[str, Any]]:
    """Read what was written after the flag of an edit: its action, and fields of ``Edit``, themes by id or name."""
    action = Action(flag)
    if into is not None and action is not Action.MERGE:
        msg = f"--into names what a merge makes; it does not go with --{action}"
        raise WrongUse(msg)
    parts = tuple(part.strip() for part in value.split(",") if part.strip())
    name, equals, after = (part.strip() for part in value.partition("="))
    match action:
        case Action.RENAME if name and equals and after:
            return action, {"themes": (name,), "name": after}
        case Action.MERGE if len(parts) > 1:
            return action, {"themes": parts, "name": into}
        case Action.SPLIT if name and (after.isdecimal() or not equals):
            return action, {"themes": (name,), "parts": int(after) if after else None}
        case Action.TOGETHER | Action.APART if len(parts) == PAIR:
            return action, {"segments": parts}
        case Action.UNDO if value.isdecimal():
            return action, {"undoes": int(value)}
        case Action.PIN | Action.UNPIN | Action.HIDE | Action.SHOW if value.strip():
            return action, {"themes": (value.strip(),)}
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
    below = children_of(found.themes) if level is None else {}

    def tree(ids: Iterable[str], depth: int) -> Iterator[tuple[int, Theme]]:
        for each in sorted(ids, key=lambda theme_id: (-size[theme_id], theme_id)):
            yield depth, by_id[each]
            yield from tree(below.get(each, ()), depth + 1)

    tops = [theme.theme_id for theme in found.themes if theme.parent_theme_id is None]
    yield from tree(tops if level is None else set(found.at_level(level).values()), 0)


def _edits_applied(found: ThemeSet) -> int:
    """Edits that were applied before the set was kept, as in an analysis."""
    edits = found.settings.get("edits")
    applied = edits.get("applied") if isinstance(edits, dict) else None
    return len(applied) if isinstance(applied, list) else 0


def _marks(theme: Theme) -> list[str]:
    fragile = theme.stability is not None and theme.stability < FRAGILE
    return [*compress(("fragile", "pinned", "hidden"), (fragile, theme.pinned, theme.hidden))]


def _line(line: DiffLine) -> tuple[str, ...]:
    after = " + ".join(_short(name, _NAME_WIDTH) for name in line.name_after)
    before = _short(line.name_before or "", _NAME_WIDTH)
    change = ""
    match line.change:
        case Change.CONTINUED if line.name_after != (line.name_before,):
            change = f"is now {after}"
        case Change.SPLIT:
            change = f"part of it: {after}" if line.size_after or not line.moved_out else f"became {after}"
        case Change.MERGED:
            change = f"went into {after}"
        case Change.BORN:
            before = after
    sizes_and_moves = (line.size_before, line.size_after, line.moved_in, line.moved_out)
    return (_WORDS[line.change], before, change, str(line.level), *(f"{count:,}" for count in sizes_and_moves))


def _moves(before: ThemeSet, after: ThemeSet, moved: pl.DataFrame) -> list[str]:
    """Which segments and records have another theme, on the finest level on which some have."""
    names = {theme.theme_id: theme.name for each in (before, after) for theme in each.themes}
    where, frame = "", moved
    for level in (2, 1):
        if not frame.height:
            where, frame = f" on level {level}", moves(before, after, level=level)
    if not frame.height:
        return ["No segment gets another theme."]
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
    more = flows.height - _FLOWS
    records = many(frame["record_id"].n_unique(), "record")
    return [
        f"{many(frame.height, 'segment')} of {records} get another theme{where}:",
        *columns(rows, right={0}),
        *([f"  and {more} more ways"] if more > 0 else ()),
    ]


def _tree_changes(before: ThemeSet, after: ThemeSet) -> list[str]:
    """Themes that appear and disappear."""
    rows: list[tuple[str, ...]] = []
    for word, here, there in (("new", after, before), ("gone", before, after)):
        size, known = sizes(here), {theme.theme_id for theme in there.themes}
        rows += [
            (word, theme.theme_id, theme.name, many(size[theme.theme_id], "segment"))
            for theme in here.themes
            if theme.theme_id not in known
        ]
    return columns(rows)


def _notes(notes: Sequence[str]) -> list[str]:
    return ["", *(f"- {note}" for note in notes)] if notes else []


def _text(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def _short(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 1].rstrip() + "…"
