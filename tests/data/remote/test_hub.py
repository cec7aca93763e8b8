"""Data sets on Hugging Face's hub, which a server on the loopback plays."""

import hashlib
from collections import Counter

import pytest
from fsspec.config import conf

from esc_gpu.data.local_root import local_root
from esc_gpu.data.on_demand import recording_files
from esc_gpu.data.remote import attempts
from esc_gpu.data.remote.checksum import AnotherFileError
from tests.helpers.hub_site import REPOSITORY, hub
from tests.helpers.one_line import refusal
from tests.helpers.remote_files import recording

ADDRESS = f"hf://datasets/{REPOSITORY}"
PATHS = [f"{label}/{number} é.wav" for label in ("cat", "dog") for number in range(2)]


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setattr(attempts, "WAITS_S", (0.0, 0.0))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with hub() as made:
        monkeypatch.setitem(conf, "hf", {"endpoint": made.url, "skip_instance_cache": True})
        made.files = {path: path.encode() * 9 for path in [*PATHS, "README.md", ".gitattributes"]}
        made.lfs = {PATHS[0]}
        yield made


def test_a_folder_for_each_class_on_the_hub(site, tmp_path):
    folder = local_root(ADDRESS, tmp_path, progress=False)
    local_root(ADDRESS, tmp_path, progress=False)
    assert Counter(site.fetched) == Counter(PATHS)
    assert {path: (folder / path).read_bytes() for path in PATHS} == {path: path.encode() * 9 for path in PATHS}
    for path in PATHS[:2]:  # one by LFS, one by Git
        site.files[path] = path.encode()[::-1] * 9
    local_root(ADDRESS, tmp_path, progress=False)
    assert Counter(site.fetched) == Counter([*PATHS, *PATHS[:2]])
    missing = refusal(local_root, "hf://datasets/me/nothing", tmp_path, progress=False)
    assert "expected a folder, bucket or data set that is there and may be read" in missing


def test_other_bytes_than_the_hub_tells_of_are_fetched_again_and_refused(site, tmp_path, monkeypatch):
    original = site.tree
    site.tree = lambda folder: [entry | {"oid": "d" * 40} for entry in original(folder)]
    message = refusal(local_root, ADDRESS, tmp_path, progress=False)
    assert AnotherFileError.__name__ in message and "its sha1 is not the one that the storage has" in message
    assert site.fetched.count(PATHS[1]) == 2


def test_what_is_not_kept_is_compared_with_the_hash_of_the_hub(site, tmp_path):
    site.files |= {path: recording(number) for number, path in enumerate(PATHS)}
    root = local_root(ADDRESS, tmp_path, progress=False, keep_copy=False)
    assert not site.fetched
    with recording_files(ADDRESS, tmp_path, keep_copy=False) as files:
        digests = files.contents([root / path for path in PATHS], False)
    assert Counter(site.fetched) == Counter(PATHS)
    assert digests == [hashlib.blake2b(site.files[path]).hexdigest() for path in PATHS]
    (tmp_path / "remote" / root.parent.name / "contents.jsonl").unlink()
    for number, name in enumerate(("sha256", "sha1")):  # by LFS and by Git
        site.files[PATHS[number]] = site.files[PATHS[3]]
        with recording_files(ADDRESS, tmp_path, keep_copy=False) as files:
            assert f"its {name} is not the one" in refusal(files.contents, [root / PATHS[number]], False)
