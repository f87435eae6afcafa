"""``df -P`` of a container."""

import subprocess

from hypothesis import given
from hypothesis import strategies as st

from monitor.wire.files import DF, volumes

OUTPUT = """\
Filesystem     1024-blocks      Used Available Capacity Mounted on
overlay           61255492  41245780  16865700      71% /
tmpfs                65536         0     65536       0% /dev
shm                  65536         0     65536       0% /dev/shm
10.0.10.15:/mnt/mail  10475520   9742336    733184      93% /var/mail
/dev/sda1         61255492  41245780  16865700      71% /etc/hosts
/dev/sda1         61255492  61255492         0     100% /var/mail-state dir
tmpfs              8145000        12   8144988       1% /run/secrets/kubernetes.io/serviceaccount
tmpfs                    -         -         -        - /odd
"""


def test_volumes() -> None:
    """Those that a pod mounts for its mail, by their mount points; the image's own and the kernel's are none."""
    assert volumes(OUTPUT) == {"/var/mail": 0.93, "/var/mail-state dir": 1.0}


def test_this_machines_own() -> None:
    """A real ``df`` is read."""
    output = subprocess.run(DF, capture_output=True, text=True, check=False).stdout
    assert output.startswith("Filesystem")
    assert all(0 <= share <= 1 for share in volumes(output).values())


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    """Whatever comes is read, or left out."""
    assert all(place.startswith("/") for place in volumes(text))
