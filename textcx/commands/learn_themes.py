"""Learn a theme set from feedback files, or fit an earlier set again so that its themes live on.

Idempotent and resumable as ``analyze`` is. The set is moved into place in one step when it is complete.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textcx.domain.errors import NothingToAnalyze
from textcx.domain.themes.sets import FRAGILE, Change
from textcx.pipelines.corpus import encoded_taxonomy
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

    from textcx.domain.themes.sets import ThemeSet
    from textcx.runs.progress import StageClock
    from textcx.settings.analysis import Settings
    from textcx.steps.records.corpus import Corpus
    from textcx.wiring.container import Container


@dataclass(frozen=True, slots=True)
class Learned:
    """A theme set that was learned, how much of the feedback it covers, and sentences for the reader.

    Shares are 0..1: segments that say nothing, with three words or more and with fewer, and others without a theme.
    """

    theme_set: ThemeSet
    segments: int
    boilerplate_share: float
    short_share: float
    unassigned_share: float
    notes: tuple[str, ...]


def learn(
    sources: Sequence[str | Path | pl.DataFrame],
    *,
    out: Path,
    settings: Settings,
    container: Container,
    clock: StageClock,
    previous: Path | None = None,
    overwrite: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Learned:
    """Learn the themes of feedback and keep them as a theme set.

    Args:
        sources: Files, ``-`` for standard input, or frames; their records are taken together.
        out: Directory for the set. Must not exist, unless ``overwrite``.
        settings: How it is done.
        container: Builds the engines.
        clock: Follows the stages.
        previous: An earlier set; its themes keep their ids, and its edits are applied again.
        overwrite: Replace ``out`` when the new set is complete; it may be ``previous`` itself.
        tell: Called with sentences for the person who waits.

    Returns:
        The set and its coverage.

    Raises:
        OutputExists: If ``out`` exists and may not be replaced.
        NothingToAnalyze: If there are too few segments for themes.
        TextcxError: If the earlier set is of another encoder or cannot be read.
    """
    output = Output(out, overwrite=overwrite, sources=sources)
    encoder_id = container.encoder.encoder_id
    # A new fit starts from the set as it was fitted; the edits lie beside it and are applied when it is read.
    earlier = theme_sets.load(previous, encoder_id=encoder_id) if previous else None
    edits = theme_sets.read_edits(previous) if previous else []
    with encoded(sources, output=output, settings=settings, container=container, clock=clock, tell=tell) as found:
        with clock.stage("gather"):
            gathered = build_corpus(found.part, language=container.language)
        with clock.stage("themes"):
            learned = _fit(gathered, settings=settings, container=container)
            fitted = learned.theme_set
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
    return replace(learned, theme_set=edited)


def _vectors_of(gathered: Corpus) -> Callable[[str], NDArray[np.float32] | None]:
    """Vectors of segments by their id; null for one that is not there."""
    rows = {segment_id: row for row, segment_id in enumerate(gathered.segments["segment_id"])}
    return lambda segment_id: gathered.vectors[rows[segment_id]] if segment_id in rows else None


def _fit(gathered: Corpus, *, settings: Settings, container: Container) -> Learned:
    tools = container.corpus_tools()
    finding = find_themes(
        gathered.segments,
        gathered.vectors,
        model=tools.themes,
        phrases=tools.phrases,
        language=tools.language,
        encoder_id=tools.encoder.encoder_id,
        seed=settings.seed,
        max_unassigned=settings.max_unassigned,
        taxonomy=encoded_taxonomy(tools),
        encoder=tools.encoder,
    )
    if finding.theme_set is None:
        raise NothingToAnalyze(" ".join(finding.notes))
    return Learned(
        finding.theme_set,
        gathered.segments.height,
        finding.boilerplate_share,
        finding.short_share,
        finding.unassigned_share,
        (*gathered.notes, *finding.notes),
    )


def summarize(learned: Learned, *, out: Path) -> str:
    """Say in a few lines what was learned."""
    themes = learned.theme_set.themes
    shown = {level: len(set(learned.theme_set.at_level(level).values())) for level in (1, 2, 3)}
    fragile = sum(theme.stability is not None and theme.stability < FRAGILE for theme in themes)
    shares = (
        f"Without a theme: {learned.unassigned_share:.1%} of what says something; boilerplate: "
        f"{learned.boilerplate_share:.1%}, shorter than three words: {learned.short_share:.1%} of all"
    )
    levels = f"{shown[1]} on level 1, {shown[2]} on level 2, {shown[3]} on the finest; {fragile} of them fragile"
    events = [
        f"{event.change.value}: {event.note}"
        for event in learned.theme_set.history
        if event.version == learned.theme_set.version and event.change is not Change.CONTINUED
    ]
    return "\n".join(
        [
            f"{len(themes)} themes from {learned.segments:,} segments: {levels}",
            shares,
            *events,
            *learned.notes,
            f"Theme set: {out} (version {learned.theme_set.version})",
        ]
    )
