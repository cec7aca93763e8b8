"""Get the ESC-50 data set: download its archive, check it, and put it in place only when it is whole."""

import csv
import json
import re
import shutil
import stat
import time
import zipfile
import zlib
from collections.abc import Iterator
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path, PureWindowsPath
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from esc_gpu.core.esc50 import AUDIO, COLUMNS, TABLE
from esc_gpu.core.files import move, synchronize
from esc_gpu.core.lock import InUseError, locked
from esc_gpu.core.progress import tqdm
from esc_gpu.errors import EscGpuError

ESC50_URL = "https://github.com/karolpiczak/ESC-50/archive/master.zip"

LOCK = ".download.lock"
USER_AGENT = "esc-gpu"
TIMEOUT_S = 30.0
BACKOFF_S = (0.0, 1.0, 2.0, 4.0, 8.0)  # the wait before each attempt
BLOCK_BYTES = 1 << 18
MAX_ARCHIVE_BYTES = 1 << 30  # ESC-50's has 0.6 GB
MAX_UNPACKED_BYTES = 4 << 30  # ESC-50 takes 0.9 GB; far more than that is a zip bomb
# The members to unpack, and their place below the root: the archive's top folder is left out.
WANTED = re.compile(r"[^/]+/((?:audio|meta)/\w[\w.-]{0,99}|(?:LICENSE|README)[\w.]{0,9})", re.ASCII)

# What zipfile raises for a damaged or foreign archive; with BadZipFile this module also refuses one.
ARCHIVE_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, UnicodeDecodeError)


class _Cut(Exception):
    """The transfer broke off in a way that another attempt may mend."""


def download_esc50(root: str | Path, *, url: str = ESC50_URL, progress: bool = True) -> Path:
    """Download ESC-50 (about 600 MB) and leave `root/meta/esc50.csv` and `root/audio/*.wav`.

    Returns `root` as a path, at once and without network when the csv and every clip it names are there.
    A download that was cut goes on where it stopped if the server can do that. `progress` shows a bar, in
    bytes. Nothing is put in place before the whole archive is checked, and the csv comes last.

    Raises EscGpuError if the URL is not http(s) or does not answer, the transfer keeps breaking off, the
    archive is damaged, unsafe or not ESC-50 (it is then deleted), or `root` cannot be written, is full or in use.
    """
    root = Path(root)
    work = root / ".download"  # inside the root: renaming into place needs the same file system
    try:
        if _problem(root) is not None:
            work.mkdir(parents=True, exist_ok=True)
            with locked(root / LOCK, wait=False):
                archive = _fetch(url, work, progress)
                _put_in_place(_unpack(archive, url), root)
                shutil.rmtree(work)
    except InUseError as error:
        raise EscGpuError(
            f"{root}: in use by another download ({error}); expected one at a time; wait until it ends"
        ) from error
    except OSError as error:
        raise EscGpuError(
            f"{root}: {error}; expected a folder that can be written; check its permissions and disk, "
            "then run the command again"
        ) from error
    return root


def _problem(folder: Path) -> str | None:
    """What keeps `folder` from being a complete ESC-50, or None."""
    table = folder / TABLE
    if not table.is_file():
        return f"{TABLE} is missing"
    try:
        with table.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            columns = reader.fieldnames or ()
            clips = [row.get("filename") for row in reader]
    except (csv.Error, UnicodeDecodeError) as error:
        return f"{TABLE} is not a csv file ({error})"
    if not set(COLUMNS) <= set(columns) or not clips:
        return f"{TABLE} names no clip or lacks one of the columns {', '.join(COLUMNS)}"
    there = {clip.name for clip in (folder / AUDIO).glob("*.wav") if clip.is_file() and clip.stat().st_size}
    missing = [clip for clip in clips if clip not in there]
    return f"{len(missing)} clips are missing or empty in audio/, first {missing[0]!r}" if missing else None


def _fetch(url: str, work: Path, progress: bool) -> Path:
    """The whole archive: kept by an earlier run, or downloaded, going on where a cut one stopped."""
    archive = work / "archive.zip"
    if archive.exists() and _known(archive, url).get("whole"):
        return archive
    for wait_s in BACKOFF_S:
        time.sleep(wait_s)
        try:
            _fetch_once(url, archive, progress)
            _note(archive, _known(archive, url) | {"whole": True})
            return archive
        except _Cut as error:
            cut = error
    raise EscGpuError(
        f"{url}: {cut} in the last of {len(BACKOFF_S)} attempts; expected the whole archive; "
        "check the network and run the command again to continue"
    ) from cut


def _fetch_once(url: str, archive: Path, progress: bool) -> None:
    """Download to the end, after the bytes that `archive` already holds if they are still of use."""
    validator = _known(archive, url).get("validator")
    offset = archive.stat().st_size if validator and archive.exists() else 0
    # If-Range: a file that has changed comes whole, with status 200, as from a server without ranges.
    resume = {"Range": f"bytes={offset}-", "If-Range": validator} if validator and offset else {}
    response = _open(url, resume)
    if response is None:
        return
    with response:
        resumed = response.status == 206
        if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
            archive.unlink(missing_ok=True)
            raise _Cut("the server sent other bytes than those asked for")
        rest = response.length  # in bytes; None if the server does not tell
        offset = offset if resumed else 0
        _check_size(archive, url, offset + (rest or 0))
        _check_space(archive.parent, rest or 0)
        total = None if rest is None else offset + rest
        with (
            archive.open("ab" if resumed else "wb") as out,
            tqdm(initial=offset, total=total, unit="B", unit_scale=True, disable=not progress) as bar,
        ):
            if not resumed:  # noted after the file was emptied: it must never hold another version's bytes
                _note(archive, {"url": url, "validator": _validator(response)})
            for block in _blocks(response):
                _check_size(archive, url, offset := offset + len(block))
                out.write(block)
                bar.update(len(block))


def _open(url: str, resume: dict[str, str]) -> HTTPResponse | None:
    """The answer, or None if the server has nothing after the bytes that `resume` (headers) tells of."""
    try:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("not a web address")
        request = Request(url, headers={"User-Agent": USER_AGENT, **resume})
        response: HTTPResponse = _OPENER.open(request, timeout=TIMEOUT_S)
        return response
    except HTTPError as error:
        error.close()
        if error.code == 416 and resume:
            return None  # so all should be there; the check of the zip tells whether it is
        if error.code >= 500 or error.code == 429:  # the server's trouble, or too many requests
            raise _Cut(str(error)) from error
        raise EscGpuError(f"{url}: {error}; expected the archive of ESC-50; check the URL") from error
    except (OSError, HTTPException) as error:
        raise _Cut(f"no answer ({error})") from error
    except ValueError as error:
        raise EscGpuError(f"{url}: {error}; expected an http or https address; check the URL") from error


def _blocks(response: HTTPResponse) -> Iterator[bytes]:
    """The body in blocks. A generator, so that errors of writing them are not taken for the network's."""
    try:
        while block := response.read1(BLOCK_BYTES):
            yield block
    except (OSError, HTTPException) as error:
        raise _Cut(f"connection cut ({error})") from error
    if response.length:
        raise _Cut(f"connection cut ({response.length} bytes missing)")


class _SafeRedirect(HTTPRedirectHandler):
    """Follows redirects to http and https, but never from https down to http."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if urlsplit(newurl).scheme not in ("https", req.type):
            raise HTTPError(req.full_url, code, f"redirect to {newurl} refused, not https", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = build_opener(_SafeRedirect)


def _validator(response: HTTPResponse) -> str | None:
    """What names this very version of the file; a weak ETag does not promise the same bytes."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def _note(archive: Path, facts: dict[str, Any]) -> None:
    archive.with_suffix(".json").write_text(json.dumps(facts), encoding="utf-8")


def _known(archive: Path, url: str) -> dict[str, Any]:
    """The noted `url`, `validator` and `whole` of the bytes in `archive`; {} unless they are of `url`."""
    try:
        facts = json.loads(archive.with_suffix(".json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # none yet, or half written by a killed run
        return {}
    return facts if facts.get("url") == url else {}


def _check_size(archive: Path, url: str, size: int) -> None:
    """Refuse what is announced, or comes, that would fill the disk."""
    if size > MAX_ARCHIVE_BYTES:
        shutil.rmtree(archive.parent)
        raise EscGpuError(
            f"{url}: sends more than {MAX_ARCHIVE_BYTES >> 20} MiB; expected the archive of ESC-50, of about 600; "
            "the download was deleted; check the URL and run the command again"
        )


def _check_space(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size:
        raise EscGpuError(
            f"{folder}: {free >> 20} MiB free; expected at least {size >> 20} MiB; "
            "free some disk space and run the command again to continue"
        )


def _unpack(archive: Path, url: str) -> Path:
    """Unpack into a fresh folder beside `archive` and return it, checked; a bad archive is deleted."""
    fresh = archive.parent / "unpacked"
    shutil.rmtree(fresh, ignore_errors=True)  # what a killed run left
    try:
        with zipfile.ZipFile(archive) as bundle:
            _check_members(bundle.infolist())
            _check_space(archive.parent, sum(member.file_size for member in bundle.infolist()))
            for member in bundle.infolist():
                if match := WANTED.fullmatch(member.filename):
                    _unpack_member(bundle, member, fresh / match[1])
        if problem := _problem(fresh):
            raise zipfile.BadZipFile(problem)
    except ARCHIVE_ERRORS as error:
        shutil.rmtree(archive.parent)
        raise EscGpuError(
            f"{url}: bad archive, {str(error) or 'cut short'}; expected the whole zip of ESC-50; "
            "it was deleted; check the URL and run the command again"
        ) from error
    return fresh


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive with anything that could be written outside the folder, or with too much."""
    for member in members:
        name = member.orig_filename
        path = PureWindowsPath(name)  # knows drive letters, and both slashes
        if path.anchor or ".." in path.parts or "\\" in name:
            raise zipfile.BadZipFile(f"member {name!r} would leave the folder")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise zipfile.BadZipFile(f"member {name!r} is a link or device")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.header_offset < 0:
            raise zipfile.BadZipFile(f"member {name!r} cannot be read")
    size = sum(member.file_size for member in members)
    if size > MAX_UNPACKED_BYTES:
        raise zipfile.BadZipFile(f"it unpacks to {size} bytes, more than {MAX_UNPACKED_BYTES}")


def _unpack_member(bundle: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # Reading ends at the declared size, whatever the compressed bytes hold, and then checks the CRC.
    with bundle.open(member) as source, target.open("wb") as out:
        shutil.copyfileobj(source, out, BLOCK_BYTES)
    if target.stat().st_size != member.file_size:
        raise zipfile.BadZipFile(f"member {member.filename!r} is shorter than declared")


def _put_in_place(fresh: Path, root: Path) -> None:
    """Rename each file into `root`, the csv last: without it, what a killed run left is not complete."""
    (root / TABLE).unlink(missing_ok=True)
    files = (path for path in fresh.rglob("*") if path.is_file())
    for path in sorted(files, key=lambda path: path == fresh / TABLE):
        target = root / path.relative_to(fresh)
        target.parent.mkdir(exist_ok=True)
        synchronize(path)
        move(path, target)
