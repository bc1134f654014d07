"""The TOML files people edit: what ships is complete, what is wrong is said."""

from pathlib import Path

import pytest

from textcx.domain.errors import BadSetting, UnreadableInput
from textcx.engines.taxonomy_toml import load_journey, load_pain_lexicon

TAXONOMIES = Path(__file__).parents[2] / "models" / "taxonomies"
STAGES = ("awareness", "consideration", "purchase", "delivery", "use", "support", "renewal", "advocacy")


def _write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def test_the_journey_that_ships_has_eight_stages_in_order_each_with_examples_cues_and_touchpoints() -> None:
    taxonomy = load_journey(TAXONOMIES / "journey.toml")
    assert taxonomy.stage_ids == STAGES
    assert [stage.order for stage in taxonomy.stages] == list(range(8))
    assert all(len(stage.examples) >= 8 and stage.cues and stage.touchpoints for stage in taxonomy.stages)
    assert taxonomy.titles["delivery"] == "Delivery and onboarding"
    assert list(taxonomy.titles)[-1] == "unknown"


def test_the_lexicon_that_ships_knows_the_consequences_people_ask_for() -> None:
    lexicon = load_pain_lexicon(TAXONOMIES / "consequences.toml")
    ids = {consequence.id for consequence in lexicon.consequences}
    assert {"left", "refund", "safety", "money", "data", "repeated_contact", "long_wait", "blocked"} <= ids
    assert all(consequence.cues for consequence in lexicon.consequences)


def test_a_missing_file_is_said_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"no such file.*mine\.toml"):
        load_journey(tmp_path / "mine.toml")


def test_a_file_that_is_not_text_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "journey.toml"
    path.write_bytes(b"\xff\xfe\x00\x00")
    with pytest.raises(UnreadableInput, match="UTF-8"):
        load_journey(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("stages = [", "not valid TOML"),
        ("", "no stages"),
        ("[[stages]]\nid='use'\ntitle='Use'\ndescription='d'\nexamples=['e']\ncolour='red'", "unknown keys"),
        ("[[stages]]\nid='use'\ndescription='d'\nexamples=['e']", "'title' as text"),
        ("[[stages]]\nid='use'\ntitle='Use'\ndescription='d'\nexamples='e'", "list of texts"),
        ("[[stages]]\nid='use'\ntitle='Use'\ndescription='d'", "no examples"),
        ("[[stages]]\nid='unknown'\ntitle='Use'\ndescription='d'\nexamples=['e']", "reserved"),
        ("stages = 3", "list of tables"),
        ("background = 3\n[[stages]]\nid='use'\ntitle='Use'\ndescription='d'\nexamples=['e']", "as a table"),
        (
            (
                "[[stages]]\nid='a'\ntitle='A'\ndescription='d'\nexamples=['e']\ntouchpoints=['shop']\n"
                "[[stages]]\nid='b'\ntitle='B'\ndescription='d'\nexamples=['e']\ntouchpoints=['Shop']"
            ),
            "maps onto two",
        ),
    ],
)
def test_a_wrong_journey_is_refused_with_what_was_expected(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(BadSetting, match=message):
        load_journey(_write(tmp_path / "journey.toml", content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[[consequences]]\nid='left'\nreason='r'\nweight='big'\ncues=['gone']", "'weight' as a number"),
        ("[[consequences]]\nid='left'\nreason='r'\nweight=1.5\ncues=['gone']", "less than 1"),
        ("[[consequences]]\nid='left'\nreason='r'\nweight=0.5\nnegatable='no'\ncues=['gone']", "true or false"),
        ("[[consequences]]\nid='left'\nreason='r'\nweight=0.5\ncues=['(gone']", r"\(gone"),
        ("softeners=['... bit']", "begins or ends"),
        (
            "[[consequences]]\nid='a'\nreason='r'\nweight=0.5\n[[consequences]]\nid='a'\nreason='r'\nweight=0.5",
            "more than once",
        ),
    ],
)
def test_a_wrong_lexicon_is_refused_with_what_was_expected(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(BadSetting, match=message):
        load_pain_lexicon(_write(tmp_path / "consequences.toml", content))
