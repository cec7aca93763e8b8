"""The demo: its answers, its errors, and the page as a browser asks for it."""

import base64
import io
import os
import re
import signal
import socket
from pathlib import Path
from types import SimpleNamespace

import matplotlib.image
import numpy as np
import psutil
import pytest
import soundfile
import torch

from esc_gpu import create_frontend
from esc_gpu.cli.main import main
from esc_gpu.data.recordings.synthetic import make_clip
from esc_gpu.errors import EscGpuError
from esc_gpu.inference.demo import MAX_MEGABYTES, answer, check_recording, describe, load_models, picture
from esc_gpu.inference.pipeline import Pipeline
from esc_gpu.inference.predict import predict_file
from esc_gpu.model.classifier import WaveformClassifier
from tests.helpers.ports import free_port
from tests.helpers.tiny import FREQUENCIES, RATE, write_tone

NO_GRADIO = "gradio is not installed: pip install 'esc_gpu[demo]'"


def make_pipeline(rate=RATE, name="logmel", **options):
    torch.manual_seed(0)
    frontend = create_frontend(name, sample_rate=rate, n_fft=256, hop_length=256, **options)
    model = WaveformClassifier(frontend, 3, "test_resnet")
    model.fit_normalization(0.1 * torch.randn(4, rate))
    return Pipeline(model, ["high_tone", "low", "middle"], clip_seconds=1.0)


@pytest.fixture(scope="module")
def models():
    """Two models that take clips of 1 s, at two sample rates."""
    return {"logmel": make_pipeline(n_mels=16), "mfcc": make_pipeline(16000, "mfcc", n_mels=16, n_mfcc=8)}


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    write_tone(folder / "short.wav", FREQUENCIES["low"], 0.6, 0)
    write_tone(folder / "long.wav", FREQUENCIES["high"], 12.5, 1)
    (folder / "text.wav").write_text("no sound at all\n" * 40, encoding="utf-8")
    (folder / "empty.wav").write_bytes(b"")
    soundfile.write(folder / "endless.wav", np.zeros(1000 * 601, dtype=np.int16), 1000, subtype="PCM_U8")
    return folder


def test_the_answer_for_a_short_sound_is_that_of_one_window(models, sounds):
    said = answer(models["logmel"], sounds / "short.wav")
    expected = predict_file(models["logmel"], sounds / "short.wav")
    assert said.probabilities == {name.replace("_", " "): share for name, share in expected.top(5)}
    assert "high tone" in said.probabilities and sum(said.probabilities.values()) == pytest.approx(1, abs=1e-6)
    assert (
        said.timeline is None
        and said.segments == []
        and said.summary == "The sound lasts 0.6 s and was classified as one clip."
    )


def test_classes_that_a_space_and_an_underscore_tell_apart_stay_apart(models, sounds):
    model = Pipeline(models["logmel"].model, ["high_tone", "high tone", "mid_dle"], 1.0)
    said = answer(model, sounds / "short.wav")
    assert set(said.probabilities) == {"high_tone", "high tone", "mid dle"}
    assert sum(said.probabilities.values()) == pytest.approx(1, abs=1e-6)
    assert "high\\_tone, high tone, mid dle" in describe(model)


def test_the_answer_for_a_long_sound_has_a_timeline(models, sounds):
    said = answer(models["logmel"], sounds / "long.wav")
    prediction = predict_file(models["logmel"], sounds / "long.wav")
    assert f"{len(prediction.starts_seconds)} windows of 1 s" in said.summary
    assert said.segments[0][0].startswith("0:00.0") and said.segments[-1][0].endswith("0:12.5")
    assert len(said.segments) == len(prediction.timeline())
    waveform, below = said.timeline.axes[:2]
    assert below.get_xlim() == pytest.approx((0, 12.5)) and waveform.get_xlim() == pytest.approx((0, 12.5))
    samples, _ = soundfile.read(sounds / "long.wav")
    outline = waveform.collections[0].get_paths()[0].vertices
    loudest = np.abs(samples[: len(samples) // 2000]).max()  # in the first of 2,000 columns
    assert np.abs(outline[outline[:, 0] == 0, 1]).max() == pytest.approx(loudest, abs=1e-4)
    shades = np.asarray(below.collections[0].get_array()).reshape(3, -1)
    rows = [label.get_text() for label in below.get_yticklabels()]
    for row, name in zip(shades, rows, strict=True):
        column = prediction.class_names.index(name.replace(" ", "_"))
        np.testing.assert_allclose(row, prediction.window_probabilities[:, column])


def test_the_picture_has_every_front_end_on_one_time_axis(models, sounds):
    figure = picture(models, sounds / "long.wav", start_seconds=2.0)
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_title(loc="left")}
    assert list(panels) == ["waveform", "logmel", "mfcc"]
    for axes in panels.values():
        assert axes.get_xlim() == pytest.approx((2, 12))
    assert [axes.get_ylabel() for axes in panels.values()] == ["amplitude", "Hz", "coefficient"]


def test_the_picture_of_the_end_is_of_the_sound_and_not_of_silence_behind_it(models, sounds):
    figure = picture(models, sounds / "long.wav", start_seconds=10.0)
    assert figure.axes[0].get_xlim() == pytest.approx((10, 12.5))
    short = picture({"mfcc": models["mfcc"]}, sounds / "short.wav")
    assert short.axes[0].get_xlim() == pytest.approx((0, 1))  # with the silence that the model is given


BAD = {
    "text.wav": "text.wav: Format not recognised",
    "empty.wav": "empty.wav: ",
    "endless.wav": "endless.wav: lasts 10:01.0 min; expected up to 10 min; choose another file",
    "missing.wav": "missing.wav: No such file",
}


@pytest.mark.parametrize(("name", "message"), BAD.items(), ids=BAD)
def test_a_sound_that_cannot_be_used_is_named_without_its_folder(models, sounds, name, message):
    for function in (lambda path: answer(models["logmel"], path), lambda path: picture(models, path)):
        with pytest.raises(EscGpuError) as error:
            function(sounds / name)
        said = str(error.value)
        assert message in said and str(sounds) not in said and "csv" not in said and "\n" not in said


def test_a_file_that_is_too_large_is_refused(sounds, monkeypatch):
    monkeypatch.setattr("esc_gpu.inference.demo.MAX_MEGABYTES", 0.1)
    with pytest.raises(EscGpuError, match=r"long.wav: has 0\.2 MB; expected up to 0\.1 MB"):
        check_recording(sounds / "long.wav")
    assert check_recording(sounds / "short.wav") == pytest.approx(0.6)


def test_a_model_says_what_it_knows_and_how_good_it_is(models):
    text = describe(models["logmel"])
    assert (
        "logmel → test_resnet" in text
        and "only these 3 classes: high tone, low, middle" in text
        and "correctly" not in text
    )
    known = Pipeline(
        models["logmel"].model,
        models["logmel"].class_names,
        1.0,
        {"fold": 2, "synthetic": True, "metrics": {"clips": 80, "accuracy": 0.8}},
    )
    assert describe(known) == (
        f"{text}\n\nIt classified 80.0% of the 80 held-out synthetic recordings of fold 2 correctly."
    )


@pytest.mark.parametrize(
    "training", [{"fold": 1, "metrics": None}, {"fold": 1, "metrics": {}}, {"fold": None, "metrics": {"clips": 80}}]
)
def test_a_model_of_which_little_is_known_is_described_as_well(models, training):
    model = models["logmel"]
    assert describe(Pipeline(model.model, model.class_names, 1.0, training)) == describe(model)


def test_names_of_classes_have_no_meaning_on_the_page(models):
    evil = Pipeline(models["logmel"].model, ["<script>alert(1)</script>", "a|b `c`", "[x](http://a.b)"], 1.0)
    text = describe(evil)
    assert not re.search(r"(?<!\\)[<>`|\[]", text) and "alert(1)" in text


def test_models_of_one_name_are_told_apart_by_their_paths(models, tmp_path):
    for run in ("a/run", "b/run", "c/other"):
        models["logmel"].save_pretrained(tmp_path / run)
    paths = [str(tmp_path / run) for run in ("a/run", "b/run", "c/other", "a/run")]
    assert list(load_models(paths, None)) == [paths[0], paths[1], "other"]


def test_a_model_whose_name_is_the_path_of_another_is_not_lost(models, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for run in ("a/run", "b/run", "c/d"):
        models["logmel"].save_pretrained(tmp_path / run)
    (tmp_path / "d").symlink_to("a/run")
    assert list(load_models(["d", "b/run", "c/d"], None)) == ["d", "b/run", "c/d"]


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
            assert list(uploads.rglob("*.wav"))
        assert not uploads.exists() and gradio_variables() == before


@pytest.fixture(scope="module")
def ask(address):
    """`ask(path, model)`: message, classes, summary, timeline and segments, as the page gets them."""
    from gradio_client import Client, handle_file

    client = Client(address, verbose=False, analytics_enabled=False)
    return lambda path, name="logmel", is_dark=False: client.predict(
        handle_file(path), name, is_dark, api_name="/answer"
    )


def test_the_page_answers_as_the_model_does(ask, models, sounds):
    message, classes, summary, timeline, segments = ask(sounds / "long.wav", "mfcc")
    expected = predict_file(models["mfcc"], sounds / "long.wav").top(3)
    assert message["visible"] is False and timeline["visible"] and segments["visible"]
    assert classes["label"] == expected[0][0].replace("_", " ")
    assert [part["confidence"] for part in classes["confidences"]] == [pytest.approx(share) for _, share in expected]
    assert timeline["value"]["plot"].startswith("data:image/png;base64,") and "windows of 1 s" in summary
    assert ask(sounds / "short.wav")[3]["visible"] is False


def test_the_page_s_figures_follow_its_mode(ask, sounds):
    def corner(is_dark):
        picture = ask(sounds / "long.wav", is_dark=is_dark)[3]["value"]["plot"]
        return matplotlib.image.imread(io.BytesIO(base64.b64decode(picture.partition(",")[2])))[0, 0]

    assert corner(False).tolist() == [1, 1, 1, 1] and corner(True)[3] == 0


def test_an_example_sound_can_be_classified(address, ask):
    from gradio_client import Client

    file = Client(address, verbose=False, analytics_enabled=False).predict("sea waves", api_name="/example")
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


def test_an_error_of_the_picture_is_text(address, sounds, monkeypatch):
    from gradio_client import Client, handle_file
    from gradio_client.exceptions import AppError

    def fail(*given):
        raise EscGpuError("<img src=x>: no sound")

    monkeypatch.setattr("esc_gpu.inference.demo_page.picture", fail)
    client = Client(address, verbose=False, analytics_enabled=False)
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
