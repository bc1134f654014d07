"""How well themes that are given by name alone, or by name and description, are matched to posts that people coded.

    python -m benchmarks.themes.taxonomy --data DIR [--model FOLDER]   # writes benchmarks/results/taxonomy.json

Two files: comments on a tyre shop, with several codes each, and dangers in traffic, each with the type that its author
chose from a menu. "names": the codes of ``FEWEST`` posts or more, as they are called there, "Other ..." included.
"nine": the nine most frequent ones that are no "Other ...", with a description of a sentence that was written from the
name alone. No examples are given. Posts with none of the given codes are left out.

``covered``: share of posts with a theme. ``right``: share of those whose strongest theme is one of their codes.
``macro_f1``: mean over the themes of F1, all themes of a post against all its codes. "nearest": each post, read whole,
goes to the theme whose texts have the highest cosine to it. "cx": what the taxonomy that ships takes, uncounted
whether rightly, as the codes are others. All labels are for evaluation only.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.run import MODEL, RESULTS, parser_for, rounded, write_result
from benchmarks.themes.codings import tyre_fitting, vision_zero
from textcx.domain.themes.seed_topics import SeedTopic, ThemeTaxonomy
from textcx.engines.encoder.load import load_encoder
from textcx.engines.language.taxonomies import load_theme_taxonomy
from textcx.settings.analysis import Settings
from textcx.steps.themes.assignment.seed_topics import match, texts_of
from textcx.steps.themes.finding.find import is_boilerplate
from textcx.steps.themes.geometry.lattice import mean_of, off_lattice, on_lattice
from textcx.wiring.container import Container
from textcx.wiring.sources import models_directory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.ports import Encoder

FEWEST, MOST = 20, 2000
"""Posts of a code at least, and posts that are read of a file at most."""
NINE = {
    "tyre_fitting_survey": {
        "value for money": "What tyres and fitting cost, and whether that is a good price.",
        "garage service": "How the fitting garage and its staff did the work and treated the customer.",
        "ease of booking": "How easy or difficult it is to order and book a fitting.",
        "location": "How near and convenient the place of the fitting is.",
        "length of fitting": "How long the fitting itself takes.",
        "delivery punctuality": "Whether the tyres arrive at the garage on time.",
        "advisoragent service": "How advisers on the phone or in the chat help and treat the customer.",
        "tyre quality": "How good the tyres are, their brand, wear and grip.",
        "wait time": "How long customers wait at the garage before it is their turn.",
    },
    "dc_vision_zero": {
        "Speeding": "Drivers go too fast.",
        "Failure to stop for pedestrians": "Drivers do not stop or give way to people who cross the street.",
        "Red light running": "Drivers go through red traffic lights.",
        "Poor visibility": "People or vehicles cannot be seen: parked cars, plants, corners or darkness hide them.",
        "Double parking": "Vehicles stop in the second row or in a lane and block it.",
        "Stop sign running": "Drivers do not stop at stop signs.",
        "Jaywalking": "People cross the street where or when they should not.",
        "Accessibility Issue": "Pavements and crossings cannot be used with a wheelchair, pram or stick.",
        "Long wait to cross": "The light takes too long to let people cross.",
    },
}


def taxonomy_of(themes: dict[str, str]) -> tuple[ThemeTaxonomy, list[str]]:
    """Themes from codes and descriptions, and the code of each leaf in the order of ``leaves``."""
    code_of = {SeedTopic(name=code).theme_id: code for code in themes}
    taxonomy = ThemeTaxonomy(tuple(SeedTopic(name=code, description=told) for code, told in themes.items()))
    return taxonomy, [code_of[theme.theme_id] for theme in taxonomy.leaves()]


def scored(strengths: np.ndarray, gold: np.ndarray, nearest: np.ndarray) -> dict[str, float]:
    """Scores of strengths (0 where no theme), of shape ``(posts, themes)``, and of themes that are nearest."""
    covered = strengths.max(axis=1) > 0
    rows = np.arange(len(gold))
    alone = np.zeros_like(gold)
    alone[rows, nearest] = True
    return {
        "posts": len(gold),
        "themes": gold.shape[1],
        "covered": float(covered.mean()),
        "right": float(gold[rows, strengths.argmax(axis=1)][covered].mean()),
        "macro_f1": macro_f1(strengths > 0, gold),
        "nearest_right": float(gold[rows, nearest].mean()),
        "nearest_macro_f1": macro_f1(alone, gold),
    }


def macro_f1(found: np.ndarray, gold: np.ndarray) -> float:
    """Mean F1 of the columns."""
    return float(np.mean(2 * (found & gold).sum(axis=0) / np.maximum(1, found.sum(axis=0) + gold.sum(axis=0))))


@dataclass(frozen=True)
class Posts:
    """Posts with their codes; matters of the posts read whole, and of their segments with the post of each."""

    codes: list[set[str]]
    whole: np.ndarray
    segments: np.ndarray
    rows: np.ndarray


def read_posts(texts: Sequence[str], labels: Sequence[Sequence[str]], encoder: Encoder, container: Container) -> Posts:
    """Split and encode posts that have a text, at most ``MOST``."""
    drawn = np.random.default_rng(0).permutation(len(texts)).tolist()
    posts = [(texts[row], set(labels[row])) for row in drawn if texts[row]][:MOST]
    segments = [
        (row, text[start:end])
        for row, ((text, _), spans) in enumerate(
            zip(posts, container.splitter.split([text for text, _ in posts]), strict=True)
        )
        for start, end in spans
        if not is_boilerplate(text[start:end], container.language.naming)
    ]
    return Posts(
        [codes for _, codes in posts],
        encoder.encode([text for text, _ in posts]).matters,
        encoder.encode([text for _, text in segments]).matters,
        np.array([row for row, _ in segments]),
    )


def measure(posts: Posts, themes: dict[str, str], encoder: Encoder) -> dict[str, float]:
    """Match one taxonomy to the posts that have a code of it."""
    used = np.array([bool(themes.keys() & codes) for codes in posts.codes])
    taxonomy, codes = taxonomy_of(themes)
    given, segments = encoder.encode(texts_of(taxonomy)).matters, posts.segments[used[posts.rows]]
    placed = match(taxonomy, given, segments, origin=off_lattice(mean_of(on_lattice(segments)))).placed
    strengths = np.zeros((len(used), len(codes)))
    matched = placed.numbers >= 0
    rows = posts.rows[used[posts.rows]][matched]
    np.maximum.at(strengths, (rows, placed.numbers[matched]), placed.strengths[matched])
    gold = np.array([[code in own for code in codes] for own in posts.codes])
    middles = given.reshape(len(codes), -1, given.shape[1]).sum(axis=1)
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    return scored(strengths[used], gold[used], (posts.whole[used] @ middles.T).argmax(axis=1))


def shipped(posts: Posts, encoder: Encoder) -> dict[str, float]:
    """What the taxonomy that ships takes: shares of posts and of segments, and the themes that get any."""
    taxonomy = load_theme_taxonomy(models_directory() / "taxonomies" / "cx.toml")
    given = encoder.encode(texts_of(taxonomy)).matters
    placed = match(taxonomy, given, posts.segments, origin=off_lattice(mean_of(on_lattice(posts.segments)))).placed
    matched = placed.numbers >= 0
    return {
        "posts": len(posts.codes),
        "covered": len(set(posts.rows[matched].tolist())) / len(posts.codes),
        "segments_covered": float(matched.mean()),
        "themes": len(taxonomy.leaves()),
        "themes_raised": len(set(placed.numbers[matched].tolist())),
    }


def main() -> None:
    """Measure both files, with names alone, with nine descriptions, and with the taxonomy that ships."""
    parser = parser_for(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the open data")
    parser.add_argument("--model", type=Path, default=MODEL, help="folder of the encoder (default: the shipped one)")
    options = parser.parse_args()
    encoder, container = load_encoder(options.model), Container(Settings())
    result: dict[str, Any] = {"encoder": encoder.encoder_id}
    for name, (texts, labels) in {
        "tyre_fitting_survey": tyre_fitting(options.data),
        "dc_vision_zero": vision_zero(options.data),
    }.items():
        posts = read_posts(texts, labels, encoder, container)
        counts = Counter(code for codes in labels for code in set(codes))
        names = {code: code for code, count in counts.items() if count >= FEWEST}
        for case, themes in {"names": names, "nine": NINE[name]}.items():
            scores = measure(posts, themes, encoder)
            result[f"{name}, {case}"] = scores
            print(name, case, rounded(scores), flush=True)
        result[f"{name}, cx"] = shipped(posts, encoder)
        print(name, "cx", rounded(result[f"{name}, cx"]), flush=True)
    write_result(rounded(result), RESULTS / "taxonomy.json")


if __name__ == "__main__":
    main()
