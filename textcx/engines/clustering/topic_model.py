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
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from textcx.domain.themes.sets import Theme

    Words = Mapping[int, list[tuple[str, float]]]

KEYWORDS = 15  # keywords kept per topic
SHORTEST = 3  # letters of a word at least: "tv" is lost, "to" and "id" are not missed
NO_THEME = "no theme"  # name of topic -1 of a model that is saved
SAVED_WORD = r"[^\W\d_]{3,}(?:['\u2019\-][^\W\d_]+)*"  # for a model that is saved: it takes no functions along

NO_WORD = "\x00"
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019\-][^\W\d_]+)*")


class DistinctWords(BaseRepresentation):  # type: ignore[misc] # bertopic has no types
    """Representation model: the best c-TF-IDF words, without those that repeat better ones."""

    def extract_topics(self, topic_model: BERTopic, documents: pd.DataFrame, c_tf_idf: object, topics: Words) -> Words:
        """Keep at most ``KEYWORDS`` of the words of each topic."""
        del topic_model, documents, c_tf_idf
        return {topic: _distinct(words) for topic, words in topics.items()}


class ThemeWords(BaseRepresentation):  # type: ignore[misc] # bertopic has no types
    """Representation model: the words of each theme, last those of none (-1), with their c-TF-IDF weights.

    A topic for which there are no words keeps the best that c-TF-IDF found.
    """

    def __init__(self, labels: NDArray[np.int64], words: Sequence[Sequence[str]]) -> None:
        self.labels = labels
        self.words = words

    def extract_topics(
        self, topic_model: BERTopic, documents: pd.DataFrame, c_tf_idf: csr_matrix, topics: Words
    ) -> Words:
        """Return the words of each topic, best first."""
        columns = topic_model.vectorizer_model.vocabulary_
        first = dict(documents.groupby("Topic")["ID"].first())
        chosen = {}
        for row, topic in enumerate(sorted(topics)):
            words = self.words[int(self.labels[first[topic]])]
            weights = [float(c_tf_idf[row, columns[word]]) if word in columns else 0.0 for word in words]
            chosen[topic] = list(zip(words, weights, strict=True)) or _distinct(topics[topic])
        return chosen


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
    """Fit BERTopic to at least one text and the vectors, by a cluster model or, where they are known, by topics.

    ``vectorizer`` counts the words of texts, by default ``content_words``; ``representation`` is a representation
    model, by default ``DistinctWords``, or several by the name of their aspect.
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


def save_bertopic(
    directory: Path,
    *,
    texts: Sequence[str],
    labels: NDArray[np.int64],
    themes: Sequence[Theme],
    vectors: NDArray[np.float32],
    stop_words: Collection[str],
) -> dict[int, str]:
    """Write a BERTopic model: topics.json, config.json, topic_embeddings, and c-TF-IDF; return theme ids by topic.

    Themes are described by ``texts``, at least one for each; ``labels`` tell the theme of each, -1 where none.
    ``vectors`` ``(themes + 1, width)`` are where each theme lies, and at the end where texts without one do.

    Raises:
        ValueError: If the texts hold no word.
    """
    names = [*(theme.name for theme in themes), NO_THEME]
    model = fit_topics(
        list(texts),
        np.zeros((len(texts), 1), dtype=np.float32),
        labels=labels,
        vectorizer=CountVectorizer(token_pattern=SAVED_WORD, ngram_range=(1, 2), stop_words=sorted(stop_words)),
        representation={
            "Main": ThemeWords(labels, [*(theme.keywords or (theme.name,) for theme in themes), ()]),
            "Theme": ThemeWords(labels, [(name,) for name in names]),
        },
    )
    themes_of = dict(zip(model.topics_, labels.tolist(), strict=True))
    topics = sorted(themes_of)
    model.set_topic_labels({topic: names[themes_of[topic]] for topic in topics})
    model.topic_embeddings_ = vectors[[themes_of[topic] for topic in topics]]
    model.save(directory, serialization="safetensors", save_ctfidf=True)
    return {topic: themes[themes_of[topic]].theme_id for topic in topics if topic >= 0}


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
