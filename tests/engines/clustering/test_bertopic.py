from __future__ import annotations

import subprocess
import sys
import warnings
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from languages import NAMING

from textcx.domain.errors import ShapeMismatch
from textcx.engines.clustering.bertopic import BertopicThemes
from textcx.engines.clustering.topic_model import content_words

if TYPE_CHECKING:
    from random import Random

BertopicThemes = partial(BertopicThemes, stop_words=NAMING.stop_words)
content_words = partial(content_words, stop_words=NAMING.stop_words)


WORDS = {
    "late delivery": "parcel courier delivery late doorstep package arrived tracking",
    "battery life": "battery charge charger drains overnight power percent cable",
    "rude staff": "staff counter rude manager ignored shouted cashier queue",
    "small size": "size small tight waist medium sleeves length sizing",
}


def planted(*, each: int = 30, noise: float = 0.35, seed: int = 0) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Texts about four subjects, vectors around four centres, and which is which."""
    random = np.random.default_rng(seed)
    texts, vectors, truth = [], [], []
    for number, words in enumerate(WORDS.values()):
        centre = random.normal(size=32)
        for _ in range(each):
            texts.append(" ".join(random.choice(words.split(), size=4, replace=False)))
            vectors.append(centre / np.linalg.norm(centre) + noise * random.normal(size=32) / np.sqrt(32))
            truth.append(number)
    matrix = np.array(vectors, dtype=np.float32)
    return texts, matrix / np.linalg.norm(matrix, axis=1, keepdims=True), np.array(truth)


def test_planted_subjects_are_found_and_described_by_their_words() -> None:
    texts, vectors, truth = planted()

    fit = BertopicThemes().fit(texts, vectors, seed=0)

    assert len(fit.keywords[-1]) == 4
    for number, words in enumerate(WORDS.values()):
        (topic,) = np.unique(fit.topics[truth == number])
        assert {part for word in fit.keywords[-1][topic] for part in word.split()} <= set(words.split())
    assert fit.strengths.min() > 0.5


def test_largest_topic_comes_first() -> None:
    texts, vectors, truth = planted(each=40)
    kept = (truth != 2) | (np.arange(len(truth)) % 2 == 0)

    fit = BertopicThemes().fit([t for t, keep in zip(texts, kept, strict=True) if keep], vectors[kept], seed=0)

    counts = np.bincount(fit.topics[fit.topics >= 0])
    assert counts.tolist() == sorted(counts.tolist(), reverse=True)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False), st.integers(0, 3))
def test_order_of_the_segments_changes_no_byte(shuffler: Random, seed: int) -> None:
    texts, vectors, _ = planted(each=12, noise=0.9, seed=seed)
    texts += texts[:5]
    vectors = np.concatenate([vectors, vectors[:5]])
    order = list(range(len(texts)))
    shuffler.shuffle(order)
    model = BertopicThemes()

    straight = model.fit(texts, vectors, seed=seed)
    shuffled = model.fit([texts[i] for i in order], vectors[order], seed=seed)

    assert shuffled.topics.tobytes() == straight.topics[order].tobytes()
    assert shuffled.strengths.tobytes() == straight.strengths[order].tobytes()
    assert shuffled.keywords == straight.keywords


def test_order_changes_nothing_when_only_a_sample_is_clustered() -> None:
    texts, vectors, _ = planted(each=40, noise=0.7)
    order = np.random.default_rng(1).permutation(len(texts))
    model = BertopicThemes(sample=60)

    straight = model.fit(texts, vectors, seed=0)
    shuffled = model.fit([texts[i] for i in order], vectors[order], seed=0)

    assert shuffled.topics.tobytes() == straight.topics[order].tobytes()


def test_segments_outside_the_sample_go_to_the_subject_they_are_near() -> None:
    texts, vectors, truth = planted(each=60)

    fit = BertopicThemes(sample=80).fit(texts, vectors, seed=0)

    assert (fit.topics >= 0).all()
    for number in range(4):
        assert len(np.unique(fit.topics[truth == number])) == 1


def test_equal_segments_share_a_topic_however_often_they_come() -> None:
    texts, vectors, _ = planted()
    copies = np.repeat(vectors[:1], 100, axis=0)

    fit = BertopicThemes().fit([texts[0]] * 100 + texts, np.concatenate([copies, vectors]), seed=0)

    assert len(set(fit.topics[:101].tolist())) == 1


def test_a_hundred_identical_segments_are_one_topic() -> None:
    _, vectors, _ = planted()

    fit = BertopicThemes().fit(["the parcel came late"] * 100, np.repeat(vectors[:1], 100, axis=0), seed=0)

    assert set(fit.topics.tolist()) == {0}
    assert "parcel" in " ".join(fit.keywords[-1][0])


def test_segments_that_are_all_different_are_left_alone() -> None:
    random = np.random.default_rng(3)
    vectors = random.normal(size=(80, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    fit = BertopicThemes().fit([f"remark {chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(80)], vectors, seed=0)

    assert set(fit.topics.tolist()) == {-1}
    assert len(fit.centroids) == 0


def test_at_most_the_share_asked_for_is_left_without_a_topic() -> None:
    texts, vectors, _ = planted(each=60, noise=1.6)

    shares = [
        (BertopicThemes().fit(texts, vectors, seed=0, max_unassigned=most).topics < 0).mean() for most in (0, 0.05)
    ]

    assert shares[0] == 0
    assert shares[1] <= 0.05


def test_every_level_has_its_own_words_and_is_made_of_whole_topics() -> None:
    random = np.random.default_rng(5)
    texts, vectors = [], []
    for group in range(10):
        base = random.normal(size=48)
        for part in range(3):
            centre = base + 0.7 * random.normal(size=48)
            for _ in range(40):
                texts.append(f"group{chr(97 + group)} part{chr(97 + part)}{chr(97 + group)} word")
                vectors.append(centre + 0.35 * random.normal(size=48))
    matrix = np.array(vectors, dtype=np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)

    fit = BertopicThemes().fit(texts, matrix, seed=0)

    assert len(fit.levels) == 1
    assert 8 <= int(fit.levels[0].max()) + 1 <= 15
    assert len(fit.levels[0]) == len(fit.centroids) == len(fit.keywords[-1])
    assert len(fit.keywords[0]) == len(fit.stabilities[0]) == int(fit.levels[0].max()) + 1
    assert all(words[0].startswith(("group", "part")) for level in fit.keywords for words in level)


def test_fewer_than_thirty_segments_give_no_topics() -> None:
    texts, vectors, _ = planted(each=7)

    fit = BertopicThemes().fit(texts, vectors, seed=0)

    assert fit.keywords == ((),)
    assert set(fit.topics.tolist()) == {-1}


def test_segments_without_any_word_do_not_break_the_fit() -> None:
    _, vectors, _ = planted()

    fit = BertopicThemes().fit(["!!! 100 %"] * len(vectors), vectors, seed=0)

    assert all(words == () for words in fit.keywords[-1])


def test_vectors_that_do_not_match_the_texts_are_refused() -> None:
    with pytest.raises(ShapeMismatch, match="2 segments came with vectors of shape"):
        BertopicThemes().fit(["one", "two"], np.zeros((3, 4), dtype=np.float32), seed=0)


def test_strengths_are_shares_and_nothing_outside_a_topic_has_one() -> None:
    texts, vectors, _ = planted(noise=2.5)

    fit = BertopicThemes().fit(texts, vectors, seed=0)

    assert ((fit.strengths >= 0) & (fit.strengths <= 1)).all()
    assert (fit.strengths[fit.topics < 0] == 0).all()


def test_masks_and_stop_words_part_neighbours_and_are_no_words() -> None:
    assert content_words("late delivery by ████ courier") == [
        "late",
        "delivery",
        "late delivery",
        "courier",
    ]
    assert "delivery courier" not in content_words("delivery ████ courier")
    assert "the" not in content_words("the courier")


def test_import_of_bertopic_leaves_the_filters_of_warnings_as_they_were() -> None:
    script = (
        "import warnings\n"
        "import sklearn, polars\n"
        "before = list(warnings.filters)\n"
        "import textcx.engines.clustering.topic_model\n"
        "assert list(warnings.filters) == before, 'warning filters changed'\n"
    )

    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stderr


def test_no_warning_reaches_the_caller() -> None:
    texts, vectors, _ = planted()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        BertopicThemes().fit(texts, vectors, seed=0)

    assert [str(warning.message) for warning in caught] == []
