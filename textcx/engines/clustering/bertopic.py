"""Themes by BERTopic, made to hold still: our own clusters, described by BERTopic's c-TF-IDF.

BERTopic (Grootendorst, 2022) as it comes embeds, reduces with UMAP and clusters with HDBSCAN: unseeded, sensitive to
the order of the input, and with a third or more of the texts in no topic. Here the vectors are given, nothing is
reduced, and the clusters of ``theme_clusters`` are handed to BERTopic as its cluster model.

Invariants, tested: the same set of texts and vectors in any order, on any number of threads, gives the same bytes;
equal texts with equal vectors always share a topic (each distinct content is clustered once); fewer than
``min_segments`` segments give no topics.
"""

from __future__ import annotations

import hashlib
import re
import sys
import warnings
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from textcx.domain.errors import ShapeMismatch
from textcx.domain.themes.findings import MIN_SEGMENTS
from textcx.domain.themes.sets import StrengthCurve
from textcx.engines.clustering.clusters import find_clusters
from textcx.ports import TopicFit
from textcx.steps.themes.geometry.closeness import nearest, strength_of
from textcx.steps.themes.geometry.lattice import ROWS, on_lattice, relative_to

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from textcx.engines.clustering.clusters import Clusters

SAMPLE = 10_000
"""Distinct segments that are clustered at most; the rest goes to the nearest cluster."""

MAX_UNASSIGNED = 0.10
"""Largest share of the segments in no topic, unless another one is asked for."""

ANYTHING = 0.25
"""Stability below which the segments have too little in common for themes: random vectors reach 0.06 to 0.23."""

KEYWORDS = 15
"""Keywords kept per topic."""

UNUSED_BY_US = ("umap", "hdbscan", "transformers", "plotly")
"""Optional parts of BERTopic that cost seconds to import (the first two compile inside) and that we never call."""

NO_WORD = "\x00"
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019\-][^\W\d_]+)*")


class BertopicThemes:
    """The ``ThemeModel`` port by BERTopic."""

    def __init__(self, *, stop_words: Collection[str], min_segments: int = MIN_SEGMENTS, sample: int = SAMPLE) -> None:
        """Set the engine up; nothing heavy is loaded before the first fit.

        Args:
            stop_words: Words that describe no topic.
            min_segments: Fewer segments than this give no topics.
            sample: Distinct segments clustered at most, chosen by a hash of their content.
        """
        self.stop_words = stop_words
        self.min_segments = min_segments
        self.sample = sample

    def fit(
        self, texts: Sequence[str], vectors: NDArray[np.float32], *, seed: int, max_unassigned: float | None = None
    ) -> TopicFit:
        """Cluster segments; the same set in another order gives the same clusters.

        Args:
            texts: The segments.
            vectors: Their vectors, unit length. Shape ``(segments, width)``.
            seed: Seed of the clustering, at least 0.
            max_unassigned: Largest share of the segments in no topic, 0..1; ``MAX_UNASSIGNED`` by default.

        Returns:
            Topics numbered by size, the largest first. No topics, and -1 throughout, for fewer than ``min_segments`` or
            for segments that have nothing in common.

        Raises:
            ShapeMismatch: If there is not one vector per text.
        """
        if vectors.ndim != 2 or len(vectors) != len(texts):  # noqa: PLR2004 - a matrix
            msg = (
                f"themes need one vector per segment: {len(texts)} segments came with vectors of shape {vectors.shape}"
            )
            raise ShapeMismatch(msg)
        if len(texts) < self.min_segments:
            return _nothing(len(texts), vectors.shape[1])
        digests = np.array([_digest(text, vector) for text, vector in zip(texts, vectors, strict=True)])
        # Sorted by digest, each content once: a fixed order and, at the same time, a random one to sample from.
        _, first, back = np.unique(digests, return_index=True, return_inverse=True)
        learned = first[: self.sample]
        clusters = find_clusters(on_lattice(vectors[learned]), seed=seed)
        if clusters.stability < ANYTHING:
            return _nothing(len(texts), vectors.shape[1])
        topics, near = _assigned(clusters, vectors, first)
        share = MAX_UNASSIGNED if max_unassigned is None else max_unassigned
        curve = replace(clusters.curve, least=_least(near[:, 0][back], clusters.curve.least, share=share))
        strengths = np.concatenate(
            [strength_of(replace(clusters.closeness, cosine=part[:, 0], margin=part[:, 1]), curve) for part in [near]]
        )
        topics = np.where(strengths > 0, topics, -1)
        shown = [texts[index] for index in learned]
        keywords = tuple(
            _described(shown, labels, self.stop_words)
            for labels in (*(level[clusters.labels] for level in clusters.levels), clusters.labels)
        )
        return TopicFit(
            topics[back], strengths[back], clusters.origin, clusters.centroids, clusters.levels, clusters.stabilities,
            keywords, curve, clusters.stability,
        )  # fmt: skip


def _described(texts: list[str], labels: NDArray[np.int64], stop_words: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Let BERTopic find the c-TF-IDF words of clusters that are known, best first."""
    bertopic = _import_bertopic()
    model = bertopic.BERTopic(
        language="multilingual",  # "english" would strip letters with accents; no model is loaded for either
        umap_model=bertopic.dimensionality.BaseDimensionalityReduction(),
        hdbscan_model=_Found(labels),
        vectorizer_model=_vectorizer(stop_words),
        ctfidf_model=bertopic.vectorizers.ClassTfidfTransformer(reduce_frequent_words=True),
        top_n_words=30,
        calculate_probabilities=False,
        verbose=False,
    )
    # We show quotes by centrality and variety; BERTopic's own would score every segment once more.
    model._save_representative_docs = lambda _documents: None  # noqa: SLF001 - no public switch
    mapped = np.asarray(model.fit_transform(texts, np.zeros((len(texts), 1), dtype=np.float32))[0], dtype=np.int64)
    keywords: list[tuple[str, ...]] = []
    for label in range(int(labels.max()) + 1):
        theirs = int(mapped[int((labels == label).argmax())])
        words = [word for word, weight in model.get_topic(theirs) if weight > 0 and word.strip(NO_WORD)]
        keywords.append(tuple(_without_repeats(words)[:KEYWORDS]))
    return tuple(keywords)


class _Found:
    """A cluster model as BERTopic asks for it that has found its clusters before."""

    def __init__(self, labels: NDArray[np.int64]) -> None:
        self.labels_ = labels

    def fit(self, vectors: NDArray[np.float32], y: object = None) -> _Found:
        """Do nothing: everything is found."""
        del vectors, y
        return self


def _nothing(segments: int, width: int) -> TopicFit:
    """The fit of too few segments."""
    return TopicFit(
        np.full(segments, -1, dtype=np.int64), np.zeros(segments), np.zeros(width, dtype=np.float32),
        np.zeros((0, width), dtype=np.float32), (), (np.zeros(0),), ((),), StrengthCurve(0.0, 0.0, 0.0, 1.0), 1.0,
    )  # fmt: skip


def _assigned(
    clusters: Clusters, vectors: NDArray[np.float32], first: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Cluster of each distinct segment, and its cosine and margin; those not learned from go to the nearest."""
    learned = len(clusters.labels)
    topics = np.empty(len(first), dtype=np.int64)
    near = np.empty((len(first), 2))
    topics[:learned] = clusters.labels
    near[:learned] = np.stack([clusters.closeness.cosine, clusters.closeness.margin], axis=1)
    for start in range(learned, len(first), ROWS):
        rows = first[start : start + ROWS]
        found = nearest(relative_to(clusters.origin, on_lattice(vectors[rows])), clusters.centroids)
        topics[start : start + ROWS] = found.own
        near[start : start + ROWS] = np.stack([found.cosine, found.margin], axis=1)
    return topics, near


def _least(cosine: NDArray[np.float64], unrelated: float, *, share: float) -> float:
    """Least cosine of a member: that of unrelated segments, or lower where else too many would belong nowhere."""
    allowed = int(share * len(cosine))
    if int((cosine < unrelated).sum()) <= allowed:
        return unrelated
    return float(np.floor(np.partition(cosine, allowed)[allowed] * 1e6) / 1e6)


def _digest(text: str, vector: NDArray[np.float32]) -> bytes:
    """Hash of a segment's content: its vector and its text."""
    content = hashlib.blake2b(vector.tobytes(), digest_size=16)
    content.update(text.encode("utf-8", "surrogatepass"))
    # A trailing zero byte would be cut off by numpy's fixed-width bytes.
    return content.hexdigest().encode()


def content_words(text: str, stop_words: Collection[str]) -> list[str]:
    """Words of a text that can describe a topic, and pairs of neighbouring ones; stop words and masks part them."""
    terms: list[str] = []
    before, before_end = "", -1
    for match in _WORD.finditer(text.lower().replace("\u2019", "'")):
        word = match.group()
        if len(word) < 3 or word in stop_words:  # noqa: PLR2004 - "tv" is lost, "to" and "id" are not missed
            before = ""
            continue
        terms.append(word)
        if before and text[before_end : match.start()].isspace():
            terms.append(f"{before} {word}")
        before, before_end = word, match.end()
    return terms


def _vectorizer(stop_words: Collection[str]) -> Any:  # noqa: ANN401 - sklearn has no types here
    """Count vectorizer over ``content_words``; two words that are none, since it cannot weigh a vocabulary of one."""
    from sklearn.feature_extraction.text import CountVectorizer  # noqa: PLC0415 - heavy

    return CountVectorizer(analyzer=lambda text: [*content_words(text, stop_words), NO_WORD, NO_WORD * 2])


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
