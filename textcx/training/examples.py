"""What a training example is, and how labels are derived where a data set has none of its own."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textcx.domain.lexicons.text import RequestPatterns

BY_LABEL = {"negative": (1.0, 0.0, 0.0), "neutral": (0.0, 1.0, 0.0), "positive": (0.0, 0.0, 1.0)}

# Where twenty raters stop calling a text neutral, on their scale of -4 to 4, and how sharply.
NEUTRAL_BORDER = 0.7
NEUTRAL_SOFTNESS = 0.2


@dataclass(frozen=True, slots=True)
class Example:
    """A text and what it teaches; None teaches nothing. Weights are 0 to 1.

    Attributes:
        text: What the encoder reads.
        sentiment: Shares of negative, neutral and positive.
        pain: 1 where something went wrong for the customer, 0 where not.
        request: 1 where something is wished or suggested, 0 where not.
        emotions: 1 where the text shows an emotion, 0 where not, in the order of ``EMOTIONS``.
    """

    text: str
    sentiment: tuple[float, float, float] | None = None
    pain: float | None = None
    request: float | None = None
    emotions: tuple[float, ...] | None = None
    sentiment_weight: float = 1.0
    pain_weight: float = 1.0
    request_weight: float = 1.0
    emotion_weight: float = 1.0


Reader: TypeAlias = "Callable[[Path, str, RequestPatterns], Iterator[Example]]"
"""Gives the examples of one split of a data folder."""


@dataclass(frozen=True, slots=True)
class Source:
    """A data set of the training mix.

    Attributes:
        name: Its name in logs and in ``model.toml``.
        read: Gives its examples.
        each_epoch: Most examples drawn in one epoch; repeated where the source has fewer and ``repeat`` is set.
        attribution: The words its licence asks for.
        repeat: How often an example may be seen in one epoch.
    """

    name: str
    read: Reader
    each_epoch: int
    attribution: str
    licence: str
    repeat: int = 1


@dataclass(slots=True)
class Corpus:
    """Examples of every source; ``bounds`` are the positions of a source in ``examples``."""

    sources: tuple[Source, ...] = ()
    examples: list[Example] = field(default_factory=list)
    bounds: dict[str, tuple[int, int]] = field(default_factory=dict)


def labelled(directory: Path, name: str, split: str) -> Iterator[dict[str, Any]]:
    """Yield the records of one split of a JSON lines file, such as ``sentiment/cebab``."""
    with (directory / f"{name}.jsonl").open(encoding="utf-8") as lines:
        yield from (record for record in map(json.loads, lines) if record["split"] == split)


def shares_from_intensity(intensity: float) -> tuple[float, float, float]:
    """Turn a mean rating of -4 to 4 into shares of negative, neutral and positive: soft borders, not a margin."""
    negative = 1.0 / (1.0 + math.exp((intensity + NEUTRAL_BORDER) / NEUTRAL_SOFTNESS))
    positive = 1.0 / (1.0 + math.exp((NEUTRAL_BORDER - intensity) / NEUTRAL_SOFTNESS))
    return negative, max(0.0, 1.0 - negative - positive), positive


def request_from_wording(text: str, wording: RequestPatterns) -> float | None:
    """Return 1 where the wording clearly asks, 0 where nothing in it could ask, None in between."""
    if wording.asks_clearly(text):
        return 1.0
    return None if wording.may_ask(text) else 0.0


def split_by_hash(text: str) -> str:
    """Give a text without an official split its own: 80 % train, 10 % dev, 10 % test, by its letters and digits."""
    place = int.from_bytes(hashlib.sha256(letters(text).encode()).digest()[:4], "big") % 10
    return "test" if place == 0 else "dev" if place == 1 else "train"


def letters(text: str) -> str:
    """Return a text's letters and digits in lower case: what tells two texts apart."""
    return "".join(character for character in text.lower() if character.isalnum())
