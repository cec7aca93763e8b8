"""Trained pipelines on the Hugging Face hub: how they come here, and what the hub has against it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from esc_gpu.core.run_layout import PIPELINE, WEIGHTS
from esc_gpu.errors import EscGpuError, first_line


def download_pipeline(name: str, **options: Any) -> Path:
    """The folder of this machine with the pipeline of a repository, "user/name".

    `options` are those of `huggingface_hub.snapshot_download`.

    Raises:
        EscGpuError: for a repository that holds no pipeline, and without network.
    """
    with hub_errors(name):
        files = [WEIGHTS, PIPELINE]
        folder = Path(snapshot_download(name, allow_patterns=files, library_name="esc_gpu", **options))
    if not (folder / WEIGHTS).is_file():
        raise EscGpuError(f"{name} on the Hugging Face hub holds no {WEIGHTS} of esc_gpu")
    return folder


@contextmanager
def hub_errors(repo_id: str) -> Iterator[None]:
    """What the hub or the way to it has against a request becomes an EscGpuError."""
    try:
        yield
    except HFValidationError as error:
        raise EscGpuError(f"{repo_id!r} is neither a folder nor the name of a repository (user/name)") from error
    except GatedRepoError as error:
        raise EscGpuError(f"{repo_id} on the Hugging Face hub is not public: ask for access there") from error
    except RevisionNotFoundError as error:
        raise EscGpuError(f"{repo_id} on the Hugging Face hub has no such revision") from error
    except RepositoryNotFoundError as error:
        raise EscGpuError(
            f"there is neither a folder {repo_id} nor such a repository on the Hugging Face hub, or it is private: "
            "correct the name, or log in by `hf auth login`"
        ) from error
    except HfHubHTTPError as error:
        reason = error.server_message or first_line(error)
        raise EscGpuError(f"the Hugging Face hub refuses {repo_id} ({reason}): log in by `hf auth login`") from error
    except (HTTPError, OSError) as error:
        reason = first_line(error)
        raise EscGpuError(
            f"the Hugging Face hub cannot be reached for {repo_id} ({reason}): check the network, or name a folder"
        ) from error
