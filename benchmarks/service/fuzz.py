"""Fuzz every route of the service from its OpenAPI document and report the answers that break it.

    python -m benchmarks.service.fuzz [--cases 20] [--seed 5] [--threads 1]

``textcx serve`` runs with its real models, a database and a spool of its own, filled with the sample. Cases come from
schemathesis: what the schema allows and what it does not, its systematic coverage of limits and types, and the examples
of the document. In most cases, what a parameter names exists. Some cases are sent again with a canary word in names,
values, path and headers, which no error or log line may repeat; others with a body that was compressed, broken, cut or
mislabelled in transit.

The passes: ``no keys`` on loopback; ``admin`` with a key that may do everything; ``read`` with one that may only read
and that every other route must refuse; ``wrong keys`` with no, unknown and revoked keys, which every route must refuse.

A finding is an answer that is not as documented. ``differences`` are not findings: the schema allowed a request that
was refused with a documented error, or the other way round.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import requests
from schemathesis import GenerationMode
from schemathesis.core.transport import Response

from benchmarks.run import RESULTS, machine, parser_for, write_result
from benchmarks.service.fuzz_cases import bent, cases_of, detach, known, open_document, salted
from benchmarks.service.fuzz_checks import (
    BEFORE_THE_KEY,
    BEYOND_SCHEMA,
    CANARY,
    FORBIDDEN,
    UNAUTHORIZED,
    below_the_app,
    by_schemathesis,
    of_ours,
    refused,
    scope_of,
)
from benchmarks.service.fuzz_state import Service, State, heard

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from benchmarks.service.fuzz_cases import Case, Operation

SECONDS = 60.0
SALTED, BENT = 0.6, 0.35
"""Shares of the cases that are sent again with the canary in them, and with another body."""
OPEN = frozenset({"/livez", "/readyz"})
WITH_BENT = frozenset({"no keys", "admin"})


@dataclass
class Report:
    """Counts of what was sent and answered, and the findings."""

    cases: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    statuses: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    findings: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)
    differences: Counter[str] = field(default_factory=Counter)
    below: int = 0
    unsendable: int = 0

    def find(self, check: str, label: str, status: object, message: str, request: str) -> None:
        """Record a finding; of the same kind only the first is kept in full."""
        first = message.strip().splitlines()[0] if message.strip() else ""
        key = (check, label, str(status), first)
        if key in self.findings:
            self.findings[key]["count"] += 1
            return
        self.findings[key] = {
            "check": check,
            "route": label,
            "status": status,
            "said": message[:600],
            "count": 1,
            "request": request[:900],
        }
        print("FINDING", json.dumps(self.findings[key]), flush=True)

    def as_json(self) -> dict[str, Any]:
        """Return the report for the result file."""
        return {
            "cases": sum(self.cases.values()),
            "cases_by_pass": dict(self.cases),
            "cases_by_kind": dict(self.kinds),
            "findings": sorted(self.findings.values(), key=lambda each: (each["check"], each["route"])),
            "differences": dict(sorted(self.differences.items())),
            "refused_below_the_app": self.below,
            "could_not_be_sent": self.unsendable,
            "routes": {
                label: {"cases": counts.total(), "statuses": dict(sorted(counts.items()))}
                for label, counts in sorted(self.statuses.items())
            },
        }


@dataclass
class Fuzzer:
    """Sends cases and checks the answers."""

    base: str
    state: State
    report: Report
    chance: random.Random
    which: str
    key: str | None = None
    show_differences: bool = False
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        """Ignore proxies and other settings of this machine."""
        self.session.trust_env = False

    def run(self, cases: Iterator[tuple[str, Case]]) -> None:
        """Send the cases of a route, some of them twice."""
        for kind, case in cases:
            detach(case)
            known(case, self.state, self.chance)
            self.send(case, kind)
            if self.chance.random() < SALTED:
                word = f"{CANARY}{sum(self.report.cases.values()):06d}"
                if salted(case, word, self.chance):
                    self.send(case, f"{kind}, with a word", as_made=False)

    def send(self, case: Case, kind: str, *, as_made: bool = True) -> None:
        """Send a case, and sometimes again with a damaged body."""
        prepared = self.prepare(case)
        if prepared is None:
            self.report.unsendable += 1
            return
        response = self.exchange(prepared, case, kind)
        if response is None:
            return
        self.judge(case, response, as_made=as_made)
        if self.which in WITH_BENT and prepared.body and self.chance.random() < BENT:
            how = bent(prepared, self.chance)
            again = self.exchange(prepared, case, how)
            if again is not None:
                self.judge(case, again, as_made=False)

    def prepare(self, case: Case) -> requests.PreparedRequest | None:
        """Return the request of a case; None where it cannot be expressed in HTTP."""
        headers = {} if self.key is None else {"X-Api-Key": self.key}
        try:
            parts = case.as_transport_kwargs(base_url=self.base)
            parts["headers"].update(headers)
            return self.session.prepare_request(requests.Request(**parts))
        except (requests.RequestException, ValueError, UnicodeError):
            return None

    def exchange(self, prepared: requests.PreparedRequest, case: Case, kind: str) -> Response | None:
        """Send a request and count it; None where the app did not answer."""
        label = case.operation.label
        try:
            found = self.session.send(prepared, timeout=SECONDS, allow_redirects=False)
        except (requests.exceptions.InvalidHeader, UnicodeError):
            self.report.unsendable += 1
            return None
        except requests.RequestException as error:
            self.report.find("no answer", label, None, type(error).__name__, describe(prepared))
            return None
        response = Response.from_requests(found, verify=False)
        self.report.cases[self.which] += 1
        self.report.kinds[kind] += 1
        if below_the_app(response):
            self.report.below += 1
            return None
        self.report.statuses[label][str(response.status_code)] += 1
        if found.ok and "json" in found.headers.get("content-type", ""):
            self.state.tidy(case.method, case.operation.path, found.json())
        return response

    def judge(self, case: Case, response: Response, *, as_made: bool) -> None:
        """Check an answer; whether the body is valid is compared only where it was sent as made."""
        path, label = case.operation.path, case.operation.label
        beyond = {kind.__name__ for kind in BEYOND_SCHEMA}
        for check, message in (
            *by_schemathesis(case, response, as_made=as_made),
            *of_ours(path, case.method, response),
        ):
            if check in beyond:
                if as_made:
                    self.report.differences[f"{label}: {check} {response.status_code}"] += 1
                    if self.show_differences:
                        print(
                            "DIFFERENCE",
                            check,
                            label,
                            response.status_code,
                            message[:300],
                            describe(response.request)[:900],
                            response.text[:600],
                        )
            else:
                self.report.find(check, label, response.status_code, message, describe(response.request))
        if self.which == "read":
            self.judge_scope(case, response)

    def judge_scope(self, case: Case, response: Response) -> None:
        """Check that a read-only key can read and nothing else."""
        operation = case.operation
        if case.method.upper() != operation.method.upper():
            return
        needed = scope_of(operation.method.upper(), operation.path, operation.tags or [])
        turned_away = refused(operation.path, response, FORBIDDEN)
        if response.status_code in BEFORE_THE_KEY:
            return
        lost = response.status_code in {404, 405}
        if needed in {"read", None} and turned_away:
            self.report.find("scope", operation.label, response.status_code, "refused though it may", "")
        if needed not in {"read", None} and not (turned_away or (lost and "{" in operation.path)):
            self.report.find("scope", operation.label, response.status_code, "not refused", describe(response.request))


def describe(prepared: requests.PreparedRequest) -> str:
    """Describe a request so that it can be reproduced; keys are left out."""
    headers = {name: value for name, value in prepared.headers.items() if name.lower() not in MUTE}
    return f"{prepared.method} {prepared.path_url} {headers} {prepared.body!r}"


MUTE = {"x-api-key", "user-agent", "accept-encoding", "accept", "connection", "x-schemathesis-testcaseid"}


def wrong_keys(fuzzer: Fuzzer, operations: list[Operation], revoked: str) -> None:
    """Call every route without a key, with a malformed, an unknown and a revoked one."""
    unknown = revoked[:-4] + ("AAAA" if not revoked.endswith("AAAA") else "BBBB")
    for operation in operations:
        _, case = next(cases_of(operation, cases=1, seed=1, modes=[GenerationMode.POSITIVE]))
        known(case, fuzzer.state, random.Random(1))
        for headers in (
            {},
            {"X-Api-Key": unknown},
            {"Authorization": f"Bearer {revoked}"},
            {"X-Api-Key": f"{CANARY}-key"},
            {"Ocp-Apim-Subscription-Key": revoked},
            {"Authorization": f"AWS4-HMAC-SHA256 Credential={revoked}/x, y"},
        ):
            prepared = fuzzer.prepare(case)
            if prepared is None:
                continue
            prepared.headers.update(headers)
            response = fuzzer.exchange(prepared, case, "wrong key")
            if response is None:
                continue
            fuzzer.judge(case, response, as_made=False)
            opened = operation.path in OPEN
            if refused(operation.path, response, UNAUTHORIZED) == opened:
                fuzzer.report.find("wrong key", operation.label, response.status_code, str(sorted(headers)), "")


def fuzz(service: Service, options: argparse.Namespace) -> dict[str, Any]:
    """Run all passes; return the report."""
    report, chance = Report(), random.Random(options.seed)
    service.start("--allow-private-webhooks")
    state = State(httpx.Client(base_url=service.base, timeout=SECONDS, trust_env=False))
    state.fill()
    operations = open_document(service.base)
    fuzzer = Fuzzer(service.base, state, report, chance, "no keys", show_differences=options.show_differences)
    for operation in operations:
        begin = time.perf_counter()
        fuzzer.run(cases_of(operation, cases=options.cases, seed=options.seed, coverage=options.coverage))
        print(
            f"{operation.label}: {report.statuses[operation.label].total()}, {time.perf_counter() - begin:.1f} s",
            flush=True,
        )
    unfinished = state.settle()
    service.stop()
    admin, reader, revoked = (service.key(name, *scopes) for name, scopes in KEYS.items())
    service.revoke(revoked)
    service.start()
    state.client = httpx.Client(base_url=service.base, timeout=SECONDS, trust_env=False, headers={"X-Api-Key": admin})
    for which, key, share in (("admin", admin, 0.5), ("read", reader, 0.25)):
        fuzzer = Fuzzer(service.base, state, report, chance, which, key)
        for operation in operations:
            few = max(2, round(options.cases * share))
            fuzzer.run(cases_of(operation, cases=few, seed=options.seed + len(which)))
    wrong_keys(Fuzzer(service.base, state, report, chance, "wrong keys"), operations, revoked)
    unfinished += state.settle()
    numbers = state.client.get("/metrics").text
    service.stop()
    leaks = heard(service.logs, rf"{CANARY}\w*|{admin[4:]}|{reader[4:]}|{revoked[4:]}")
    if CANARY in numbers.lower():
        leaks.append("/metrics")
    left = sorted(path.name for path in (service.folder / "spool").iterdir())
    return {
        "seconds_to_ready": service.seconds_to_ready,
        "log_lines": sum(len(path.read_bytes().splitlines()) for path in service.logs),
        "words_in_the_log": leaks,
        "jobs_unfinished": unfinished,
        "uploads_of_failed_jobs_in_the_spool": len(left),
        **report.as_json(),
    }


KEYS = {"fuzz-admin": ("admin",), "fuzz-read": ("read",), "fuzz-revoked": ("admin",)}


def main() -> int:
    """Fuzz and write the result; return 1 if there was any finding."""
    options = parser_for(__doc__)
    options.add_argument("--cases", type=int, default=20, help="random cases of each route and mode, besides coverage")
    options.add_argument("--seed", type=int, default=5)
    options.add_argument("--threads", type=int, default=1, help="of the service")
    options.add_argument("--no-coverage", dest="coverage", action="store_false", help="leave out the systematic cases")
    options.add_argument(
        "--show-differences", action="store_true", help="print where schema and service differ in what they accept"
    )
    options.add_argument("--out", type=Path, default=RESULTS / "service_fuzz.json")
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the service is stopped as well
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        service = Service(Path(name), chosen.threads)
        try:
            found = fuzz(service, chosen)
        finally:
            service.stop()
    result = {
        "command": " ".join(["python -m benchmarks.service.fuzz", *sys.argv[1:]]),
        "machine": machine(),
        "schemathesis": version("schemathesis"),
        "hypothesis": version("hypothesis"),
        "seed": chosen.seed,
        "seconds": round(time.perf_counter() - begin),
        **found,
    }
    write_result(result, chosen.out)
    print(json.dumps({name: value for name, value in result.items() if name not in {"routes", "findings"}}, indent=1))
    bad = result["findings"] or result["words_in_the_log"] or result["jobs_unfinished"]
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
