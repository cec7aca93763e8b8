"""Where a tracker's run goes: online only with an account."""

import pytest

from esc_gpu.tracking import flatten, wandb_mode

NETRC = "machine api.wandb.ai login user password {}\n".format("0" * 40)


@pytest.fixture(autouse=True)
def no_account(monkeypatch, tmp_path):
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_without_an_account_it_is_offline():
    assert wandb_mode() == "offline"


def test_a_key_makes_it_online(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    assert wandb_mode() == "online"


def test_an_earlier_login_makes_it_online(no_account, monkeypatch):
    (no_account / ".netrc").write_text(NETRC)
    (no_account / ".netrc").chmod(0o600)
    assert wandb_mode() == "online"
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.org")  # the login was elsewhere
    assert wandb_mode() == "offline"


def test_the_mode_asked_for_comes_first(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert wandb_mode() == "disabled"


def test_flatten_gives_dotted_keys_and_plain_values():
    nested = {"data": {"root": None, "rate": 8000}, "folds": [1, 2], "resume": False}
    assert flatten(nested) == {"data.root": "None", "data.rate": 8000, "folds": "[1, 2]", "resume": False}
