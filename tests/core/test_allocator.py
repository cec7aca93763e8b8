"""The allocator keeps what is freed."""

import subprocess
import sys

import pytest

CODE = """
import resource, torch
from esc_gpu.core.allocator import keep_freed_memory
{call}
for _ in range(10):  # blocks that take turns are touched for the first time
    torch.ones(1 << 24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.ones(1 << 24)  # 64 MB: 16384 pages, which glibc maps anew whatever its threshold has grown to
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(call):
    done = subprocess.run([sys.executable, "-c", CODE.format(call=call)], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_a_freed_block_is_taken_again_without_new_pages():
    assert faults("") > 5 * faults("keep_freed_memory()")
