"""Mask what identifies a person.

Two invariants, both tested: the length never changes, and no character outside the redactions does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textcx.domain.errors import ShapeMismatch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textcx.domain.feedback import Redaction

MASK = "\u2588"
"""Stands for one masked code point."""


def mask(text: str, redactions: Iterable[Redaction]) -> str:
    """Put a mask character in the place of every redacted one.

    Args:
        text: Any text.
        redactions: Stretches of it, in any order; they may overlap.

    Returns:
        A text of the same length.

    Raises:
        ShapeMismatch: If a redaction lies outside the text.
    """
    masked = text
    for redaction in redactions:
        if not 0 <= redaction.start <= redaction.end <= len(text):
            msg = (
                f"a redaction at {redaction.start}-{redaction.end} does not lie in a text of {len(text)} characters; "
                "redactions must come from the same text"
            )
            raise ShapeMismatch(msg)
        masked = masked[: redaction.start] + MASK * (redaction.end - redaction.start) + masked[redaction.end :]
    return masked
