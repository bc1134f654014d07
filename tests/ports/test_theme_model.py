"""What every theme model must do; run against each implementation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fakes import FakeThemeModel
from languages import NAMING

from textcx.engines.clustering.bertopic import BertopicThemes

if TYPE_CHECKING:
    from textcx.ports import ThemeModel

Segments = tuple[list[str], np.ndarray]


@pytest.fixture(
    params=[partial(BertopicThemes, stop_words=NAMING.stop_words), FakeThemeModel], ids=["BERTopic", "fake"]
)
def model(request: pytest.FixtureRequest) -> ThemeModel:
    made: ThemeModel = request.param()
    return made


@pytest.fixture
def segments() -> Segments:
    random = np.random.default_rng(5)
    subjects = ["parcel courier late delivery", "battery drains charger overnight", "staff rude counter manager"]
    texts, vectors = [], []
    for subject in subjects:
        centre = random.normal(size=24)
        for _ in range(20):
            texts.append(" ".join(random.permutation(subject.split())[:3]))
            vectors.append(centre + 0.4 * random.normal(size=24))
    matrix = np.array(vectors, dtype=np.float32)
    return texts, matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def test_every_segment_gets_a_topic_or_none_and_a_strength(model: ThemeModel, segments: Segments) -> None:
    texts, vectors = segments

    fit = model.fit(texts, vectors, seed=0)

    assert fit.topics.shape == fit.strengths.shape == (len(texts),)
    assert set(fit.topics.tolist()) - {-1} <= set(range(len(fit.centroids)))
    assert ((fit.strengths >= 0) & (fit.strengths <= 1)).all()


def test_every_topic_has_members_and_keywords(model: ThemeModel, segments: Segments) -> None:
    texts, vectors = segments

    fit = model.fit(texts, vectors, seed=0)

    assert fit.keywords[-1]
    assert set(range(len(fit.centroids))) <= set(fit.topics.tolist())
    assert all(fit.keywords[-1])
    assert len(fit.keywords) == len(fit.stabilities) == len(fit.levels) + 1


def test_the_same_set_in_another_order_gives_the_same_topics(model: ThemeModel, segments: Segments) -> None:
    texts, vectors = segments
    order = np.random.default_rng(0).permutation(len(texts))

    straight = model.fit(texts, vectors, seed=3)
    shuffled = model.fit([texts[i] for i in order], vectors[order], seed=3)

    assert shuffled.topics.tobytes() == straight.topics[order].tobytes()
    assert shuffled.keywords == straight.keywords


def test_two_runs_give_the_same_bytes(model: ThemeModel, segments: Segments) -> None:
    texts, vectors = segments

    one, two = (model.fit(texts, vectors, seed=1) for _ in range(2))

    assert one.topics.tobytes() == two.topics.tobytes()
    assert one.strengths.tobytes() == two.strengths.tobytes()


def test_too_few_segments_give_no_topics(model: ThemeModel, segments: Segments) -> None:
    texts, vectors = segments

    fit = model.fit(texts[:5], vectors[:5], seed=0)

    assert fit.keywords == ((),)
    assert len(fit.centroids) == 0
    assert (fit.topics == -1).all()
