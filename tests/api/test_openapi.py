from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from serving import MemoryKeys

from api.main import create_app
from api.openapi import written
from textcx.settings.analysis import Settings
from textcx.settings.service import ServiceSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    app = create_app(ServiceSettings(), analysis=Settings(), keys=MemoryKeys())
    found: dict[str, Any] = json.loads(written(app))
    return found


def test_the_committed_document_is_that_of_the_app(document: dict[str, Any]) -> None:
    committed = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    assert committed == document, "run: make openapi"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    wanted = {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}
    assert wanted <= set(document["components"]["schemas"])
    assert "HTTPValidationError" not in text


def test_every_operation_says_what_may_go_wrong_and_what_it_takes(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], path
            if method == "post":
                assert {"400", "503"} <= set(operation["responses"]), path
                assert operation["requestBody"]["content"], path


def test_only_health_is_open(document: dict[str, Any]) -> None:
    opened = {
        path
        for path, operations in document["paths"].items()
        for each in operations.values()
        if each.get("security") == []
    }
    assert opened == {"/livez", "/readyz"}
