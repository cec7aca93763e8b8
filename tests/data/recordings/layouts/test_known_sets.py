"""UrbanSound8K, Speech Commands and FSD50K, by files that are like theirs."""

from esc_gpu.data.recordings.layouts import fsd50k, read_recordings
from tests.helpers.layout_folders import lay_out
from tests.helpers.one_line import refusal


def test_urbansound8k_has_its_folds_and_freesound_recordings(tmp_path):
    root = lay_out(tmp_path, "urbansound8k")
    data = read_recordings(root)
    assert data.filenames[0] == "audio/fold2/100-0-0-0.wav" and data.src_files[0] == "100" and data.folds[0] == 2
    table = root / "metadata" / "UrbanSound8K.csv"
    lines = table.read_text(encoding="utf-8")
    table.write_text(lines.replace("100-0-0-1.wav,100,0,5,1,2", "100-0-0-1.wav,100,0,5,1,3"), encoding="utf-8")
    assert "UrbanSound8K.csv, row 3: fold of source '100' is 3, above it was 2" in refusal(read_recordings, root)
    table.write_text(lines.replace("100-0-0-1.wav", "../../1.wav"), encoding="utf-8")
    assert "is absolute or has a double dot" in refusal(read_recordings, root)


def test_speech_commands_has_speakers_and_no_background_noise(tmp_path):
    root = lay_out(tmp_path, "speech_commands")
    data = read_recordings(root)
    assert data.notes == ("The folder _background_noise_ is left out, because it is no word.",)
    speakers = {name.partition("/")[2].partition("_nohash_")[0] for name in data.filenames}
    assert speakers == set(data.src_files) and len(speakers) == 30
    lists = (root / "testing_list.txt").read_text(encoding="utf-8").split()
    assert {name for name, fold in zip(data.filenames, data.folds, strict=True) if fold == "test"} == set(lists)
    (root / "testing_list.txt").write_text("dog/nobody_nohash_0.wav\n", encoding="utf-8")
    assert "no such clip (1 of 61 are missing)" in refusal(read_recordings, root)


def test_fsd50k_has_several_labels_and_is_refused_where_one_is_asked_for(tmp_path):
    root = lay_out(tmp_path, "fsd50k")
    several = read_recordings(root)
    assert several.task == "multi_label" and several.class_names == ("cat", "dog", "rain", "sound")
    assert several.of_class(3).all() and (several.labels.sum(axis=1) == 2).all()
    message = refusal(read_recordings, root, task="single_label")
    assert f"{root / 'FSD50K.dev_audio' / '00000.wav'}: has several labels, cat,sound; expected one label" in message
    rows = fsd50k.read_labels(root)
    assert [row.fold for row in rows].count("test") == 12 and {row.fold for row in rows} == {"train", "val", "test"}
    for name in ("dev", "eval"):
        table = root / "FSD50K.ground_truth" / f"{name}.csv"
        table.write_text(table.read_text(encoding="utf-8").replace(",sound", ""), encoding="utf-8")
    data = read_recordings(root)
    assert data.class_names == ("cat", "dog", "rain") and data.fold_numbers == ["train", "validation", "test"]
