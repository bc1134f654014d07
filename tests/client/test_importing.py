from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import textcx
import textcx_client
from textcx_client import errors

CLIENT = Path(__file__).parents[2] / "client"
REFUSING = """
import sys

class Refuse:
    allowed = {"textcx_client", "httpx", "msgspec", "anyio", "certifi", "h11", "httpcore", "idna", "sniffio", "typing_extensions"}

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in self.allowed and top not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"No module named {top!r}", name=top)

sys.meta_path.insert(0, Refuse())
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)


def test_the_client_works_where_nothing_but_its_own_packages_is_installed() -> None:
    done = run(
        f"{REFUSING}from textcx_client import Client\n"
        "with Client('http://127.0.0.1:1', retries=0, trust_env=False) as client:\n"
        "    try: client.sentiment('Fine.')\n"
        "    except Exception as error: print(type(error).__name__)"
    )
    assert (done.stdout, done.stderr) == ("ServiceUnreachable\n", "")


@pytest.mark.parametrize("name", ["textcx", "numpy", "torch", "pydantic"])
def test_the_refusal_of_other_packages_works(name: str) -> None:
    done = run(f"{REFUSING}import {name}")
    assert f"No module named '{name}'" in done.stderr


def test_it_needs_what_it_declares_and_nothing_else() -> None:
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    imported = {
        name.partition(".")[0]
        for file in CLIENT.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
    }
    assert imported - sys.stdlib_module_names - {"textcx_client"} == {"httpx", "msgspec"}
    assert [each.partition(">")[0] for each in project["dependencies"]] == ["httpx", "msgspec"]


def test_client_and_textcx_have_one_version() -> None:
    assert textcx_client.__version__ == textcx.__version__
    project = tomllib.loads((CLIENT.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"textcx-client=={textcx.__version__}" in project["optional-dependencies"]["service"]


def test_its_face_is_what_it_says() -> None:
    assert all(hasattr(textcx_client, name) for name in textcx_client.__all__)


def test_all_its_errors_are_in_one_tree_that_is_drawn() -> None:
    raised = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(raised) > 5
    assert all(issubclass(kind, errors.TextcxError) for kind in raised)
    assert all(kind.__name__ in (errors.__doc__ or "").replace("\n", " ").split() for kind in raised)
