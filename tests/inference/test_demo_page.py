"""The page of the demo, as a browser asks for it."""

import base64
import io
import os
import signal
import socket
from pathlib import Path
from types import SimpleNamespace

import matplotlib.image
import numpy as np
import psutil
import pytest
import soundfile

from esc_gpu.cli.main import main
from esc_gpu.data.recordings.synthetic import make_clip
from esc_gpu.errors import EscGpuError
from esc_gpu.inference.demo import MAX_MEGABYTES
from esc_gpu.inference.predict import predict_file
from tests.helpers.demo_material import BAD
from tests.helpers.ports import free_port

NO_GRADIO = "gradio is not installed: pip install 'esc_gpu[demo]'"


def gradio_variables():
    return {name: value for name, value in os.environ.items() if name.startswith("GRADIO") or name == "no_proxy"}


@pytest.fixture(scope="module")
def address(models):
    pytest.importorskip("gradio", reason=NO_GRADIO)
    from esc_gpu.inference.demo_page import serving

    with pytest.MonkeyPatch.context() as patch:
        # What a user may have set for other pages of Gradio.
        for name, value in {"ALLOWED_PATHS": "/", "SHARE": "True", "SERVER_NAME": "0.0.0.0"}.items():
            patch.setenv(f"GRADIO_{name}", value)
        before = gradio_variables()
        with serving(models, free_port()) as found:
            yield found
            uploads = Path(os.environ["GRADIO_TEMP_DIR"])
        assert not uploads.exists() and gradio_variables() == before


@pytest.fixture(scope="module")
def client(address):
    from gradio_client import Client

    return Client(address, verbose=False, analytics_enabled=False)


@pytest.fixture(scope="module")
def ask(client):
    """`ask(path, model)`: message, classes, summary, timeline and segments, as the page gets them."""
    from gradio_client import handle_file

    return lambda path, name="logmel", is_dark=False: client.predict(
        handle_file(path), name, is_dark, api_name="/answer"
    )


def test_the_page_answers_as_the_model_does(ask, models, sounds):
    message, classes, summary, timeline, segments = ask(sounds / "long.wav", "mfcc")
    assert list(Path(os.environ["GRADIO_TEMP_DIR"]).rglob("*.wav"))  # the upload, which goes with the page
    expected = predict_file(models["mfcc"], sounds / "long.wav").top(3)
    assert message["visible"] is False and timeline["visible"] and segments["visible"]
    assert classes["label"] == expected[0][0].replace("_", " ")
    assert [part["confidence"] for part in classes["confidences"]] == [pytest.approx(share) for _, share in expected]
    assert timeline["value"]["plot"].startswith("data:image/png;base64,") and "windows of 1 s" in summary
    assert ask(sounds / "short.wav")[3]["visible"] is False


def test_the_page_s_parts_are_as_its_figures_and_tables_need_them(address):
    import httpx

    from esc_gpu.inference.demo_page import TITLE

    parts = [(part["type"], part["props"]) for part in httpx.get(f"{address}config").json()["components"]]
    assert [props["format"] for kind, props in parts if kind == "plot"] == ["png", "png"]  # WebP blurs lines
    assert [props["num_top_classes"] for kind, props in parts if kind == "label"] == [5]
    assert any(props["value"] == f"# {TITLE}" for kind, props in parts if kind == "markdown")
    # Nothing empty is shown before there is a sound.
    empty = [props["visible"] for kind, props in parts if kind in ("plot", "dataframe", "slider")]
    assert empty == [False] * 4


def test_the_page_s_figures_follow_its_mode(ask, sounds):
    def corner(is_dark):
        picture = ask(sounds / "long.wav", is_dark=is_dark)[3]["value"]["plot"]
        return matplotlib.image.imread(io.BytesIO(base64.b64decode(picture.partition(",")[2])))[0, 0]

    assert corner(False).tolist() == [1, 1, 1, 1] and corner(True)[3] == 0


def test_an_example_sound_can_be_classified(client, ask):
    file = client.predict("sea waves", api_name="/example")
    samples, rate = soundfile.read(file, dtype="int16")
    assert (rate, len(samples)) == (22050, 5 * 22050)
    np.testing.assert_array_equal(samples, make_clip(1, "sea_waves", 0))
    assert ask(file)[1]["label"]


def test_the_page_answers_for_a_real_recording(ask, models, esc10_root):
    file = sorted((esc10_root / "audio").iterdir())[0]
    expected = predict_file(models["logmel"], file).top(1)
    assert ask(file)[1]["confidences"][0]["confidence"] == pytest.approx(expected[0][1])


@pytest.mark.parametrize("name", ["text.wav", "endless.wav"])
def test_the_page_says_what_is_wrong(ask, sounds, name):
    message, classes, *_ = ask(sounds / name)
    assert message["visible"] is True and message["value"].startswith(BAD[name])
    assert "Traceback" not in message["value"] and not classes


def test_an_error_of_the_picture_is_text(client, sounds, monkeypatch):
    from gradio_client import handle_file
    from gradio_client.exceptions import AppError

    def fail(*given):
        raise EscGpuError("<img src=x>: no sound")

    monkeypatch.setattr("esc_gpu.inference.demo_page.picture", fail)
    with pytest.raises(AppError, match="&lt;img src=x&gt;: no sound"):
        client.predict(handle_file(sounds / "short.wav"), ["logmel"], 0, False, api_name="/redraw")


def test_it_listens_on_this_machine_only(address):
    port = int(address.rstrip("/").rpartition(":")[2])
    listening = [c.laddr for c in psutil.Process().net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert [own.ip for own in listening if own.port == port] == ["127.0.0.1"]


def test_the_page_needs_nothing_from_elsewhere_and_documents_no_api(address):
    import httpx

    page = httpx.get(address, trust_env=False).text
    assert "What does the model hear?" in page
    for elsewhere in ("googleapis", "gstatic", "cdnjs", "jsdelivr", "unpkg", '<script src="http'):
        assert elsewhere not in page
    assert '"analytics_enabled":false' in page.replace(" ", "")
    assert httpx.get(f"{address}gradio_api/info", trust_env=False).json()["named_endpoints"] == {}
    assert httpx.get(f"{address}openapi.json", trust_env=False).status_code == 404
    assert httpx.get(address, headers={"Host": "elsewhere.example"}, trust_env=False).status_code == 400


def test_no_file_but_an_upload_is_served(address, sounds):
    import httpx

    for file in (sounds / "short.wav", Path(__file__), Path("/etc/hostname")):
        for path in (file, f"..{file}", f"%2e%2e/%2e%2e{file}"):
            reply = httpx.get(f"{address}gradio_api/file={path}", trust_env=False)
            assert reply.status_code in (403, 404) and not reply.content.startswith(b"RIFF")


def test_an_upload_that_is_too_large_is_refused(address):
    import httpx

    content = bytes((MAX_MEGABYTES + 1) << 20)
    reply = httpx.post(f"{address}gradio_api/upload", files={"files": ("large.wav", content)}, trust_env=False)
    assert reply.status_code == 413 and "maximum allowed size" in reply.text


def test_another_page_cannot_upload(address):
    import httpx

    uploads, sound = Path(os.environ["GRADIO_TEMP_DIR"]), {"files": ("strange.wav", b"RIFF")}
    for origin, status in (("http://elsewhere.example", 403), (address.rstrip("/"), 200)):
        reply = httpx.post(f"{address}gradio_api/upload", files=sound, headers={"Origin": origin}, trust_env=False)
        assert reply.status_code == status and bool(list(uploads.rglob("strange.wav"))) is (status == 200)


def test_the_command_serves_until_it_is_interrupted(models, tmp_path, monkeypatch, capsys):
    pytest.importorskip("gradio", reason=NO_GRADIO)
    models["logmel"].save_pretrained(tmp_path / "tones")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["demo", "--model", str(tmp_path / "tones"), "--port", str(port)]) == 2
        assert f"port {port} of 127.0.0.1 is not free" in capsys.readouterr().err

    class LookAndStop:
        def wait(self):
            with socket.create_connection(("127.0.0.1", port), timeout=10):
                os.kill(os.getpid(), signal.SIGTERM)  # as `kill` does; Ctrl+C takes the same way

    monkeypatch.setattr("esc_gpu.cli.commands.demo.threading", SimpleNamespace(Event=LookAndStop))
    assert main(["demo", "--model", str(tmp_path / "tones"), "--port", str(port)]) == 0
    assert f"tones at http://127.0.0.1:{port}/" in capsys.readouterr().out
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)


@pytest.mark.parametrize(
    ("set_before", "expected"),
    [
        ({}, "127.0.0.1"),
        ({"no_proxy": "a.example"}, "a.example,127.0.0.1"),
        ({"NO_PROXY": "b.example"}, "b.example,127.0.0.1"),
        ({"no_proxy": "a.example", "NO_PROXY": "b.example"}, "a.example,127.0.0.1"),
    ],
)
def test_the_page_asks_itself_past_a_proxy_and_past_it_others_as_before(monkeypatch, set_before, expected):
    pytest.importorskip("gradio", reason=NO_GRADIO)
    from esc_gpu.inference.demo_page import private_gradio

    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in set_before.items():
        monkeypatch.setenv(name, value)
    with private_gradio():
        assert os.environ["no_proxy"] == expected
    assert {name: os.environ[name] for name in ("no_proxy", "NO_PROXY") if name in os.environ} == set_before
