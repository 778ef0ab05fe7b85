import pytest

from proxy.extras import thumbnail

YOUTUBE = "https://img.youtube.com/vi/CC7OJ7gFLvE/0.jpg"


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/embed/CC7OJ7gFLvE?rel=0",
        "http://www.youtube.com/embed/CC7OJ7gFLvE",
        "//www.youtube.com/embed/CC7OJ7gFLvE?vq=hd720&rel=0",
        "https://www.youtube-nocookie.com/embed/CC7OJ7gFLvE",
        "https://youtu.be/CC7OJ7gFLvE",
        "https://www.youtube.com/watch?v=CC7OJ7gFLvE",
    ],
)
def test_youtube(url: str) -> None:
    """YouTube's thumbnails follow from the video's id, however it is addressed."""
    assert thumbnail(url) == YOUTUBE


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://player.vimeo.com/video/438799770",
        "https://apod.nasa.gov/apod/image/1803/AstroSoM/hudf.html",
        "https://attacker.test/?https://www.youtube.com/embed/CC7OJ7gFLvE",
        "https://www.youtube.com.attacker.test/embed/CC7OJ7gFLvE",
        "https://www.youtube.com/embed/../../x",
    ],
)
def test_others(url: str) -> None:
    """Where no thumbnail is known it is empty, as NASA's is for other players."""
    assert thumbnail(url) == ""
