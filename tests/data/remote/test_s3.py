"""Recordings in a bucket of S3, which moto plays on the loopback."""

from collections import Counter

import pytest

pytest.importorskip("s3fs", reason="needs the package s3fs: pip install s3fs")
pytest.importorskip("moto.server", reason="needs the package moto: pip install 'moto[server]'")

import boto3
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

from esc_gpu.data.local_root import local_root
from esc_gpu.data.remote import attempts
from tests.helpers.one_line import refusal

PATHS = [f"{label}/{number}.wav" for label in ("cat", "dog") for number in range(3)]


@pytest.fixture
def bucket(monkeypatch):
    monkeypatch.setattr(attempts, "WAITS_S", (0.0, 0.0))
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    S3FileSystem.clear_instance_cache()  # of other servers
    client = boto3.client("s3")
    client.create_bucket(Bucket="esc")
    for path in PATHS:
        client.put_object(Bucket="esc", Key=f"sounds/{path}", Body=path.encode() * 99)
    client.put_object(Bucket="esc", Key="sounds/cat/", Body=b"")
    yield client
    server.stop()


def test_a_folder_of_a_bucket(bucket, tmp_path, monkeypatch):
    fetched, original = Counter(), S3FileSystem._get_file

    async def counted(files, remote, local, **options):
        fetched[remote.partition("/sounds/")[2]] += 1
        await original(files, remote, local, **options)

    monkeypatch.setattr(S3FileSystem, "_get_file", counted)

    def copy():
        return local_root("s3://esc/sounds", tmp_path, progress=False)

    folder = copy()
    copy()
    assert fetched == Counter(PATHS)
    assert {path: (folder / path).read_bytes() for path in PATHS} == {path: path.encode() * 99 for path in PATHS}
    bucket.put_object(Bucket="esc", Key=f"sounds/{PATHS[0]}", Body=b"new")
    bucket.put_object(Bucket="esc", Key=f"sounds/{PATHS[1]}", Body=PATHS[1].encode() * 99)  # the same again
    bucket.delete_object(Bucket="esc", Key=f"sounds/{PATHS[2]}")
    copy()
    assert fetched == Counter([*PATHS, PATHS[0]]) and (folder / PATHS[0]).read_bytes() == b"new"
    assert not (folder / PATHS[2]).exists()


def test_no_such_bucket_and_no_credentials(bucket, tmp_path, monkeypatch):
    said = refusal(local_root, "s3://other/sounds", tmp_path, progress=False)
    assert said.startswith("s3://other/sounds: ") and "; expected a folder, bucket or data set that is there" in said
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    S3FileSystem.clear_instance_cache()
    said = refusal(local_root, "s3://esc/sounds", tmp_path, progress=False)
    assert "expected credentials of this storage in its environment variables or files" in said
