"""Which runtime computes: the one asked for, or the one that suits the machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from textcx.domain.errors import BadSetting, ModelProblem
from textcx.engines.encoder import load as encoders
from textcx.engines.encoder.load import RUNTIMES, TOLERANCES, Runtime, abilities, choose_backend, load_encoder

MODEL = Path(__file__).resolve().parents[3] / "models" / "sentiment"


def chosen(*has: str, wanted: str = "auto", precision: str = "auto", missing: tuple[str, ...] = ()) -> str:
    def installed(runtime: Runtime) -> bool:
        return all(RUNTIMES[name] is not runtime for name in missing)

    return choose_backend(wanted, precision, machine=lambda: frozenset(has), installed=installed)


def test_pytorch_computes_wherever_the_machine_has_bfloat16_or_a_graphics_card() -> None:
    assert chosen("bf16", "integers") == "torch"
    assert chosen("card", "integers") == "torch"


def test_openvino_computes_where_only_integers_are_fast_and_it_is_installed() -> None:
    assert chosen("integers") == "openvino"
    assert chosen("integers", missing=("openvino",)) == "torch"
    assert chosen() == "torch"


def test_a_wanted_precision_goes_to_a_runtime_that_has_it() -> None:
    assert chosen(precision="bf16") == "torch"
    assert chosen("integers", precision="fp32") == "torch"
    assert chosen("bf16", precision="int8") == "openvino"
    assert chosen("bf16", precision="int8", missing=("openvino",)) == "onnx"


def test_a_wanted_backend_is_taken() -> None:
    assert chosen("bf16", wanted="onnx", precision="int8") == "onnx"


def test_a_backend_that_is_not_installed_is_told_how_to_get() -> None:
    with pytest.raises(BadSetting, match=r"pip install 'textcx\[onnx\]'"):
        chosen(wanted="onnx", missing=("onnx",))
    with pytest.raises(BadSetting, match=r"pip install 'textcx\[openvino\]'"):
        chosen(precision="int8", missing=("onnx", "openvino"))


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(BadSetting, match="Unknown backend 'tensorflow'; choose auto or one of torch, openvino, onnx"):
        chosen(wanted="tensorflow")


def test_a_precision_that_the_backend_lacks_is_refused_with_those_that_have_it() -> None:
    with pytest.raises(BadSetting, match=r"torch has no precision 'int8'.*by openvino and onnx"):
        chosen(wanted="torch", precision="int8")
    with pytest.raises(BadSetting, match="no precision 'int4'"):
        chosen(precision="int4")


def test_the_abilities_of_a_machine_are_read_from_its_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = tmp_path / "cpuinfo"
    monkeypatch.setattr(encoders, "PROCESSOR", described)
    monkeypatch.setattr(encoders, "GRAPHICS_CARD", tmp_path / "none")
    assert abilities() == frozenset()
    described.write_text("flags\t\t: fpu sse2 avx2 avx_vnni\n")
    assert abilities() == {"integers"}
    described.write_text("flags\t\t: fpu avx512_vnni avx512_bf16\n")
    assert abilities() == {"integers", "bf16"}
    (tmp_path / "none").touch()
    assert "card" in abilities()


def test_every_backend_and_precision_has_a_stated_tolerance() -> None:
    assert set(TOLERANCES) == {(name, one) for name, runtime in RUNTIMES.items() for one in runtime.precisions}


def test_auto_is_a_precision_of_every_backend() -> None:
    precisions = {name: load_encoder(MODEL, backend=name).precision for name in RUNTIMES}
    assert precisions["onnx"] == "fp32"
    assert precisions["openvino"] == "int8"


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
def test_weights_that_do_not_fit_are_explained(tmp_path: Path, backend: str) -> None:
    for path in MODEL.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "model.toml").unlink()
    about = (MODEL / "model.toml").read_text(encoding="utf-8")
    (tmp_path / "model.toml").write_text(about.replace("layers = 6", "layers = 7"), encoding="utf-8")
    with pytest.raises(ModelProblem, match="Restore the model folder"):
        load_encoder(tmp_path, backend=backend)


def test_openvino_calls_nobody_and_pytorch_stays_away(tmp_path: Path) -> None:
    program = (
        "import socket, sys\n"
        "from pathlib import Path\n"
        "def refuse(*_, **__): raise SystemExit('somebody was called')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from textcx.engines.encoder.load import load_encoder\n"
        f"load_encoder(Path({str(MODEL)!r}), backend='openvino').encode(['Great'])\n"
        "assert 'torch' not in sys.modules\n"
        "assert 'openvino_telemetry' not in sys.modules\n"
        "import threading; assert threading.active_count() == 1\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert list(tmp_path.iterdir()) == []  # where its makers would be told from
