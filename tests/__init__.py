"""The tests. Modules of `tests.helpers` hold what several of them use; no test module imports another."""

import pytest

pytest.register_assert_rewrite("tests.helpers")
