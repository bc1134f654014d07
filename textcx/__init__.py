"""Customer feedback in, a decision-ready report out.

    import textcx
    analysis = textcx.analyze("reviews.csv")

Importing textcx loads none of its engines; they come with the first analysis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textcx.domain.version import __version__

__all__ = ["Analysis", "TextcxError", "__version__", "analyze", "load", "sentiment"]

if TYPE_CHECKING:
    from textcx.domain.analysis import Analysis
    from textcx.domain.errors import TextcxError
    from textcx.library import analyze, load, sentiment


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name in {"analyze", "load", "sentiment"}:
        from textcx import library  # noqa: PLC0415 - importing textcx stays light

        return getattr(library, name)
    if name == "Analysis":
        from textcx.domain.analysis import Analysis  # noqa: PLC0415

        return Analysis
    if name == "TextcxError":
        from textcx.domain.errors import TextcxError  # noqa: PLC0415

        return TextcxError
    msg = f"module 'textcx' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
