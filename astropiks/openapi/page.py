"""The document as a page, for people. The only module of this package that needs `jinja2`."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from astropiks.openapi.guard import METRICS, PREFIX, RECIPIENT, SIGNATURE, TOKEN
from astropiks.openapi.samples import BOUND_VALUE, Document, Sample, resolved, samples

PACKAGE, ASSETS = "astropiks.openapi", "assets"

SEALED_TOKEN = "sealed-token"
"""The token that is bound to a recipient as well."""

COMMAND = ".venv/bin/astropiks"
"""In a checkout."""

UNKNOWN_BASE = "https://your.domain"

POLICY = (
    "default-src 'none'; style-src '{style}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Nothing is loaded from anywhere, no script runs, and only this very style sheet counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is answered alike, on the page.

    Attributes:
        anchor: where it is.
        paths: templates of the paths.
        methods: in upper case.
        operation: what the first method of the first path does.
        samples: requests of that.
    """

    anchor: str
    paths: list[str]
    methods: tuple[str, ...]
    operation: Mapping[str, Any]
    samples: list[Sample]


def render(document: Document, *, in_production: bool) -> tuple[bytes, str]:
    """Give the page and its Content-Security-Policy.

    Args:
        document: to show.
        in_production: whether Approov makes the tokens, or whoever reads this.
    """
    environment = Environment(
        loader=PackageLoader(PACKAGE, ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "code": code,
        "json": indented,
        "resolved": partial(resolved, document),
        "type": type_of,
        "variable": variable,
        "curl": partial(curl, document),
    }
    style = resources.files(PACKAGE).joinpath(ASSETS, "docs.css").read_text(encoding="utf-8")
    page = environment.get_template("docs.html").render(
        document=document,
        command=COMMAND,
        in_production=in_production,
        groups=[*groups(document)],
        variables="\n".join(variables(document, in_production=in_production)),
        style=Markup(style),  # noqa: S704  (our own file)
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return page.encode(), POLICY.format(style=f"sha256-{digest}")


def groups(document: Document) -> Iterator[tuple[Mapping[str, str], list[Shown]]]:
    """Give what is answered by its tag; paths of one summary are shown once."""
    requests = samples(document)
    for tag in document["tags"]:
        shown: dict[str, Shown] = {}
        for path, item in document["paths"].items():
            first = next(iter(item.values()))
            if tag["name"] not in first["tags"]:
                continue
            if first["summary"] in shown:
                shown[first["summary"]].paths.append(path)
                continue
            name = first["operationId"]
            shown[first["summary"]] = Shown(
                anchor=name,
                paths=[path],
                methods=tuple(method.upper() for method in item),
                operation=first,
                samples=[one for one in requests if one.operation == name],
            )
        yield tag, [*shown.values()]


def code(text: str) -> Markup:
    """Show what stands between backticks as code; the documents' texts have no other mark-up."""
    parts = text.split("`")
    marked = [
        Markup("<code>{}</code>").format(part) if n % 2 else escape(part)
        for n, part in enumerate(parts)
    ]
    return Markup("").join(marked)


def indented(value: object) -> str:
    """Write an example as people read it."""
    if isinstance(value, str):
        return value
    return json.dumps(value, indent=2, ensure_ascii=False)


def type_of(schema: Mapping[str, Any]) -> str:
    """Say in a few words what a schema wants."""
    match schema:
        case {"$ref": target}:
            said = target.rpartition("/")[2]
        case {"anyOf": alternatives}:
            said = " or ".join(map(type_of, alternatives))
        case {"const": value}:
            said = f"“{value}”"
        case {"enum": values}:
            said = " | ".join(f"“{value}”" for value in values)
        case {"type": "array", "items": items}:
            said = f"array of {type_of(items)}"
        case {"type": list(kinds)}:
            said = " or ".join(kinds)
        case {"type": kind, "minimum": least, "maximum": most}:
            said = f"{kind}, {least} to {most}"
        case {"type": kind, "format": form}:
            said = f"{kind} ({form})"
        case _:
            said = schema.get("type", "bytes")
    return str(said)


def curl(document: Document, sample: Sample) -> str:
    """Give a line to paste, with the reader's own address and headers as variables."""
    schemes = document["components"]["securitySchemes"]
    lines = ["curl"]
    for name in sample.security:
        scheme = schemes[name]
        prefix = "Bearer" if scheme["type"] == "http" else scheme.get(PREFIX, "")
        is_sealed = name == TOKEN and RECIPIENT in sample.security
        value = f"{prefix} {variable(SEALED_TOKEN if is_sealed else name)}".strip()
        lines.append(f'-H "{scheme.get("name", "Authorization")}: {value}"')
    first, *others = [*lines, f'"$BASE_URL{sample.target}"']
    return f"{first} " + " \\\n  ".join(others)


def variable(scheme: str) -> str:
    """Name the shell variable for the header of a security scheme."""
    return "$" + scheme.upper().replace("-", "_")


def variables(document: Document, *, in_production: bool) -> Iterator[str]:
    """Give the lines that set what the lines to paste need."""
    schemes = document["components"]["securitySchemes"]
    bound = [name for name in schemes if name.startswith("binding-")]
    base = document["servers"][0]["url"]
    base = UNKNOWN_BASE if base == "/" else base
    minted = partial(_genuine, base) if in_production else _minted
    yield f"BASE_URL={base}"
    yield from (_set(name, BOUND_VALUE) for name in bound)
    yield _set(TOKEN, minted(bound))
    if RECIPIENT in schemes:
        recipient = "…" if in_production else f'"$({COMMAND} secrets recipient)"'
        yield _set(RECIPIENT, recipient)
        yield _set(SEALED_TOKEN, minted([*bound, RECIPIENT]))
    yield from (_set(name, "…") for name in (METRICS, *SIGNATURE) if name in schemes)


def _set(name: str, value: str) -> str:
    return f"{variable(name).removeprefix('$')}={value}"


def _minted(bound: list[str]) -> str:
    """Give the command that makes a token, bound to the values of some headers."""
    return f'"$({COMMAND} token mint{_option("--bind", bound)})"'


def _genuine(base: str, bound: list[str]) -> str:
    """Give the command by which Approov makes one for the address *base*."""
    option = _option("-setDataHashInToken", bound)
    return f'"$(approov token -genExample {urlsplit(base).netloc}{option})"'


def _option(name: str, bound: list[str]) -> str:
    return f' {name} "{"".join(map(variable, bound))}"' if bound else ""
