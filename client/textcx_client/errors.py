"""What can go wrong between a program and the service, in one tree.

    TextcxError
    ├── WrongUse                the call itself is wrong; nothing was sent
    │   └── BadSetting          an option of the client that cannot be
    ├── ServiceError            the service refused or failed, and said so
    │   └── ServiceUnreachable  no answer came at all
    ├── JobFailed               a job that was waited for failed or was cancelled
    ├── JobStillRuns            it was not over in time
    └── BadSignature            a message that no webhook of ours signed, or not lately

No error holds a text, a key or a body that was sent; neither does anything that hangs on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx_client.answers.datasets import Job

UNREACHABLE = "unreachable"
UNEXPECTED_ANSWER = "unexpected_answer"


class TextcxError(Exception):
    """Base of every error of the client."""


class WrongUse(TextcxError):
    """The call is wrong; nothing was sent."""


class BadSetting(WrongUse):
    """An option of the client is outside its range."""


@dataclass(frozen=True, slots=True)
class InvalidParam:
    """A field that is missing or wrong; its value is not repeated."""

    name: str
    reason: str


class ServiceError(TextcxError):
    """The service refused or failed.

    Attributes:
        status: Of the answer; null where none came.
        code: For programs: one of those that docs/service.md lists; ``http_502`` and the like where something between
            here and the service answered; ``unreachable``; ``unexpected_answer``.
        detail: What came and what was expected.
        hint: What to do; may be empty.
        retryable: Whether the same request can succeed later.
        request_id: Finds the call again in the logs of the service; null where no answer came.
        invalid_params: Fields that are missing or wrong.
        retry_after: Seconds that the service asked to wait; null where it did not.
    """

    def __init__(
        self,
        detail: str,
        *,
        code: str,
        status: int | None = None,
        hint: str = "",
        retryable: bool = False,
        request_id: str | None = None,
        invalid_params: Sequence[InvalidParam] = (),
        retry_after: float | None = None,
    ) -> None:
        self.detail, self.code, self.status, self.hint = detail, code, status, hint
        self.retryable, self.request_id = retryable, request_id
        self.invalid_params, self.retry_after = tuple(invalid_params), retry_after
        super().__init__(detail)

    def __str__(self) -> str:
        """Give detail, code, wrong fields, hint and request id in a few sentences."""
        code = self.code if self.status is None else f"{self.status} {self.code}"
        sentences = [f"{self.detail.rstrip('.')} ({code})."]
        sentences += [f"{each.name}: {each.reason}." for each in self.invalid_params]
        if self.hint:
            sentences.append(f"What to do: {self.hint}.")
        if self.request_id:
            sentences.append(f"Request: {self.request_id}.")
        return " ".join(sentences)


class ServiceUnreachable(ServiceError):
    """No answer came: nobody listens there, the connection broke, or it took too long.

    Attributes:
        sent: Whether the service may have got the request and acted on it.
    """

    def __init__(self, detail: str, *, sent: bool) -> None:
        hint = "see whether the service runs there, and try again"
        super().__init__(detail, code=UNREACHABLE, retryable=True, hint=hint)
        self.sent = sent


class JobFailed(TextcxError):
    """A job that was waited for failed or was cancelled; ``job`` says more."""

    def __init__(self, job: Job) -> None:
        self.job = job
        why = "".join(f"; {error.message.rstrip('.')} ({error.code}); {error.hint}" for error in job.errors)
        super().__init__(f"The {job.kind} job {job.id} over {job.dataset} is {job.state}{why}.")


class JobStillRuns(TextcxError, TimeoutError):
    """A job was not over in time; it goes on. ``job`` says how far it is."""

    def __init__(self, job: Job, *, seconds: float) -> None:
        self.job = job
        super().__init__(f"The {job.kind} job {job.id} over {job.dataset} is {job.state} after {seconds:g} seconds.")


class BadSignature(TextcxError):
    """A message was not signed with the secret, or too long ago; do not act on it."""
