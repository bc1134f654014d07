"""Start the service: check the settings, refuse what would be open to strangers, and hand the server the app's name.

The app lives above everything else, so nothing here imports it; it reads the settings that were chosen here from the
environment of this process. What waiting cannot mend ends the start with an explanation. A database that does not
answer yet makes the service unready, not dead, unless keys are needed from it at once.
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
    from collections.abc import Callable, Mapping

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
        WrongUse: If a setting is wrong, the port cannot be had, or strangers could reach a service without keys.
        StoreProblem: As ``look_at_database`` does, or if the spool cannot be written.
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
        if directory is not None:
            sys.path.insert(0, directory)
        _run(name, settings=settings, sockets=sockets)


def _run(name: str, *, settings: ServiceSettings, sockets: list[socket.socket]) -> None:
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
        server.run(sockets=sockets)
    except KeyboardInterrupt:  # the server raises it again when it has stopped in good order
        return
    except SystemExit as end:
        msg = "the service did not start; the lines above say why"
        raise TextcxError(msg) from end


def listen(host: str, port: int) -> list[socket.socket]:
    """Take the port on every address that the host stands for; 0 takes a free one, the same for all.

    Who connects waits until the app is there. The caller closes the sockets, at least one. A port that cannot be had is
    ``WrongUse``.
    """
    taken: list[socket.socket] = []
    try:
        for family, *_, address in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM):
            number = port or (taken[0].getsockname()[1] if taken else 0)
            taken.append(socket.create_server((address[0], number, *address[2:]), family=family, backlog=BACKLOG))
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
    reason = os.strerror(error.errno) if error.errno else error
    return f"the service cannot listen on port {port} of {host} ({reason}); choose another --host or --port"


def welcome(settings: ServiceSettings, *, port: int) -> str:
    """Return the sentence that says where the service is to be found and where it is described."""
    host = settings.host.strip("[]")
    base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    whom = "this machine only, as long as there is no key" if settings.on_loopback else "callers with a key"
    return f"Listening on {base}, for {whom}; ready when {base}/readyz says so, described at {base}/openapi.json"


def look_at_database(settings: ServiceSettings, *, tell: Callable[[str], None], show: Callable[[str], None]) -> None:
    """See that the database fits, make the first key where that is wanted, and refuse strangers while there is none.

    Of several processes that start at once, one makes the first key; it is passed to ``show`` and is nowhere else.

    Raises:
        WrongUse: If strangers could reach a service without keys.
        LaterDatabase: If the database was made by a later version.
        StoreProblem: If keys are needed and the database cannot be reached or has no tables yet.
    """
    try:
        with open_keys(settings.database) as keys:
            made = keys.create_first(FIRST_KEY_NAME, scopes=[Scope.ADMIN]) if settings.first_key else None
            if made is not None:
                show(made.secret)
                tell(
                    f"{made.key.id}: the first key, which may do everything; keep it now, it is not shown again. "
                    "Make others with 'textcx keys create'"
                )
            open_to_strangers = not (settings.on_loopback or keys.any_key())
    except StoreProblem as problem:
        if settings.first_key or not settings.on_loopback or isinstance(problem, LaterDatabase):
            raise
        tell(f"Not ready yet: {problem}")
        return
    if open_to_strangers:
        msg = (
            f"the service would listen on {settings.host}, where others can reach it, and there is no valid key; make "
            "one with 'textcx keys create' or, where there was never one, with --first-key, or leave --host out to "
            "serve this machine only"
        )
        raise WrongUse(msg)


def as_environment(*, config: Path | None, analysis: Mapping[str, Any], service: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables from which the app reads what was chosen."""
    found = {CONFIG_VARIABLE: str(config.absolute())} if config is not None else {}
    for prefix, flags in ((PREFIX, analysis), (SERVICE_PREFIX, service)):
        found |= {f"{prefix}{name.upper()}": str(value) for name, value in flags.items() if value is not None}
    return found


def app_name() -> tuple[str, str | None]:
    """Return the name of the app for the server, and the directory to look for it in; ``WrongUse`` if it is missing."""
    checkout = Path(__file__).parents[2]
    # An editable installation holds a copy of the app as well; what is worked on counts.
    if (checkout / "pyproject.toml").is_file() and (checkout / CHECKOUT / "main.py").is_file():
        return f"{CHECKOUT}.{FACTORY}", str(checkout)
    if find_spec(PACKAGED) is not None:
        return f"{PACKAGED}.{FACTORY}", None
    msg = "the service is missing from this installation; install textcx again"
    raise WrongUse(msg)
