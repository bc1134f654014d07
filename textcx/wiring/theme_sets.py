"""Theme sets with their edits applied, and those of a directory by name: what the service assigns to.

Invariants, tested: a set whose files have changed is read again; a theme that is hidden, or below a hidden one, is not
told, and boilerplate raises none, as in an analysis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textcx.domain.errors import NotFound
from textcx.ports import ThemeMatch
from textcx.steps.themes.assignment.assign import assign_themes
from textcx.steps.themes.describing.describe import shown_leaves
from textcx.steps.themes.editing.edits import apply_edits
from textcx.steps.themes.finding.find import is_boilerplate
from textcx.store.theme_sets.directory import EDITS, SET, is_theme_set, load, read_edits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from textcx.domain.lexicons.naming import NamingWords
    from textcx.domain.themes.sets import ThemeSet


def load_edited(directory: Path, *, encoder_id: str | None = None) -> ThemeSet:
    """Read a set as the store does and apply its edits; ``Conflict`` if they clash."""
    return apply_edits(load(directory, encoder_id=encoder_id), read_edits(directory)).theme_set


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


class DirectoryThemeSets:
    """The theme sets in a directory, one folder each; implements ``textcx.ports.ThemeSets``.

    A set is read when it is first asked for, and again when its files have changed.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._kept: dict[str, tuple[tuple[int, ...], ThemeSet]] = {}

    def names(self) -> list[str]:
        """Names of the sets, sorted; none where there is no such directory."""
        if not self.directory.is_dir():
            return []
        return sorted(each.name for each in self.directory.iterdir() if each.is_dir() and is_theme_set(each))

    def assign(
        self, name: str, texts: Sequence[str], vectors: NDArray[np.float32], *, encoder_id: str, naming: NamingWords
    ) -> list[list[ThemeMatch]]:
        """Themes of each segment; see ``textcx.ports.ThemeSets``."""
        theme_set = self.get(name, encoder_id=encoder_id)
        assigned = assign_themes(theme_set, vectors)
        shown = shown_leaves(theme_set)
        names = {theme.theme_id: theme.name for theme in theme_set.themes if theme.theme_id in shown}
        return [
            [ThemeMatch(theme_id, names[theme_id], float(strength))]
            if theme_id is not None and theme_id in names and not is_boilerplate(text, naming)
            else []
            for text, theme_id, strength in zip(texts, assigned.theme_ids, assigned.strengths.tolist(), strict=True)
        ]

    def get(self, name: str, *, encoder_id: str | None = None) -> ThemeSet:
        """Return a set with its edits applied; it is shared with other callers and must not be changed.

        Raises:
            NotFound: If there is none of that name.
            ModelProblem: If it is damaged, or was made with another encoder than ``encoder_id``.
        """
        if name not in self.names():
            msg = f"there is no theme set {name!r} in {self.directory}; there are: {', '.join(self.names()) or 'none'}"
            raise NotFound(msg)
        folder = self.directory / name
        state = tuple(_changed(folder / each) for each in (SET, EDITS))
        kept = self._kept.get(name)
        if kept is None or kept[0] != state or encoder_id not in {None, kept[1].encoder_id}:
            kept = self._kept[name] = (state, load_edited(folder, encoder_id=encoder_id))
        return kept[1]
