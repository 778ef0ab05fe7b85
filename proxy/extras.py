"""What is added to records on their way out: thumbnails, a word on concept tags, our own links."""

import re

from proxy.picture_links import PictureLinks
from proxy.query import ApodQuery
from proxy.records import Record, canonical

NO_CONCEPTS = "concept_tags functionality turned off in current service"

YOUTUBE = re.compile(
    r"(?:https?:)?//(?:www\.)?(?:youtube(?:-nocookie)?\.com/(?:embed/|v/|watch\?v=)|youtu\.be/)"
    r"([A-Za-z0-9_-]{11})"
)


def body_of(record: Record, query: ApodQuery, links: PictureLinks | None) -> bytes:
    """Give the record's bytes, with what *query* asks for besides, and *links* to pictures."""
    if not query.thumbs and not query.concept_tags and links is None:
        return record.body
    fields = record.fields()
    if query.concept_tags:
        fields["concepts"] = NO_CONCEPTS
    if query.thumbs and fields["media_type"] == "video":
        fields["thumbnail_url"] = thumbnail(fields.get("url", ""))
    if links:
        links.rewrite(fields)
    return canonical(fields)


def thumbnail(url: str) -> str:
    """Give the address of a video's thumbnail; empty where NASA's own would be, or unknown.

    NASA asks Vimeo's API for Vimeo's, which has no address pattern by video id.
    """
    match = YOUTUBE.match(url)
    return f"https://img.youtube.com/vi/{match[1]}/0.jpg" if match else ""
