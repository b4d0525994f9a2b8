"""The text of an artifact as it goes into a file."""

from datetime import UTC, datetime

from bot.domain.artifact import Artifact


def made(*answer: str, body: str) -> Artifact:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    return Artifact(version=1, title="T", answer=answer, body=body, plan_version=1, at=now)


def test_a_file_begins_with_the_answer() -> None:
    """Who downloads only the file must not miss what the card said."""
    assert made("North sold most.", body="## Table").document == "North sold most.\n\n## Table"


def test_what_the_body_says_already_is_not_said_twice() -> None:
    """A body that opens with the answer stays as it is."""
    body = "North sold most.\n\n## Table"
    assert made("North sold most.", body=body).document == body
