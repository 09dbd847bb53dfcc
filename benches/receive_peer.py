"""Processor time that python-can with cantools takes to receive and decode a frame of the stream that
`cargo bench --bench receive` sends: a pack's messages in turn, with values that move.

usage: receive_peer.py [FRAMES]

Sending is not counted: frames are sent a few at a time, and only taking them out is timed, in a thread
that does nothing else meanwhile. The bus is vcan0 where the machine has one, else python-can's own.
`against_peers.sh` calls it.
"""

import pathlib
import sys
import time

import can
import cantools

DBC = "assets/devices/prohelion-d1000-gen1/messages.dbc"
# Few enough for the buffer of a socket.
TOGETHER = 100
ROUNDS = 3


def frames(count):
    """What the bench sends on one of its buses."""
    for n in range(count):
        cell = (3700 + n // 0x2A % 64).to_bytes(2, "little")
        yield can.Message(arbitration_id=0x600 + n % 0x2A, data=cell * 4, is_extended_id=False)


def spent(sender, receiver, database, count):
    """Seconds of processor time for receiving and decoding so many frames, and how many were decoded."""
    took, decoded, batch = 0.0, 0, []
    stream = frames(count)
    for _ in range(count // TOGETHER):
        batch = [next(stream) for _ in range(TOGETHER)]
        for frame in batch:
            sender.send(frame)
        begin = time.thread_time()
        for _ in range(TOGETHER):
            frame = receiver.recv(5)
            if frame is None:
                raise SystemExit("a frame did not arrive")
            try:
                database.decode_message(frame.arbitration_id, frame.data)
                decoded += 1
            except (KeyError, cantools.database.DecodeError):
                pass
        took += time.thread_time() - begin
    return took, decoded


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    count = max(TOGETHER, count - count % TOGETHER)
    kernel = pathlib.Path("/sys/class/net/vcan0").exists()
    way = {"interface": "socketcan", "channel": "vcan0"} if kernel else {"interface": "virtual", "channel": "peer"}
    database = cantools.database.load_file(DBC)
    with can.Bus(**way) as sender, can.Bus(**way) as receiver:
        took, decoded = min(spent(sender, receiver, database, count) for _ in range(ROUNDS))
    print(f"python-can + cantools, {way['interface']} bus: {count} frames, {decoded} of them decoded")
    print(f"  receiving and decoding {took / count * 1e6:.3f} us a frame, the best of {ROUNDS} rounds")


main()
