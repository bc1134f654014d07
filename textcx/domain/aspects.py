"""What is spoken about in a text, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textcx.domain.encoding import LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """Something that is spoken about, with its opinion: what is said of it, or what happened.

    An aspect of which nothing is said has no opinion, and an opinion on nothing in particular has no aspect; then those
    places are null. All are code points into the text of the record, ``[start, end)``.
    """

    start: int | None
    end: int | None
    aspect: str | None
    opinion_start: int | None
    opinion_end: int | None
    negated: bool  # the opinion holds a negation, or stands right after one
    polarity: float  # -1..1, P(positive) - P(negative)
    probabilities: Mapping[str, float]  # of the aspect by label; of an opinion without one, those of its segment

    @property
    def edges(self) -> tuple[int, ...]:
        """All places that are known."""
        return tuple(
            place for place in (self.start, self.end, self.opinion_start, self.opinion_end) if place is not None
        )

    def row(self) -> dict[str, Any]:
        """Return it as a row of the table of aspects."""
        found = {**self.plain(), **{f"p_{label}": self.probabilities[label] for label in LABELS}}
        del found["probabilities"]
        return found

    def plain(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {
            "start": self.start,
            "end": self.end,
            "aspect": self.aspect,
            "opinion_start": self.opinion_start,
            "opinion_end": self.opinion_end,
            "negated": self.negated,
            "polarity": self.polarity,
            "probabilities": dict(self.probabilities),
        }
