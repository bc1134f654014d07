"""A taxonomy that takes every segment leaves nothing to find, and breaks nothing."""

from __future__ import annotations

import numpy as np
import polars as pl
from fakes import FakeEncoder, FakePhraseFinder
from languages import NAMING

from textcx.domain.matters import KnownMatters, Nearness
from textcx.domain.themes.seed_topics import SeedTopic, ThemeTaxonomy
from textcx.engines.clustering.bertopic import BertopicThemes
from textcx.steps.themes.assignment.assign import assign_themes
from textcx.steps.themes.assignment.seed_topics import texts_of
from textcx.steps.themes.finding.learn import EncodedTaxonomy, learn_themes
from textcx.steps.themes.naming import Naming

NAMES = ["My parcels", "My refunds"]
NOBODY = np.zeros((0, 8), dtype=np.float32)
NAMED = Naming(
    phrases=FakePhraseFinder(),
    words=NAMING,
    matters=KnownMatters(
        titles=(),
        names=(),
        title_vectors=NOBODY,
        title_tokens=None,
        name_vectors=NOBODY,
        near=Nearness(),
        title_words=(),
        name_words=(),
    ),
    encoder=FakeEncoder(),
)


def test_given_themes_that_match_every_segment_leave_nothing_to_find() -> None:
    random = np.random.default_rng(0)
    vectors = np.repeat(np.eye(8, dtype=np.float32)[:2], 40, axis=0) + 0.05 * random.normal(size=(80, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    frame = pl.DataFrame(
        {
            "segment_id": [f"r{row:02d}:0-9" for row in range(80)],
            "record_id": [f"r{row:02d}" for row in range(80)],
            "text": [f"{'parcel' if row < 40 else 'refund'} {row}" for row in range(80)],
            "polarity": np.zeros(80),
        }
    )
    taxonomy = ThemeTaxonomy(tuple(SeedTopic(name=name, description=f"on {name}") for name in NAMES))
    given = np.eye(8, dtype=np.float32)[[NAMES.index(text.removeprefix("on ")) for text in texts_of(taxonomy)]]

    theme_set, notes = learn_themes(
        frame,
        vectors,
        model=BertopicThemes(stop_words=()),
        naming=NAMED,
        taxonomy=EncodedTaxonomy(taxonomy, given),
    )

    names = {theme.theme_id: theme.name for theme in theme_set.themes}
    assert sorted(names.values()) == NAMES
    assert [names[each] for each in theme_set.members["theme_id"]] == ["My parcels"] * 40 + ["My refunds"] * 40
    assert notes == ()
    assert assign_themes(theme_set, vectors).theme_ids == theme_set.members["theme_id"].to_list()
