"""The filter of system calls, run by an interpreter of its instructions: both architectures anywhere."""

import errno
import struct

import pytest

from vidkit.sandbox.inside import seccomp
from vidkit.sandbox.inside.syscalls import AUDIT_ARCH, number

ALLOW, KILL = "allow", "kill"
MACHINES = list(AUDIT_ARCH)


def verdict(code: bytes, call: int, arguments: tuple[int, ...] = (), arch: int = 0) -> str | int:
    """What the kernel does with a call: "allow", "kill", or the error it returns."""
    words = [argument & (2**64 - 1) for argument in arguments]
    data = struct.pack(
        "<iIQ6Q", call & 0xFFFFFFFF if call < 2**31 else call - 2**32, arch, 0, *(words + [0] * 6)[:6]
    )
    accumulator, at = 0, 0
    while True:
        operation, when, otherwise, k = struct.unpack_from("<HBBI", code, at * 8)
        at += 1
        if operation == 0x20:
            accumulator = struct.unpack_from("<I", data, k)[0]
        elif operation == 0x54:
            accumulator &= k
        elif operation == 0x06:
            return ALLOW if k == 0x7FFF0000 else KILL if k == 0x80000000 else k & 0xFFFF
        else:
            holds = {0x15: accumulator == k, 0x35: accumulator >= k, 0x45: bool(accumulator & k)}[operation]
            at += when if holds else otherwise


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def asked(machine: str, name: str, *arguments: int, landlock: int = 0, own_pid: int = 0) -> str | int:
    call = number(name, machine)
    assert call is not None
    return verdict(seccomp.program(machine, landlock, own_pid), call, arguments, AUDIT_ARCH[machine])


@pytest.mark.parametrize(
    "name", ["socket", "ptrace", "mount", "io_uring_setup", "keyctl", "memfd_create", "unshare"]
)
def test_dangerous_calls_are_refused(machine: str, name: str) -> None:
    assert asked(machine, name) == errno.EPERM


def test_every_refused_name_is_in_the_table(machine: str) -> None:
    for name in (*seccomp.REFUSED, *seccomp.OTHERS_FILES, *seccomp.PRETENDED):
        number(name, machine)


def test_calls_of_another_architecture_kill(machine: str) -> None:
    other = next(value for name, value in AUDIT_ARCH.items() if name != machine)
    code = seccomp.program(machine)
    assert verdict(code, 0, arch=other) == KILL
    assert verdict(code, 0, arch=0x40000003) == KILL  # 32-bit x86
    if machine == "x86_64":
        assert verdict(code, 0x40000000 + 39, arch=AUDIT_ARCH[machine]) == KILL  # x32


def test_calls_newer_than_the_table_do_not_exist(machine: str) -> None:
    assert verdict(seccomp.program(machine), 470, arch=AUDIT_ARCH[machine]) == errno.ENOSYS
    assert asked(machine, "clone3") == errno.ENOSYS


@pytest.mark.parametrize(
    "flag", [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000]
)
def test_clone_makes_threads_and_no_namespaces(machine: str, flag: int) -> None:
    assert asked(machine, "clone", 0x3D0F00) == ALLOW
    assert asked(machine, "clone", flag | 17) == errno.EPERM


def test_calls_that_reach_others_work_on_itself(machine: str) -> None:
    assert asked(machine, "prlimit64", 0) == ALLOW
    assert asked(machine, "prlimit64", 77) == errno.EPERM
    assert asked(machine, "setpriority", 0, 0) == ALLOW
    assert asked(machine, "setpriority", 0, 77) == errno.EPERM
    assert asked(machine, "setpriority", 2, 0) == errno.EPERM
    assert asked(machine, "socketpair", 1) == ALLOW
    assert asked(machine, "socketpair", 2) == errno.EPERM
    assert asked(machine, "fcntl", 0, 3) == ALLOW
    assert asked(machine, "fcntl", 0, 8) == errno.EPERM
    assert asked(machine, "ioctl", 0, 0x5401) == ALLOW
    assert asked(machine, "ioctl", 0, 0x5412) == errno.ENOTTY


def test_landlock_before_signals_lets_signal_itself_alone(machine: str) -> None:
    assert asked(machine, "kill", 42, 9, landlock=5, own_pid=42) == ALLOW
    assert asked(machine, "kill", 41, 9, landlock=5, own_pid=42) == errno.EPERM
    assert asked(machine, "kill", 2**64 - 1, 9, landlock=5, own_pid=42) == errno.EPERM
    assert asked(machine, "kill", 41, 9, landlock=6, own_pid=42) == ALLOW


def test_landlock_before_truncation_does_not_empty_by_reading(machine: str) -> None:
    assert asked(machine, "openat", 0, 0, 0o1000, landlock=2) == errno.EACCES
    assert asked(machine, "openat", 0, 0, 0o1001, landlock=2) == ALLOW
    assert asked(machine, "openat", 0, 0, 0o1000, landlock=3) == ALLOW
    assert asked(machine, "truncate", landlock=2) == errno.EACCES


def test_attributes_are_pretended_where_landlock_guards(machine: str) -> None:
    assert asked(machine, "fchmod", landlock=7) == 0
    assert asked(machine, "fchmod") == ALLOW
    assert asked(machine, "fchown", landlock=7) == errno.EPERM
