from __future__ import annotations

import subprocess
import sys

import pytest

import textcx.client
from textcx.client import ClientNotInstalled
from textcx.domain.errors import TextcxError

HEAVY = (
    "torch", "transformers", "spacy", "bertopic", "sklearn", "numpy", "polars", "pyarrow", "pydantic", "sqlalchemy",
    "fastapi", "uvicorn",
)  # fmt: skip


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)


def test_the_client_loads_none_of_the_engines() -> None:
    done = run(
        "import sys; from textcx.client import Client; Client('http://127.0.0.1:1').close()\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_without_httpx_it_says_how_to_install_it() -> None:
    done = run(
        "import importlib.util as u\n"
        "found = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'httpx' else found(name, package)\n"
        "import textcx.client"
    )
    assert done.returncode == 1
    assert (
        "ClientNotInstalled: textcx.client needs httpx, which is not installed: pip install 'textcx[client]'"
        in done.stderr
    )


def test_its_face_is_what_it_says() -> None:
    assert all(hasattr(textcx.client, name) for name in textcx.client.__all__)


def test_all_its_errors_are_textcx_errors() -> None:
    from textcx.client import errors

    own = [kind for kind in vars(errors).values() if getattr(kind, "__module__", "") == errors.__name__]
    raised = [kind for kind in own if issubclass(kind, Exception)]
    assert len(raised) > 5
    assert all(issubclass(kind, TextcxError) for kind in raised)
    assert all(f" {kind.__name__} " in (errors.__doc__ or "") for kind in raised)
    with pytest.raises(ImportError):
        raise ClientNotInstalled
