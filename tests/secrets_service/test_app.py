import httpx


async def test_no_secrets(client: httpx.AsyncClient) -> None:
    """An attested app is told that there are no secrets yet, and the answer is not kept."""
    answer = await client.get("/secrets")
    assert (answer.status_code, answer.json()) == (200, {"secrets": []})
    assert answer.headers["Cache-Control"] == "no-store"
