"""The guide says what the files beside it say, and they say what is so."""

import re
import textwrap
from xml.etree import ElementTree as ET

import httpx
import pytest

from tests.android.compilers import HERE, NOTES
from tests.android.phone import Phone
from tests.android.service import PUBLISHED_SECRET, served
from tests.conftest import make_settings
from tests.processes import ROOT

GUIDE = (NOTES / "README.md").read_text(encoding="utf-8")

SNIPPETS = re.findall(r"^<!-- (\S+) -->\n```\w+\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)

ANDROID = "{http://schemas.android.com/apk/res/android}"

LANGUAGES = {".kt": "kotlin", ".kts": "kotlin", ".java": "java", ".xml": "xml", ".pro": "proguard"}


def region(reference: str) -> str:
    """Give a file, or the region of it that stands after the ``#``."""
    name, _, wanted = reference.partition("#")
    text = (NOTES / name).read_text(encoding="utf-8")
    if not wanted:
        return text
    (found,) = re.findall(
        rf"^[^\n]* region: {wanted}\n(.*?)^[^\n]* endregion$", text, re.MULTILINE | re.DOTALL
    )
    return textwrap.dedent(found)


def regions() -> set[str]:
    """Give every region of every source beside the guide."""
    return {
        f"{path.relative_to(NOTES).as_posix()}#{name}"
        for path in NOTES.rglob("*")
        if path.suffix in LANGUAGES
        for name in re.findall(r"region: (\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }


@pytest.mark.parametrize(("reference", "shown"), SNIPPETS)
def test_snippet(reference: str, shown: str) -> None:
    """A snippet is what stands in a file that is compiled or checked."""
    assert shown == region(reference)


def test_all_snippets() -> None:
    """The guide shows no code that is not taken from a file, and every region of the files."""
    fences = re.findall(r"^```(\w+)$", GUIDE, re.MULTILINE)
    assert len(fences) - fences.count("sh") == len(SNIPPETS)
    assert regions() <= {reference for reference, _ in SNIPPETS}
    for reference, _ in SNIPPETS:
        suffix = (NOTES / reference.partition("#")[0]).suffix
        assert f"<!-- {reference} -->\n```{LANGUAGES[suffix]}\n" in GUIDE


STEPS = GUIDE.split("\n## ")


@pytest.mark.parametrize("number", [3, 4, 5, 6])
def test_files(number: int) -> None:
    """In the steps that set up, each snippet stands below a link to its file, with its place."""
    (step,) = [text for text in STEPS if text.startswith(f"{number}. ")]
    references = re.findall(r"^<!-- ([^#\s]+)\S* -->$", step, re.MULTILINE)
    for name in references:
        above = step.partition(f"<!-- {name}")[0]
        assert f"]({name})" in above or name.endswith(("Signing.kt", "Signing.java")), name


def test_release_compiles() -> None:
    """The release build gets its file with the debug one, and a placeholder to compile with."""
    gradle, debug = (text for text in STEPS if text[:2] in {"3.", "4."})
    assert '"APPROOV_CONFIG", "\\"#your-account#…\\""' in gradle
    assert "`app/src/release/java/your/app/` now" in debug
    stub = HERE / "stubs" / "java" / "your" / "app" / "BuildConfig.java"
    assert 'APPROOV_CONFIG = "#your-account#' in stub.read_text()


def test_both_languages() -> None:
    """What is set up in Kotlin is set up in Java, too, but for two image loaders."""
    names: dict[str, set[str]] = {"kotlin": set(), "java": set()}
    for reference in regions():
        folder, _, name = reference.partition("/")
        if folder in names:
            names[folder].add(name.partition("#")[2])
    assert names["kotlin"] ^ names["java"] == {"coil", "picasso"}


def test_cleartext() -> None:
    """Plain HTTP is allowed for the emulator's laptop, in debug builds, and for nothing else."""
    source = NOTES / "app/src/debug/res/xml/network_security_config.xml"
    config = ET.parse(source)  # noqa: S314  (our own)
    (domains,) = config.getroot()
    assert domains.attrib == {"cleartextTrafficPermitted": "true"}
    assert [(domain.text, domain.attrib) for domain in domains] == [
        ("10.0.2.2", {"includeSubdomains": "false"})
    ]
    manifests = {
        path.parent.name: ET.parse(path).getroot()  # noqa: S314  (our own)
        for path in NOTES.rglob("AndroidManifest.xml")
    }
    assert manifests.keys() == {"debug", "main"}
    (debug,) = manifests["debug"]
    assert debug.attrib == {f"{ANDROID}networkSecurityConfig": "@xml/network_security_config"}
    *permissions, application = manifests["main"]
    assert {one.attrib[f"{ANDROID}name"].rpartition(".")[2] for one in permissions} == {
        "INTERNET",
        "ACCESS_NETWORK_STATE",
    }
    assert application.attrib == {f"{ANDROID}name": "your.app.App"}


def test_addresses() -> None:
    """The build types ask at the addresses of README's table, the release one encrypted."""
    gradle = (NOTES / "app" / "build.gradle.kts").read_text()
    urls = re.findall(
        r'(debug|release) \{\n +buildConfigField\("String", "BASE_URL", "(.*?)"\)', gradle
    )
    debug, release = (dict(urls)[name].replace('\\"', "") for name in ("debug", "release"))
    table = (ROOT / "README.md").read_text().partition("## Point your app at it")[2]
    (emulator,) = re.findall(r"^\| the Android emulator \| `(.*?)` \|", table, re.MULTILINE)
    (production,) = re.findall(r"^\| production \| `(.*?)`", table, re.MULTILINE)
    assert debug == emulator
    assert release.startswith(production)
    assert release.endswith("/")


def test_release_only() -> None:
    """Development tokens are in debug builds alone, and Approov's layer in release builds alone."""
    release = [*NOTES.glob("*/release/*"), *NOTES.glob("java/*/release/*")]
    main = [*NOTES.glob("java/client/*"), *NOTES.glob("*/main/*"), *NOTES.glob("java/*/main/*")]
    debug = [*NOTES.glob("*/debug/*.*"), *NOTES.glob("java/*/debug/*")]
    assert not [path for path in release + main if "DevelopmentTokens" in path.read_text()]
    assert not [path for path in debug + main if "io.approov" in path.read_text()]
    assert len(release) == 4


def test_published_secret() -> None:
    """The secret of debug builds is the one that the guide shows; production refuses it."""
    tokens = (NOTES / "java" / "debug" / "DevelopmentTokens.java").read_text()
    assert f'"APPROOV_BASE64_SECRET={PUBLISHED_SECRET}" >> .env\n' in GUIDE
    assert f'"{PUBLISHED_SECRET}"' in tokens
    with pytest.raises(ValueError, match="Approov publishes"):
        make_settings(approov_base64_secret=PUBLISHED_SECRET)


def test_shrinking() -> None:
    """The rules name classes that there are."""
    rules = (NOTES / "app" / "proguard-rules.pro").read_text()
    names = re.findall(r"^-keep\w* class ([\w.*]+)", rules, re.MULTILINE)
    own = [name for name in names if name.startswith(("astropiks.client.", "your.app."))]
    assert len(own) == len(names) - 1 == 3
    for name in own:
        _, _, simple = name.rpartition(".")
        assert list(NOTES.rglob(f"{simple}.java")), name


def test_outcomes(phone: Phone) -> None:
    """The table has every status that the service answers with, and what the client makes of it."""
    rows = re.findall(r"^\| (\d.*?) \| `(\w+)` \| \S", GUIDE, re.MULTILINE)
    table = {int(status): name for statuses, name in rows for status in statuses.split(", ")}
    for status, name in table.items():
        assert phone.do("outcome", status=status)["body"] == name, status
    settings = {"image_proxy": "on", "public_base_url": "https://proxy.test"}
    with served(nasa_passthrough="/neo/", **settings) as service:
        document = httpx.get(f"{service.url}openapi.json", trust_env=False).json()
    answered = {
        int(status)
        for path, operations in document["paths"].items()
        if not path.startswith("/attest")
        for operation in operations.values()
        for status in operation["responses"]
    }
    assert answered - table.keys() == set()
