"""Render the report of a finished analysis again, after a change of the report or of textcx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textcx.reports.bundle import write_reports
from textcx.store.directory import DirectoryStore

if TYPE_CHECKING:
    from pathlib import Path


def render_again(directory: Path) -> Path:
    """Write ``report.html`` and ``analysis.json`` into the directory of a finished analysis.

    Args:
        directory: A finished analysis.

    Returns:
        The path of the report.

    Raises:
        BrokenResult: If the directory is no finished analysis.
    """
    write_reports(DirectoryStore().load(directory), directory)
    return directory / "report.html"
