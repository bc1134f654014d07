"""Name what a group of pains is about: the aspect that sets it apart, else what happened, else its theme.

A noun that pains of most themes name ("app" in reviews of an app) names the offer, not what is wrong with it, so it
never names a group of a theme where anything better is known. Invariant, tested: the order of pains never matters.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from textcx.steps.pains.statements import clarity, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textcx.domain.lexicons.pains import StatementWords

EVERYWHERE = 0.5
"""An aspect in more than this share of the themes names the offer."""
FEW_THEMES = 8
"""With fewer themes nothing is said to stand everywhere."""
LEAST_SHARE = 0.1
"""Least share of a group's records that must name an aspect for it to name the group."""
TELLING_SHARE = 0.3
"""Least share of a group's pains that must tell one consequence for it to name the group."""
UNTOLD = ("intensity", "asked for")
"""Beginnings of reasons that do not say what happened."""
SHORT_NAME = 40


def spread_over_themes(frame: Mapping[str, Sequence[Any]]) -> dict[str, float]:
    """Share of the themes in whose pains each aspect stands.

    Aspect -> share, 0..1; all 0 where there are few themes.
    """
    themes: dict[str, set[str]] = defaultdict(set)
    for aspect, theme_id in zip(frame["aspect"], frame["theme_id"], strict=True):
        if aspect and theme_id:
            themes[aspect].add(theme_id)
    n_themes = len({theme_id for theme_id in frame["theme_id"] if theme_id})
    return {aspect: len(own) / n_themes if n_themes >= FEW_THEMES else 0.0 for aspect, own in themes.items()}


def _what_happened(frame: Mapping[str, Sequence[Any]], members: Sequence[int]) -> str | None:
    """The consequence that many pains of a group share: "long wait", "cannot use"."""
    reasons = (reason for member in members for reason in frame["reasons"][member])
    told = Counter(reason.split(": ")[-1] for reason in reasons if not reason.startswith(UNTOLD))
    best = min(told, key=lambda reason: (-told[reason], reason), default=None)
    return best if best is not None and told[best] >= max(2.0, TELLING_SHARE * len(members)) else None


def name_group(
    frame: Mapping[str, Sequence[Any]],
    members: Sequence[int],
    spread: Mapping[str, float],
    theme_name: str | None,
    taken: set[str],
    *,
    statements: StatementWords,
) -> str:
    """Name a group of pains of one theme; never with one of ``taken``, the names of its other groups in this stage.

    ``frame``: columns of the pains: aspect, record_id, reasons, statement, segment_id. ``members``: rows of the group,
    at least one. ``spread``: what ``spread_over_themes`` returned.
    """
    own: dict[str, set[str]] = defaultdict(set)
    for member in members:
        if frame["aspect"][member]:
            own[frame["aspect"][member]].add(frame["record_id"][member])
    worth = {
        aspect: len(ids) * math.log(2.0 / (spread.get(aspect, 0.0) + 0.05))
        for aspect, ids in own.items()
        if aspect not in taken
    }
    best = min(worth, key=lambda aspect: (-worth[aspect], aspect), default=None)
    n_records = len({frame["record_id"][member] for member in members})
    if best is not None:
        enough = len(own[best]) >= max(min(2, n_records), LEAST_SHARE * n_records)
        if enough and spread.get(best, 0.0) <= EVERYWHERE:
            return best
    for name in (_what_happened(frame, members), theme_name, best):
        if name and name not in taken:
            return name
    words = name_by_words(frame, members, statements)
    return words if words not in taken else f"{words} ({len(taken) + 1})"


def name_by_words(frame: Mapping[str, Sequence[Any]], members: Sequence[int], statements: StatementWords) -> str:
    """Name a group after the clearest words of its members, where no phrase names it."""
    best = min(
        members, key=lambda member: (-clarity(frame["statement"][member], statements), frame["segment_id"][member])
    )
    return shorten(frame["statement"][best], statements, limit=SHORT_NAME).casefold()
