"""What the encoder and the lexicons that people use today, VADER and TextBlob, answer on the very same texts.

Each different text is read once however many sets hold it; nothing is kept on disk. The lexicons are optional. Each is
used with its own usual cut-offs and nothing is tuned: VADER is positive from a compound of 0.05 on and negative from
-0.05 on (its README); TextBlob is positive above a polarity of 0 and negative below it.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from textcx.domain.encoding import EMOTIONS, LABELS, Encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from textcx.ports import Encoder

NEGATIVE, NEUTRAL, POSITIVE = range(len(LABELS))
VADER_BORDER = 0.05
INSTALL = "pip install 'textcx[benchmarks]'"


class Answers:
    """Answers of one encoder, kept in memory by text."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self._places: dict[str, int] = {}
        self._known: dict[str, NDArray[Any]] = {
            "sentiment": np.zeros((0, len(LABELS)), np.float32),
            "pain": np.zeros(0, np.float32),
            "request": np.zeros(0, np.float32),
            "emotions": np.zeros((0, len(EMOTIONS)), np.float32),
            "windows": np.zeros(0, np.int32),
        }

    def of(self, texts: Sequence[str]) -> Encoding:
        """Return the answers to texts, in their order; vectors are left out."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._places]
        if fresh:
            found = self.encoder.encode(fresh, vectors=False)
            self._places |= {text: place for place, text in enumerate(fresh, start=len(self._places))}
            for name, known in self._known.items():
                self._known[name] = np.concatenate([known, getattr(found, name)])
        at = np.array([self._places[text] for text in texts], dtype=np.int64)
        nothing = np.zeros((0, 0), np.float32)
        answers = {name: known[at] for name, known in self._known.items()}
        return Encoding(matters=nothing, tags=None, **answers)

    def polarity(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return p(positive) - p(negative) of each text, -1 to 1."""
        found = self.of(texts).sentiment.astype(np.float64)
        difference: NDArray[np.float64] = found[:, POSITIVE] - found[:, NEGATIVE]
        return difference


@dataclass(frozen=True, slots=True)
class Baseline:
    """A lexicon: ``polarity`` gives one number from -1 to 1 for a text.

    From ``border`` on a text is positive, from its opposite on negative; exactly 0 is neutral.
    """

    name: str
    version: str
    polarity: Callable[[str], float]
    border: float

    def polarities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return one number from -1 to 1 for each text; each different text is read once."""
        known = {text: self.polarity(text) for text in dict.fromkeys(texts)}
        return np.array([known[text] for text in texts], dtype=np.float64)

    def labels(self, polarities: NDArray[np.float64], *, two_way: bool) -> NDArray[np.int64]:
        """Turn numbers into classes; with ``two_way`` the sign alone decides, and exactly 0 is neutral, so wrong."""
        border = 0.0 if two_way else self.border
        positive = (polarities > 0) & (polarities >= border)
        negative = (polarities < 0) & (polarities <= -border)
        return np.where(positive, POSITIVE, np.where(negative, NEGATIVE, NEUTRAL)).astype(np.int64)


def load_baselines() -> tuple[list[Baseline], dict[str, str]]:
    """Load the lexicons that are installed; returns them, and for each missing one how to install it."""
    found: list[Baseline] = []
    missing: dict[str, str] = {}
    for load, name, package in ((_vader, "vader", "vaderSentiment"), (_textblob, "textblob", "textblob")):
        try:
            found.append(load(name, metadata.version(package)))
        except ImportError:
            missing[name] = f"not installed; {INSTALL}"
    return found, missing


def _vader(name: str, version: str) -> Baseline:
    module = importlib.import_module("vaderSentiment.vaderSentiment")
    analyzer = module.SentimentIntensityAnalyzer()
    return Baseline(name, version, lambda text: float(analyzer.polarity_scores(text)["compound"]), VADER_BORDER)


def _textblob(name: str, version: str) -> Baseline:
    module = importlib.import_module("textblob")
    return Baseline(name, version, lambda text: float(module.TextBlob(text).sentiment.polarity), 0.0)
