"""Options of an earlier version are compared with those of a newer one."""

from esc_gpu import create_frontend
from esc_gpu.config.frontend_defaults import with_defaults


def without(spec, *names):
    return {name: value for name, value in spec.items() if name not in names}


def test_options_that_only_the_other_has_get_their_defaults():
    spec = create_frontend("logmel").spec
    assert with_defaults(without(spec, "power", "center"), spec) == with_defaults(spec, spec) == spec
    assert "power" not in with_defaults(without(spec, "power"), without(spec, "power"))


def test_members_get_theirs():
    spec = create_frontend("stack", members=["logmel", "mfcc"]).spec
    earlier = {**spec, "members": [without(member, "ref") for member in spec["members"]]}
    assert str(with_defaults(earlier, spec)) == str(with_defaults(spec, spec)) and with_defaults(earlier, spec) == spec
    spec = create_frontend("delta", member={"name": "logmel"}).spec
    assert with_defaults({**spec, "member": without(spec["member"], "ref")}, spec) == spec


def test_another_front_end_and_one_that_is_not_registered_stay_as_they_are():
    assert with_defaults({"name": "logmel", "backend": "native"}, {"name": "mfcc", "n_mfcc": 13}) == {
        "name": "logmel",
        "backend": "native",
    }
    own = {"name": "mine", "backend": "native"}
    assert with_defaults(own, {**own, "more": 1}) == own
