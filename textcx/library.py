"""The jobs as functions: the same as ``textcx analyze`` and ``textcx sentiment``, for Python programs and notebooks."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from textcx.commands import analyze as job
from textcx.domain.items import GivenText
from textcx.pipelines.text import score_texts
from textcx.readers.streaming.record_stream import RecordColumns, record_of
from textcx.runs.progress import StageClock
from textcx.settings.analysis import Settings, load_settings
from textcx.store.directory import DirectoryStore
from textcx.wiring.container import Container

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
        settings: Any setting of ``textcx.settings.analysis.Settings``, such as ``text_column="comment"``,
            ``limit=500``, ``seed=1``, ``rating=["nps=likely:0-10"]``, ``attribute=["plan"]``. A single column may be
            given without a list.

    Returns:
        The analysis: ``records``, ``segments``, ``themes``, ``pain_points``, ``drivers`` and all further tables as
        Polars frames, the headline numbers, the manifest, and what was unprocessable.

    Raises:
        TextcxError: With what came, what was expected and what to do; see ``textcx.domain.errors``.

    Example:
        >>> import textcx
        >>> analysis = textcx.analyze("sample/feedback.csv", limit=100)
        >>> analysis.pain_points.select("title", "records")  # doctest: +SKIP
    """
    sources: list[Input] = list(source) if isinstance(source, (list, tuple)) else [cast("Input", source)]
    chosen = load_settings(file=Path(config) if config is not None else None, **settings)
    with tempfile.TemporaryDirectory(prefix="textcx-") as folder:
        return job.analyze(
            sources,
            out=Path(out) if out is not None else Path(folder) / "analysis",
            container=Container(chosen),
            clock=StageClock(),
            overwrite=overwrite,
        )


def sentiment(
    records: Iterable[str | Mapping[str, Any]],
    *,
    segments: bool = False,
    config: str | Path | None = None,
    **settings: Any,  # noqa: ANN401 - checked by the settings class, which knows each type
) -> list[dict[str, Any]]:
    """Score texts: the same items as ``textcx sentiment`` writes, one for each record, in order.

    The models are kept for the next call with the same settings. Not for several threads at once.

    Args:
        records: Texts, or mappings with ``id``, ``text`` and perhaps ``language``. A record without an id is called
            ``line-1``, ``line-2`` and so on, after its place.
        segments: List the segments of each text, with offsets in code points.
        config: Settings file, as for ``analyze``.
        settings: Any setting, as for ``analyze``.

    Returns:
        One item for each record; for one that cannot be read ``{"line", "id", "error": {"code", "message"}}``.

    Raises:
        TextcxError: If a setting is wrong or the model cannot be loaded.

    Example:
        >>> textcx.sentiment(["Great food, but we waited an hour."])[0]["mixed"]  # doctest: +SKIP
        True
    """
    chosen = load_settings(file=Path(config) if config is not None else None, **settings)
    columns = RecordColumns(text=chosen.text_column or ("text",), id=chosen.id_column)
    read = [
        record_of({columns.text[0]: each} if isinstance(each, str) else dict(each), line=line, columns=columns)
        for line, each in enumerate(records, start=1)
    ]
    tools = _container(chosen.model_dump_json())
    given = [each for each in read if isinstance(each, GivenText)]
    items = iter(
        score_texts(
            given, encoder=tools.encoder, language=tools.language, languages=tools.languages, splitter=tools.splitter
        )
        if given
        else ()
    )
    return [next(items).plain(segments=segments) if isinstance(each, GivenText) else each.plain() for each in read]


@lru_cache(maxsize=1)
def _container(settings: str) -> Container:
    return Container(Settings.model_validate_json(settings))


def load(directory: str | Path) -> Analysis:
    """Read a finished analysis back from its directory.

    Raises:
        BrokenResult: If the directory is no finished analysis.
    """
    return DirectoryStore().load(Path(directory))
