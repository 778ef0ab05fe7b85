import pytest

from proxy.errors import (
    SourceError,
    SourceFailedError,
    SourceInvalidError,
    SourceQuotaError,
    SourceRefusedError,
    SourceTimeoutError,
    SourceUnavailableError,
    SourceUnreachableError,
)
from proxy.sources import retry


class Caller:
    """Fails so often, then succeeds."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls = 0

    async def __call__(self) -> str:
        """Be called."""
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


PASSING = [
    SourceTimeoutError("slow"),
    SourceUnreachableError("away"),
    SourceUnavailableError("busy"),
    SourceFailedError("broken"),
]
LASTING = [
    SourceInvalidError("placeholder"),
    SourceRefusedError("key"),
    SourceQuotaError("used up"),
    SourceUnavailableError("busy", retry_after_seconds=5),
    ZeroDivisionError(),
]


@pytest.mark.parametrize("failure", PASSING, ids=repr)
async def test_passing(failure: SourceError) -> None:
    """What often passes is tried three times."""
    call = Caller(failure, failure)
    assert await retry.attempt(call) == "answer"
    assert call.calls == 3


@pytest.mark.parametrize("failure", PASSING, ids=repr)
async def test_three_times(failure: SourceError) -> None:
    """And no fourth time."""
    call = Caller(*[failure] * 9)
    with pytest.raises(type(failure)):
        await retry.attempt(call)
    assert call.calls == 3


@pytest.mark.parametrize("failure", LASTING, ids=repr)
async def test_lasting(failure: Exception) -> None:
    """What will not pass in a second, or asks to be left alone, is tried once."""
    call = Caller(failure)
    with pytest.raises(type(failure)):
        await retry.attempt(call)
    assert call.calls == 1


async def test_one_attempt() -> None:
    """A probe is one call."""
    call = Caller(SourceTimeoutError("slow"))
    with pytest.raises(SourceTimeoutError):
        await retry.attempt(call, attempts=1)
    assert call.calls == 1
