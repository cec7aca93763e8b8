"""What docs/extending.md says is true: its front-end, augmentation, layout and command do what it claims."""

import ast
import re
import sys
from types import ModuleType, SimpleNamespace

import librosa
import numpy as np
import pytest
import torch

import esc_gpu
from esc_gpu import create_frontend, frontends
from esc_gpu.augment import Draws
from esc_gpu.cli import commands
from esc_gpu.cli import main as cli
from esc_gpu.data.recordings.layouts.base import Reading
from esc_gpu.data.recordings.table import read_table
from esc_gpu.frontends import registry
from esc_gpu.frontends.spectrogram import STFTFrontend
from tests.helpers.clips import RATE, extremes, finite_on_extremes, noise
from tests.helpers.frontend_cases import MEL
from tests.helpers.inner_pytest import run_pytest
from tests.helpers.paths import DOCS
from tests.helpers.tiny import OPTIONS, write_tones
from tests.helpers.workers import run_forked

PAGE = (DOCS / "extending.md").read_text(encoding="utf-8")
NAME = "spectral_flux"
OTHER = "pcen-native"  # what it must pass of the contract is what this one passes
PARTS = ("shapes", "input", "finite", "precision", "spec", "docstrings")
CONTRACT = tuple(f"tests/frontends/contract/test_{part}.py" for part in PARTS)
SUITE = (
    *(*CONTRACT, "tests/frontends/test_graphs.py", "tests/frontends/test_registry.py", "tests/test_functional.py"),
    *("tests/config/test_parse.py", "tests/benchmarks/exactness/test_float64_references.py"),
)
# Makes the page's changes to the package and the benchmarks, before pytest collects their tests.
PLUGIN = """
import pathlib
from benchmarks.exactness import float64_references as references
from esc_gpu import frontends
from esc_gpu.frontends import registry

here = pathlib.Path(__file__).parent
frontends.__path__.append(str(here))
registry._FRONTENDS.update({row})
exec((here / "reference.py").read_text(encoding="utf-8"), vars(references))
references.REFERENCES.update({reference})
"""


def block(marker: str, language: str = "python") -> str:
    """The one block of the page that has `marker` in it."""
    (found,) = [code for code in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if marker in code]
    return found


def names_of(code: str) -> dict[str, object]:
    """What a block defines."""
    names: dict[str, object] = {}
    exec(compile(code, "docs/extending.md", "exec"), names)
    return names


FRONTEND = block("class SpectralFlux").partition("# Used as it is")[0]
REFERENCE = block("def spectral_flux")
(ROW,) = ast.literal_eval("[{" + block('"native"', "py") + "}]")
((FILE, CLASS),) = ROW[NAME].values()


@pytest.fixture
def in_the_table(tmp_path, monkeypatch):
    """The front-end's file in its package and its row in the table."""
    (tmp_path / f"{FILE}.py").write_text(FRONTEND, encoding="utf-8")
    monkeypatch.setattr(frontends, "__path__", [*frontends.__path__, str(tmp_path)])
    monkeypatch.setitem(registry._FRONTENDS, NAME, ROW[NAME])
    yield
    sys.modules.pop(f"esc_gpu.frontends.{FILE}", None)


# ---- the front-end


def test_it_passes_the_suite_of_every_front_end(tmp_path):
    """In a process of its own, since a suite looks at the table when it is collected."""
    (tmp_path / f"{FILE}.py").write_text(FRONTEND, encoding="utf-8")
    (tmp_path / "reference.py").write_text(REFERENCE, encoding="utf-8")
    row = block('"spectral_flux": spectral_flux', "py").strip().rstrip(",")
    reference = "{" + row.replace(": ", ": references.") + "}"
    plugin = PLUGIN.replace("{row}", repr(ROW)).replace("{reference}", reference)
    (tmp_path / "with_new_frontend.py").write_text(plugin, encoding="utf-8")
    words = ["-p", "with_new_frontend", "-rA", "-q", *SUITE, "-k", f"{NAME} or {OTHER} and contract"]
    status, said = run_forked(run_pytest, tmp_path, words, folder=tmp_path / "suite")
    assert status == 0, said[-5000:]
    passed = re.findall(rf"^PASSED (\S+)::(test_\w+)\[.*({NAME}|{OTHER}).*\]$", said, re.MULTILINE)
    assert {file for file, _, name in passed if name == NAME} == set(SUITE)
    ours, others = (
        {(file, test) for file, test, name in passed if name == key and file in CONTRACT} for key in (NAME, OTHER)
    )
    assert ours == others and len(ours) > 15


def test_one_that_breaks_the_contract_does_not_pass(in_the_table, tmp_path):
    """Without a floor under the logarithm: silence is minus infinity."""
    broken = FRONTEND.replace("self.band_db(waveform, shared)", "self.band_power(waveform).log10()")
    assert broken != FRONTEND
    case = {"name": NAME, **MEL}
    assert finite_on_extremes(create_frontend(**case))
    sys.modules.pop(f"esc_gpu.frontends.{FILE}")
    (tmp_path / f"{FILE}.py").write_text(broken, encoding="utf-8")
    assert not finite_on_extremes(create_frontend(**case))


@pytest.mark.parametrize("top_db", [80.0, 30.0, None])
def test_it_is_its_definition_in_float64(top_db, in_the_table):
    frontend = create_frontend(NAME, **MEL, top_db=top_db)
    clip = noise(1)[0].double().numpy()
    clip[3000:4000] *= 1e-3
    expected = flux_of(clip, frontend.n_fft, frontend.hop_length, frontend.n_mels, top_db)
    got = frontend(torch.from_numpy(clip)[None])[0, 0].double().numpy()
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4)  # dB
    np.testing.assert_allclose(names_of(REFERENCE)[NAME](frontend, clip), expected, rtol=0, atol=1e-9)
    assert expected.max() > 10


def flux_of(clip, n_fft, hop_length, n_mels, top_db):
    """`(n_mels, N)` float64, frame by frame."""
    padded = np.pad(clip, n_fft // 2, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    starts = range(0, len(clip) + 1, hop_length)
    spectra = np.stack([np.abs(np.fft.rfft(window * padded[start : start + n_fft])) ** 2 for start in starts])
    bank = librosa.filters.mel(sr=RATE, n_fft=n_fft, n_mels=n_mels, dtype=np.float64)
    level = 10 * np.log10(np.maximum(spectra @ bank.T, 1e-10))
    if top_db is not None:
        level = np.maximum(level, level.max() - top_db)
    rises = [np.zeros(n_mels)] + [np.maximum(now - before, 0) for before, now in zip(level, level[1:], strict=False)]
    return np.stack(rises, axis=1)


def test_its_mean_is_the_onset_strength_of_librosa(in_the_table):
    flux, logmel = (create_frontend(name, **MEL) for name in (NAME, "logmel"))
    clip = extremes()[4:]
    level = logmel(clip)[0, 0].numpy()
    strength = librosa.onset.onset_strength(S=level, sr=RATE, lag=1, max_size=1, center=False)
    np.testing.assert_allclose(flux(clip)[0, 0].mean(dim=0).numpy(), strength, atol=1e-4)


def test_a_stack_computes_its_bands_once(in_the_table, monkeypatch):
    calls, reduced_power = [], STFTFrontend.reduced_power

    def counting(*arguments):
        calls.append(arguments)
        return reduced_power(*arguments)

    monkeypatch.setattr(STFTFrontend, "reduced_power", counting)
    members = [{"name": name, **MEL} for name in ("logmel", NAME)]
    image = create_frontend("stack", members=members, sample_rate=RATE)(noise())
    assert len(calls) == 1
    assert torch.equal(image[:, 1:], create_frontend(**members[1])(noise()))


def test_it_is_trained_by_its_name_and_comes_back_from_its_checkpoint(in_the_table, tmp_path):
    table = write_tones(tmp_path / "tones")
    options = ["--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache"), "--folds", "1"]
    options += ["--frontend.name", NAME, "--frontend.top_db", "60", "--output_dir", str(tmp_path / "run")]
    assert cli.main(["train", *OPTIONS, *options]) == 0
    frontend = esc_gpu.load(tmp_path / "run" / "fold1").frontend
    assert type(frontend).__name__ == CLASS
    assert (frontend.top_db, frontend.n_mels) == (60.0, 16)


# ---- the augmentation


def test_the_tilt_is_a_straight_line_around_1_khz():
    random_tilt = names_of(block("def random_tilt"))["random_tilt"]
    rate, n_clips = 16000, 8
    tones = {
        hz: torch.sin(2 * torch.pi * hz / rate * torch.arange(rate))[None].expand(n_clips, -1)
        for hz in (500, 1000, 4000)
    }
    gains_db = {}
    for hz, tone in tones.items():
        tilted = random_tilt(tone, 3.0, rate, Draws(torch.Generator().manual_seed(0)))
        assert tilted.shape == tone.shape
        gains_db[hz] = 10 * torch.log10(tilted.square().mean(dim=1) / tone.square().mean(dim=1))
    slope = -gains_db[500]  # dB an octave
    torch.testing.assert_close(gains_db[1000], torch.zeros(n_clips), atol=1e-3, rtol=0)
    torch.testing.assert_close(gains_db[4000], 2 * slope, atol=1e-3, rtol=0)
    assert slope.abs().max() <= 3 and slope.min() < -0.5 and slope.max() > 0.5
    assert len(slope.unique()) == n_clips


# ---- the layout


def test_the_layout_and_the_table_give_the_same_recordings(tmp_path):
    scenes = {
        "train": [("park-1-a", "park", "park-1"), ("bus-2-a", "bus", "bus-2"), ("bus-2-b", "bus", "bus-2")],
        "evaluate": [("park-3-a", "park", "park-3"), ("bus-4-a", "bus", "bus-4")],
    }
    meta = ["filename\tscene_label\tidentifier\tsource_label"]
    (tmp_path / "evaluation_setup").mkdir()
    (tmp_path / "audio").mkdir()
    for part, clips in scenes.items():
        lines = ["filename\tscene_label"]
        for name, label, place in clips:
            meta.append(f"audio/{name}.wav\t{label}\t{place}\ta")
            lines.append(f"audio/{name}.wav\t{label}")
            (tmp_path / "audio" / f"{name}.wav").touch()
        listed = tmp_path / "evaluation_setup" / f"fold1_{part}.csv"
        listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "meta.csv").write_text("\n".join(meta) + "\n", encoding="utf-8")
    by_table = read_table(names_of(block("def write_table"))["write_table"](tmp_path))
    layout = SimpleNamespace(**names_of(block("def is_here")))
    assert layout.is_here(tmp_path) and not layout.is_here(tmp_path / "audio")
    by_reader = layout.read(tmp_path, Reading())
    assert by_reader.layout == layout.NAME
    assert by_reader.paths == by_table.paths
    assert by_reader.class_names == by_table.class_names == ("bus", "park")
    assert by_reader.src_files == by_table.src_files and by_reader.src_files[2] == "bus-2"
    for part in "labels", "folds":
        assert getattr(by_reader, part).tolist() == getattr(by_table, part).tolist()


# ---- the command


def test_the_command_counts(tmp_path, monkeypatch, capsys):
    command = ModuleType("count")
    exec(compile(block("HELP = "), "count.py", "exec"), vars(command))
    monkeypatch.setitem(commands.COMMANDS, "count", command)
    table = write_tones(tmp_path, per_class=3)
    assert cli.main(["count", "--table", str(table)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "high: 3 in fold 1, 3 in fold 2"
    assert cli.main(["count", "--table", str(tmp_path / "none.csv")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    assert command.HELP in " ".join(capsys.readouterr().out.split())
