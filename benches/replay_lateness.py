"""Hears what is replayed onto a bus and says by how much each frame was late.

usage: replay_lateness.py INTERFACE RECORDING READY OUT    hears until the last frame; writes OUT
       replay_lateness.py NAME=OUT...                      a table of what was heard, pooled by name

Times are the kernel's own, in nanoseconds, taken when the frame went onto the bus: how soon this program
gets round to it does not count. A frame is late by what its time since the recording's first frame is
more than in the recording; nought is the frame that came soonest, so that nobody gains by starting late.
"""

import pathlib
import socket
import struct
import sys

SO_TIMESTAMPNS = 35
FRAME = struct.Struct("=IB3x8s")


def recording(path):
    """Times of a candump log, nanoseconds."""
    times = []
    for line in pathlib.Path(path).read_text().splitlines():
        seconds, _, part = line[1:line.index(")")].partition(".")
        times.append(int(seconds) * 10**9 + int(part.ljust(9, "0")))
    return times


def hear(interface, path, ready, out):
    wanted = recording(path)
    bus = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
    bus.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    bus.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    bus.bind((interface,))
    bus.settimeout(60)
    pathlib.Path(ready).touch()
    offs = []
    for n, due in enumerate(wanted):
        data, extra, _, _ = bus.recvmsg(FRAME.size, 64)
        _, size, payload = FRAME.unpack(data)
        # Every frame carries its number: one that is lost or changes its place ends it.
        if size != 8 or int.from_bytes(payload, "big") != n:
            raise SystemExit(f"frame {n} is missing or out of order")
        seconds, part = next(struct.unpack("=qq", value) for level, kind, value in extra
                             if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS))
        offs.append(seconds * 10**9 + part - due)
    soonest = min(offs)
    pathlib.Path(out).write_text("".join(f"{off - soonest}\n" for off in offs))


def table(pairs):
    print(f"{'late by':24} {'frames':>8} {'p50':>10} {'p90':>10} {'p99':>10} {'most':>10}")
    for name in dict.fromkeys(name for name, _ in pairs):
        files = [pathlib.Path(out) for own, out in pairs if own == name]
        late = sorted(int(line) for file in files for line in file.read_text().split())
        at = [late[int((len(late) - 1) * share)] / 1e3 for share in (0.5, 0.9, 0.99, 1.0)]
        print(f"{name:24} {len(late):8} " + " ".join(f"{value:7.1f} us" for value in at))


if all("=" in word for word in sys.argv[1:]):
    table([tuple(word.split("=", 1)) for word in sys.argv[1:]])
else:
    hear(*sys.argv[1:5])
