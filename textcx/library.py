"""The main job as a function: the same as ``textcx analyze``, for Python programs and notebooks."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from textcx.config import load_settings
from textcx.jobs import analyze as job
from textcx.jobs.progress import StageClock
from textcx.store.directory import DirectoryStore
from textcx.wiring import Workshop

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from textcx.domain.analysis import Analysis

    Input = str | Path | pl.DataFrame


def analyze(
    source: Input | Sequence[Input],
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    config: str | Path | None = None,
    **settings: Any,  # noqa: ANN401 - checked by the settings class, which knows each type
) -> Analysis:
    """Analyze customer feedback.

    Args:
        source: A file (CSV, TSV, JSONL, Parquet, XLSX, also .gz), a Polars frame, or a list of these, which are
            analyzed together.
        out: Directory for report and tables; by default nothing is kept on disk.
        overwrite: Replace ``out`` if it exists.
        config: Settings file; by default ``textcx.toml`` in the working directory, if there is one.
        settings: Any setting of ``textcx.config.Settings``, such as ``text_column="comment"``, ``limit=500``,
            ``seed=1``, ``rating=["nps=likely:0-10"]``, ``attribute=["plan"]``. A single column may be given
            without a list.

    Returns:
        The analysis: ``records``, ``segments``, ``themes``, ``pain_points``, ``drivers`` and all further tables as
        Polars frames, the headline numbers, the manifest, and what was unprocessable.

    Raises:
        TextcxError: With what came, what was expected and what to do; see ``textcx.domain.errors``.

    Example:
        >>> import textcx
        >>> analysis = textcx.analyze("sample/feedback.csv", limit=100)
        >>> analysis.pain_points.select("statement", "records")  # doctest: +SKIP
    """
    sources: list[Input] = list(source) if isinstance(source, (list, tuple)) else [cast("Input", source)]
    chosen = load_settings(file=Path(config) if config is not None else None, **settings)
    with tempfile.TemporaryDirectory(prefix="textcx-") as folder:
        return job.analyze(
            sources,
            out=Path(out) if out is not None else Path(folder) / "analysis",
            settings=chosen,
            workshop=Workshop(chosen),
            clock=StageClock(),
            overwrite=overwrite,
        ).analysis


def load(directory: str | Path) -> Analysis:
    """Read a finished analysis back from its directory.

    Raises:
        BrokenResult: If the directory is no finished analysis.
    """
    return DirectoryStore().load(Path(directory))
