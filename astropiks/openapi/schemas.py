"""Bodies of answers, as components of the document."""

from collections.abc import Mapping, Sequence

from proxy.records import MEDIA_TYPES, REQUIRED_FIELDS

Json = Mapping[str, object]


def ref(name: str) -> Json:
    """Point to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def _text(description: str, **more: object) -> Json:
    return {"type": "string", "description": description, **more}


def _object(description: str, properties: Mapping[str, Json], required: Sequence[str]) -> Json:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": [*required],
    }


RECORD_FIELDS: Mapping[str, Json] = {
    "date": _text("The day that it is the picture of.", format="date"),
    "title": _text("Its title."),
    "explanation": _text("What an astronomer writes about it; may be empty."),
    "media_type": _text(
        "`image` and `video` have a `url`; `other` may have none.", enum=[*MEDIA_TYPES]
    ),
    "url": _text(
        "The picture, or the page that plays the video; with `IMAGE_PROXY=on`, pictures at this "
        "service. May begin with `//`, as NASA writes some."
    ),
    "hdurl": _text("The picture in full size, where there is one."),
    "copyright": _text("Who has the rights; missing where the picture is in the public domain."),
    "resource": _text("NASA's own remark on the data set, which it has rarely sent."),
    "service_version": _text("NASA's version of this form.", const="v1"),
    "thumbnail_url": _text(
        "With `thumbs=true`, of videos: a still, or nothing where none is known."
    ),
    "concepts": _text("With `concept_tags`: that NASA has switched them off."),
}

PROBLEM_FIELDS: Mapping[str, Json] = {
    "type": _text("Always `about:blank`: the status says what kind it is.", const="about:blank"),
    "title": _text("The status in words."),
    "status": {"type": "integer", "description": "The status."},
    "detail": _text("What is wrong and what to do, for people."),
    "instance": _text("The path that was asked for."),
}

GATEWAY_ERROR = _object(
    "As the gateway in front of NASA's APIs answers.",
    {"code": _text("A stable code."), "message": _text("The same as `detail`.")},
    ["code", "message"],
)

BACKEND_FIELDS: Mapping[str, Json] = {
    "code": {"type": "integer", "description": "The status, as NASA's APOD API repeats it."},
    "msg": _text("NASA's own text for this mistake, where it has one."),
    "service_version": _text("NASA's version of this form.", const="v1"),
}

SECRET_FIELDS: Mapping[str, Json] = {
    "name": _text("The name that was asked for."),
    "value": _text("The secret. Keep it in memory only."),
    "version": _text("Which version it is; also the `ETag`."),
    "expires_at": _text("When to ask again, in UTC.", format="date-time"),
}

LISTED_FIELDS: Mapping[str, Json] = {
    "name": _text("Ask for it by this name."),
    "version": {
        "type": ["string", "null"],
        "description": "The version that is given out now; null while its source fails.",
    },
    "also_valid": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Other versions that are still good.",
    },
    "sealed": {
        "type": "boolean",
        "description": "Whether it is given out encrypted only, to a `Secret-Recipient`.",
    },
}

SCHEMAS: Mapping[str, Json] = {
    "Record": _object(
        "One day's picture, in NASA's v1 form.", RECORD_FIELDS, sorted(REQUIRED_FIELDS)
    ),
    "Records": {
        "type": "array",
        "items": ref("Record"),
        "description": "Several days' pictures. Days without one are left out.",
    },
    "GatewayProblem": _object(
        "An error (RFC 9457), which is also in the form of NASA's gateway.",
        {**PROBLEM_FIELDS, "error": GATEWAY_ERROR},
        [*PROBLEM_FIELDS, "error"],
    ),
    "BackendProblem": _object(
        "An error (RFC 9457), which is also in the form of NASA's APOD API.",
        {**PROBLEM_FIELDS, **BACKEND_FIELDS},
        [*PROBLEM_FIELDS, *BACKEND_FIELDS],
    ),
    "Secret": _object("One runtime secret.", SECRET_FIELDS, sorted(SECRET_FIELDS)),
    "Secrets": _object(
        "What this client may ask for.",
        {
            "secrets": {
                "type": "array",
                "items": _object("One of them.", LISTED_FIELDS, sorted(LISTED_FIELDS)),
            }
        },
        ["secrets"],
    ),
}
