"""Edits: what people did to the themes of a set by hand, as a log that is only ever added to.

The log is applied after every fit, in order. An edit carries the vectors it needs later, so that it still means the
same when its segments are not learned from any more.

Invariants, tested: an edit comes back from its line as it was; an undone edit counts only if its undoing was undone.
"""

from __future__ import annotations

import base64
import binascii
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

LONGEST_NAME = 60
"""Characters of a name that a person may give."""
PARTS = range(2, 10)
"""Numbers of themes that one may be split into at once."""
PAIR = 2
"""Segments that an edit keeps together or apart; themes that a merge needs."""


class Action(StrEnum):
    """What was done."""

    RENAME = "rename"
    MERGE = "merge"
    SPLIT = "split"
    PIN = "pin"
    UNPIN = "unpin"
    HIDE = "hide"
    SHOW = "show"
    TOGETHER = "together"
    APART = "apart"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One edit.

    ``vectors`` are points as ``pack`` writes them: those of the two segments (empty where one is not kept), or the
    middles of the parts of a split leaf.
    """

    number: int  # 1 for the first of the log, one more for each
    when: datetime
    action: Action
    version: int  # of the set that the person looked at
    who: str | None = None
    name: str | None = None  # for a rename, and for a merge that renames
    parts: int | None = None  # for a split: themes wanted
    undoes: int | None = None  # for an undo: the number of the edit that no longer counts
    themes: tuple[str, ...] = ()  # ids: the theme; for a merge first the one that stays, then those that go into it
    segments: tuple[str, ...] = ()  # ids of the two segments that belong together or apart
    vectors: tuple[str, ...] = ()

    def to_line(self) -> str:
        """Write the edit as one line of JSON, without the end of the line."""
        plain = {name: value for name, value in asdict(self).items() if value not in {None, ()}}
        plain["when"] = self.when.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return json.dumps(plain, ensure_ascii=False)

    @classmethod
    def from_line(cls, line: str) -> Edit:
        """Read a line back; keys of later versions are passed over.

        Raises:
            ValueError: If the line is no edit; the message says why and holds nothing of the line but the action.
        """
        plain = None
        with suppress(ValueError):
            plain = json.loads(line)
        if not isinstance(plain, dict) or "action" not in plain:
            msg = "it names no action" if isinstance(plain, dict) else "it is no JSON object"
            raise ValueError(msg)
        if plain["action"] not in list(Action):
            msg = f"it holds the action {str(plain['action'])[:20]!r}, which this version does not know"
            raise ValueError(msg)
        more: dict[str, Any] = {name: plain.get(name) for name in ("who", "name", "parts", "undoes")}
        try:
            more |= {name: tuple(map(str, plain.get(name, ()))) for name in ("themes", "segments", "vectors")}
            edit = cls(
                number=int(plain["number"]),
                when=datetime.fromisoformat(plain["when"]).astimezone(UTC),
                action=Action(plain["action"]),
                version=int(plain["version"]),
                **more,
            )
        except (KeyError, TypeError, ValueError) as error:
            msg = f"its number, time or version is missing or wrong ({type(error).__name__})"
            raise ValueError(msg) from None
        if not _whole(edit):
            msg = f"a {edit.action} needs more than it says"
            raise ValueError(msg)
        return edit


def _whole(edit: Edit) -> bool:
    """Whether an edit says all that its action needs."""
    match edit.action:
        case Action.UNDO:
            return isinstance(edit.undoes, int)
        case Action.TOGETHER | Action.APART:
            return len(edit.segments) == PAIR and len(edit.vectors) in {0, PAIR}
        case Action.MERGE:
            return len(edit.themes) >= PAIR
        case Action.RENAME:
            return len(edit.themes) == 1 and bool(edit.name)
        case _:
            return len(edit.themes) == 1


def pack(vector: NDArray[np.floating]) -> str:
    """Write a vector as text: float16, little-endian, base64."""
    return base64.b64encode(np.asarray(vector, dtype="<f2").tobytes()).decode("ascii")


def unpack(text: str, *, width: int) -> NDArray[np.float32] | None:
    """Read a packed vector back, null for an empty text; a ``ValueError`` where it is none of ``width`` numbers."""
    if not text:
        return None
    try:
        vector = np.frombuffer(base64.b64decode(text, validate=True), dtype="<f2").astype(np.float32)
    except (binascii.Error, ValueError):
        msg = "a vector in it is damaged"
        raise ValueError(msg) from None
    if len(vector) != width or not np.isfinite(vector).all():
        msg = f"a vector in it has {len(vector)} numbers, expected {width} finite ones"
        raise ValueError(msg)
    return vector


def effective(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Return the edits that count, in order: neither undone nor undoings."""
    undone: set[int | None] = set()
    for edit in reversed(edits):
        if edit.action is Action.UNDO and edit.number not in undone:
            undone.add(edit.undoes)
    return tuple(edit for edit in edits if edit.action is not Action.UNDO and edit.number not in undone)


def in_words(edit: Edit, names: Mapping[str, str]) -> str:
    """Say what an edit does, such as: merge 'late parcels' into 'delivery'; an id without a name stands for itself."""
    named = [repr(names.get(theme_id, theme_id)) for theme_id in edit.themes]
    match edit.action:
        case Action.RENAME:
            return f"rename {named[0]} to {edit.name!r}"
        case Action.MERGE:
            renamed = f", named {edit.name!r}" if edit.name else ""
            return f"merge {', '.join(named[1:])} into {named[0]}{renamed}"
        case Action.SPLIT:
            return f"split {named[0]}" + (f" into {edit.parts}" if edit.parts else "")
        case Action.TOGETHER | Action.APART:
            return f"keep {edit.segments[0]} and {edit.segments[1]} {edit.action}"
        case Action.UNDO:
            return f"undo edit {edit.undoes}"
        case _:
            return f"{edit.action} {named[0]}"
