import pytest

from proxy.picture_links import PictureLinks

BASE = "https://proxy.test"
LINKS = PictureLinks(BASE, ("apod.nasa.gov", "assets.science.nasa.gov"))
SIZED = "dynamicimage/assets/science/cds/apod/M64.jpg?w=1080&h=720&fit=clip&crop=faces%2Cfocalpoint"


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://apod.nasa.gov/apod/image/a_1080.jpg", "/v2/apod.nasa.gov/apod/image/a_1080.jpg"),
        ("http://apod.nasa.gov/apod/image/a.gif", "/v2/apod.nasa.gov/apod/image/a.gif"),
        ("//apod.nasa.gov/apod/image/a.PNG", "/v2/apod.nasa.gov/apod/image/a.PNG"),
        ("https://APOD.nasa.gov/apod/a.tif", "/v2/apod.nasa.gov/apod/a.tif"),
        ("https://apod.nasa.gov/apod/a.jpg ", "/v2/apod.nasa.gov/apod/a.jpg"),
        ("https://apod.nasa.gov/apod/a.jpg#top", "/v2/apod.nasa.gov/apod/a.jpg"),
        (f"https://assets.science.nasa.gov/{SIZED}", f"/v2/assets.science.nasa.gov/{SIZED}"),
        ("https://assets.science.nasa.gov/a.mp4", "/v2/assets.science.nasa.gov/a.mp4"),
    ],
)
def test_ours(address: str, link: str) -> None:
    """A picture of the listed hosts is fetched here, however NASA writes its address."""
    assert LINKS.link(address) == f"{BASE}{link}"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://www.youtube.com/embed/CC7OJ7gFLvE?rel=0",
        "https://apod.nasa.gov/apod/image/1803/AstroSoM/hudf.html",
        "https://apod.nasa.gov/apod/image/0612/clip.mov",
        "https://apod.nasa.gov/",
        "https://apod.nasa.gov",
        "https://apod.nasa.gov.attacker.test/a.jpg",
        "https://attacker.test/apod.nasa.gov/a.jpg",
        "https://user@apod.nasa.gov/a.jpg",
        "https://apod.nasa.gov:8443/a.jpg",
        "https://apod.nasa.gov/../a.jpg",
        "https://apod.nasa.gov/a b.jpg",
        "https://apod.nasa.gov/a.jpg?x y",
        "ftp://apod.nasa.gov/a.jpg",
        "https://apod.nasa.gov//[x/a.jpg",
        "https://apod.nasa.gov//℀/x.jpg",
        "https://apod.nasa.gov/apod/\ud800.jpg",
        "https://apod.nasa.gov//apod/image/x.jpg",
        "javascript://apod.nasa.gov/a.jpg",
    ],
)
def test_theirs(address: str) -> None:
    """Whatever could not be fetched here keeps the address that NASA gave it."""
    assert LINKS.link(address) == address


def test_rewrite() -> None:
    """In a record, both addresses are rewritten and nothing else."""
    text = "https://apod.nasa.gov/a.jpg"
    fields = {"url": text, "hdurl": text, "explanation": text, "title": text}
    LINKS.rewrite(fields)
    assert {name for name, value in fields.items() if value != text} == {"url", "hdurl"}
