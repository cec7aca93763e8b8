"""The fuzzing of the decoder: files that are the same for the same number, and failures of every kind that are seen."""

import os
import time

import numpy as np
import pytest
import soundfile

from benchmarks.common.markdown import line
from benchmarks.reliability import fuzz_audio
from benchmarks.reliability.fuzz_audio import Decoder, judge, try_files
from benchmarks.reliability.fuzz_files import KINDS, FuzzFile, make
from benchmarks.reliability.fuzz_formats import LOSSLESS, write_audio
from esc_gpu.core.files import read_json
from esc_gpu.errors import EscGpuError
from tools import doc_tables as tables

RATE = 8000
SAMPLES = round(RATE * fuzz_audio.CLIP_SECONDS)


@pytest.fixture
def tone(tmp_path):
    """A file of half a second, and its samples."""
    samples = np.round(1e4 * np.sin(np.arange(RATE // 2) / 3)) / 32768
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    return FuzzFile("undamaged", tmp_path / "a.wav", "a tone", RATE, 100, samples, tolerance=0.0, may_refuse=False)


@pytest.fixture
def decoder():
    decoder = Decoder()
    yield decoder
    decoder.end()


def altered(file, **changes):
    return FuzzFile(**{**vars(file), **changes})


def failure(file, decoder):
    return judge(file, decoder(file))["failure"]


@pytest.mark.timeout(100)
def test_files_of_every_kind_do_no_harm_from_arguments_to_table(tmp_path, capsys):
    assert fuzz_audio.main(["--files", "65", "--seed", "3", "--output", str(tmp_path)]) == 0
    assert "0 of 65 files failed" in capsys.readouterr().out
    (file,) = tmp_path.glob("fuzz-audio-*.json")
    result = read_json(file)
    rows = {row["kind"]: row for row in result["rows"]}
    assert list(rows) == list(KINDS) and all(row["files"] == 5 for row in rows.values())
    assert all(row["decoded"] + row["refused"] == 5 and not row["failures"] for row in rows.values())
    assert rows["undamaged"]["decoded"] == 5 and rows["no audio"]["refused"] == 5
    assert all(0 < row["slowest_seconds"] < fuzz_audio.LIMIT_SECONDS for row in rows.values())
    assert rows["undamaged"]["largest_bytes"] > 0
    text = tables.table(file.name, tmp_path).splitlines()
    assert text[0] == line("files", "number", "decoded", "refused", "failures", "slowest, ms", "most memory, MB")
    assert text[2].startswith("| undamaged | 5 | 5 | 0 | 0 | ") and len(text[2:15]) == len(KINDS)


def test_a_file_is_the_same_for_the_same_number_and_seed(tmp_path):
    folders = [tmp_path / name for name in ("first", "again", "other")]
    for folder in folders:
        folder.mkdir()
    for number in range(len(KINDS)):
        first, again, other = (make(number, seed, folder) for seed, folder in zip((0, 0, 1), folders, strict=True))
        assert (first.kind, first.what, first.start) == (again.kind, again.what, again.start)
        if first.path.is_file() and os.path.getsize(first.path):
            assert first.path.read_bytes() == again.path.read_bytes()
        if first.reference is not None:
            np.testing.assert_array_equal(first.reference, again.reference)
            assert len(other.reference) != len(first.reference) or (other.reference != first.reference).any()


def test_floating_point_is_the_same_a_second_later(tmp_path):
    formats = [pair for pair, bits in LOSSLESS.items() if not bits]
    contents = []
    for name in ("first", "again"):
        (tmp_path / name).mkdir()
        generators = (np.random.default_rng(number) for number in range(len(formats)))
        stems = (tmp_path / name / "".join(pair) for pair in formats)
        audios = [write_audio(*given, [pair]) for *given, pair in zip(generators, stems, formats, strict=True)]
        contents.append([audio.path.read_bytes() for audio in audios])
        time.sleep(1.1)
    assert contents[0] == contents[1]
    assert sum(b"PEAK" in content for content in contents[0]) > 2


def test_one_file_again_is_kept(tmp_path, capsys):
    assert fuzz_audio.main(["--number", "26", "--keep", str(tmp_path / "kept")]) == 0
    assert "kind: undamaged" in capsys.readouterr().out
    (kept,) = (tmp_path / "kept").iterdir()
    assert kept.stem == "26" and soundfile.info(kept).frames > 0


def test_a_right_clip_passes_and_a_wrong_one_does_not(tone, decoder):
    assert failure(tone, decoder) is None
    shifted = altered(tone, reference=np.roll(tone.reference, 1))
    assert failure(shifted, decoder).startswith("wrong clip: from sample 0, ")
    end = tone.reference.copy()
    end[2099] += 1 / 32768  # the last sample of the second clip
    assert failure(altered(tone, reference=end), decoder) == "wrong clip: from sample 100, 1 steps of int16 away"
    assert failure(altered(tone, reference=end, tolerance=1.0), decoder) is None
    shorter = altered(tone, reference=tone.reference[:-1])
    assert failure(shorter, decoder) == "wrong clip: from sample 0, 4000 samples where there are 3999"
    longer = altered(tone, reference=np.append(tone.reference, 0.1))
    assert "4000 samples where there are 4001" in failure(longer, decoder)
    assert failure(altered(longer, may_lack=1), decoder) is None
    nan = np.where(np.arange(len(tone.reference)) == 2050, np.nan, tone.reference)
    assert failure(altered(tone, reference=nan), decoder) == "wrong clip: from sample 100, NaN or Inf became a number"
    assert failure(altered(tone, may_decode=False), decoder) == "wrong clip: there is nothing to decode"


def test_a_refusal_must_be_right_and_name_the_file(tone, decoder):
    (tone.path).write_bytes(b"no audio")
    assert failure(tone, decoder).startswith(f"refused: {tone.path}: Format not recognised")
    assert failure(altered(tone, may_refuse=True), decoder) is None
    message = judge(altered(tone, may_refuse=True), {"refusal": "cannot be read"})["failure"]
    assert message == "the error does not name the file: cannot be read"
    message = judge(altered(tone, may_refuse=True), {"refusal": f"{tone.path}: Internal malloc () failed"})["failure"]
    assert message.startswith("memory: ")


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (lambda: os.kill(os.getpid(), 9), "crash: exit status -9"),
        (lambda: os._exit(3), "crash: exit status 3"),
        (lambda: time.sleep(30), "hang: nothing in 0.5 s"),
        # More than the heap of a process that trained before, which this one is a fork of, has free inside.
        (lambda: np.empty(1 << 32, np.uint8), "memory: more than 268435456 bytes"),
        (lambda: {}["a"], "exception: KeyError: 'a'"),
    ],
    ids=["signal", "exit", "hang", "memory", "exception"],
)
def test_harm_is_seen_and_the_next_file_is_decoded(tone, tmp_path, monkeypatch, decoder, harm, expected):
    def decode(path, *given, **options):
        if path.name == "bad.wav":
            harm()
        return decode_clip(path, *given, **options)

    decode_clip = fuzz_audio.decode_clip
    monkeypatch.setattr(fuzz_audio, "decode_clip", decode)
    monkeypatch.setattr(fuzz_audio, "LIMIT_SECONDS", 0.5 if "hang" in expected else 60.0)
    bad = altered(tone, path=tmp_path / "bad.wav")
    bad.path.write_bytes(tone.path.read_bytes())
    assert failure(bad, decoder) == expected
    monkeypatch.setattr(fuzz_audio, "LIMIT_SECONDS", 60.0)
    assert failure(tone, decoder) is None


def test_failures_are_counted_named_and_end_with_status_1(tmp_path, monkeypatch, capsys):
    def decode(path, *given, **options):
        raise RuntimeError("a bug")

    monkeypatch.setattr(fuzz_audio, "decode_clip", decode)
    assert fuzz_audio.main(["--files", "2", "--output", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "0: exception: RuntimeError: a bug (undamaged: " in out and "2 of 2 files failed" in out
    (file,) = tmp_path.glob("fuzz-audio-*.json")
    assert read_json(file)["rows"][0]["failures"] == {"exception": 1}
    assert "| undamaged | 1 | 0 | 0 | **1 exception** | " in tables.table(file.name, tmp_path)


def test_the_memory_of_a_file_is_measured(tone, decoder, monkeypatch):
    def decode(path, *given, **options):
        np.ones(50_000_000, np.uint8)
        return decode_clip(path, *given, **options)

    decode_clip = fuzz_audio.decode_clip
    monkeypatch.setattr(fuzz_audio, "decode_clip", decode)
    assert 50e6 < decoder(tone)["bytes"] < 60e6


def test_an_error_without_a_peak_is_one(monkeypatch):
    monkeypatch.setattr(fuzz_audio.Path, "read_text", lambda path, encoding: "VmRSS: 1 kB")
    with pytest.raises(EscGpuError, match="runs on Linux only"):
        fuzz_audio.peak_of_this_process()


def test_numbers_far_apart_have_the_kind_of_their_number():
    found = [outcome["kind"] for outcome in try_files([11, 13 * 700 + 9], 0)]
    assert found == ["no regular file", "no samples"]
