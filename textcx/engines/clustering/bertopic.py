"""Themes by BERTopic, made to hold still: our own clusters, described by BERTopic's c-TF-IDF.

BERTopic (Grootendorst, 2022) as it comes is unseeded, sensitive to the order of the input, and leaves a third of the
texts in no topic. Here the vectors are given, nothing is reduced, and ``NeighbourClusters`` is the cluster model.

Invariants, tested: the same set of texts and vectors in any order, on any number of threads, gives the same bytes;
equal texts with equal vectors always share a topic (each distinct content is clustered once); fewer than
``MIN_SEGMENTS`` segments give no topics.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from textcx.domain.errors import ShapeMismatch
from textcx.domain.themes.findings import MIN_SEGMENTS
from textcx.domain.themes.sets import StrengthCurve
from textcx.engines.clustering.clusters import NeighbourClusters
from textcx.ports import TopicFit
from textcx.steps.themes.geometry.closeness import Closeness, nearest, strength_of
from textcx.steps.themes.geometry.lattice import ROWS, on_lattice, relative_to

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from textcx.engines.clustering.clusters import Clusters

SAMPLE = 10_000  # distinct segments that are clustered at most; the rest goes to the nearest cluster
MAX_UNASSIGNED = 0.10  # largest share of the segments in no topic, unless another one is asked for
ANYTHING = 0.25  # stability below which segments have too little in common: random vectors reach 0.06 to 0.23


class BertopicThemes:
    """The ``ThemeModel`` port by BERTopic; nothing heavy is loaded before the first fit.

    ``stop_words`` describe no topic. At most ``sample`` distinct segments are clustered, chosen by a hash.
    """

    def __init__(self, *, stop_words: Collection[str], sample: int = SAMPLE) -> None:
        self.stop_words = stop_words
        self.sample = sample

    def fit(
        self, texts: Sequence[str], vectors: NDArray[np.float32], *, seed: int, max_unassigned: float | None = None
    ) -> TopicFit:
        """Cluster segments; see ``ThemeModel``. Segments that have nothing in common give no topics.

        Raises:
            ShapeMismatch: If there is not one vector per text.
        """
        if vectors.shape[:-1] != (len(texts),):
            msg = f"themes need a vector per segment: {len(texts)} segments came with vectors of shape {vectors.shape}"
            raise ShapeMismatch(msg)
        if len(texts) < MIN_SEGMENTS:
            return _nothing(len(texts), vectors.shape[1])
        from textcx.engines.clustering.topic_model import fit_topics, words_of  # noqa: PLC0415 - BERTopic, seconds

        digests = np.array([_digest(text, vector) for text, vector in zip(texts, vectors, strict=True)])
        # Sorted by digest, each content once: a fixed order and, at the same time, a random one to sample from.
        _, first, back = np.unique(digests, return_index=True, return_inverse=True)
        learned = first[: self.sample]
        shown = [texts[index] for index in learned]
        cluster_model = NeighbourClusters(seed=seed)
        fit = partial(fit_topics, shown, vectors[learned], stop_words=self.stop_words)
        model = fit(cluster_model=cluster_model)
        clusters = cluster_model.clusters_
        if clusters.stability < ANYTHING:
            return _nothing(len(texts), vectors.shape[1])
        closeness = _placed(clusters, vectors, first)
        share = MAX_UNASSIGNED if max_unassigned is None else max_unassigned
        curve = replace(clusters.curve, least=_least(closeness.cosine[back], clusters.curve.least, share=share))
        strengths = strength_of(closeness, curve)
        topics = np.where(strengths > 0, closeness.own, -1)
        above = [level[clusters.labels] for level in clusters.levels]
        return TopicFit(
            topics=topics[back],
            strengths=strengths[back],
            origin=clusters.origin,
            centroids=clusters.centroids,
            levels=clusters.levels,
            stabilities=clusters.stabilities,
            keywords=(*(words_of(fit(labels=labels), labels) for labels in above), words_of(model, clusters.labels)),
            curve=curve,
            stability=clusters.stability,
        )


def _nothing(segments: int, width: int) -> TopicFit:
    return TopicFit(
        topics=np.full(segments, -1, dtype=np.int64),
        strengths=np.zeros(segments),
        origin=np.zeros(width, dtype=np.float32),
        centroids=np.zeros((0, width), dtype=np.float32),
        levels=(),
        stabilities=(np.zeros(0),),
        keywords=((),),
        curve=StrengthCurve(0.0, 0.0, 0.0, 1.0),
        stability=1.0,
    )


def _placed(clusters: Clusters, vectors: NDArray[np.float32], first: NDArray[np.int64]) -> Closeness:
    """Cluster of each distinct segment; those not learned from go to the nearest."""
    parts = [clusters.closeness]
    for start in range(len(clusters.labels), len(first), ROWS):
        rows = first[start : start + ROWS]
        parts.append(nearest(relative_to(clusters.origin, on_lattice(vectors[rows])), clusters.centroids))
    joined = (np.concatenate([getattr(part, name) for part in parts]) for name in ("own", "cosine", "margin"))
    return Closeness(*joined)


def _least(cosine: NDArray[np.float64], unrelated: float, *, share: float) -> float:
    """Least cosine of a member: that of unrelated segments, or lower where else too many would belong nowhere."""
    allowed = int(share * len(cosine))
    if int((cosine < unrelated).sum()) <= allowed:
        return unrelated
    return float(np.floor(np.partition(cosine, allowed)[allowed] * 1e6) / 1e6)


def _digest(text: str, vector: NDArray[np.float32]) -> bytes:
    content = vector.tobytes() + text.encode("utf-8", "surrogatepass")
    # In hexadecimal, since numpy's fixed-width bytes would cut off a trailing zero byte.
    return hashlib.blake2b(content, digest_size=16).hexdigest().encode()
