"""Listening ports as ``ss`` and the kernel print them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.wire.sockets import listening_ports, proc_ports

SS = """State    Recv-Q   Send-Q     Local Address:Port      Peer Address:Port  Process
LISTEN   0        100              0.0.0.0:25             0.0.0.0:*
LISTEN   0        100                    *:2525                 *:*      users:(("master",pid=1,fd=12))
LISTEN   0        100                 [::]:465               [::]:*
LISTEN   0        4096       127.0.0.1%lo:8891          0.0.0.0:*
LISTEN   0        128                [::1]:783               [::]:*
LISTEN   0        128   [::ffff:127.0.0.1]:784               [::]:*
LISTEN   0        128     10.244.1.7%eth0:10993         0.0.0.0:*
ESTAB    0        0            10.244.1.7:993        10.244.0.3:40000
"""

PROC = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   1: 0100007F:22BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0
   2: 0701F40A:2AF1 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1 0
   3: 0701F40A:03E1 0300F40A:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4 1 0
  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000000000000:09DD 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 00000000000000000000000001000000:030F 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 0000000000000000FFFF00000100007F:0310 00000000000000000000000000000000:0000 0A 00000000:00000000
"""


@pytest.mark.parametrize(("text", "ports"), [(SS, {25, 2525, 465, 10993}), ("", set()), ("LISTEN 0 1 x:y z", set())])
def test_ss(text: str, ports: set[int]) -> None:
    """Every address but loopback's counts; other states and the heading do not."""
    assert listening_ports(text) == ports


@pytest.mark.parametrize(("text", "ports"), [(PROC, {25, 10993, 2525}), ("", set())])
def test_the_kernels_tables(text: str, ports: set[int]) -> None:
    """Both families are read, addresses little-endian by words of four bytes."""
    assert proc_ports(text) == ports


@given(st.text(max_size=200), st.text(alphabet="0123456789ABCDEF: \n", max_size=200))
def test_any_text_is_survived(text: str, table: str) -> None:
    """Whatever it is, a set of ports comes out."""
    assert isinstance(listening_ports(text) | proc_ports(text + "\n   0: " + table), frozenset)
