"""A front-end's config in Python: equal, copied, changed, wrong."""

import copy
import dataclasses
import pickle

import pytest

from esc_gpu.config import FrontendConfig, RunConfig
from esc_gpu.config.frontend_options import complete
from esc_gpu.config.parse_frontend import read_frontend
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends import create_frontend

MFCC = FrontendConfig("mfcc", n_mfcc=20)


def test_copies_are_equal():
    run = RunConfig(frontend=MFCC)
    assert pickle.loads(pickle.dumps(run)) == run == copy.deepcopy(run)
    assert FrontendConfig(**dataclasses.asdict(run)["frontend"]) == MFCC
    assert eval(repr(MFCC), {"FrontendConfig": FrontendConfig}) == MFCC != FrontendConfig("mfcc")


def test_it_is_replaced_in_part():
    assert dataclasses.replace(MFCC, backend="native") == FrontendConfig("mfcc", "native", n_mfcc=20)
    assert dataclasses.replace(MFCC, n_mels=64) == FrontendConfig("mfcc", n_mfcc=20, n_mels=64)
    assert dataclasses.replace(MFCC, name="logmel", options={}) == FrontendConfig()


def test_members_are_configs_or_mappings():
    as_configs = FrontendConfig("stack", members=[MFCC, FrontendConfig("delta", member=MFCC)])
    mfcc = {"name": "mfcc", "n_mfcc": 20, "backend": "auto"}
    assert as_configs.options["members"] == [mfcc, {"name": "delta", "member": mfcc, "backend": "auto"}]
    assert complete(as_configs)["members"][1]["member"]["n_mels"] == 128
    assert create_frontend(**as_configs.arguments()).n_channels == 4


def test_a_presets_name_stands_for_its_options():
    section = read_frontend({"name": "ast", "std": 2.0})
    assert (section.name, section.options["image_frames"], section.options["std"]) == ("model_input", 1024, 2.0)
    assert section.options["sample_rate"] == 16000  # the model's, whatever that of the clips is
    assert create_frontend(**section.arguments()).output_shape(16000) == (1, 128, 1024)


@pytest.mark.parametrize(
    ("frontend", "message"),
    [
        (FrontendConfig(3), "the front-end's name must be one of"),
        (FrontendConfig(["mfcc"]), "the front-end's name must be one of"),
        (FrontendConfig("mfcc", ["native"]), "the backend of mfcc must be one of"),
        (FrontendConfig("mfcc", n_mfc=3), "no option 'n_mfc'; did you mean 'n_mfcc'"),
        (FrontendConfig("stack", members=[3]), "members of stack are front-ends, names or mappings such as"),
        (FrontendConfig("stack", members={"name": "mfcc"}), "members of a stack are a list of front-ends"),
        (FrontendConfig("stack", members=3), "members of a stack are a list of front-ends"),
        (FrontendConfig("delta", member=3), "members of delta are front-ends, names or mappings such as"),
    ],
)
def test_a_wrong_one_is_refused_where_it_is_used(frontend, message):
    with pytest.raises(EscGpuError, match=message):
        complete(frontend)
        create_frontend(**frontend.arguments())
