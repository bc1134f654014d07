from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from places import SAMPLE

CHECKOUT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_wheel_runs_the_main_job_without_the_checkout(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", tmp_path, CHECKOUT / "client", CHECKOUT],
        check=True, capture_output=True,
    )  # fmt: skip
    site = tmp_path / "site"
    wheels = list(tmp_path.glob("*.whl"))
    assert len(wheels) == 2
    for wheel in wheels:
        zipfile.ZipFile(wheel).extractall(site)
    assert not list(site.glob("tests*"))
    assert not (site / "api").exists()
    few = tmp_path / "few.csv"
    few.write_text("\n".join(SAMPLE.read_text(encoding="utf-8").splitlines()[:60]), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(site)}
    where = subprocess.run(
        [sys.executable, "-c", "import textcx; print(textcx.__file__)"],
        check=True, capture_output=True, text=True, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert where.stdout.startswith(str(site))
    served = subprocess.run(
        [
            sys.executable, "-c",
            "from textcx.commands.serve import app_name; print(app_name()[0])\n"  # noqa: ISC004 - one program
            "import textcx_api.main as m; print(len(m.create_app().openapi()['paths']) > 5)",
        ],
        check=True, capture_output=True, text=True, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert served.stdout.split() == ["textcx_api.main:create_app", "True"]
    run = subprocess.run(
        [sys.executable, "-m", "textcx", "analyze", few, "--taxonomy", "cx", "--out", tmp_path / "out"],
        check=False, capture_output=True, text=True, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert run.returncode in {0, 3}, run.stderr
    assert (tmp_path / "out" / "report.html").exists()
