"""What ``analyze_corpus`` works with, and what is made of it before anything is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textcx.steps.text.clean import polish
from textcx.steps.themes.assignment.seed_topics import texts_of
from textcx.steps.themes.finding.learn import EncodedTaxonomy
from textcx.steps.themes.naming import naming_with

if TYPE_CHECKING:
    from collections.abc import Callable

    from textcx.domain.encoding import MeasuredErrors
    from textcx.domain.lexicons.language import Language
    from textcx.domain.themes.seed_topics import ThemeTaxonomy
    from textcx.domain.themes.sets import ThemeSet
    from textcx.ports import Encoder, PhraseFinder, ThemeModel, ThemeNamer
    from textcx.steps.themes.naming import Naming


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusTools:
    """The engines of ``analyze_corpus``, built by ``textcx.wiring.container``.

    With a ``theme_set`` segments are assigned to it. Otherwise themes are learned, and those of ``previous`` go on.
    ``namer`` makes what proposes names and titles, for each analysis a new one. ``errors``: how often the encoder
    decided rightly on labelled texts, where that was measured.
    """

    encoder: Encoder
    themes: ThemeModel
    phrases: PhraseFinder
    language: Language
    theme_set: ThemeSet | None = None
    previous: ThemeSet | None = None
    taxonomy: ThemeTaxonomy | None = None
    namer: Callable[[], ThemeNamer] | None = None
    errors: tuple[MeasuredErrors, ...] = ()


def encoded_taxonomy(tools: CorpusTools) -> EncodedTaxonomy | None:
    """Return the team's own themes with the vectors of their texts; null without any."""
    if tools.taxonomy is None:
        return None
    texts = [polish(text) for text in texts_of(tools.taxonomy)]
    return EncodedTaxonomy(tools.taxonomy, tools.encoder.encode(texts).matters)


def naming_of(tools: CorpusTools) -> Naming:
    """Return what names are found and proven with, among it what is known of many trades."""
    naming = naming_with(tools.language, phrases=tools.phrases, encoder=tools.encoder)
    return replace(naming, namer=tools.namer() if tools.namer else None)
