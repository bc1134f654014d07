"""The theme sets of a directory, by name: what the service assigns to.

Invariants, tested: a set whose files have changed is read again; a theme that is hidden, or below a hidden one, is not
told, and boilerplate raises none, as in an analysis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textcx.domain.errors import NotFound
from textcx.ports import ThemeMatch
from textcx.steps.themes.assignment.assign import assign_themes
from textcx.steps.themes.describing.describe import shown_leaves
from textcx.steps.themes.finding.find import is_boilerplate
from textcx.store.theme_sets.directory import EDITS, SET, is_theme_set, load

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from textcx.domain.lexicons.naming import NamingWords
    from textcx.domain.themes.sets import ThemeSet


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
        theme_set = self._set(name, encoder_id=encoder_id)
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
        """Return a set with its edits applied.

        Args:
            name: Of the set.
            encoder_id: The encoder that will be used with it, where that is known.

        Raises:
            NotFound: If there is none of that name.
            ModelProblem: If it is damaged, or was made with another encoder.
        """
        self._refuse_unknown(name)
        return load(self.directory / name, encoder_id=encoder_id)

    def _set(self, name: str, *, encoder_id: str) -> ThemeSet:
        self._refuse_unknown(name)
        folder = self.directory / name
        state = tuple(stamp.st_mtime_ns if (stamp := _stat(folder / each)) else 0 for each in (SET, EDITS))
        kept = self._kept.get(name)
        if kept is None or kept[0] != state or kept[1].encoder_id != encoder_id:
            kept = (state, load(folder, encoder_id=encoder_id))
            self._kept[name] = kept
        return kept[1]

    def _refuse_unknown(self, name: str) -> None:
        if name not in self.names():
            msg = f"there is no theme set {name!r} in {self.directory}; there are: {', '.join(self.names()) or 'none'}"
            raise NotFound(msg)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
