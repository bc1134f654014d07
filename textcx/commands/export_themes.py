"""Export the themes of an analysis as a model of BERTopic, so that its tools can be used on them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.commands.theme_sets import INSIDE, place_of
from textcx.domain.errors import WrongUse
from textcx.domain.version import __version__
from textcx.engines.clustering.topic_model import save_bertopic
from textcx.runs.output import EXPORTED, Output
from textcx.settings.analysis import load_settings
from textcx.wiring.container import Container
from textcx.wiring.theme_sets import load_edited

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from textcx.domain.themes.sets import ThemeSet

BETWEEN = 0.5
"""How far from the mean of all vectors a theme lies of whose members no vector is kept."""


def export(analysis: Path, *, out: Path, overwrite: bool = False) -> str:
    """Write the finest themes of a finished analysis as a BERTopic model to ``out``, and say what was written.

    A theme set alone will not do: it keeps no texts, and BERTopic describes topics by the words of texts.

    Raises:
        NotFound: If there is no analysis, or it has no themes.
        WrongUse: If the directory is that of a theme set, or no segment with words raises a theme.
        OutputExists: If ``out`` exists and may not be replaced.
    """
    place = place_of(analysis)
    segments, mentions = (analysis / f"{name}.parquet" for name in ("segments", "mentions"))
    if place != analysis / INSIDE or not segments.is_file() or not mentions.is_file():
        msg = (
            f"{analysis} is a theme set and keeps no texts, but BERTopic describes topics by the words of texts; "
            f"export an analysis that used it: 'textcx analyze FILE --themes {analysis} --out RESULT', then "
            f"'textcx themes export RESULT --bertopic {out}'"
        )
        raise WrongUse(msg)
    stop_words = Container(load_settings()).language.naming.stop_words
    output = Output(out, overwrite=overwrite, sources=[analysis], flag="--bertopic")
    theme_set = load_edited(place)
    raised = (
        pl.read_parquet(segments, columns=["segment_id", "text"])
        .join(pl.read_parquet(mentions, columns=["segment_id", "theme_id"]), on="segment_id", how="left")
        .sort("segment_id")
    )
    known = set(raised["theme_id"].drop_nulls())
    themes = [theme for theme in theme_set.leaves() if theme.theme_id in known]
    if not themes:
        msg = f"no segment of {analysis} raises a theme, so there is nothing to export"
        raise WrongUse(msg)
    number = {theme.theme_id: place for place, theme in enumerate(themes)}
    labels = np.array([number.get(theme_id, -1) for theme_id in raised["theme_id"]], dtype=np.int64)
    shutil.rmtree(output.partial, ignore_errors=True)
    try:
        topics = save_bertopic(
            output.partial,
            texts=raised["text"].to_list(),
            labels=labels,
            themes=themes,
            vectors=_middles(theme_set, [theme.theme_id for theme in themes]),
            stop_words=stop_words,
        )
        origin = {name: getattr(theme_set, name) for name in ("set_id", "version", "encoder_id")}
        (output.partial / EXPORTED).write_text(
            json.dumps({"textcx": __version__, **origin, "topics": topics}, indent=1)
        )
        output.take(output.partial)
    except ValueError:  # scikit-learn: empty vocabulary
        msg = f"the segments of {analysis} hold no words that could describe a topic"
        raise WrongUse(msg) from None
    finally:
        shutil.rmtree(output.partial, ignore_errors=True)
    silent = len(theme_set.leaves()) - len(themes)
    left_out = f"; {silent} more that no segment here raises, or that are hidden, are left out" if silent else ""
    return (
        f"{len(themes)} themes of {len(labels):,} segments, {(labels < 0).mean():.1%} of them in topic -1{left_out}\n"
        f"BERTopic model: {out}\n"
    )


def _middles(theme_set: ThemeSet, theme_ids: Sequence[str]) -> NDArray[np.float32]:
    """Means of the vectors that are kept of each theme's members, and, at the end, of those in no theme.

    Shape ``(themes + 1, width)``. Where no vector is kept, a point between the origin and the prototype.
    """
    theme_of = dict(theme_set.members.select("segment_id", "theme_id").iter_rows())
    owners = np.array([theme_of.get(segment_id) or "" for segment_id in theme_set.sample_ids], dtype=object)
    middles = []
    for theme_id in (*theme_ids, ""):
        if (owners == theme_id).any():
            middles.append(theme_set.sample[owners == theme_id].mean(axis=0, dtype=np.float32))
        else:
            near = [row for row, owner in enumerate(theme_set.owners) if owner == theme_id]
            along = theme_set.prototypes[near].mean(axis=0) if near else np.zeros_like(theme_set.origin)
            middles.append(theme_set.origin + BETWEEN * along)
    return np.asarray(middles, dtype=np.float32)
