"""Which themes an analysis of a data set has: those of a named set, those it has, or newly learned ones.

A data set learns its themes at its first analysis and keeps them: later records are assigned to them, and what they do
not explain is reported as emerging. They are learned again on request, or once the data set has grown to
``GROWN`` times what they were learned from; ids, names and history go on then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from textcx.domain.errors import NotFound
from textcx.domain.themes.sets import Change
from textcx.store.sql.theme_sets import CurrentSet

if TYPE_CHECKING:
    from textcx.domain.analysis import Analysis
    from textcx.domain.themes.sets import ThemeSet
    from textcx.pipelines.corpus import CorpusTools
    from textcx.wiring.theme_sets import DirectoryThemeSets

GROWN = 2
"""Growth of a data set after which its themes are learned again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeChoice:
    """What an analysis does about themes: it assigns to ``assign_to``, or learns some that go on from ``previous``.

    ``name``: that of a named set. ``learned_from``: segments that ``assign_to`` was learned from, null for a named set.
    """

    assign_to: ThemeSet | None = None
    previous: ThemeSet | None = None
    name: str | None = None
    learned_from: int | None = None

    def tools(self, corpus: CorpusTools) -> CorpusTools:
        """Return the tools of an analysis that does so."""
        return replace(corpus, theme_set=self.assign_to, previous=self.previous)

    def outcome(self, analysis: Analysis, *, segments: int) -> CurrentSet | None:
        """Return the set that becomes the current one by an analysis; null where that stays as it is.

        Args:
            analysis: The analysis.
            segments: How many it had.
        """
        if analysis.theme_set is None or (self.assign_to is not None and self.name is None):
            return None
        learned = segments if self.assign_to is None else self.learned_from
        return CurrentSet(theme_set=analysis.theme_set, name=self.name, learned_from=learned)

    def report(self, analysis: Analysis) -> dict[str, Any] | None:
        """Say for the manifest which set was used, how it came to be, and what became of the themes before."""
        theme_set = analysis.theme_set
        if theme_set is None:
            return None
        how = "assigned" if self.assign_to is not None else "learned" if self.previous is None else "learned again"
        now = [event.change for event in theme_set.history if event.version == theme_set.version]
        changes = {change.value: now.count(change) for change in Change if change in now} if self.previous else {}
        return {
            "set_id": theme_set.set_id,
            "version": theme_set.version,
            "name": self.name,
            "how": how,
            "changes": changes,
        }


def choose_themes(
    current: CurrentSet | None,
    *,
    named: str | None,
    sets: DirectoryThemeSets | None,
    encoder_id: str,
    segments: int,
    relearn: bool | None,
) -> ThemeChoice:
    """Choose the themes of an analysis.

    Args:
        current: The theme set that the data set has.
        named: Name of the set that it is to be analyzed with.
        sets: The named sets that can be reached from here.
        encoder_id: The encoder of the segments.
        segments: How many there are.
        relearn: Whether to learn again; null does so once the data set has grown.

    Raises:
        NotFound: If the named set is neither in reach nor stored.
        ModelProblem: If it was made with another encoder, or is damaged.
    """
    if named is not None:
        if sets is not None and named in sets.names():
            return ThemeChoice(assign_to=sets.get(named, encoder_id=encoder_id), name=named)
        if current is None or current.name != named:
            msg = f"the theme set {named!r} of the data set is not there any more; name another one, or none"
            raise NotFound(msg)
    fits = current is not None and current.theme_set.encoder_id == encoder_id
    if current is None or not fits:
        return ThemeChoice()
    if named is None:
        grown = current.learned_from is not None and segments >= GROWN * current.learned_from
        if relearn or (relearn is None and grown):
            return ThemeChoice(previous=current.theme_set)
    return ThemeChoice(assign_to=current.theme_set, name=current.name, learned_from=current.learned_from)
