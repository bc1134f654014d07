from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fakes import FakeEncoder
from serving import serving

from api.schemas.scoring import AnalyzeAnswer
from textcx.ports import ThemeMatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import httpx
    import numpy as np
    from numpy.typing import NDArray

    from textcx.domain.lexicons.naming import NamingWords

TEXT = "Lovely friendly staff \U0001f600. The parcel was lost twice, write to jane@example.com. Thanks."


class Parcels:
    """A set with one theme: parcels."""

    def names(self) -> Sequence[str]:
        return ("shop",)

    def assign(
        self, name: str, texts: Sequence[str], vectors: NDArray[np.float32], *, encoder_id: str, naming: NamingWords
    ) -> list[list[ThemeMatch]]:
        del naming
        assert (name, encoder_id, len(vectors)) == ("shop", FakeEncoder.encoder_id, len(texts))
        return [[ThemeMatch("th_1", "parcels", 0.75)] if "parcel" in text else [] for text in texts]


@pytest.fixture(scope="module")
def themed() -> Iterator[httpx.Client]:
    with serving(theme_sets=Parcels()) as client:
        yield client


def analyzed(client: httpx.Client, text: str = TEXT, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/analyze", json={"items": [{"id": "a", "text": text}], **body})
    assert answer.status_code == 200, answer.text
    AnalyzeAnswer.model_validate(answer.json())
    [item] = answer.json()["items"]
    return dict(item)


def test_a_pain_point_comes_with_its_evidence_masked(service: httpx.Client) -> None:
    item = analyzed(service)
    [pain] = item["pain_points"]
    [evidence] = pain["evidence"]
    said = TEXT[evidence["start"] : evidence["end"]]
    assert "parcel was lost twice" in said
    assert len(evidence["quote"]) == len(said)
    assert "jane" not in str(item)
    assert [TEXT[span["start"] : span["end"]] for span in item["redactions"]] == ["jane@example.com"]
    assert 0 < pain["severity"] < 1
    assert [segment["pain"] for segment in item["segments"]] == [False, True, False]


def test_every_segment_has_a_stage_and_no_themes_unless_a_set_is_named(service: httpx.Client) -> None:
    for segment in analyzed(service)["segments"]:
        assert segment["stage"]
        assert segment["themes"] is None


def test_themes_of_a_named_set_are_assigned(themed: httpx.Client) -> None:
    item = analyzed(themed, theme_set="shop")
    assert [segment["themes"] for segment in item["segments"]] == [
        [], [{"theme_id": "th_1", "name": "parcels", "strength": 0.75}], [],
    ]  # fmt: skip


def test_an_unknown_set_is_a_clear_problem(themed: httpx.Client) -> None:
    answer = themed.post("/v1/analyze", json={"text": TEXT, "theme_set": "../secretword"})
    assert (answer.status_code, answer.json()["code"]) == (404, "theme_set_unknown")
    assert "secretword" not in answer.text


@pytest.mark.parametrize("unit", ["codepoint", "utf8", "utf16"])
def test_aspects_come_with_their_opinions_in_the_callers_unit(service: httpx.Client, unit: str) -> None:
    text = "\U0001f600 Lovely staff. Das Café. Not good food, jane@example.com."
    found = analyzed(service, text, offset_encoding=unit)["aspects"]
    coded = {"codepoint": text, "utf8": text.encode(), "utf16": text.encode("utf-16-le")}[unit]
    wide = 2 if unit == "utf16" else 1

    def said(start: int | None, end: int | None) -> str | None:
        if start is None or end is None:
            return None
        part = coded[wide * start : wide * end]
        return part if isinstance(part, str) else part.decode("utf-8" if unit == "utf8" else "utf-16-le")

    named = [(each["aspect"], said(each["start"], each["end"])) for each in found]
    assert ("staff", "staff") in named
    assert [said(each["opinion_start"], each["opinion_end"]) for each in found if each["negated"]] == ["good"]


def test_offsets_of_evidence_follow_the_callers_unit(service: httpx.Client) -> None:
    item = analyzed(service, offset_encoding="utf8")
    [evidence] = item["pain_points"][0]["evidence"]
    assert TEXT.encode()[evidence["start"] : evidence["end"]].decode().startswith("The parcel")


def test_the_answer_for_a_text_does_not_depend_on_its_company(service: httpx.Client) -> None:
    items = [
        {"id": "a", "text": TEXT},
        *({"id": f"b{n}", "text": f"The parcel box {n} was broken."} for n in range(30)),
    ]
    together = service.post("/v1/analyze", json={"items": items}).json()["items"][0]
    assert together == analyzed(service)


def test_an_empty_text_has_no_findings(service: httpx.Client) -> None:
    item = analyzed(service, text="")
    assert (item["reason"], item["segments"], item["pain_points"]) == ("empty", [], [])
