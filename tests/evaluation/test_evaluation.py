"""A whole evaluation on a small data folder, with an encoder that knows a handful of words."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from fakes import FakeEncoder

from textcx.commands.evaluate import evaluate_encoder
from textcx.domain.encoding import LABELS
from textcx.domain.errors import BadSetting, UnreadableInput, WrongUse
from textcx.evaluation import KNOWN_SETS, as_markdown, as_text, evaluate, tables
from textcx.evaluation.pairs import pairs_directory

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SAID = {
    "negative": "the soup was cold and the waiter rude number {}",
    "neutral": "we came on day {}",
    "positive": "a lovely place with friendly people number {}",
}
MARK = "zanzibar"


def record(number: int, label: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"2014test-{number}",
        "text": f"{SAID[label].format(number)} {MARK}",
        "label": label,
        "split": "test",
        "source": "review",
        **more,
    }


def write(data: Path, name: str, records: Iterable[dict[str, Any]]) -> None:
    path = data / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")


def make_data(folder: Path) -> Path:
    mixed = [record(number, LABELS[number % 3]) for number in range(30)]
    write(
        folder, "sentiment/cebab", [*mixed, {**record(99, "positive"), "split": "train"}, {**mixed[0], "label": None}]
    )
    write(folder, "sentiment/nhs_survey", mixed)
    write(
        folder,
        "sentiment/semeval2017_tweets",
        [{**one, "id": f"{('2014test', '2015test')[place % 2]}-{place}"} for place, one in enumerate(mixed)],
    )
    write(folder, "sentiment/nhs_phase1", [one | {"criticality": LABELS.index(one["label"]) - 1} for one in mixed])
    write(folder, "sentiment/pros_cons", [one for one in mixed if one["label"] != "neutral"])
    write(
        folder,
        "sentiment/goemotions",
        [one | {"emotions": ["annoyance"] if place % 3 == 0 else ["gratitude"]} for place, one in enumerate(mixed)],
    )
    write(
        folder,
        "problems/suggestion_a",
        [
            one | {"suggestion": int(place < 5), "text": f"please add {place}" if place < 5 else one["text"]}
            for place, one in enumerate(mixed)
        ],
    )
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_data(tmp_path / "data")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    data = make_data(tmp_path_factory.mktemp("whole"))
    return evaluate(encoder=FakeEncoder(), data=data, baselines=False, pairs=pairs_directory())


def test_figures_are_those_of_the_texts_with_a_label_of_the_measured_split(report: dict[str, Any]) -> None:
    found = report["sentiment"]["cebab"]
    assert found["texts"] == 30
    assert found["texts_by_label"] == dict.fromkeys(LABELS, 10)
    assert found["macro_f1"] == found["accuracy"] == 1.0
    assert found["goal"] == {"measure": "macro_f1", "value": 0.87, "reached": True}
    assert sum(one["texts"] for one in found["reliability"]) == 30


def test_parts_of_a_set_add_up_to_it(report: dict[str, Any]) -> None:
    found = report["sentiment"]["semeval_tweets"]
    assert {name: one["texts"] for name, one in found["parts"].items()} == {"2014test": 15, "2015test": 15}


def test_a_set_without_neutral_is_measured_on_its_two_labels(report: dict[str, Any]) -> None:
    found = report["sentiment"]["pros_cons"]
    assert found["two_way"]
    assert found["texts_by_label"]["neutral"] == 0
    assert found["f1_by_label"]["neutral"] is None
    assert report["sentiment"]["nhs_phase1"]["texts"] == 20


def test_neutral_does_not_compete_where_a_set_knows_no_neutral(data: Path) -> None:
    write(data, "sentiment/pros_cons", [record(1, "negative", text="nothing in it is known"), record(2, "positive")])
    found = evaluate(encoder=FakeEncoder(), data=data, sets=["pros_cons"], baselines=False)["sentiment"]["pros_cons"]
    assert found["neutral_share"] == 0.5
    assert found["accuracy"] == 1.0  # an even chance of both goes to the first
    assert found["brier"] == pytest.approx((2 * 0.25 + 0.0) / 2, abs=0.01)


def test_every_set_that_is_not_there_is_listed_with_its_reason(report: dict[str, Any]) -> None:
    assert "sentiment/dynasent_dev.jsonl" in report["skipped"]["dynasent_r1"]
    assert "dumps/womens_clothing.csv" in report["skipped"]["womens_clothing"]
    assert "problems/cfpb.jsonl" in report["skipped"]["cfpb + nhs praise"]
    measured = {
        *report["sentiment"],
        *report["pain"],
        *report["request"],
        "goemotions",
        "contrast_pairs",
        "bias_templates",
    }
    assert set(KNOWN_SETS) - measured - set(report["skipped"]) == {"cfpb"}  # its figure has a longer name


def test_pain_request_and_emotions_have_their_counts(report: dict[str, Any]) -> None:
    assert report["pain"]["nhs_phase1"]["pains"] == 10
    assert report["pain"]["nhs_phase1"]["auc"] == 1.0
    assert report["request"]["suggestion_a"]["requests"] == 5
    assert report["request"]["suggestion_a"]["f1"] == 1.0
    assert {name: one["shown"] for name, one in report["emotions"].items()} == {
        "anger": 10, "disappointment": 0, "gratitude": 20, "confusion": 0,
    }  # fmt: skip
    assert report["emotions"]["confusion"]["f1"] is None


def test_slices_pool_test_sets_with_three_labels_only(report: dict[str, Any]) -> None:
    whole = report["slices"][0]
    assert (whole["kind"], whole["texts"], whole["sets"]) == ("all", 120, 4)


def test_no_text_is_in_the_result_or_on_the_screen(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    shown = evaluate_encoder(data, open_encoder=FakeEncoder, out=out, baselines=False)
    assert MARK not in shown
    assert MARK not in out.read_text(encoding="utf-8")
    assert "meter" not in out.read_text(encoding="utf-8")


def test_the_same_run_gives_the_same_bytes(data: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    for out in (first, second):
        evaluate_encoder(data, open_encoder=FakeEncoder, out=out, sets=["cebab", "nhs_survey"], baselines=False)
    assert first.read_bytes() == second.read_bytes()


def test_a_limit_takes_texts_from_all_over_the_file(data: Path) -> None:
    write(data, "sentiment/cebab", [record(number, LABELS[number // 10]) for number in range(30)])
    found = evaluate(encoder=FakeEncoder(), data=data, sets=["cebab"], limit=6, baselines=False)
    assert found["sentiment"]["cebab"]["texts_by_label"] == dict.fromkeys(LABELS, 2)


def test_named_sets_alone_are_measured(data: Path) -> None:
    found = evaluate(encoder=FakeEncoder(), data=data, sets=["nhs_survey"], baselines=False)
    assert list(found["sentiment"]) == list(found["pain"]) == ["nhs_survey"]
    assert found["request"] == found["emotions"] == found["pairs"] == found["bias"] == found["skipped"] == {}


def test_the_stars_of_clothing_reviews_are_labels_on_the_texts_that_training_never_saw(data: Path) -> None:
    path = data / "dumps" / "womens_clothing.csv"
    path.parent.mkdir()
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["Review Text", "Rating"])
        writer.writerows([f"{SAID['negative'].format(number)}", number % 5 + 1] for number in range(300))
    found = evaluate(encoder=FakeEncoder(), data=data, sets=["womens_clothing"], baselines=False)
    assert 10 < found["sentiment"]["womens_clothing"]["texts"] < 60
    assert 0.2 < found["sentiment"]["womens_clothing"]["accuracy"] < 0.6


def test_an_unknown_set_is_answered_with_the_nearest(data: Path) -> None:
    with pytest.raises(BadSetting, match="no set 'cebap'; did you mean 'cebab'"):
        evaluate(encoder=FakeEncoder(), data=data, sets=["cebap"])


def test_a_missing_folder_and_a_folder_without_any_set_are_explained(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="there is no data folder"):
        evaluate(encoder=FakeEncoder(), data=tmp_path / "nowhere")
    with pytest.raises(UnreadableInput, match="holds none of the"):
        evaluate(encoder=FakeEncoder(), data=tmp_path, sets=["cebab"], baselines=False)


@pytest.mark.parametrize("line", ["{broken " + MARK, json.dumps([MARK]), json.dumps({"text": MARK})])
def test_a_broken_line_is_named_by_its_number_and_not_quoted(data: Path, line: str) -> None:
    path = data / "sentiment" / "cebab.jsonl"
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(UnreadableInput, match=r"cebab\.jsonl, line 33") as caught:
        evaluate(encoder=FakeEncoder(), data=data, sets=["cebab"], baselines=False)
    assert MARK not in str(caught.value)


def test_a_record_without_the_field_that_is_measured_is_explained(data: Path) -> None:
    write(data, "sentiment/nhs_phase1", [record(1, "negative")])
    with pytest.raises(UnreadableInput, match="no field 'criticality'"):
        evaluate(encoder=FakeEncoder(), data=data, sets=["nhs_phase1"], baselines=False)


def test_a_place_that_cannot_be_written_is_refused_before_the_work(data: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="is a directory"):
        evaluate_encoder(data, open_encoder=FakeEncoder, out=tmp_path)
    with pytest.raises(WrongUse, match="does not exist"):
        evaluate_encoder(data, open_encoder=FakeEncoder, out=tmp_path / "nowhere" / "result.json")


def test_a_wrong_request_is_answered_before_the_encoder_is_loaded(data: Path) -> None:
    def never() -> FakeEncoder:
        pytest.fail("the encoder was loaded")

    with pytest.raises(BadSetting, match="names no set"):
        evaluate_encoder(data, open_encoder=never, sets=[" "])
    with pytest.raises(UnreadableInput, match="no data folder"):
        evaluate_encoder(data / "nowhere", open_encoder=never)


def test_a_trial_with_a_limit_says_so(data: Path) -> None:
    shown = evaluate_encoder(data, open_encoder=FakeEncoder, sets=["cebab"], limit=3, baselines=False)
    assert "at most 3 texts of each set" in shown.splitlines()[0]


def test_tables_show_every_set_and_what_was_left_out(report: dict[str, Any]) -> None:
    for layout in (as_text(tables(report)), as_markdown(tables(report))):
        for words in ("cebab", "- 2014test", "nhs_phase1", "suggestion_a", "gratitude", "Left out", "not asked for"):
            assert words in layout
    lines = as_text(tables(report)).splitlines()
    head = next(line for line in lines if line.startswith("set") and "Brier" in line)
    row = next(line for line in lines if line.startswith("cebab"))
    assert len(head) == len(row)


def test_each_text_is_asked_about_once(data: Path) -> None:
    class Counting(FakeEncoder):
        asked: list[str]

        def encode(self, texts: Any, *, vectors: bool = True, tags: bool = False) -> Any:
            self.asked = [*getattr(self, "asked", []), *texts]
            assert not vectors
            return super().encode(texts, vectors=vectors, tags=tags)

    encoder = Counting()
    evaluate(encoder=encoder, data=data, baselines=False)
    assert len(encoder.asked) == len(set(encoder.asked))


def test_our_own_pairs_and_templates_are_found_and_measured(report: dict[str, Any]) -> None:
    assert report["pairs"]["pain"]["pairs"] >= 60
    assert set(report["pairs"]) == {"pain", "request", "sentiment"}
    assert len(report["bias"]["templates"]) >= 30
    assert np.isclose(sum(report["bias"]["kinds"]["names"]["shift"].values()), 0.0, atol=1e-3)
