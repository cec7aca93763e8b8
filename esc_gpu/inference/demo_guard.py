"""What stands before the demo's page: requests of its own page only, and a limit on all that is uploaded."""

import stat
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

MAX_TOTAL_MEGABYTES = 1000  # of all sounds until the demo ends
READING = ("GET", "HEAD", "OPTIONS")
UNUSED = "process_recording"  # Gradio's for video, which it keeps in another folder


class Guard:
    """ASGI middleware that refuses requests from other pages, and uploads for which there is no room.

    A browser sends a form from any page to any address, this machine's too, and says by `Origin` and `Sec-Fetch-Site`
    whose it is. A program says nothing of the kind, and is let in.

    Args:
        app: what it stands before.
        folder: of the uploads.
    """

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self.app, self.folder, self.arriving = app, folder, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] != "websocket":  # which the page has none of
                await self.app(scope, receive, send)
            return
        headers, writes = Headers(scope=scope), scope["method"] not in READING
        n_bytes = int(headers.get("content-length", "0"))  # the server refuses what is no number
        refusal = None
        if is_foreign(scope["scheme"], headers, writes) or scope["path"].rstrip("/").endswith(UNUSED):
            refusal = PlainTextResponse("the demo answers to its own page only", 403)
        elif writes and "transfer-encoding" in headers:
            refusal = PlainTextResponse("the demo takes requests with a length only", 411)
        elif writes and self.stored() + self.arriving + n_bytes > MAX_TOTAL_MEGABYTES << 20:
            refusal = PlainTextResponse(
                f"the demo holds up to {MAX_TOTAL_MEGABYTES} MB of sounds: end it and start it again to empty it", 413
            )
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        self.arriving += n_bytes
        try:
            await self.app(scope, receive, send)
        finally:
            self.arriving -= n_bytes

    def stored(self) -> int:
        """Bytes of the files in the folder."""
        sizes: list[int] = []
        for file in self.folder.rglob("*"):
            try:
                status = file.lstat()
            except FileNotFoundError:  # moved meanwhile
                continue
            if stat.S_ISREG(status.st_mode):
                sizes.append(status.st_size)
        return sum(sizes)


def is_foreign(scheme: str, headers: Any, writes: bool) -> bool:
    """Whether a browser says that another page than the demo's own has made a request."""
    origin = headers.get("origin")
    if origin is not None:
        return bool(origin != f"{scheme}://{headers.get('host')}")
    # A link on another page may lead here, which is to be read and not to be written.
    return writes and headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
