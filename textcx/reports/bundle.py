"""Everything that is written for people and programs beside the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textcx.reports.html import render
from textcx.reports.json_document import to_json
from textcx.reports.sheets import write_csv, write_xlsx

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from textcx.domain.analysis import Analysis


def write_reports(analysis: Analysis, directory: Path, *, sheets: Sequence[str] = ()) -> None:
    """Write ``report.html`` and ``analysis.json``, and sheets: "csv", a file per table, "xlsx", one workbook."""
    (directory / "report.html").write_text(render(analysis), encoding="utf-8")
    (directory / "analysis.json").write_text(to_json(analysis), encoding="utf-8")
    if "csv" in sheets:
        write_csv(analysis, directory)
    if "xlsx" in sheets:
        write_xlsx(analysis, directory / "analysis.xlsx")
