"""Learn a theme set from feedback files, or fit an earlier set again so that its themes live on.

Idempotent and resumable as ``analyze`` is. The set is moved into place in one step when it is complete.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from textcx.domain.errors import NothingToAnalyze
from textcx.domain.themes.sets import FRAGILE, Change
from textcx.pipelines.corpus_tools import encoded_taxonomy, naming_of
from textcx.runs.output import Output
from textcx.runs.record_half import encoded
from textcx.steps.records.corpus import build_corpus
from textcx.steps.themes.editing.edits import continue_edited
from textcx.steps.themes.finding.find import find_themes
from textcx.store.theme_sets import directory as theme_sets
from textcx.wiring.theme_sets import load_edited

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from textcx.domain.themes.findings import ThemeFinding
    from textcx.domain.themes.sets import ThemeSet
    from textcx.runs.progress import StageClock
    from textcx.steps.records.corpus import Corpus
    from textcx.wiring.container import Container


def learn(
    sources: Sequence[str | Path | pl.DataFrame],
    *,
    out: Path,
    container: Container,
    clock: StageClock,
    previous: Path | None = None,
    overwrite: bool = False,
) -> str:
    """Learn the themes of feedback, keep them as a theme set in ``out``, and say in a few lines what was learned.

    Args:
        sources: Files, ``-`` for standard input, or frames; their records are taken together.
        out: Directory for the set.
        container: Builds the engines, and has the settings.
        clock: Follows the stages, and tells the person who waits what is found.
        previous: An earlier set; its themes keep their ids, and its edits are applied again.
        overwrite: Replace ``out`` when the new set is complete; it may be ``previous`` itself.

    Raises:
        OutputExists: If ``out`` exists and may not be replaced.
        NothingToAnalyze: If there are too few segments for themes.
        TextcxError: If the earlier set is of another encoder or cannot be read.
    """
    output, settings = Output(out, overwrite=overwrite, sources=sources), container.settings
    encoder_id = container.encoder.encoder_id
    # A new fit starts from the set as it was fitted; the edits lie beside it and are applied when it is read.
    earlier = theme_sets.load(previous, encoder_id=encoder_id) if previous else None
    edits = theme_sets.read_edits(previous) if previous else []
    with encoded(sources, output=output, settings=settings, container=container, clock=clock, tell=clock.tell) as found:
        with clock.stage("gather"):
            gathered = build_corpus(found.part, language=container.language)
        with clock.stage("themes"):
            finding = _find(gathered, container)
            if finding.theme_set is None:
                raise NothingToAnalyze(" ".join(finding.notes))
            fitted = finding.theme_set
            if earlier is not None:
                fitted = continue_edited(
                    earlier,
                    fitted,
                    edits,
                    stop_words=container.language.naming.stop_words,
                    vectors_of=_vectors_of(gathered),
                )
        place = found.store.directory / "result"
        shutil.rmtree(place, ignore_errors=True)
        theme_sets.save(fitted, place)
        if edits:
            theme_sets.append_edits(place, edits)
        edited = load_edited(place)
        output.take(place)
        found.store.remove()
    return "\n".join(
        [
            *_coverage(edited, finding, segments=gathered.segments.height),
            *gathered.notes,
            *finding.notes,
            f"Theme set: {out} (version {edited.version})",
        ]
    )


def _vectors_of(gathered: Corpus) -> Callable[[str], NDArray[np.float32] | None]:
    """Vectors of segments by their id; null for one that is not there."""
    rows = {segment_id: row for row, segment_id in enumerate(gathered.segments["segment_id"])}
    return lambda segment_id: gathered.matters[rows[segment_id]] if segment_id in rows else None


def _find(gathered: Corpus, container: Container) -> ThemeFinding:
    tools = container.corpus_tools()
    naming = naming_of(tools)
    found = find_themes(
        gathered.segments,
        gathered.matters,
        model=tools.themes,
        naming=naming,
        language=tools.language,
        seed=container.settings.seed,
        max_unassigned=container.settings.max_unassigned,
        taxonomy=encoded_taxonomy(tools),
    )
    return replace(found, notes=(*found.notes, *naming.notes()))


def _coverage(learned: ThemeSet, finding: ThemeFinding, *, segments: int) -> list[str]:
    """Say how many themes there are, how much they cover, and what became of those before."""
    shown = [len(set(learned.at_level(level).values())) for level in (1, 2, 3)]
    fragile = sum(theme.stability is not None and theme.stability < FRAGILE for theme in learned.themes)
    themes = (
        f"{len(learned.themes)} themes from {segments:,} segments: {shown[0]} on level 1, {shown[1]} on level 2, "
        f"{shown[2]} on the finest; {fragile} of them fragile"
    )
    shares = (
        f"Without a theme: {finding.unassigned_share:.1%} of what says something; boilerplate: "
        f"{finding.boilerplate_share:.1%}, shorter than three words: {finding.short_share:.1%} of all"
    )
    events = [each for each in learned.history if each.version == learned.version]
    changes = [f"{each.change.value}: {each.note}" for each in events if each.change is not Change.CONTINUED]
    return [themes, shares, *changes]
