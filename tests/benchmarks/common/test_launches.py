"""Launches, bytes, waits and copies as they are counted, on operations of which all is known."""

import pytest
import torch

from benchmarks.common.launches import Launches, bytes_under
from esc_gpu.core.profiling import phase
from tests.helpers.fake_cuda import asked, fake_cuda

MEGA = 1000 * 1000


@pytest.fixture
def x():
    with fake_cuda():
        yield torch.empty(1000, 1000, device="cuda")


@pytest.mark.parametrize(
    ("call", "launches", "read", "written"),
    [
        (lambda x: x + 1, 1, 4 * MEGA, 4 * MEGA),
        (lambda x: x + x, 1, 8 * MEGA, 4 * MEGA),
        (lambda x: x.mul_(2), 1, 4 * MEGA, 4 * MEGA),
        (lambda x: x.sum(), 1, 4 * MEGA, 4),
        (lambda x: x.half(), 1, 4 * MEGA, 2 * MEGA),
        (lambda x: x @ x, 1, 8 * MEGA, 4 * MEGA),
        (lambda x: x.exp().log(), 2, 8 * MEGA, 8 * MEGA),
        (lambda x: x.T.contiguous(), 1, 4 * MEGA, 4 * MEGA),
        (lambda x: torch.fft.irfft(x.to(torch.complex64)), 3, 4 * MEGA + 8 * MEGA, 8 * MEGA + 4 * 1998 * 1000),
        (lambda x: x.view(-1)[10:].unfold(0, 100, 5).T, 0, 0, 0),
        (lambda x: torch.empty_like(x), 0, 0, 0),
        (lambda x: torch.empty(3) + 1, 0, 0, 0),
    ],
)
def test_kernels_and_their_bytes(x, call, launches, read, written):
    work = asked(lambda: call(x))
    assert (work.launches, work.read, work.written) == (launches, read, written)
    assert work.bytes == read + written and not work.waits + work.copies


def test_of_overlapping_frames_only_what_is_under_them_is_read(x):
    frames = x.view(-1).unfold(0, 500, 5)
    assert bytes_under(frames) == 4 * MEGA
    work = asked(lambda: frames * 2)
    assert work.read == 4 * MEGA and work.written == 4 * frames.numel() and not work.hidden
    work = asked(lambda: frames.contiguous())
    assert work.hidden == work.written == 4 * frames.numel()
    assert asked(lambda: frames @ x[0, :500, None].expand(-1, 4)).operations["hidden copy"] == 2


@pytest.mark.parametrize(
    ("call", "waits", "copies"),
    [
        (lambda x: x.sum().item(), ["_local_scalar_dense"], []),
        (lambda x: x[x > 0], ["index"], []),
        (lambda x: x.cpu(), ["_to_copy: cuda -> cpu"], ["_to_copy: cuda -> cpu"]),
        (lambda x: torch.empty(3).to("cuda"), ["_to_copy: cpu -> cuda"], ["_to_copy: cpu -> cuda"]),
        (lambda x: torch.empty(3).to("cuda", non_blocking=True), [], ["_to_copy: cpu -> cuda"]),
        (lambda x: x[0].copy_(torch.empty(1000)), ["copy_: cpu -> cuda"], ["copy_: cpu -> cuda"]),
        (lambda x: x[0].copy_(torch.empty(1000), non_blocking=True), [], ["copy_: cpu -> cuda"]),
        (lambda x: x[torch.empty(3, dtype=torch.long, device="cuda")], [], []),
    ],
)
def test_waits_and_copies(x, call, waits, copies):
    work = asked(lambda: call(x))
    assert set(waits) <= set(work.waits) and bool(work.waits) == bool(waits) and work.copies == copies


def test_a_phase_has_what_happens_in_it_and_in_no_phase_inside(x):
    with Launches() as counted, counted.following():
        x + 1
        with phase("forward"):
            x + 1
            with phase("front-end"):
                x.exp().log()
            x + 1
    x + 1
    assert {name: work.launches for name, work in counted.phases.items()} == {"other": 1, "forward": 2, "front-end": 2}
    assert counted.total.operations == {"add": 3, "exp": 1, "log": 1}
    with Launches() as counted, phase("forward"):  # nobody follows any more
        x + 1
    assert list(counted.phases) == ["other"]


def test_a_backward_pass_is_counted_on_the_cpu():
    layer = torch.nn.Conv2d(2, 2, 3)
    with Launches("cpu") as counted:
        layer(torch.ones(1, 2, 8, 8, requires_grad=True)).sum().backward()
    assert counted.total.operations["convolution_backward"] == 3
