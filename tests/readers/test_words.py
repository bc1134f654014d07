from __future__ import annotations

from pathlib import Path

import pytest

from textcx.domain.errors import BadSetting
from textcx.domain.ratings import KINDS
from textcx.readers.words import column_words, read_words

SHIPPED = Path(__file__).parents[2] / "models" / "languages" / "en" / "columns.toml"


def test_every_kind_of_rating_with_a_scale_has_words_for_its_columns() -> None:
    assert set(column_words().ratings.kinds) == {kind.value for kind, facts in KINDS.items() if facts.scale}


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("by_customers = ", "by_costumers = ", r"text\.by_customers: field required; text\.by_costumers: extra"),
        ("[cells]", "[cell]", "cells: field required; cell: extra"),
        ("yes = [", "yes = 1 #", r"cells\.yes"),
    ],
)
def test_a_missing_or_unknown_key_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    path = tmp_path / "columns.toml"
    path.write_text(SHIPPED.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(BadSetting, match=named):
        read_words(path)


def test_a_missing_or_damaged_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="missing or damaged"):
        read_words(tmp_path / "columns.toml")
