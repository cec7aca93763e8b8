"""Which errors are tried again, and what is said of the others."""

from types import SimpleNamespace

import pytest

from esc_gpu.data.remote.attempts import UnreachableError, attempt
from tests.helpers.one_line import refusal


class Answer(OSError):
    def __init__(self, status):
        super().__init__(f"status {status}")
        self.response = status if isinstance(status, dict) else SimpleNamespace(status_code=status)


def failing(error, times=9):
    errors = [error] * times

    def work():
        if errors:
            raise errors.pop()
        return "done"

    return work, errors


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionResetError(), EOFError(), Answer(503), Answer(429)])
def test_what_passes_is_tried_again(error):
    work, _ = failing(error, 2)
    assert attempt("s3://x", work, (0, 0, 0)) == "done"
    work, left = failing(error)
    with pytest.raises(UnreachableError, match="attempts: 3"):
        attempt("s3://x", work, (0, 0, 0))
    assert len(left) == 6


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError("x"), "s3://x: there is no such file or folder; expected a folder, bucket or data set"),
        (Answer(404), "Answer, status 404; expected a folder, bucket or data set that is there"),
        (
            Answer({"ResponseMetadata": {"HTTPStatusCode": 404}}),
            "; expected a folder, bucket or data set that is there",
        ),
        (Answer(403), "expected credentials that may read it"),
        (Answer(418), "expected a folder of recordings; correct data.root"),
        (OSError(28, "No space left on device"), "expected room for all files"),
    ],
)
def test_what_does_not_pass_is_said_at_once(error, words):
    work, left = failing(error)
    assert words in refusal(attempt, "s3://x", work, (0, 0, 0))
    assert len(left) == 8


def test_no_such_file_because_of_a_cut_is_a_cut():
    def work():
        raise FileNotFoundError("x") from ConnectionResetError("reset")

    with pytest.raises(UnreachableError, match="ConnectionResetError, reset"):
        attempt("http://x", work, (0, 0))


def test_an_error_of_the_code_is_none_of_the_transfer():
    work, left = failing(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        attempt("s3://x", work, (0, 0))
    assert len(left) == 8
