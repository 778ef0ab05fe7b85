"""Pictures, and other APIs of NASA's: what is passed on as it comes."""

from collections.abc import Iterator

from astropiks.openapi.answers import Answer
from astropiks.openapi.guard import Guard
from astropiks.openapi.operations import Route
from astropiks.openapi.parameters import IF_NONE_MATCH, in_header, in_path
from astropiks.openapi.upstream import trouble
from edge.problems import NOT_FOUND, Problem
from edge.settings import Settings
from proxy import paths
from proxy.images import MAX_AGE_SECONDS, PASSED_ON
from proxy.passthrough import MAX_AGE_SECONDS as MAX_ANSWER_AGE_SECONDS
from proxy.passthrough import PASSED_ON as PASSED_ON_OF_APIS
from proxy.sources.other_apis import OWN_ERRORS

FILE = {"description": "The bytes of the file."}
BODY = {"description": "As NASA sends it."}

PICTURES, OTHERS = "Picture files", "Other APIs of NASA's"

EXAMPLE_FILES = {
    "apod.nasa.gov": "apod/image/2110/FireballAlberta_Qin_1080.jpg",
    "assets.science.nasa.gov": "dynamicimage/assets/science/apod/FireballAlberta_Qin_5568.jpg",
}
EXAMPLE_CALLS = {
    "/neo/": "rest/v1/feed",
    "/DONKI/": "notifications",
    "/EPIC/": "api/natural",
}

HARMLESS = ("X-Content-Type-Options", "Content-Security-Policy")

SLASHES = "It may hold slashes, as they are; escaped ones are refused."


def picture_routes(settings: Settings) -> Iterator[Route]:
    """Describe the files of each host."""
    for host in settings.image_hosts:
        example = EXAMPLE_FILES.get(host, "picture.jpg")
        yield Route(
            path=f"{paths.of_host(host)}{{path}}",
            name=f"picture-of-{host}",
            tag=PICTURES,
            summary=f"A picture or video of {host}",
            description=f"Streams `https://{host}/{{path}}`, query included: only `image/*` and "
            f"`video/mp4`, of up to {settings.image_max_megabytes} MB. Records point here by "
            "themselves.",
            parameters=[
                in_path("path", f"Where the file is on that host. {SLASHES}", example),
                in_header("Range", "A part of the file: one range of bytes, such as `bytes=0-99`."),
                in_header("If-Range", "An `ETag` or date: a part only if the file is the same."),
                IF_NONE_MATCH,
                in_header("If-Modified-Since", "A date: 304 if the file has not changed since."),
            ],
            answers=[*_of_pictures(f"{paths.of_host(host)}{example}")],
            guard=Guard(settings, is_proxy=True),
        )


def _of_pictures(path: str) -> Iterator[Answer]:
    headers = ("Cache-Control", *HARMLESS)
    own = tuple(name for name in PASSED_ON if name not in {"Content-Type", "Content-Range"})
    kinds = {"image/*": FILE, "video/mp4": FILE}
    keeps = f"May be kept for {MAX_AGE_SECONDS // 3600} hours."
    yield Answer(
        status=200,
        description=f"The file. {keeps}",
        content=kinds,
        headers=(*headers, *own),
    )
    yield Answer(
        status=206,
        description=f"The part that `Range` asks for. {keeps}",
        content=kinds,
        headers=(*headers, *own, "Content-Range"),
    )
    yield Answer(
        status=304,
        description="It is as the condition says; no body.",
        headers=(*headers, "ETag", "Last-Modified"),
    )
    yield Answer.of_problem(
        NOT_FOUND, path, "no such file", "There is no such file, or its path cannot be passed on."
    )
    unsatisfiable = Problem.of_gateway(
        416, "RANGE_NOT_SATISFIABLE", "The file has no such part.", {"Content-Range": "bytes */1"}
    )
    yield Answer.of_problem(unsatisfiable, path, "no such part")
    yield from trouble(path)


def api_routes(settings: Settings) -> Iterator[Route]:
    """Describe what is below each of the prefixes that are passed on."""
    for base in paths.BASES:
        for prefix in settings.nasa_passthrough:
            example = EXAMPLE_CALLS.get(prefix, "path")
            name = prefix.strip("/").replace("/", "-")
            yield Route(
                path=f"{base}{prefix}{{path}}",
                name=f"{name}-of-app" if base else name,
                tag=OTHERS,
                summary=f"NASA's APIs below {prefix}",
                description=f"Asks `https://api.nasa.gov{prefix}{{path}}` with the key added, and "
                "passes the answer on. See NASA's own description of it.",
                parameters=[
                    in_path("path", f"Where it is below the prefix. {SLASHES}", example),
                    {
                        "name": "parameters",
                        "in": "query",
                        "description": "NASA's parameters, without `api_key`, which is dropped.",
                        "schema": {"type": "object", "additionalProperties": True},
                        "style": "form",
                        "explode": True,
                    },
                ],
                answers=[*_of_apis(f"{base}{prefix}{example}")],
                guard=Guard(settings, is_proxy=True),
            )


def _of_apis(path: str) -> Iterator[Answer]:
    headers = ("Cache-Control", "Cache-Status", *HARMLESS)
    own = tuple(name for name in PASSED_ON_OF_APIS if name != "Content-Type")
    minutes = MAX_ANSWER_AGE_SECONDS // 60
    yield Answer(
        status=200,
        description=f"NASA's answer. What NASA lets be kept is held here for {minutes} minutes at "
        "most.",
        content={"*/*": BODY},
        headers=(*headers, *own, "Age"),
    )
    for status in sorted(OWN_ERRORS):
        yield Answer(
            status=status,
            description="NASA refuses the request; this is its own answer.",
            content={"*/*": BODY},
            headers=(*headers, *own),
        )
    yield Answer.of_problem(
        NOT_FOUND, path, "no such path", "The path or query cannot be passed on."
    )
    yield from trouble(path)
