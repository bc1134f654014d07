"""Start the service: check the settings, refuse what would be open to strangers, and hand the server the app's name.

The app lives above everything else, so nothing here imports it; it reads the settings that were chosen here from the
environment of this process. What waiting cannot mend ends the start with an explanation: a taken port, a directory that
cannot be written, a database of a later version. A database that does not answer yet makes the service unready, not
dead, unless keys are needed from it at once.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from textcx.domain.errors import LaterDatabase, StoreProblem, TextcxError, WrongUse
from textcx.domain.service.keys import Scope
from textcx.settings.analysis import PREFIX, load_settings
from textcx.settings.service import CONFIG_VARIABLE, ServiceSettings, load_service_settings, settings_file
from textcx.settings.service import PREFIX as SERVICE_PREFIX
from textcx.store.spool import Spool
from textcx.wiring.service import open_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textcx.store.sql.keys import SqlKeys

PACKAGED, CHECKOUT = "textcx_api", "api"
FACTORY = "main:create_app"
BACKLOG = 2048
"""Connections that may wait to be accepted."""
FIRST_KEY_NAME = "first"


def serve(
    *,
    config: Path | None,
    analysis: Mapping[str, Any],
    service: Mapping[str, Any],
    tell: Callable[[str], None],
    show: Callable[[str], None],
) -> None:
    """Run the service until it is told to stop.

    Args:
        config: Settings file; null for the one that the environment names, else ``textcx.toml`` here, if there is one.
        analysis: Flags about the analysis, null where not given.
        service: Flags about the service, null where not given.
        tell: Called with sentences for whoever started it.
        show: Called with the first key, where one is made; nothing else ever sees it.

    Raises:
        WrongUse: If a setting is wrong, the port cannot be had, or strangers could reach a
            service without keys.
        StoreProblem: If keys are needed and the database cannot be reached, if it is of a later version, or if the
            spool cannot be written.
        TextcxError: If the app does not start; the server has said why.
    """
    load_settings(file=config or settings_file(), **analysis)  # what is wrong is said before anything starts
    settings = load_service_settings(file=config, **service)
    os.environ.update(as_environment(config=config, analysis=analysis, service=service))
    name, directory = app_name()
    with ExitStack() as open_until_the_end:
        sockets = [open_until_the_end.enter_context(each) for each in listen(settings.host, settings.port)]
        Spool(settings.spool)
        look_at_database(settings, tell=tell, show=show)
        tell(welcome(settings, port=sockets[0].getsockname()[1]))
        _run(name, directory, settings=settings, sockets=sockets)


def _run(name: str, directory: str | None, *, settings: ServiceSettings, sockets: Sequence[socket.socket]) -> None:
    if directory is not None:
        sys.path.insert(0, directory)
    server = uvicorn.Server(
        uvicorn.Config(
            name,
            factory=True,
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=settings.drain_seconds,
        )
    )
    try:
        server.run(sockets=list(sockets))
    except KeyboardInterrupt:  # the server raises it again when it has stopped in good order
        return
    except SystemExit as end:
        msg = "the service did not start; the lines above say why"
        raise TextcxError(msg) from end


def listen(host: str, port: int) -> list[socket.socket]:
    """Take the port on every address that the host stands for. Who connects waits until the app is there.

    Args:
        host: A name or an address.
        port: 0 takes a free one, the same for all addresses.

    Returns:
        Listening sockets, at least one; theirs who asked to close.

    Raises:
        WrongUse: If the port cannot be had, saying why.
    """
    taken: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM):
            one = socket.socket(family, kind, protocol)
            taken.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            number = port or (taken[0].getsockname()[1] if len(taken) > 1 else 0)
            one.bind((address[0], number, *address[2:]))
            one.listen(BACKLOG)
    except OSError as error:
        for one in taken:
            one.close()
        raise WrongUse(_why_not(error, host=host, port=port)) from error
    return taken


def _why_not(error: OSError, *, host: str, port: int) -> str:
    if isinstance(error, socket.gaierror):
        return f"{host} is no name or address that this machine knows; choose another --host"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken by another program; stop that one, or choose another --port"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine; choose another --host, such as 127.0.0.1 or 0.0.0.0"
    if error.errno == errno.EACCES:
        return f"this user may not listen on port {port}; choose a --port of 1024 or more"
    return f"the service cannot listen on port {port} of {host} ({error.strerror}); choose another --host or --port"


def welcome(settings: ServiceSettings, *, port: int) -> str:
    """Return the sentence that says where the service is to be found and where it is described."""
    host = settings.host.strip("[]")
    base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    whom = "this machine only, as long as there is no key" if settings.on_loopback else "callers with a key"
    return f"Listening on {base}, for {whom}; ready when {base}/readyz says so, described at {base}/openapi.json"


def look_at_database(settings: ServiceSettings, *, tell: Callable[[str], None], show: Callable[[str], None]) -> None:
    """See that the database fits, make the first key where that is wanted, and refuse strangers while there is none.

    Args:
        settings: Of the service.
        tell: Called with sentences for whoever starts it.
        show: Called with the first key, if it is made here; it is nowhere else.

    Raises:
        WrongUse: If strangers could reach a service without keys.
        LaterDatabase: If the database was made by a later version.
        StoreProblem: If keys are needed and the database cannot be reached or has no tables yet.
    """
    keys_needed = settings.first_key or not settings.on_loopback
    try:
        with open_keys(settings.database) as keys:
            if settings.first_key:
                make_first_key(keys, tell=tell, show=show)
            if not settings.on_loopback:
                refuse_strangers(keys, host=settings.host)
    except StoreProblem as problem:
        if keys_needed or isinstance(problem, LaterDatabase):
            raise
        tell(f"Not ready yet: {problem}")


def make_first_key(keys: SqlKeys, *, tell: Callable[[str], None], show: Callable[[str], None]) -> None:
    """Make a key for everything where there was never a key; of several processes that start at once, one does.

    Raises:
        StoreProblem: If the database cannot be reached.
    """
    made = keys.create_first(FIRST_KEY_NAME, scopes=[Scope.ADMIN])
    if made is None:
        return
    show(made.secret)
    tell(
        f"{made.key.id}: the first key, which may do everything; keep it now, it is not shown again. "
        "Make others with 'textcx keys create'"
    )


def refuse_strangers(keys: SqlKeys, *, host: str) -> None:
    """Refuse to listen where others can reach us while there is no valid key.

    Raises:
        WrongUse: If so.
        StoreProblem: If the database with the keys cannot be reached.
    """
    if keys.any_key():
        return
    msg = (
        f"the service would listen on {host}, where others can reach it, and there is no valid key; make one with "
        "'textcx keys create' or, where there was never one, with --first-key, or leave --host out to serve this "
        "machine only"
    )
    raise WrongUse(msg)


def as_environment(*, config: Path | None, analysis: Mapping[str, Any], service: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables from which the app reads what was chosen."""
    found = {CONFIG_VARIABLE: str(config.absolute())} if config is not None else {}
    for prefix, flags in ((PREFIX, analysis), (SERVICE_PREFIX, service)):
        found |= {f"{prefix}{name.upper()}": str(value) for name, value in flags.items() if value is not None}
    return found


def app_name() -> tuple[str, str | None]:
    """Return the name of the app for the server, and the directory where it is to be looked for.

    Raises:
        WrongUse: If the app is not there.
    """
    checkout = Path(__file__).parents[2]
    # An editable installation holds a copy of the app as well; what is worked on counts.
    if (checkout / "pyproject.toml").is_file() and (checkout / CHECKOUT / "main.py").is_file():
        return f"{CHECKOUT}.{FACTORY}", str(checkout)
    if find_spec(PACKAGED) is not None:
        return f"{PACKAGED}.{FACTORY}", None
    msg = "the service is missing from this installation; install textcx again"
    raise WrongUse(msg)
