"""The fragments for Azure API Management: their language, and what they decide."""

import json
import re
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest

from astropiks.mint import sign
from attestation.errors import AttestationError
from attestation.request import HttpRequest
from attestation.verifier import RequestVerifier
from tests.gateways import azure
from tests.gateways.apim_language import (
    expression_faults,
    expressions,
    faults,
    named_values,
    one_line,
)
from tests.gateways.apim_model import HOST, run
from tests.gateways.azure import NAMED_VALUES, decide, load, received
from tests.gateways.verdicts import (
    BINDINGS,
    HEADER,
    TOKEN,
    TOKENS,
    USER,
    Fields,
    bound,
    claims,
    signed,
)

FRAGMENTS = ("approov-token", "approov-binding", "approov-attest")

README = (azure.FOLDER / "README.md").read_text()

UNAUTHORIZED = {"statusCode": 401, "message": "Unauthorized"}


@pytest.fixture(params=FRAGMENTS)
def fragment(request: pytest.FixtureRequest) -> Element:
    """Be one of them."""
    return load(request.param)


def changed(old: str, new: str, name: str = "approov-token") -> Element:
    """Give a fragment with one part of it written otherwise."""
    text = (azure.FOLDER / f"{name}.xml").read_text()
    assert old in text
    return fromstring(text.replace(old, new, 1))  # noqa: S314  (our own text)


def test_language(fragment: Element) -> None:
    """Elements, attributes, their forms and their order are the published ones."""
    assert [*faults(fragment)] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('clock-skew="0"', 'clock-skew="none"'),
        ("header-name=", "header="),
        ("<issuer-signing-keys>", "<audiences /><issuer-signing-keys>"),
        ('<set-status code="401" reason="Unauthorized" />', "<base />"),
        ("<key id=", "text<key id="),
        ('exists-action="delete"', 'exists-action="remove"'),
        ('"approov-jwt"', '"@(context.Request.Method)"'),
        ("<choose>", "<choose><otherwise />"),
    ],
)
def test_language_is_checked(old: str, new: str) -> None:
    """What the service would not save is found."""
    assert [*faults(changed(old, new))]


def test_expressions(fragment: Element) -> None:
    """Every expression is whole, and uses only what is allowed in expressions."""
    found = [*expressions(fragment)]
    assert found
    assert [fault for each in found for fault in expression_faults(each)] == []


@pytest.mark.parametrize(
    "expression",
    [
        '@(context.Request.Headers.ContainsKey("x")',
        "@(context.Request.Method))",
        '@("x)',
        "@{ var x = 1; }",
        "@(return 1)",
        "@(context.Request.Cookies)",
        "@(System.IO.File.ReadAllText(context.Request.Method))",
        "@(Environment.MachineName)",
        "@(Regex.Escape(context.Request.Method))",
        "@(other.Length)",
    ],
)
def test_expressions_are_checked(expression: str) -> None:
    """What would not compile, or is not allowed, is found."""
    assert [*expression_faults(expression)]


def test_every_expression_has_a_meaning() -> None:
    """The model knows the expressions of the fragments, each to the letter, and no other."""
    used = {each for name in FRAGMENTS for each in expressions(load(name))}
    assert used == {one_line(each) for each in azure.EXPRESSIONS}


def test_changed_expression() -> None:
    """A fragment whose expression has been changed is not evaluated at all."""
    with pytest.raises(KeyError):
        run(changed("8192", "8193"), received([(TOKEN, signed())]))


def test_validate_jwt() -> None:
    """Signature and expiry are required without any leeway, and secrets are named values."""
    policy = load("approov-token").find("validate-jwt")
    assert policy is not None
    assert policy.attrib == {
        "header-name": TOKEN,
        "failed-validation-httpcode": "401",
        "failed-validation-error-message": "Unauthorized",
        "require-expiration-time": "true",
        "require-signed-tokens": "true",
        "clock-skew": "0",
        "output-token-variable-name": "approov-jwt",
    }
    keys = [*policy.iter("key")]
    assert len({key.get("id") for key in keys}) == len(keys) == 2
    assert {key.text for key in keys} == {"{{approov-secret}}", "{{approov-secret-previous}}"}


def verdict(fields: Fields, *bound_to: str) -> str:
    """Ask `attestation/`."""
    headers = tuple((name.lower().encode(), value.encode().strip()) for name, value in fields)
    request = HttpRequest(
        method="GET", origin=f"https://{HOST}", path="/x", query="y=z", headers=headers
    )
    try:
        secrets = NAMED_VALUES["approov-secret"]
        RequestVerifier.of_secrets(secrets, bound_to=bound_to).verify_head(request)
    except AttestationError:
        return "refused"
    return "accepted"


@pytest.mark.parametrize("case", TOKENS)
def test_token(tmp_path: Path, case: str) -> None:
    """The verdict on each token is that of `attestation/`, but where CANNOT says otherwise."""
    fields = TOKENS[case].fields()
    with azure.open_gateway(tmp_path, is_bound=False) as ask:
        assert ask(fields) == azure.CANNOT.get(case, verdict(fields))


@pytest.mark.parametrize("case", BINDINGS)
def test_binding(tmp_path: Path, case: str) -> None:
    """So it is with tokens that have to be bound to Authorization."""
    fields = BINDINGS[case].fields()
    with azure.open_gateway(tmp_path, is_bound=True) as ask:
        assert ask(fields) == azure.CANNOT.get(case, verdict(fields, "Authorization"))


@pytest.mark.parametrize("case", azure.CANNOT)
def test_cannot(case: str) -> None:
    """What cannot be told apart here is judged otherwise by `attestation/`, and README says so."""
    assert azure.CANNOT[case] != verdict({**TOKENS, **BINDINGS}[case].fields())
    assert f"“{case}”" in README


def test_comma_joined() -> None:
    """Two tokens in one field are refused before either is looked at."""
    answer = decide([(TOKEN, f"{signed()},{signed()}")], "approov-token")
    assert answer is not None


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        pytest.param([], ["approov-token"], id="form"),
        pytest.param([(TOKEN, sign(HEADER, claims(), b"x" * 64))], ["approov-token"], id="jwt"),
        pytest.param([(TOKEN, signed({"alg": "HS256", "crit": []}))], ["approov-token"], id="kind"),
        pytest.param([(TOKEN, signed())], ["approov-token", "approov-binding"], id="binding"),
    ],
)
def test_one_answer(fields: Fields, names: list[str]) -> None:
    """Every refusal is the answer that validate-jwt gives, and tells no reason."""
    answer = decide(fields, *names)
    assert answer is not None
    assert answer.status == 401
    assert answer.headers == {"Content-Type": "application/json"}
    assert json.loads(answer.body) == UNAUTHORIZED


def test_rotation() -> None:
    """Tokens of the secret and of the one before it pass; of one that is neither, none does."""
    previous = [(TOKEN, sign(HEADER, claims(), azure.PREVIOUS_SECRET))]
    policies = load("approov-token")
    assert run(policies, received(previous)) is None
    after = {**NAMED_VALUES, "approov-secret-previous": NAMED_VALUES["approov-secret"]}
    assert run(policies, received(previous, named_values=after)) is not None
    assert run(policies, received([(TOKEN, signed())], named_values=after)) is None


def test_token_is_taken_off() -> None:
    """The back end gets the request without its token, and with everything else."""
    context = received([(TOKEN, signed()), ("X-Other", "kept")])
    assert run(load("approov-token"), context) is None
    assert context.headers == {"x-other": ["kept"]}


def test_binding_alone() -> None:
    """The binding fragment lets nothing pass if nobody has validated the token before it."""
    fields = [(TOKEN, bound()), ("Authorization", USER)]
    assert decide(fields, "approov-token", "approov-binding") is None
    assert decide(fields, "approov-binding") is not None


def test_named_values() -> None:
    """README tells how to create every named value that a fragment uses, secrets as secrets."""
    used = {name for fragment in FRAGMENTS for name in named_values(load(fragment))}
    created = dict(re.findall(r"--named-value-id ([\w-]+) .*--secret (true|false)", README))
    assert used == NAMED_VALUES.keys() == created.keys()
    assert {name for name, secret in created.items() if secret == "false"} == {"approov-attest-url"}


def test_readme_includes() -> None:
    """README shows how to include each fragment."""
    assert {*re.findall(r'fragment-id="([\w-]+)"', README)} == {*FRAGMENTS}
