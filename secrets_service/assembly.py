"""From settings to the catalog that they describe, checked whole."""

import hashlib
import hmac
from collections.abc import Mapping

from pydantic import SecretStr

from edge.settings import Settings
from secrets_service import catalog_file
from secrets_service.catalog import Catalog, RuntimeSecret, Version
from secrets_service.catalog_file import CatalogError, Surroundings
from secrets_service.errors import SourceError
from secrets_service.policy import SecretPolicy
from secrets_service.sources import ValueSource
from secrets_service.values import checked_value


def build_catalog(settings: Settings, environ: Mapping[str, str]) -> Catalog:
    """Give every secret: those of single variables, and those of the file.

    Raises:
        CatalogError: names every mistake, never a value.
    """
    secrets = {name: _simple(name, value) for name, value in settings.runtime_secrets.items()}
    odd = [_odd(name, value) for name, value in settings.runtime_secrets.items()]
    if any(odd):
        raise CatalogError([problem for problem in odd if problem])
    path = settings.runtime_secrets_file
    in_file: dict[str, RuntimeSecret] = {}
    if path is not None:
        surroundings = Surroundings(environ, lambda policy: _lack(policy, settings))
        try:
            in_file = catalog_file.read(path, surroundings)
        except CatalogError as error:
            problems = [f"RUNTIME_SECRETS_FILE: {problem}" for problem in error.problems]
            raise CatalogError(problems) from None
    twice = sorted(secrets.keys() & in_file.keys())
    if twice:
        raise CatalogError(
            [f"{name} is in the file and in a variable of its own" for name in twice]
        )
    catalog = Catalog({**secrets, **in_file})
    if catalog.secrets and audit_key(settings) is None:
        raise CatalogError(
            ["AUDIT_HASH_KEY is missing: without APPROOV_BASE64_SECRET it is needed"]
        )
    return catalog


def audit_key(settings: Settings) -> bytes | None:
    """Give the key of the audit trail's hashes: its own, or one that follows from the account's."""
    if settings.audit_hash_key is not None:
        return settings.audit_hash_key.get_secret_value().encode()
    if not settings.secrets:
        return None
    return hmac.digest(settings.secrets[0].secret, b"astropiks audit trail", hashlib.sha256)


def _simple(name: str, value: SecretStr) -> RuntimeSecret:
    variable = f"RUNTIME_SECRET_{name.upper().replace('-', '_')}"
    return RuntimeSecret(name=name, current=Version(None, f"env:{variable}", ValueSource(value)))


def _odd(name: str, value: SecretStr) -> str | None:
    """Say what is wrong with the value of a variable of its own, if anything is."""
    try:
        checked_value(value.get_secret_value())
    except SourceError as error:
        return f"{name}: {error}"
    return None


def _lack(policy: SecretPolicy, settings: Settings) -> str | None:
    """Say what a policy wants that these settings never give, if anything."""
    if policy.signature and settings.approov_message_signing == "off":
        return "wants signature, but APPROOV_MESSAGE_SIGNING is off"
    if policy.binding and not (policy.sealed or settings.approov_binding_headers):
        return "wants binding, but APPROOV_BINDING_HEADERS is empty"
    if policy.rate is not None and settings.web_concurrency > 1 and settings.redis_url is None:
        return "wants a rate, and REDIS_URL or WEB_CONCURRENCY=1: each process counts by itself"
    return None
