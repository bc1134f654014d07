from __future__ import annotations

import pytest

import textcx


def test_the_public_face_is_small() -> None:
    assert dir(textcx) == ["Analysis", "TextcxError", "__version__", "analyze", "load", "sentiment"]
    for name in textcx.__all__:
        assert getattr(textcx, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        _ = textcx.analyse


def test_every_error_is_a_textcx_error() -> None:
    from textcx.domain import errors

    raised = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(raised) > 8
    assert all(issubclass(kind, textcx.TextcxError) for kind in raised)
    assert all(f" {kind.__name__} " in (errors.__doc__ or "").replace("─", " ").replace("\n", " ") for kind in raised)


def test_a_wrong_setting_is_explained_before_anything_is_read() -> None:
    with pytest.raises(textcx.TextcxError, match="did you mean 'text_column'"):
        textcx.analyze("nowhere.csv", text_colum="comment")
