"""Which addresses a webhook may call: public ones, checked at the moment of connecting.

A name is resolved once, every address it has is judged, and the connection goes to an address that was judged. A name
that resolves to something else a moment later (DNS rebinding) can do nothing, and redirects are not followed.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from textcx.domain.errors import WrongUse

if TYPE_CHECKING:
    from collections.abc import Mapping

_CARRIES_IPV4 = IPv6Network("64:ff9b::/96")
LONGEST_URL = 2000
TIMEOUT_SECONDS = 10.0
_MOST_ANSWER = 1024


class PrivateAddress(WrongUse):
    """A webhook would call an address that is not public."""


def check_url(url: str) -> None:
    """Refuse with ``WrongUse`` what is no http or https URL with a host, or holds a user name."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = None
    fits = (
        parts is not None
        and parts.scheme in {"http", "https"}
        and parts.hostname
        and not parts.username
        and len(url) <= LONGEST_URL
        and url.isascii()
        and url.isprintable()
        and " " not in url
    )
    if not fits:
        msg = "a webhook has an http or https URL with a host and without a user name, such as https://example.com/hook"
        raise WrongUse(msg)


def is_public(address: str) -> bool:
    """Say whether an IP address is reachable from the internet at large, also where it wraps another one."""
    found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is None and found in _CARRIES_IPV4:
            inner = IPv4Address(int(found) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


def choose_address(host: str, port: int, *, allow_private: bool) -> tuple[int, tuple[str, int]]:
    """Resolve a host and choose an address to connect to: its family, and the address with the port.

    Raises:
        PrivateAddress: If any address of the host is not public, unless that is allowed.
        OSError: If the host has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [(int(family), (str(address[0]), port)) for family, _, _, _, address in found]
    if not allow_private and not all(is_public(address) for _, (address, _) in addresses):
        msg = "the host of the webhook has an address that is not public; allow that with allow_private_webhooks"
        raise PrivateAddress(msg)
    return addresses[0]


class _Checked(http.client.HTTPConnection):
    """Connects to the address that was judged, whatever the name resolves to by then."""

    def __init__(self, host: str, port: int, *, allow_private: bool, tls: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=TIMEOUT_SECONDS)
        self._allow_private = allow_private
        self._tls = tls

    def connect(self) -> None:
        """Resolve, judge, connect."""
        family, address = choose_address(self.host, self.port, allow_private=self._allow_private)
        plain = socket.socket(family, socket.SOCK_STREAM)
        plain.settimeout(TIMEOUT_SECONDS)
        try:
            plain.connect(address)
            self.sock = plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def post(url: str, body: bytes, *, headers: Mapping[str, str], allow_private: bool) -> int:
    """Post a message to a webhook and return the status of the answer; redirects are answers.

    Raises:
        WrongUse: If the URL cannot be called.
        OSError: If nobody answers in time.
        http.client.HTTPException: If what answers does not speak HTTP.
    """
    check_url(url)
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    connection = _Checked(
        parts.hostname or "",
        parts.port or (443 if secure else 80),
        allow_private=allow_private,
        tls=ssl.create_default_context() if secure else None,
    )
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        answer.read(_MOST_ANSWER)
        return answer.status
    finally:
        connection.close()
