"""What the inference thread does: sentiment, also with aspects for Azure's clients, and all that one text can tell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from textcx.domain.items import GivenText, TextFindings
from textcx.domain.lexicons.language import Language
from textcx.pipelines.incoming import IncomingTools
from textcx.pipelines.text import TextTools, analyze_texts, score_texts
from textcx.ports import ThemeMatch, ThemeSets
from textcx.settings.analysis import Settings
from textcx.steps.journey import stage_vectors
from textcx.steps.matters import matters_of
from textcx.wiring.container import Container

SENTIMENT, OPINIONS, FINDINGS = "sentiment", "opinions", "findings"
WARM_UP = (
    "The delivery was late and nobody answered my calls.",
    "Lovely staff, but the app crashes whenever I try to pay with my new card, which is a nuisance at the month's end.",
)
"""Read once before the service is ready, so that the first caller does not pay for what is set up at first use."""


class Findings(NamedTuple):
    """What was found in a text, and the themes of each of its segments, where a set was named."""

    found: TextFindings
    themes: Sequence[Sequence[ThemeMatch]] | None


class Scoring:
    """All that happens in the inference thread. Attributes that describe the model are there once it is loaded."""

    def __init__(self, make_tools: Callable[[], Container], *, settings: Settings, theme_sets: ThemeSets) -> None:
        """Prepare to load; the tools are made, and the theme sets asked, in the inference thread."""
        self.model_version: str = ""
        self.confident_at = 0.0
        self.precision = ""
        self.theme_sets = theme_sets
        self._make_tools, self._settings = make_tools, settings
        self._tools: Container
        self._later: threading.Thread | None = None
        self._problem: BaseException | None = None

    def load(self) -> None:
        """Load what sentiment needs and try it out; the rest is loaded in a thread of its own meanwhile."""
        tools = self._tools = self._make_tools()
        encoder = tools.encoder
        self.run(SENTIMENT, [GivenText(id="", text=text) for text in WARM_UP])
        self.confident_at, self.precision = encoder.confident_at, encoder.precision
        self.model_version = encoder.encoder_id
        self._later = threading.Thread(target=self._load_rest, name="load-rest", daemon=True)
        self._later.start()

    def run(self, kind: str, given: Sequence[GivenText]) -> list[Any]:
        """Return one answer for each text, depending on it alone; ``findings:NAME`` assigns the themes of a set."""
        tools = self._tools
        if kind.startswith(FINDINGS):
            return self._findings(given, set_name=kind.partition(":")[2])
        return score_texts(
            given,
            encoder=tools.encoder,
            language=tools.language,
            languages=tools.languages,
            splitter=tools.splitter,
            aspects=kind == OPINIONS,
        )

    @property
    def language(self) -> Language:
        """The language that is analyzed."""
        return self._tools.language

    def _findings(self, given: Sequence[GivenText], *, set_name: str) -> list[Findings]:
        found = analyze_texts(given, tools=self._finding_tools)
        return [Findings(each, self._themes(each, set_name=set_name) if set_name else None) for each in found]

    def _themes(self, found: TextFindings, *, set_name: str) -> Sequence[Sequence[ThemeMatch]]:
        if not found.texts:
            return ()
        naming = self.language.naming
        return self.theme_sets.assign(
            set_name, found.texts, found.vectors, encoder_id=self.model_version, naming=naming
        )

    @cached_property
    def _finding_tools(self) -> TextTools:
        tools = self._with_rest()
        language, encoder = tools.language, tools.encoder
        return TextTools(
            encoder=encoder,
            languages=tools.languages,
            splitter=tools.splitter,
            redactor=tools.redactor,
            segments=IncomingTools(
                phrases=tools.phrases,
                language=language,
                stages=stage_vectors(language.journey, encoder, matters_of(language, encoder)),
                pain_threshold=self._settings.pain_threshold,
                offer_words=self._settings.offer_words(),
            ),
        )

    def _with_rest(self) -> Container:
        if self._later is not None:
            self._later.join()
        if self._problem is not None:
            raise self._problem
        return self._tools

    def _load_rest(self) -> None:
        try:
            self._tools.phrases.phrases(WARM_UP)
            self._tools.redactor.find(WARM_UP)
        except BaseException as error:  # noqa: BLE001 - raised again in the inference thread
            self._problem = error
