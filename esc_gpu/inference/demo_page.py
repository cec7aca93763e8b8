"""The demo's page (Gradio): a sound goes in, what the models hear comes out. It serves this machine only."""

import contextlib
import html
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from esc_gpu.errors import EscGpuError
from esc_gpu.inference.demo import (
    EXAMPLES,
    MAX_MEGABYTES,
    MAX_MINUTES,
    PICTURE_SECONDS,
    TOP,
    answer,
    check_recording,
    describe,
    example,
    picture,
)
from esc_gpu.inference.pipeline import Pipeline

HOST = "127.0.0.1"
TITLE = "What does the model hear?"
COLUMNS = ["min:s", "class", "prob."]
# The last input of a function that draws: whether the page is in dark mode, as the browser or `?__theme=dark` says.
IS_DARK = "(...inputs) => [...inputs.slice(0, -1), document.body.classList.contains('dark')]"
STYLE = """
.error textarea {color: var(--error-text-color) !important; font-weight: 600}
.segments * {font-family: var(--font) !important}
"""


@contextlib.contextmanager
def serving(models: Mapping[str, Pipeline], port: int) -> Iterator[str]:
    """The page's address, while it is served on the loopback interface.

    Args:
        models: pipelines by name.
        port: to listen at.

    Raises:
        EscGpuError: for a port that is taken.
    """
    with private_gradio() as gr:
        page = create_page(gr, models)
        try:
            _, address, _ = page.launch(
                server_name=HOST,
                server_port=port,
                share=False,
                max_file_size=f"{MAX_MEGABYTES}mb",
                prevent_thread_lock=True,
                quiet=True,
                footer_links=[],
                run_history=False,
                enable_monitoring=False,
                mcp_server=False,
                ssr_mode=False,
                pwa=False,
                root_path="",
                css=STYLE,
                app_kwargs={"openapi_url": None, "middleware": guards()},
            )
        except OSError as error:
            raise EscGpuError(f"port {port} of {HOST} is not free: choose another one with --port") from error
        try:
            yield address
        finally:
            page.close(verbose=False)


@contextlib.contextmanager
def private_gradio() -> Iterator[ModuleType]:
    """Gradio, told to send nothing to anyone, to serve no file but uploads, and to keep these in a folder that goes."""
    with tempfile.TemporaryDirectory(prefix="esc_gpu-demo-") as folder:
        direct = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
        wanted = {
            "GRADIO_ALLOWED_PATHS": "",
            "GRADIO_ANALYTICS_ENABLED": "False",
            "GRADIO_TEMP_DIR": folder,
            "no_proxy": f"{direct},{HOST}" if direct else HOST,  # it asks itself whether it is there
        }
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            import gradio

            yield gradio
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def guards() -> list[Any]:
    """Refuse requests of other pages, also by another name for this machine, which a page could have by its own DNS."""
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from esc_gpu.inference.demo_guard import Guard

    folder = Path(os.environ["GRADIO_TEMP_DIR"])
    return [Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"]), Middleware(Guard, folder=folder)]


def create_page(gr: ModuleType, models: Mapping[str, Pipeline]) -> Any:
    """The page as `gradio.Blocks`."""
    names = list(models)

    def answer_sound(path: str | None, name: str, is_dark: bool) -> list[object]:
        """Message, classes, summary, timeline, segments."""
        if path is None:
            return [gr.Textbox(visible=False), None, "", gr.Plot(visible=False), gr.Dataframe(visible=False)]
        try:
            said = answer(models[name], path, is_dark)
        except EscGpuError as error:
            shown = gr.Textbox(str(error), visible=True)
            return [shown, None, "", gr.Plot(visible=False), gr.Dataframe(visible=False)]
        is_long = said.timeline is not None
        return [
            gr.Textbox(visible=False),
            said.probabilities,
            said.summary,
            gr.Plot(said.timeline, visible=is_long),
            gr.Dataframe(said.segments, visible=is_long),
        ]

    def draw(path: str | None, shown: list[str], start_seconds: float, is_dark: bool) -> object:
        """The picture of the features; none for a sound that `answer_sound` says something against."""
        if not shown or path is None or length(path) is None:
            return gr.Plot(visible=False)
        try:
            chosen = {name: models[name] for name in names if name in shown}
            figure = picture(chosen, path, start_seconds, is_dark)
        except EscGpuError as error:
            raise gr.Error(html.escape(str(error)), print_exception=False) from error
        return gr.Plot(figure, visible=True)

    def draw_new(path: str | None, shown: list[str], is_dark: bool) -> list[object]:
        """The slider for a new sound, and its picture from the beginning on."""
        last = math.ceil((length(path) or 0.0) - PICTURE_SECONDS)
        return [gr.Slider(value=0, maximum=max(last, 1), visible=last > 0), draw(path, shown, 0.0, is_dark)]

    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        gr.Markdown(f"# {TITLE}")
        with gr.Row():
            with gr.Column(min_width=300):
                sound = gr.Audio(
                    sources=["upload", "microphone"],
                    type="filepath",
                    label=f"Sound, up to {MAX_MINUTES} minutes and {MAX_MEGABYTES} MB",
                    buttons=["download"],
                )
                sample = gr.Dropdown(list(EXAMPLES), value=None, label="Or an example sound (synthetic)")
                model = gr.Dropdown(names, value=names[0], label="Model")
                about = gr.Markdown(describe(models[names[0]]))
            with gr.Column(min_width=300):
                message = gr.Textbox(visible=False, label="This sound cannot be used", elem_classes="error")
                classes = gr.Label(num_top_classes=TOP, label="Most probable classes")
                summary = gr.Markdown()
        timeline = gr.Plot(visible=False, show_label=False, format="png")
        segments = gr.Dataframe(
            visible=False,
            headers=COLUMNS,
            column_widths=["42%", "36%", "22%"],
            wrap=True,
            label="Segments",
            elem_classes="segments",
            max_height=300,
        )
        shown = gr.CheckboxGroup(names, value=names, label="Show the features of these models")
        start = gr.Slider(0, 1, 0, step=1, visible=False, label=f"Show {PICTURE_SECONDS} seconds, starting at second")
        dark = gr.Checkbox(visible=False)
        features = gr.Plot(visible=False, show_label=False, format="png")

        said = [message, classes, summary, timeline, segments]
        hidden = {"api_visibility": "undocumented"}
        drawn = {"js": IS_DARK, **hidden}
        sample.input(example, sample, sound, api_name="example", **hidden)
        gr.on([sound.change, model.change], answer_sound, [sound, model, dark], said, api_name="answer", **drawn)
        model.change(lambda name: describe(models[name]), model, about, api_name="about", **hidden)
        sound.change(draw_new, [sound, shown, dark], [start, features], api_name="features", **drawn)
        gr.on([shown.change, start.release], draw, [sound, shown, start, dark], features, api_name="redraw", **drawn)
    return page


def length(path: str | None) -> float | None:
    """The length of a sound in s; None where there is none that can be used."""
    try:
        return None if path is None else check_recording(path)
    except EscGpuError:
        return None
