"""Themes by BERTopic, made deterministic: our neighbour graph finds the clusters, BERTopic describes them by c-TF-IDF.

BERTopic (Grootendorst, 2022) as it comes embeds, reduces with UMAP and clusters with HDBSCAN: unseeded, sensitive to
the order of the input, and with a third or more of the texts in no topic. Here the vectors are given, nothing is
reduced, and ``NeighbourGraphClusters`` is handed to BERTopic as its cluster model.

Invariants, tested: the same set of texts and vectors in any order gives the same bytes; equal texts with equal vectors
always share a topic (each distinct content is clustered once); fewer than ``min_segments`` segments give no topics.
"""

from __future__ import annotations

import hashlib
import re
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from textcx.domain.errors import ShapeMismatch
from textcx.domain.themes import MIN_SEGMENTS, STOP_WORDS
from textcx.engines.neighbour_graph import MIN_STRENGTH, Assignment, NeighbourGraphClusters
from textcx.ports import TopicFit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

SAMPLE = 20_000
"""Distinct segments that are clustered at most; the rest goes to the nearest centroid."""

KEYWORDS = 15
"""Keywords kept per topic."""

UNUSED_BY_US = ("umap", "hdbscan", "transformers", "plotly")
"""Optional parts of BERTopic that cost seconds to import (the first two compile inside) and that we never call."""

NO_WORD = "\x00"
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019\-][^\W\d_]+)*")


class BertopicThemes:
    """The ``ThemeModel`` port by BERTopic."""

    def __init__(
        self,
        *,
        max_topics: int = 40,
        segments_per_topic: int = 60,
        min_segments: int = MIN_SEGMENTS,
        min_strength: float = MIN_STRENGTH,
        sample: int = SAMPLE,
    ) -> None:
        """Set the engine up; nothing heavy is loaded before the first fit.

        Args:
            max_topics: Number of topics that is not exceeded on purpose, at least 1.
            segments_per_topic: Distinct segments per topic aimed at while there are fewer than ``max_topics``.
            min_segments: Fewer segments than this give no topics.
            min_strength: Strength, 0..1, below which a segment belongs to no topic.
            sample: Distinct segments clustered at most, chosen by a hash of their content.
        """
        self.max_topics = max_topics
        self.segments_per_topic = segments_per_topic
        self.min_segments = min_segments
        self.min_strength = min_strength
        self.sample = sample

    def fit(self, texts: Sequence[str], vectors: NDArray[np.float32], *, seed: int) -> TopicFit:
        """Cluster segments; the same set in another order gives the same clusters.

        Args:
            texts: The segments.
            vectors: Their vectors, unit length. Shape ``(segments, width)``.
            seed: Seed of the clustering, at least 0.

        Returns:
            Topics numbered by size, the largest first. No topics, and -1 throughout, for fewer than ``min_segments``.

        Raises:
            ShapeMismatch: If there is not one vector per text.
        """
        if vectors.ndim != 2 or len(vectors) != len(texts):  # noqa: PLR2004 - a matrix
            msg = (
                f"themes need one vector per segment: {len(texts)} segments came with vectors of shape {vectors.shape}"
            )
            raise ShapeMismatch(msg)
        if len(texts) < self.min_segments:
            return TopicFit(np.full(len(texts), -1, dtype=np.int64), np.zeros(len(texts)), ())
        matrix = np.ascontiguousarray(vectors, dtype=np.float32)
        digests = np.array([_digest(text, vector) for text, vector in zip(texts, matrix, strict=True)])
        # Sorted by digest, each content once: a fixed order and, at the same time, a random one to sample from.
        _, first, back = np.unique(digests, return_index=True, return_inverse=True)
        distinct_texts = [texts[index] for index in first]
        distinct = matrix[first]
        clusters, keywords = self._fit_sample(distinct_texts[: self.sample], distinct[: self.sample], seed=seed)
        rest = clusters.assign(distinct[self.sample :])
        found = Assignment(
            np.concatenate([clusters.labels_, rest.labels]), np.concatenate([clusters.strengths_, rest.strengths])
        )
        return TopicFit(found.labels[back], found.strengths[back], keywords)

    def _fit_sample(
        self, texts: list[str], vectors: NDArray[np.float32], *, seed: int
    ) -> tuple[NeighbourGraphClusters, tuple[tuple[str, ...], ...]]:
        """Let BERTopic cluster and describe the sampled segments, which stand in a fixed order."""
        aim = self.aim(len(texts))
        clusters = NeighbourGraphClusters(
            aim=aim, seed=seed, min_size=max(3, len(texts) // (8 * aim)), min_strength=self.min_strength
        )
        bertopic = _import_bertopic()
        model = bertopic.BERTopic(
            language="multilingual",  # "english" would strip letters with accents; no model is loaded for either
            umap_model=bertopic.dimensionality.BaseDimensionalityReduction(),
            hdbscan_model=clusters,
            vectorizer_model=_vectorizer(),
            ctfidf_model=bertopic.vectorizers.ClassTfidfTransformer(reduce_frequent_words=True),
            top_n_words=30,
            calculate_probabilities=False,
            verbose=False,
        )
        # We show quotes by centrality and variety; BERTopic's own would score every segment once more.
        model._save_representative_docs = lambda _documents: None  # noqa: SLF001 - no public switch
        mapped = np.asarray(model.fit_transform(texts, vectors)[0], dtype=np.int64)
        keywords: list[tuple[str, ...]] = []
        for label in range(len(clusters.centroids_)):
            theirs = int(mapped[np.flatnonzero(clusters.labels_ == label)[0]])
            words = [word for word, weight in model.get_topic(theirs) if weight > 0 and word.strip(NO_WORD)]
            keywords.append(tuple(_without_repeats(words)[:KEYWORDS]))
        return clusters, tuple(keywords)

    def aim(self, segments: int) -> int:
        """Number of topics to aim at for so many distinct segments: few segments cannot carry many topics."""
        wanted = max(6, round(segments / self.segments_per_topic))
        return max(1, min(self.max_topics, wanted, segments // 10))


def _digest(text: str, vector: NDArray[np.float32]) -> bytes:
    """Hash of a segment's content: its vector and its text."""
    content = hashlib.blake2b(vector.tobytes(), digest_size=16)
    content.update(text.encode("utf-8", "surrogatepass"))
    # A trailing zero byte would be cut off by numpy's fixed-width bytes.
    return content.hexdigest().encode()


def content_words(text: str) -> list[str]:
    """Words of a text that can describe a topic, and pairs of neighbouring ones; stop words and masks part them."""
    terms: list[str] = []
    before, before_end = "", -1
    for match in _WORD.finditer(text.lower().replace("\u2019", "'")):
        word = match.group()
        if len(word) < 3 or word in STOP_WORDS:  # noqa: PLR2004 - "tv" is lost, "to" and "id" are not missed
            before = ""
            continue
        terms.append(word)
        if before and text[before_end : match.start()].isspace():
            terms.append(f"{before} {word}")
        before, before_end = word, match.end()
    return terms


def _vectorizer() -> Any:  # noqa: ANN401 - sklearn has no types here
    """Count vectorizer over ``content_words``; two words that are none, since it cannot weigh a vocabulary of one."""
    from sklearn.feature_extraction.text import CountVectorizer  # noqa: PLC0415 - heavy

    return CountVectorizer(analyzer=lambda text: [*content_words(text), NO_WORD, NO_WORD * 2])


def _without_repeats(words: list[str]) -> list[str]:
    """Leave out a word that a pair before it holds already, and a pair made only of words that stand before it."""
    kept: list[str] = []
    for word in words:
        seen = {part for earlier in kept for part in earlier.split()}
        if not set(word.split()) <= seen:
            kept.append(word)
    return kept


def _import_bertopic() -> Any:  # noqa: ANN401 - bertopic has no types
    """Import BERTopic without what we do not use and without its changes to the process.

    BERTopic does without UMAP, HDBSCAN, transformers and plotly where they are missing, so they are made to look
    missing while it is imported: 2.4 s instead of 9.8 s in a fresh process. Its import also switches off all user and
    future warnings of the process; that is undone.
    """
    with warnings.catch_warnings(), _looks_missing(UNUSED_BY_US):
        warnings.simplefilter("ignore")
        import bertopic  # noqa: PLC0415 - heavy
        import bertopic.dimensionality  # noqa: PLC0415 - heavy
        import bertopic.vectorizers  # noqa: PLC0415 - heavy
    return bertopic


@contextmanager
def _looks_missing(names: Sequence[str]) -> Iterator[None]:
    """Make modules that are not loaded yet look as if they were not installed."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment] # how Python marks a module as absent
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
