"""docs/coming-from.md: each call in its tables beside the other library's call, and what it says of the ends."""

import inspect
import re

import numpy as np
import pytest
import torch

from esc_gpu import create_frontend
from esc_gpu.frontends import MFCC, LogMel
from esc_gpu.frontends.constant_q_bands import relative_bandwidth
from tests.helpers.paths import DOCS
from tests.helpers.signals import relative_l2

TEXT = (DOCS / "coming-from.md").read_text(encoding="utf-8")
PROGRAM = re.compile(r"^```py\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `([^|]+)` \| `([^|]+)` \| (\d+e-\d+) \|$", re.MULTILINE)
SECTIONS = {section.partition("\n")[0]: section for section in TEXT.split("\n## ")[1:]}
CALLS = [
    pytest.param(library, *row, id=f"{library}-{row[0][:60]}")
    for library, section in SECTIONS.items()
    for row in ROW.findall(section)
]


@pytest.fixture(scope="module")
def names_of():
    """What a section's program defines, run once."""
    found = {}

    def names_of(library):
        if library not in found:
            if library in ("torchaudio", "OpenSoundscape"):
                pytest.importorskip("torchaudio")
            (program,) = PROGRAM.findall(SECTIONS[library])
            found[library] = names = {}
            exec(compile(program, "docs/coming-from.md", "exec"), names)
        return found[library]

    return names_of


@pytest.mark.parametrize(("library", "theirs", "ours", "tolerance"), CALLS)
@pytest.mark.filterwarnings("ignore")
def test_two_calls_give_equal_numbers(library, theirs, ours, tolerance, names_of):
    with torch.no_grad():
        expected, actual = (np.asarray(eval(call, names_of(library))) for call in (theirs, ours))
    assert actual.shape == expected.shape
    assert relative_l2(actual, expected) < float(tolerance)


def test_no_row_is_left_out():
    rows = re.findall(r"^\| `.* \d+e-\d+ \|$", TEXT, re.MULTILINE)
    assert len(CALLS) == len(rows) >= 25
    assert {call.values[0] for call in CALLS} == {"librosa", "torchaudio", "nnAudio", "OpenSoundscape"}


def test_only_the_ends_differ_by_the_padding(names_of):
    names = names_of("librosa")
    ours, zeros = (
        create_frontend("logmel", sample_rate=22050, top_db=None, pad_mode=mode)(names["x"])[0, 0]
        for mode in ("reflect", "constant")
    )
    difference = (ours - zeros).abs().amax(dim=0)
    assert difference[2:-2].max() < 1e-3 and difference[[0, 1]].min() > 3  # dB


def test_the_bandwidths_are_as_the_page_says(names_of):
    """Kernels of librosa's lengths; without `filter_scale` or librosa's kernels they are 3 % shorter."""
    librosa = names_of("librosa")["librosa"]
    frontend = create_frontend("cqt", sample_rate=22050, filter_scale=1.0306)
    lengths, _ = librosa.filters.wavelet_lengths(freqs=frontend.centres(), sr=22050)
    assert np.abs(frontend.kernel_lengths() / lengths - 1).max() < 1e-3 + 1 / lengths.min()
    own = create_frontend("cqt", sample_rate=22050, kernels="librosa").kernel_lengths()
    assert np.array_equal(own, np.ceil(lengths / 2) + np.floor(lengths / 2))
    ratio = 2 ** (1 / 12)
    theirs = (ratio**2 - 1) / (ratio**2 + 1)
    assert f"{relative_bandwidth(12) / theirs:.4f}" == "1.0306"


def test_the_defaults_are_those_of_the_functions(names_of):
    """Those that signatures tell, of the columns from esc_gpu to nnAudio."""
    librosa, transforms, features = (
        names_of("librosa")["librosa"],
        names_of("torchaudio")["T"],
        names_of("nnAudio")["features"],
    )
    of_libraries = [
        (LogMel, MFCC),
        (librosa.feature.melspectrogram, librosa.feature.mfcc, librosa.filters.mel),
        (transforms.MelSpectrogram, transforms.MFCC),
        (features.MelSpectrogram, features.MFCC),
    ]
    rows = {
        cells[1].strip(): cells[2:6]
        for cells in (line.split("|") for line in SECTIONS["Defaults"].splitlines()[2:])
        if len(cells) > 5
    }
    for library, functions in enumerate(of_libraries):
        options = {
            name: parameter.default
            for function in reversed(functions)
            for name, parameter in inspect.signature(function).parameters.items()
        }
        stated = {name: cells[library].strip() for name, cells in rows.items()}
        rate, hop = options.get("sr", options.get("sample_rate")), options["hop_length"] or options["n_fft"] // 2
        assert stated["sample rate in Hz"] == f"{rate:,}"
        assert stated["`n_fft`, hop"] == f"{options['n_fft']}, {hop}"
        assert stated["ends of the clip"].startswith(f'`"{options["pad_mode"]}"`')
        assert (stated["mel bands"], stated["MFCCs"]) == (str(options["n_mels"]), str(options["n_mfcc"]))
