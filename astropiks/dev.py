"""Development on a laptop: fill in what the environment leaves open, then serve as ever."""

import os
import socket
import time

from pydantic import SecretStr

from astropiks import development, kept_keys, server
from astropiks.apps import Application, create_app
from astropiks.banner import banner, examples
from astropiks.base_urls import base_urls
from astropiks.console.app import Console
from astropiks.console.key import ConsoleKey
from astropiks.console.page import About
from astropiks.pictures_by_host import PicturesByHost, links_by_host
from attestation.claims import Clock
from edge import logs
from edge.settings import DevelopmentSettings
from secrets_service.assembly import build_catalog
from standin.app import StandIn
from standin.conditions import Conditions

STANDIN_KEY = "standin-key"


def run() -> None:
    """Serve everything, with the stand-in for NASA unless there is a real key.

    Raises:
        SettingsError: `.env` or the environment is not a configuration.
        CatalogError: the runtime secrets are not.
        ListenError: the port cannot be had.
    """
    kept_keys.prepare_environment()
    settings = development.settings()
    if settings.serves_secrets:
        build_catalog(settings, os.environ)  # a mistake in it is told before anything is served
    logs.configure(settings.log_format, settings.log_level)
    listener = server.listen(settings.host, settings.port)
    if settings.nasa_api_key:
        nasa = f"the real one at {settings.nasa_api_base_url}, asked with your NASA_API_KEY."
        _serve(settings, nasa, listener)
        return
    nasa_here = StandIn(keys={STANDIN_KEY})
    with server.serving(nasa_here) as base_url:
        nasa = f"a stand-in at {base_url}: no network, no key. Set NASA_API_KEY for the real one."
        stand_in: dict[str, object] = {
            "nasa_api_key": SecretStr(STANDIN_KEY),
            "nasa_api_base_url": base_url,
            "nasa_science_base_url": base_url,
            "nasa_image_base_url": base_url,
        }
        settings = settings.model_copy(update=stand_in)
        _serve(settings, nasa, listener, nasa_here.conditions)


def _serve(
    settings: DevelopmentSettings,
    nasa: str,
    listener: socket.socket,
    conditions: Conditions | None = None,
) -> None:
    key = ConsoleKey.make(settings.port)
    print(banner(settings, nasa, key), flush=True)  # noqa: T201
    console = with_console(application(settings), settings, nasa, key, conditions)
    server.serve_here(console, listener)


def application(settings: DevelopmentSettings, clock: Clock = time.time) -> Application:
    """Build it as for production, but for links to pictures where there is no one public address.

    Args:
        settings: which services to serve, and how.
        clock: the present, as Unix time in seconds.
    """
    app = create_app(settings, clock=clock)
    has_own_links = settings.image_proxy == "off" or settings.public_base_url is not None
    if has_own_links or not settings.serves_proxy:
        return app
    # Without the fast path: it gives one answer to all, by whatever address they ask.
    return Application(PicturesByHost(app, links_by_host(settings)), None, app.paths)


def with_console(
    app: Application,
    settings: DevelopmentSettings,
    nasa: str,
    key: ConsoleKey,
    conditions: Conditions | None = None,
    clock: Clock = time.time,
) -> Console:
    """Put the development console before *app*, whose clock is *clock*.

    Args:
        app: as it is served in production.
        settings: of *app*.
        nasa: says who plays NASA.
        key: opens the console.
        conditions: of the stand-in for NASA, if there is one.
        clock: the present, as Unix time in seconds.
    """
    urls = base_urls(settings)
    about = About(
        nasa=nasa,
        base_urls=urls,
        curl=next(examples(settings, next(iter(urls.values())))),
        is_stand_in=conditions is not None,
    )
    return Console(app, settings, about, key, conditions=conditions, clock=clock)
