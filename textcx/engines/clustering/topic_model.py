"""BERTopic through its public extension points; importing this module imports BERTopic.

No dimensionality is reduced, the vectors are given, the clusters come from a cluster model of ours (or, with none, as
``y``), and representation models of ours choose the words.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

with warnings.catch_warnings():  # its import switches off all user and future warnings of the process
    warnings.simplefilter("ignore")
    from bertopic import BERTopic
    from bertopic.cluster import BaseCluster
    from bertopic.dimensionality import BaseDimensionalityReduction
    from bertopic.representation import BaseRepresentation
    from bertopic.vectorizers import ClassTfidfTransformer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    Words = Mapping[int, list[tuple[str, float]]]

KEYWORDS = 15
"""Keywords kept per topic."""

SHORTEST = 3
"""Letters of a word at least: "tv" is lost, "to" and "id" are not missed."""

NO_WORD = "\x00"
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019\-][^\W\d_]+)*")


class DistinctWords(BaseRepresentation):  # type: ignore[misc] # bertopic has no types
    """Representation model: the best c-TF-IDF words, without those that repeat better ones."""

    def extract_topics(self, topic_model: BERTopic, documents: pd.DataFrame, c_tf_idf: object, topics: Words) -> Words:
        """Keep at most ``KEYWORDS`` of the words of each topic."""
        del topic_model, documents, c_tf_idf
        return {topic: _distinct(words) for topic, words in topics.items()}


def fit_topics(
    texts: list[str],
    vectors: NDArray[np.float32],
    *,
    cluster_model: object = None,
    labels: NDArray[np.int64] | None = None,
    stop_words: Collection[str] = (),
    vectorizer: CountVectorizer = None,
    representation: object = None,
) -> BERTopic:
    """Fit BERTopic to texts and their vectors.

    Args:
        texts: At least one.
        vectors: Shape ``(texts, width)``.
        cluster_model: With ``fit``, ``predict`` and ``labels_``; may be left out where the topics are known.
        labels: The topics, where they are known; -1 for none. Shape ``(texts,)``.
        stop_words: Words that describe no topic.
        vectorizer: Counts the words of texts; by default over ``content_words``.
        representation: A representation model, or several by the name of their aspect; by default ``DistinctWords``.
    """
    # Two words that are none, since c-TF-IDF cannot weigh a vocabulary of one.
    usual = CountVectorizer(analyzer=lambda text: [*content_words(text, stop_words), NO_WORD, NO_WORD * 2])
    model = BERTopic(
        language="multilingual",  # "english" would strip letters with accents; no model is loaded for either
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=cluster_model or BaseCluster(),
        vectorizer_model=vectorizer or usual,
        ctfidf_model=ClassTfidfTransformer(reduce_frequent_words=True),
        representation_model=representation or DistinctWords(),
    )
    return model.fit(texts, vectors, y=labels)


def words_of(model: BERTopic, labels: NDArray[np.int64]) -> tuple[tuple[str, ...], ...]:
    """Words of each of the topics, in the order of our labels (at least 0); BERTopic numbers topics anew."""
    _, first = np.unique(labels, return_index=True)
    return tuple(tuple(word for word, _ in model.get_topic(model.topics_[row])) for row in first.tolist())


def content_words(text: str, stop_words: Collection[str]) -> list[str]:
    """Words of a text that can describe a topic, and pairs of neighbouring ones; stop words and masks part them."""
    terms: list[str] = []
    before, before_end = "", -1
    for match in _WORD.finditer(text.lower().replace("\u2019", "'")):
        word = match.group()
        if len(word) < SHORTEST or word in stop_words:
            before = ""
            continue
        terms.append(word)
        if before and text[before_end : match.start()].isspace():
            terms.append(f"{before} {word}")
        before, before_end = word, match.end()
    return terms


def _distinct(words: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Leave out a word that a pair before it holds already, and a pair made only of words that stand before it."""
    kept: list[tuple[str, float]] = []
    seen: set[str] = set()
    for word, weight in words:
        parts = set(word.split())
        if weight > 0 and word.strip(NO_WORD) and not parts <= seen:
            kept.append((word, weight))
            seen |= parts
    return kept[:KEYWORDS]
