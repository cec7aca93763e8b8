"""Requests that another page has a browser make, and uploads for which there is no room, do not reach the demo."""

import asyncio

import pytest

starlette = pytest.importorskip("starlette", reason="gradio is not installed: pip install 'esc_gpu[demo]'")
httpx = pytest.importorskip("httpx")

from starlette.responses import PlainTextResponse  # noqa: E402

from esc_gpu.inference import demo_guard  # noqa: E402
from esc_gpu.inference.demo_guard import Guard  # noqa: E402

HOST = "http://127.0.0.1:7860"


def ask(folder, method="POST", path="/gradio_api/upload", *, url=HOST, **request):
    """The status with which a guarded page answers; 200 is the page's own."""
    reached = []

    async def page(scope, receive, send):
        reached.append(scope["path"])
        await PlainTextResponse("page")(scope, receive, send)

    async def send():
        transport = httpx.ASGITransport(Guard(page, folder))
        async with httpx.AsyncClient(transport=transport, base_url=url) as client:
            return await client.request(method, path, **request)

    reply = asyncio.run(send())
    assert reply.status_code in (200, 403, 411, 413) and bool(reached) is (reply.status_code == 200)
    return reply.status_code


OTHERS = (
    {"Origin": "http://elsewhere.example"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "https://127.0.0.1:7860"},
    {"Origin": "null"},
)


def test_another_page_is_refused_and_the_own_is_not(tmp_path):
    for headers in OTHERS:
        assert ask(tmp_path, headers=headers) == ask(tmp_path, "GET", "/", headers=headers) == 403
    for site in ("cross-site", "same-site"):
        assert ask(tmp_path, headers={"Sec-Fetch-Site": site}) == 403
        assert ask(tmp_path, "GET", "/", headers={"Sec-Fetch-Site": site}) == 200  # a link
    for url in (HOST, "http://localhost:7860"):
        assert ask(tmp_path, url=url, headers={"Origin": url, "Sec-Fetch-Site": "same-origin"}) == 200
    assert ask(tmp_path) == 200  # a program
    assert ask(tmp_path, path="/gradio_api/process_recording") == 403


def test_all_uploads_together_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(demo_guard, "MAX_TOTAL_MEGABYTES", 1)
    half = bytes(1 << 19)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.wav").write_bytes(half)
    assert ask(tmp_path, content=half) == 200
    assert ask(tmp_path, content=half + b"a") == 413
    assert ask(tmp_path, "GET", "/") == 200
    assert ask(tmp_path, content=aiter_of(b"no length")) == 411
    monkeypatch.undo()
    monkeypatch.setattr(Guard, "stored", lambda guard: (1000 << 20) - 10)
    assert (ask(tmp_path, content=bytes(10)), ask(tmp_path, content=bytes(11))) == (200, 413)


def test_uploads_at_once_count_together(tmp_path, monkeypatch):
    monkeypatch.setattr(demo_guard, "MAX_TOTAL_MEGABYTES", 1)
    half = bytes(700_000)

    async def page(scope, receive, send):
        await asyncio.sleep(0.01)
        await PlainTextResponse("page")(scope, receive, send)

    async def both():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(Guard(page, tmp_path)), base_url=HOST) as client:
            replies = await asyncio.gather(*(client.post("/upload", content=half) for _ in range(2)))
            return [*replies, await client.post("/upload", content=half)]

    assert [reply.status_code for reply in asyncio.run(both())] == [200, 413, 200]


async def aiter_of(*parts):
    for part in parts:
        yield part


def test_a_server_s_own_messages_pass_and_websockets_do_not(tmp_path):
    reached = []

    async def page(scope, receive, send):
        reached.append(scope["type"])

    guard = Guard(page, tmp_path)
    for kind in ("lifespan", "websocket"):
        asyncio.run(guard({"type": kind}, None, None))
    assert reached == ["lifespan"]
