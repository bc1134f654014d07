"""Start the service: check the settings, refuse what would be open to strangers, and hand the server the app's name.

The app lives above everything else, so nothing here imports it; it reads the settings that were chosen here from the
environment of this process.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textcx.config import PREFIX, load_settings
from textcx.domain.errors import WrongUse
from textcx.service_config import CONFIG_VARIABLE, ServiceSettings, load_service_settings
from textcx.service_config import PREFIX as SERVICE_PREFIX
from textcx.wiring import key_store, open_database

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDED = ("fastapi", "uvicorn", "sqlalchemy", "alembic", "prometheus_client")
PACKAGED, CHECKOUT = "textcx_api", "api"
FACTORY = "main:create_app"
BACKLOG = 2048
"""Connections that may wait to be accepted."""


def serve(*, config: Path | None, analysis: Mapping[str, Any], service: Mapping[str, Any]) -> None:
    """Run the service until it is told to stop.

    Args:
        config: Settings file; null for ``textcx.toml`` here, if there is one.
        analysis: Flags about the analysis, null where not given.
        service: Flags about the service, null where not given.

    Raises:
        WrongUse: If a setting is wrong, a package is missing, or strangers could reach a service without keys.
        StoreProblem: If keys are needed and the database cannot be reached.
    """
    missing = [package for package in NEEDED if find_spec(package) is None]
    if missing:
        msg = f"the service needs packages that are not installed ({', '.join(missing)}): pip install 'textcx[service]'"
        raise WrongUse(msg)
    load_settings(file=config, **analysis)  # what is wrong is said before anything starts
    settings = load_service_settings(file=config, **service)
    refuse_strangers(settings)
    os.environ.update(as_environment(config=config, analysis=analysis, service=service))
    import uvicorn  # noqa: PLC0415 - only the service needs it

    name, directory = app_name()
    uvicorn.run(
        name,
        factory=True,
        app_dir=directory,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=settings.drain_seconds,
    )


def refuse_strangers(settings: ServiceSettings) -> None:
    """Refuse to listen where others can reach us while there is no key.

    Raises:
        WrongUse: If so.
        StoreProblem: If the database with the keys cannot be reached.
    """
    if settings.on_loopback:
        return
    database = open_database(settings.database_url)
    try:
        if key_store(database).any_key():
            return
    finally:
        database.close()
    msg = (
        f"the service would listen on {settings.host}, where others can reach it, and there is no key; make one with "
        "'textcx keys create', or leave --host out to serve this machine only"
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
