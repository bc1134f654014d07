from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
from serving import Gate, serving


def test_above_the_queue_limit_callers_get_429_and_below_it_they_are_served() -> None:
    gate = Gate()
    with serving(gate=gate, queue_limit=5) as client, ThreadPoolExecutor(20) as pool:
        gate.close()
        first = pool.submit(client.post, "/v1/sentiment", json={"text": "first"})
        assert gate.reached.wait(10)
        calls = [pool.submit(client.post, "/v1/sentiment", json={"text": "good"}) for _ in range(9)]
        statuses: list[int] = []
        while sum(call.done() for call in calls) < 4:
            pass
        assert client.get("/readyz").json()["checks"]["queue"] == "full"
        gate.open.set()
        statuses = sorted(call.result().status_code for call in calls)
        assert statuses == [200] * 5 + [429] * 4
        assert all(call.result().headers["retry-after"] for call in calls if call.result().status_code == 429)
        assert first.result().status_code == 200


def test_a_caller_who_hangs_up_frees_the_place_for_others() -> None:
    gate = Gate()
    with serving(gate=gate, queue_limit=1) as client, ThreadPoolExecutor(4) as pool:
        gate.close()
        first = pool.submit(client.post, "/v1/sentiment", json={"text": "first"})
        assert gate.reached.wait(10)
        body = b'{"text": "leaving"}'
        head = f"POST /v1/sentiment HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", client.base_url.port or 0), timeout=10) as line:
            line.sendall(head.encode() + body)
            while client.get("/readyz").json()["checks"]["queue"] != "full":
                pass
        while client.get("/readyz").json()["checks"]["queue"] == "full":
            pass
        gate.open.set()
        assert first.result().status_code == 200
        assert client.post("/v1/sentiment", json={"text": "next"}).status_code == 200
        assert not any("leaving" in text for asked in gate.asked for text in asked)


def test_a_stopping_service_answers_what_it_has_taken() -> None:
    gate = Gate()
    with ThreadPoolExecutor(1) as pool:
        with serving(gate=gate) as client:
            gate.close()
            url = str(client.base_url.join("/v1/sentiment"))
            call = pool.submit(httpx.post, url, json={"text": "good"}, timeout=30, trust_env=False)
            assert gate.reached.wait(10)
        assert call.result().status_code == 200
