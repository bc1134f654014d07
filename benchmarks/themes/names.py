"""Print 50 theme names from three real files, chosen by a fixed rule, for a person to judge by docs/theme-names.md.

    python -m benchmarks.themes.names --data DATA

Learns a theme set from the first records of each file with the shipped encoder and prints a Markdown table: every k-th
theme of the three sets, one set after the other, parents before children. ``--quotes`` adds the strongest segments of
each theme for whoever judges; they are not for publication.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from benchmarks.run import MODEL, parser_for
from benchmarks.themes.quality import segments_of
from textcx.settings.analysis import Settings
from textcx.steps.sentiment.encode import sentiment_columns
from textcx.steps.themes.finding.find import is_boilerplate
from textcx.steps.themes.finding.learn import learn_themes
from textcx.steps.themes.naming import naming_with
from textcx.wiring.container import Container

if TYPE_CHECKING:
    from textcx.domain.themes.sets import Theme, ThemeSet
    from textcx.pipelines.corpus import CorpusTools

FILES = ("dumps/womens_clothing.csv", "dumps/nhs_fft.csv", "problems/jupyter_2015.jsonl")
"""Files whose licences allow quoting: CC0, MIT, CC0."""

NAMES = 50
"""Names to judge."""


def below(theme: Theme, theme_set: ThemeSet) -> set[str]:
    """Ids of a theme and all themes under it."""
    inside = {theme.theme_id}
    for other in theme_set.themes:  # parents come before children
        if other.parent_theme_id in inside:
            inside.add(other.theme_id)
    return inside


def learned(path: Path, *, records: int, tools: CorpusTools) -> tuple[ThemeSet, pl.DataFrame]:
    """The themes of a file, and its segments with the theme and strength of each."""
    frame = segments_of(path, records=records).sort("segment_id")
    frame = frame.filter(
        pl.Series([not is_boilerplate(text, tools.language.naming) for text in frame["text"]], dtype=pl.Boolean)
    )
    encoding = tools.encoder.encode(frame["text"].to_list())
    frame = frame.with_columns(**sentiment_columns(encoding.sentiment))
    theme_set, _ = learn_themes(
        frame,
        encoding.matters,
        model=tools.themes,
        naming=naming_with(tools.language, phrases=tools.phrases, encoder=tools.encoder),
    )
    return theme_set, theme_set.members.join(frame.select("segment_id", "text"), on="segment_id")


def main() -> None:
    """Learn, choose and print."""
    options = parser_for(__doc__)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--records", type=int, default=3000, help="records of each file")
    options.add_argument("--encoder", type=Path, default=MODEL)
    options.add_argument("--threads", type=int, help="threads of the encoder")
    options.add_argument("--quotes", type=int, default=0, help="quotes of each theme, for whoever judges")
    chosen = options.parse_args()
    tools = Container(Settings(model=str(chosen.encoder), threads=chosen.threads)).corpus_tools()
    rows: list[tuple[str, list[str]]] = []
    for file in FILES:
        theme_set, members = learned(chosen.data / file, records=chosen.records, tools=tools)
        for theme in theme_set.themes:
            theirs = members.filter(pl.col("theme_id").is_in(sorted(below(theme, theme_set))))
            above = "" if theme.parent_theme_id is None else theme_set.theme(theme.parent_theme_id).name
            quotes = theirs.sort("strength", "segment_id", descending=[True, False])["text"].head(chosen.quotes)
            row = f"| {Path(file).stem} | {theme.level} | {above} | {theme.name} | {theirs.height} | |"
            rows.append((row, quotes.to_list()))
    print("| file | level | under | name | segments | verdict |\n|---|---|---|---|---|---|")
    for place in sorted(set(np.linspace(0, len(rows) - 1, min(NAMES, len(rows))).round().astype(int).tolist())):
        row, quotes = rows[place]
        print(row)
        for quote in quotes:
            print(f"    {quote}")


if __name__ == "__main__":
    main()
