import time
from pathlib import Path

import pytest

from secrets_service.catalog_file import CatalogError, Surroundings, read
from secrets_service.policy import SecretPolicy
from secrets_service.toml_lines import line_of

WHOLE = """
[secrets.maps-key]
source = "env:MAPS_KEY"

[secrets.pay-key]
lifetime = 3600
[secrets.pay-key.policy]
binding = true
signature = true
sealed = true
claims = { plan = ["pro", "team"], beta = true, level = 3 }
max_token_age = 300
rate = "10/hour"
[secrets.pay-key.versions]
current = { name = "1", source = "file:FILE" }
next = { name = "2", source = "env:MAPS_KEY", from = 2026-12-01T00:00:00+01:00 }
retired = [{ name = "0", until = 2026-11-30T00:00:00Z }]
"""


def everything(_: SecretPolicy) -> str | None:
    """Be set up for every policy."""
    return None


def load(tmp_path: Path, toml: str) -> dict[str, object]:
    """Read a catalog."""
    (tmp_path / "value").write_text("marker-value\n")
    path = tmp_path / "secrets.toml"
    path.write_text(toml.replace("FILE", str(tmp_path / "value")))
    return dict(read(path, Surroundings({"MAPS_KEY": "marker-value"}, everything)))


def test_whole(tmp_path: Path) -> None:
    """Everything that the format knows is read."""
    secrets = load(tmp_path, WHOLE)
    pay = secrets["pay-key"]
    assert pay.policy == SecretPolicy(  # type: ignore[attr-defined]
        binding=True,
        signature=True,
        sealed=True,
        claims={"plan": ("pro", "team"), "beta": (True,), "level": (3,)},
        max_token_age=300,
        rate="10/hour",
    )
    assert pay.current.name == "1"  # type: ignore[attr-defined]
    assert pay.next_at == 1796079600  # type: ignore[attr-defined]
    assert secrets.keys() == {"maps-key", "pay-key"}
    assert "marker-value" not in repr(secrets)


VERSIONS = '[secrets.x.versions]\ncurrent={name="1",source="env:MAPS_KEY"}\n'
RETIRED = "[[secrets.x.versions.retired]]\n"

MISTAKES = {
    "nothing": ("", "line 1: secrets is missing"),
    "another table": ("[secret.x]\n", "line 1: secret is not known here"),
    "twice the key": ('[secrets.x]\nsource="env:A"\nsource="env:B"\n', "(at line 3"),
    "twice the table": ('[secrets.x]\nsource="env:MAPS_KEY"\n[secrets.x]\n', "(at line 3"),
    "no TOML": ("[secrets.x\n", "(at line 1"),
    "odd name": ('[secrets.Maps_Key]\nsource="env:MAPS_KEY"\n', "line 1: "),
    "unknown key": (
        '[secrets.x]\nsource="env:MAPS_KEY"\nsauce=1\n',
        "line 3: secrets.x.sauce is not known here",
    ),
    "unknown in policy": (
        '[secrets.x]\nsource="env:MAPS_KEY"\n[secrets.x.policy]\nseeled=true\n',
        "line 4: secrets.x.policy.seeled is not known here",
    ),
    "wrong type": (
        '[secrets.x]\nsource="env:MAPS_KEY"\npolicy={sealed="yes"}\n',
        "line 3: secrets.x.policy.sealed Input should be a valid boolean",
    ),
    "number for a flag": (
        '[secrets.x]\nsource="env:MAPS_KEY"\n[secrets.x.policy]\n\nbinding=1\n',
        "line 5: secrets.x.policy.binding",
    ),
    "no source": ("\n[secrets.x]\nlifetime=1\n", "line 2: secrets.x wants either"),
    "both": (
        '[secrets.x]\nsource="env:MAPS_KEY"\nversions.current={name="1",source="env:MAPS_KEY"}\n',
        "line 1: secrets.x wants either",
    ),
    "unset variable": (
        '[secrets.x]\nsource="env:OTHER"\n',
        "line 2: secrets.x.source the variable is not set",
    ),
    "absent file": (
        '[secrets.x]\nsource="file:/nowhere/x"\n',
        "line 2: secrets.x.source the file cannot be read (FileNotFoundError)",
    ),
    "relative file": ('[secrets.x]\nsource="file:x"\n', "line 2: secrets.x.source wants env:NAME"),
    "unknown source": ('[secrets.x]\nsource="vault:x"\n', "line 2: secrets.x.source wants env:"),
    "value for a source": (
        '[secrets.x]\nsource="marker-value"\n',
        "line 2: secrets.x.source wants",
    ),
    "source of another type": ("[secrets.x]\nsource=7\n", "line 2: secrets.x.source wants env:"),
    "no rate": (
        '[secrets.x]\nsource="env:MAPS_KEY"\npolicy.rate="often"\n',
        "line 3: secrets.x.policy.rate wants a rate such as 10/hour",
    ),
    "no time zone": (
        f'{VERSIONS}next={{name="2",source="env:MAPS_KEY",from=2026-12-01T00:00:00}}\n',
        "line 3: secrets.x.versions.next.from",
    ),
    "one name twice": (
        f'{VERSIONS}next={{name="1",source="env:MAPS_KEY",from=2026-12-01T00:00:00Z}}\n',
        "line 1: secrets.x.versions two of them have one name",
    ),
    "second retired": (
        f'{VERSIONS}{RETIRED}name="0"\nuntil=2026-12-01T00:00:00Z\n{RETIRED}name="00"\nuntil="soon"\n',
        "line 8: secrets.x.versions.retired.1.until",
    ),
    "no claim values": (
        '[secrets.x]\nsource="env:MAPS_KEY"\n[secrets.x.policy.claims]\nplan=[]\n',
        "line 4: secrets.x.policy.claims.plan",
    ),
    "endless life": (
        '[secrets.x]\nsource="env:MAPS_KEY"\nlifetime=1000000000000\n',
        "line 3: secrets.x.lifetime",
    ),
    "deep": ("x=" + "[" * 50_000, "cannot be read (RecursionError)"),
    "endless number": ("x = " + "1" * 5000, "cannot be read (ValueError)"),
    "two rates": (
        '[secrets.x]\nsource="env:MAPS_KEY"\npolicy.rate="10/hour;1/day"\n',
        "line 3: secrets.x.policy.rate",
    ),
    "another age": (
        f'{VERSIONS}next={{name="2",source="env:MAPS_KEY",from=9999-12-31T23:59:59-10:00}}\n',
        "line 3: secrets.x.versions.next.from is of another age",
    ),
    "own secret": (
        '[secrets.x]\nsource="env:APPROOV_BASE64_SECRET"\n',
        "line 2: secrets.x.source the variable is a secret of this service's own",
    ),
    "short life": (
        '[secrets.x]\nsource="env:MAPS_KEY"\nlifetime=0\n',
        "line 3: secrets.x.lifetime",
    ),
}


@pytest.mark.parametrize(("toml", "said"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(tmp_path: Path, toml: str, said: str) -> None:
    """A mistake is named with its line, and no value is quoted."""
    with pytest.raises(CatalogError) as refusal:
        load(tmp_path, toml)
    assert any(said in problem for problem in refusal.value.problems), refusal.value.problems
    assert "marker-value" not in str(refusal.value)


def test_every_mistake(tmp_path: Path) -> None:
    """All of them are named at once."""
    toml = '[secrets.x]\nsource="env:A"\n[secrets.y]\nsauce=1\n[secrets.z]\nsource="env:B"\n'
    with pytest.raises(CatalogError) as refusal:
        load(tmp_path, toml)
    lines = [problem.split(":")[0] for problem in refusal.value.problems]
    assert sorted(lines) == ["line 2", "line 4", "line 6"]


@pytest.mark.parametrize("content", [b"\xff", b"#" * 1_100_000, None])
def test_unreadable(tmp_path: Path, content: bytes | None) -> None:
    """A file that is none is refused."""
    path = tmp_path / "marker.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CatalogError) as refusal:
        read(path, Surroundings({}, everything))
    assert "marker" not in str(refusal.value)


def test_lack(tmp_path: Path) -> None:
    """A policy that the service is not set up for is a mistake too."""
    path = tmp_path / "secrets.toml"
    path.write_text('[secrets.x]\nsource="env:A"\n[secrets.x.policy]\nsignature=true\n')
    with pytest.raises(CatalogError, match=r"line 3: secrets\.x\.policy wants signing"):
        read(path, Surroundings({"A": "x"}, lambda _: "wants signing"))


TEXT = """
a = 1
[b]
"c d" = 2
e.f = 3  # [not.a.table]
[[g.h]]
i = 4
[[g.h]]
i = 5
"""


def test_line_of_a_long_line() -> None:
    """A line that is no name of anything is passed over at once, however long."""
    began = time.perf_counter()
    assert line_of("[" + " " * 1_000_000 + "\na = 1", ["a"]) == 2
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (["a"], 2),
        (["b"], 3),
        (["b", "c d"], 4),
        (["b", "e", "f"], 5),
        (["b", "e", "f", "deeper"], 5),
        (["b", "missing"], 3),
        (["g", "h", 0, "i"], 7),
        (["g", "h", 1, "i"], 9),
        (["g", "h", 1], 8),
        (["nowhere"], 1),
    ],
)
def test_line_of(path: list[str | int], line: int) -> None:
    """The line is that of the key, or of what of its path there is."""
    assert line_of(TEXT, path) == line
