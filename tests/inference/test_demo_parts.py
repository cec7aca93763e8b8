"""The parts of the demo's page and what they call, without a server."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from matplotlib.figure import Figure

from esc_gpu.data.recordings.synthetic import make_clip
from esc_gpu.inference.demo import Answer, describe
from tests.helpers.demo_material import BAD

gradio = pytest.importorskip("gradio", reason="gradio is not installed: pip install 'esc_gpu[demo]'")

from esc_gpu.inference.demo_guard import Guard  # noqa: E402
from esc_gpu.inference.demo_page import STYLE, TITLE, create_page, guards, private_gradio, serving  # noqa: E402

PARTS = (
    (
        "audio",
        {"label": "Sound, up to 10 minutes and 50 MB", "type": "filepath", "buttons": ["download"], "visible": True}
        | {"sources": ["upload", "microphone"]},
    ),
    ("dropdown", {"label": "Or an example sound (synthetic)", "value": None}),
    ("dropdown", {"label": "Model", "value": "logmel", "visible": True}),
    ("textbox", {"label": "This sound cannot be used", "visible": False, "elem_classes": ["error"]}),
    ("label", {"label": "Most probable classes", "num_top_classes": 5, "visible": True}),
    ("plot", {"show_label": False, "visible": False}),
    (
        "dataframe",
        {"label": "Segments", "headers": ["min:s", "class", "prob."], "visible": False, "wrap": True}
        | {"elem_classes": ["segments"]},
    ),
    ("checkboxgroup", {"label": "Show the features of these models", "value": ["logmel", "mfcc"], "visible": True}),
    (
        "slider",
        {"label": "Show 10 seconds, starting at second", "minimum": 0, "maximum": 1, "value": 0, "step": 1}
        | {"visible": False},
    ),
    ("checkbox", {"visible": False}),
    ("plot", {"show_label": False, "visible": False}),
)


@pytest.fixture(scope="module")
def page(models):
    with private_gradio() as gr:
        return create_page(gr, models)


@pytest.fixture(scope="module")
def calls(page):
    """What the page calls, by its names."""
    return {call.api_name: call.fn for call in page.fns.values()}


def told(parts):
    """What parts of the page are told to change."""
    return [getattr(part, "constructor_args", part) for part in parts]


def test_each_part_is_as_its_user_sees_it(page, models):
    config = page.get_config_file()
    parts = [(part["type"], part["props"]) for part in config["components"]]
    inputs = [part for part in parts if part[0] in dict(PARTS)]
    for (kind, props), (expected_kind, expected) in zip(inputs, PARTS, strict=True):
        assert (kind, {name: props.get(name) for name in expected}) == (expected_kind, expected)
    texts = [props.get("value") for kind, props in parts if kind == "markdown"]
    assert texts == [f"# {TITLE}", describe(models["logmel"]), None]
    assert config["title"] == TITLE and page.delete_cache == (3600, 86400) and config["analytics_enabled"] is False
    names = [(call["api_name"], call["api_visibility"]) for call in config["dependencies"]]
    assert names == [(name, "undocumented") for name in ("example", "answer", "about", "features", "redraw")]


def test_an_example_sound_is_one_that_no_model_was_trained_on(calls):
    rate, samples = calls["example"]("sea waves")
    assert rate == 22050
    np.testing.assert_array_equal(samples, make_clip(1, "sea_waves", 0))


def test_two_guards_stand_before_the_page():
    with private_gradio():
        hosts, guard = guards()
        uploads = Path(os.environ["GRADIO_TEMP_DIR"])
    assert hosts.kwargs == {"allowed_hosts": ["127.0.0.1", "localhost"]}
    assert (guard.cls, guard.kwargs) == (Guard, {"folder": uploads})


def test_another_model_is_described(calls, models):
    assert calls["about"]("mfcc") == describe(models["mfcc"])


def test_nothing_empty_is_shown(calls, sounds, monkeypatch):
    hidden = {"visible": False}
    assert told(calls["answer"](None, "logmel", False)) == [hidden, None, "", hidden, hidden]
    message, *others = told(calls["answer"](str(sounds / "text.wav"), "logmel", False))
    assert message["visible"] and message["value"].startswith(BAD["text.wav"]) and others == [None, "", hidden, hidden]
    message, _, _, timeline, segments = told(calls["answer"](str(sounds / "short.wav"), "logmel", False))
    assert message == hidden and not timeline["visible"] and not segments["visible"]
    said = Answer({"low": 1.0}, "Of several windows.", Figure(), [["0:00 – 0:09", "low", "100%"]])
    monkeypatch.setattr("esc_gpu.inference.demo_page.answer", lambda pipeline, path, is_dark: said)
    message, classes, summary, timeline, segments = told(calls["answer"]("long.wav", "logmel", False))
    assert (message, classes, summary) == (hidden, said.probabilities, said.summary)
    assert timeline == {"value": said.timeline, "visible": True}
    assert segments == {"value": said.segments, "visible": True}


def test_the_slider_reaches_over_the_sound_and_the_picture_is_of_the_models_that_are_chosen(
    calls, sounds, tmp_path, monkeypatch
):
    drawn, hidden, figure = [], {"visible": False}, Figure()

    def draw(chosen, path, start_seconds, is_dark):
        drawn.append((list(chosen), start_seconds, is_dark))
        return figure

    monkeypatch.setattr("esc_gpu.inference.demo_page.picture", draw)
    for seconds, most, is_long in ((10, 1, False), (10.5, 1, True), (12.5, 3, True)):
        soundfile.write(tmp_path / "sound.wav", np.zeros(int(1000 * seconds), np.int16), 1000)
        slider, features = told(calls["features"](str(tmp_path / "sound.wav"), ["mfcc", "logmel"], False))
        assert slider == {"value": 0, "maximum": most, "visible": is_long}
        assert features == {"value": figure, "visible": True}
    assert drawn == 3 * [(["logmel", "mfcc"], 0, False)]
    for path, shown in ((str(sounds / "short.wav"), []), (str(sounds / "text.wav"), ["mfcc"]), (None, ["mfcc"])):
        assert told(calls["features"](path, shown, False)) == [{"value": 0, "maximum": 1, **hidden}, hidden]
    assert len(drawn) == 3 and calls["redraw"](str(sounds / "long.wav"), ["mfcc"], 2, True).visible
    assert drawn[3:] == [(["mfcc"], 2, True)]


def test_gradio_serves_this_machine_only_and_nothing_of_its_own(page, monkeypatch):
    """Whatever its variables in the environment say."""
    told = []

    def launch(page, **options):
        told.append((options.pop("app_kwargs").keys(), options))
        return None, "address", None

    monkeypatch.setattr("esc_gpu.inference.demo_page.create_page", lambda gr, models: page)
    monkeypatch.setattr(gradio.Blocks, "launch", launch)
    monkeypatch.setattr(gradio.Blocks, "close", lambda page, verbose: told.append(verbose))
    with serving({}, 7000) as found:
        assert found == "address"
    (app, options), verbose = told
    assert app == {"openapi_url", "middleware"} and verbose is False
    assert options == {
        "server_name": "127.0.0.1",
        "server_port": 7000,
        **dict.fromkeys(("share", "run_history", "enable_monitoring", "mcp_server", "ssr_mode", "pwa"), False),
        "max_file_size": "50mb",
        "prevent_thread_lock": True,
        "quiet": True,
        "footer_links": [],
        "root_path": "",
        "css": STYLE,
    }
