"""What Microsoft publishes of the policy language: elements, their order, and C# in expressions.

Written from the policy reference of Azure API Management, for the elements that we use. Nothing
here is a compiler: it finds what the service refuses when a fragment is saved, and what it only
finds when the first request comes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

EXPRESSION = re.compile(r"@(\(.*\)|\{.*\})", re.DOTALL)
NAMED_VALUE = re.compile(r"\{\{([A-Za-z0-9._-]+)\}\}")
BOOLEAN = re.compile("true|false")
NUMBER = re.compile("[0-9]+")
TEXT = re.compile(".+", re.DOTALL)
POLICIES = ("choose", "return-response", "send-request", "set-header", "validate-jwt")


@dataclass(frozen=True, slots=True)
class Shape:
    """An element as it is published.

    Attributes:
        required: attributes that have to be there, and their forms.
        optional: those that may be.
        children: in their order; any of them in any order, if it holds policies.
        mandatory: those of them that have to be there.
        has_text: whether it has text instead.
    """

    required: Mapping[str, re.Pattern[str]]
    optional: Mapping[str, re.Pattern[str]]
    children: tuple[str, ...] = ()
    mandatory: frozenset[str] = frozenset()
    has_text: bool = False


SHAPES: Mapping[str, Shape] = {
    "fragment": Shape({}, {}, POLICIES),
    "choose": Shape({}, {}, ("when", "otherwise"), frozenset({"when"})),
    "when": Shape({"condition": TEXT}, {}, POLICIES),
    "otherwise": Shape({}, {}, POLICIES),
    "return-response": Shape(
        {}, {"response-variable-name": TEXT}, ("set-status", "set-header", "set-body")
    ),
    "set-status": Shape({"code": NUMBER}, {"reason": TEXT}),
    "set-header": Shape(
        {"name": TEXT},
        {"exists-action": re.compile("override|skip|append|delete")},
        ("value",),
    ),
    "value": Shape({}, {}, has_text=True),
    "set-body": Shape({}, {"template": re.compile("liquid")}, has_text=True),
    "set-url": Shape({}, {}, has_text=True),
    "set-method": Shape({}, {}, has_text=True),
    "send-request": Shape(
        {"response-variable-name": TEXT},
        {"mode": re.compile("new|copy"), "timeout": NUMBER, "ignore-error": BOOLEAN},
        (
            "set-url",
            "set-method",
            "set-header",
            "set-body",
            "authentication-certificate",
            "proxy",
        ),
        frozenset({"set-url", "set-method"}),
    ),
    "validate-jwt": Shape(
        {},
        {
            "header-name": TEXT,
            "query-parameter-name": TEXT,
            "token-value": TEXT,
            "failed-validation-httpcode": NUMBER,
            "failed-validation-error-message": TEXT,
            "require-expiration-time": BOOLEAN,
            "require-scheme": TEXT,
            "require-signed-tokens": BOOLEAN,
            "clock-skew": NUMBER,
            "output-token-variable-name": TEXT,
        },
        (
            "openid-config",
            "issuer-signing-keys",
            "decryption-keys",
            "audiences",
            "issuers",
            "required-claims",
        ),
    ),
    "issuer-signing-keys": Shape({}, {}, ("key",), frozenset({"key"})),
    "key": Shape({}, {"id": TEXT, "certificate-id": TEXT, "n": TEXT, "e": TEXT}, has_text=True),
}

NO_EXPRESSION = {("validate-jwt", "output-token-variable-name"), ("key", "n"), ("key", "e")}

TYPES = {
    "Convert": {"ToBase64String", "FromBase64String"},
    "DateTimeOffset": {"UtcNow"},
    "Encoding": {"UTF8"},
    "IResponse": set[str](),
    "JObject": {"Parse"},
    "JTokenType": {"Integer", "Float"},
    "Jwt": set[str](),
    "Regex": {"IsMatch"},
    "System.Security.Cryptography.SHA256": {"Create"},
}
"""Those that expressions may name, of the published list, and the static members that ours use."""

CONTEXT = {
    "Request.Headers.ContainsKey",
    "Request.Headers.GetValueOrDefault",
    "Request.Headers.TryGetValue",
    "Request.IpAddress",
    "Request.Method",
    "Request.OriginalUrl.Host",
    "Request.OriginalUrl.Path",
    "Request.OriginalUrl.QueryString",
    "Request.OriginalUrl.Scheme",
    "Variables.GetValueOrDefault",
}

LITERAL = re.compile(r'@"(?:[^"]|"")*"|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)\'')
KEYWORDS = {"context", "double", "new", "null", "out", "return", "string", "var"}
BRACKETS = {")": "(", "]": "[", "}": "{"}


def faults(element: Element) -> Iterator[str]:
    """Say what the service would not accept in an element and all below it."""
    shape = SHAPES.get(element.tag)
    if shape is None:
        yield f"{element.tag}: unknown"
        return
    yield from (f"{element.tag}: {fault}" for fault in _own_faults(element, shape))
    for child in element:
        yield from faults(child)


def _own_faults(element: Element, shape: Shape) -> Iterator[str]:
    known = {**shape.required, **shape.optional}
    yield from (f"no {name}" for name in shape.required.keys() - element.keys())
    yield from (f"unknown {name}" for name in element.keys() - known.keys())
    for name, form in known.items():
        value = element.get(name)
        if value is None:
            continue
        is_expression = bool(EXPRESSION.fullmatch(value))
        if is_expression and (element.tag, name) in NO_EXPRESSION:
            yield f"{name} cannot be an expression"
        elif not is_expression and not form.fullmatch(value):
            yield f"{name} cannot be {value}"
    tags = [child.tag for child in element]
    yield from (f"{tag} does not belong here" for tag in tags if tag not in shape.children)
    yield from (f"no {tag}" for tag in shape.mandatory - {*tags})
    places = [shape.children.index(tag) for tag in tags if tag in shape.children]
    if shape.children != POLICIES and places != sorted(places):
        yield "wrong order"
    if bool((element.text or "").strip()) != shape.has_text:
        yield "text where none belongs, or none"


def expressions(element: Element) -> Iterator[str]:
    """Give every expression in an element and below it, as C# sees it."""
    for each in element.iter():
        for text in (*each.attrib.values(), (each.text or "").strip()):
            if text.startswith("@"):
                yield one_line(text)


def one_line(text: str) -> str:
    """Write an expression on one line; none of ours has a text in it that this could change."""
    return " ".join(text.split())


def named_values(element: Element) -> set[str]:
    """Give the names of the named values that are used."""
    texts = [text for each in element.iter() for text in (*each.attrib.values(), each.text or "")]
    return {name for text in texts for name in NAMED_VALUE.findall(text)}


def expression_faults(expression: str) -> Iterator[str]:
    """Say what could not be compiled in an expression, or may not be used there."""
    code = LITERAL.sub('""', expression)
    if not EXPRESSION.fullmatch(expression):
        yield "no expression"
    if not _is_balanced(code):
        yield "brackets do not fit"
    if expression.startswith("@{") != bool(re.search(r"\breturn\b", code)):
        yield "a return belongs to statements, and to nothing else"
    yield from _unknown_names(code)


def _is_balanced(code: str) -> bool:
    opened: list[str] = []
    for character in code:
        if character in BRACKETS.values():
            opened.append(character)
        elif character in BRACKETS and (not opened or opened.pop() != BRACKETS[character]):
            return False
    return not opened and not set("\"'") & set(code.replace('""', ""))


def _unknown_names(code: str) -> Iterator[str]:
    declared = {*re.findall(r"(?:\bvar|\bstring\[\]) (\w+)", code), *re.findall(r"(\w+) =>", code)}
    for chain in re.findall(r"(?<![\w.)\]])[A-Za-z_]\w*(?:\.\w+)*", code):
        first, _, rest = chain.partition(".")
        if first == "context":
            known = rest in CONTEXT
        elif first[0].isupper():
            known = any(
                chain == name or chain.removeprefix(f"{name}.").partition(".")[0] in members
                for name, members in TYPES.items()
            )
        else:
            known = first in KEYWORDS | declared
        if not known:
            yield f"{chain} may not be used"
