"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Inputs = Annotated[
    list[str],
    typer.Argument(metavar="INPUT...", help="CSV, TSV, JSONL, Parquet or XLSX; also .gz; - for standard input"),
]
TextColumns = Annotated[
    list[str] | None, typer.Option("--text-column", help="column of customers' words; repeat to join several")
]
IdColumn = Annotated[str | None, typer.Option("--id-column", help="column of record ids")]
DateColumn = Annotated[str | None, typer.Option("--date-column", help="column of dates")]
DateFormat = Annotated[str | None, typer.Option("--date-format", help="such as %d/%m/%Y")]
Source = Annotated[str | None, typer.Option("--source", help="review, survey, social or support")]
SourceColumn = Annotated[str | None, typer.Option("--source-column", help="column that says the source of each record")]
RespondentColumn = Annotated[str | None, typer.Option("--respondent-column", help="column that says who answered")]
Attributes = Annotated[list[str] | None, typer.Option("--attribute", help="column that groups customers; repeatable")]
TouchpointColumn = Annotated[
    str | None, typer.Option("--touchpoint-column", help="column that says where the contact was")
]
ValueColumn = Annotated[str | None, typer.Option("--value-column", help="column of customer value")]
Ratings = Annotated[list[str] | None, typer.Option("--rating", help="NAME=COLUMN:LOW-HIGH[:reversed]; repeatable")]
Config = Annotated[Path | None, typer.Option("--config", help="settings file (default: textcx.toml here, if any)")]
Model = Annotated[
    str | None,
    typer.Option("--model", help="another model: a directory, or owner/name on the Hugging Face hub"),
]
Limit = Annotated[int | None, typer.Option("--limit", help="read only the first N records")]
