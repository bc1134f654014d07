"""Precision and recall of matching segments to seed topics, a team's own themes.

A taxonomy is built from some labels of a labelled set: the label's name and a few texts that carry it, which are then
removed from the data. All other texts are matched; where few labels are given, most belong to no theme. Labels serve
only as examples and for the final count. Beside the shipped method stands the nearest theme, however
far.

    python -m benchmarks.themes.seed_topics --data DIR

``DIR`` holds ``clusters/banking77.jsonl``, ``clusters/stackoverflow_titles.jsonl``, ``sentiment/nhs_survey.jsonl`` and
``sentiment/nhs_phase1.jsonl``. The result goes to ``benchmarks/results/given_themes.json``; it contains no text.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.run import MODEL, RESULTS, parser_for, write_result
from textcx.domain.themes.seed_topics import SeedTopic, ThemeTaxonomy
from textcx.engines.encoder.load import load_encoder
from textcx.steps.themes.assignment.seed_topics import match, nearness, texts_of
from textcx.steps.themes.geometry.lattice import mean_of, off_lattice, on_lattice

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = (
    ("banking77", 77, 5),
    ("banking77", 77, 10),
    ("banking77", 40, 5),
    ("banking77", 20, 10),
    ("banking77", 20, 3),
    ("banking77", 20, 0),
    ("banking77", 5, 5),
    ("stackoverflow_titles", 20, 10),
    ("stackoverflow_titles", 10, 5),
    ("nhs_survey", 12, 10),
    ("nhs_survey", 5, 5),
    ("nhs_phase1", 12, 10),
    ("nhs_phase1", 5, 5),
)
"""Set, themes given, examples of each."""
SEEDS = 3
TELLING = 5
POOL = 15
FEWEST = 20
MOST = 5000
SHORTEST, LONGEST = 12, 200
"""Characters of a text that a team would choose as an example, exclusive."""
NEEDED = 10
"""Texts a label needs to be given as a theme: as many as are drawn at most."""
MOSTLY_RIGHT = 0.75
VAGUE = {"Not assigned", "Unspecified communication", "Miscellaneous", "Everything was good/bad"}


@dataclass(frozen=True)
class Labelled:
    """Texts to match with the labels of each, and for each label the texts that may become examples."""

    texts: list[str]
    labels: list[set[str]]
    pool: dict[str, list[str]]


def read(folder: Path, name: str) -> Labelled:
    """Read a labelled set; every text once, with all its labels."""
    part = "clusters" if name in {"banking77", "stackoverflow_titles"} else "sentiment"
    rows = [json.loads(line) for line in (folder / part / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    random = np.random.default_rng(1)
    if name == "stackoverflow_titles":
        rows = [rows[i] for i in random.permutation(len(rows))[:MOST]]
        for place_, row in enumerate(rows):
            row["split"] = "train" if place_ < 20 * POOL else "test"
    merged: dict[str, tuple[set[str], str]] = {}
    for row in rows:
        own = row.get("themes") or [] if name == "nhs_survey" else [str(row.get("subtheme") or row.get("label"))]
        merged.setdefault(row["text"], (set(), row["split"]))[0].update(own)
    texts = list(merged)
    pool: dict[str, list[str]] = {}
    for place_ in random.permutation(len(texts)).tolist():
        labels, split = merged[texts[place_]]
        if split == "train" and len(labels) == 1 and SHORTEST < len(texts[place_]) < LONGEST and " " in texts[place_]:
            taken = pool.setdefault(next(iter(labels)), [])
            if len(taken) < POOL:
                taken.append(texts[place_])
    used = {text for taken in pool.values() for text in taken}
    whole = name.startswith("nhs")  # small sets: all that is no example is matched; else the test part
    kept = [text for text in texts if text not in used and (whole or merged[text][1] == "test")]
    return Labelled(kept, [merged[text][0] for text in kept], pool)


def taxonomy_of(data: Labelled, *, themes: int, examples: int, seed: int) -> tuple[ThemeTaxonomy, dict[str, str]]:
    """Choose labels and examples; also return the label of each theme id."""
    random = np.random.default_rng(seed)
    counts = Counter(label for labels in data.labels for label in labels)
    usable = sorted(
        x for x, n in counts.items() if n >= FEWEST and len(data.pool.get(x, ())) >= NEEDED and x not in VAGUE
    )
    given, label_of = [], {}
    for label in random.permutation(usable).tolist()[:themes]:
        description = label.replace("_", " ").replace("/", " ").lower()
        drawn = random.permutation(data.pool[label]).tolist()[:examples]
        theme = SeedTopic(name=" ".join(description.split()[:5]), description=description, examples=tuple(drawn))
        given.append(theme)
        label_of[theme.theme_id] = label
    return ThemeTaxonomy(tuple(given)), label_of


def count(numbers: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Return precision, recall, and how many themes are matched and mostly right."""
    rows = np.flatnonzero(numbers >= 0)
    right = truth[rows, numbers[rows]]
    each = [
        right[numbers[rows] == theme].mean()
        for theme in range(truth.shape[1])
        if (numbers[rows] == theme).sum() >= TELLING
    ]
    return {
        "precision": float(right.mean()) if len(rows) else float("nan"),
        "recall": float(right.sum() / truth.any(axis=1).sum()),
        "themes_matched": float(len(each)),
        "themes_below_three_quarters_right": float(np.mean([share < MOSTLY_RIGHT for share in each]))
        if each
        else float("nan"),
    }


def case(
    data: Labelled,
    vectors: np.ndarray,
    encode: Callable[[list[str]], np.ndarray],
    *,
    themes: int,
    examples: int,
    seed: int,
) -> dict[str, Any]:
    """Measure one taxonomy."""
    taxonomy, label_of = taxonomy_of(data, themes=themes, examples=examples, seed=seed)
    given = encode(texts_of(taxonomy))
    ids = [theme.theme_id for theme in taxonomy.leaves()]
    truth = np.array([[label_of[theme_id] in labels for theme_id in ids] for labels in data.labels])
    origin = off_lattice(mean_of(on_lattice(vectors)))
    begin = time.perf_counter()
    found = match(taxonomy, given, vectors, origin=origin)
    seconds = time.perf_counter() - begin
    result = {
        "shipped": count(found.placed.numbers, truth),
        "nearest theme, however far": count(nearness(found.seed_topics, vectors).argmax(axis=1), truth),
    }
    total = sum(len(theme.examples) for theme in taxonomy.leaves())
    strengths = found.placed.strengths[found.placed.numbers >= 0]
    result["facts"] = {
        "said to be right": float(strengths.mean()) if len(strengths) else float("nan"),
        "examples found again": int(found.found_again.sum()) / max(1, total),
        "seconds": seconds,
    }
    return result


def main() -> None:
    """Measure every case and write the result."""
    options = parser_for(__doc__)
    options.add_argument("--data", type=Path, required=True, help="folder with the labelled sets")
    options.add_argument("--encoder", type=Path, default=MODEL)
    options.add_argument("--threads", type=int, default=1)
    chosen = options.parse_args()
    encoder = load_encoder(chosen.encoder, threads=chosen.threads)

    def encode(texts: list[str]) -> np.ndarray:
        return encoder.encode(texts).matters.astype(np.float16).astype(np.float32)

    result: dict[str, Any] = {"encoder": encoder.encoder_id, "seeds": SEEDS, "cases": {}}
    sets: dict[str, tuple[Labelled, np.ndarray]] = {}
    for name, themes, examples in CASES:
        if name not in sets:
            data = read(chosen.data, name)
            sets[name] = (data, encode(data.texts))
        data, vectors = sets[name]
        runs = [case(data, vectors, encode, themes=themes, examples=examples, seed=seed) for seed in range(SEEDS)]
        mean = {
            way: {key: round(float(np.nanmean([run[way][key] for run in runs])), 3) for key in runs[0][way]}
            for way in runs[0]
        }
        key = f"{name}: {themes} themes given, {examples} examples each, {len(data.texts)} texts"
        result["cases"][key] = mean
        shown = {way: (value.get("precision"), value.get("recall")) for way, value in mean.items()}
        print(key, json.dumps(shown), json.dumps(mean["facts"]), flush=True)
    write_result(result, RESULTS / "given_themes.json")


if __name__ == "__main__":
    main()
