"""Puts busbar and python-can on one CAN bus, each behind an slcan adapter of its own.

usage: adapters.py BUSBAR

Two pretended adapters stand behind pseudo-terminals and hand each other's frames on, as a bus does. They
speak the protocol as Lawicel wrote it down: commands are answered by a return or a bell, a closed channel
sends nothing, a channel in listen-only mode refuses to send, time stamps wrap after a minute. On one works
python-can's own slcan driver, on the other busbar: what one sends the other must receive, byte for byte.
Then busbar listens only and must send nothing, and it must find an adapter again that was pulled out.
"""

import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tty

import can

FRAME = re.compile(r"^(?:[tr][0-9A-F]{4}|[TR][0-9A-F]{9}|[db][0-9A-F]{4}|[DB][0-9A-F]{9})[0-9A-F]*$", re.I)
LENGTHS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64]
SECONDS = 40

failures = 0


def check(what, sound, detail=""):
    global failures
    print(f"  {'same' if sound else 'DIFFERENT'}: {what} {detail if not sound else ''}".rstrip())
    if not sound:
        failures += 1


class Adapter:
    """One end of the bus behind a pseudo-terminal that the program under test opens by its path."""

    def __init__(self, path):
        self.path = path
        self.others = []
        self.lock = threading.Lock()
        self.heard = []
        self.began = time.monotonic() - 55  # so that stamps wrap within a test
        self.plug()

    def plug(self):
        self.open = self.quiet = self.stamps = False
        self.near, self.far = pty.openpty()
        tty.setraw(self.near)
        tty.setraw(self.far)
        if os.path.lexists(self.path):
            os.unlink(self.path)
        os.symlink(os.ttyname(self.far), self.path)
        self.running = True
        self.thread = threading.Thread(target=self.serve, args=(self.near,), daemon=True)
        self.thread.start()

    def pull(self):
        """The adapter is gone from the machine: its name and everything open on it."""
        self.running = False
        self.thread.join()
        os.unlink(self.path)
        os.close(self.far)
        os.close(self.near)

    def serve(self, near):
        line = b""
        while self.running:
            ready, _, _ = select.select([near], [], [], 0.02)
            if not ready:
                continue
            try:
                got = os.read(near, 4096)
            except OSError:
                continue
            for byte in got:
                if byte == 13:
                    self.take(line.decode("ascii", "replace"))
                    line = b""
                else:
                    line += bytes([byte])

    def say(self, text):
        try:
            os.write(self.near, text.encode())
        except OSError:
            pass

    def take(self, line):
        self.heard.append(line)
        first = line[:1]
        if first in "tTrRdDbB" and first:
            if not FRAME.match(line) or not self.open or self.quiet:
                return self.say("\a")
            for other in self.others:
                other.bring(line)
            return self.say("Z\r" if first.isupper() else "z\r")
        if line == "":
            return None
        if line == "C":
            sound, self.open = self.open, False
        elif line in ("O", "L"):
            sound = not self.open
            self.open, self.quiet = True, line == "L"
        elif re.fullmatch("S[0-8]|Y[1-58]|s[0-9A-F]{4}", line):
            sound = not self.open
        elif line in ("Z0", "Z1"):
            sound = not self.open
            if sound:
                self.stamps = line == "Z1"
        elif line == "V":
            return self.say("V1013\r")
        elif line == "N":
            return self.say("NB042\r")
        elif line == "F" and self.open:
            return self.say("F00\r")
        else:
            sound = False
        return self.say("\r" if sound else "\a")

    def bring(self, line):
        with self.lock:
            if self.open:
                stamp = f"{int((time.monotonic() - self.began) * 1000) % 60000:04X}" if self.stamps else ""
                self.say(line.upper()[0].replace(line[0].upper(), line[0]) + line[1:] + stamp + "\r")


def messages(fd):
    """Frames of every kind."""
    made = []
    for extended, ids in ((False, (0, 0x123, 0x7EF)), (True, (0, 0x18FF50E5, 0x1FFFFFFF))):
        for one in ids:
            for length in range(9):
                data = bytes((one + 17 * at) & 0xFF for at in range(length))
                made.append(can.Message(arbitration_id=one, is_extended_id=extended, data=data))
            made.append(can.Message(arbitration_id=one, is_extended_id=extended, is_remote_frame=True, dlc=5))
    if fd:
        for length in LENGTHS:
            for switched in (False, True):
                made.append(can.Message(arbitration_id=0x321, is_extended_id=False, is_fd=True,
                                        bitrate_switch=switched, data=bytes(range(length))))
    return made


def key(one):
    data = "" if one.is_remote_frame else bytes(one.data).hex()
    return (one.arbitration_id, one.is_extended_id, one.is_remote_frame, one.is_fd, one.dlc, data)


def candump(path):
    return list(can.CanutilsLogReader(str(path)))


def wait_for(what, sound, seconds=SECONDS):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if sound():
            return True
        time.sleep(0.05)
    check(what, False, f"not within {seconds} s")
    return False


def record(busbar, adapter, options, out):
    command = [busbar, "record", f"slcan:{adapter.path}{options}", "--out", str(out), "--to", "candump"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def end(process):
    process.send_signal(signal.SIGINT)
    try:
        said, _ = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
    return said


def received(busbar, ours, theirs, folder):
    """What python-can sends is recorded as it was sent."""
    out = folder / "received.log"
    recorder = record(busbar, ours, "@500000/2000000", out)
    if not wait_for("busbar opens its adapter", lambda: ours.open):
        return print(end(recorder))
    with can.Bus(interface="slcan", channel=theirs.path, bitrate=500000, sleep_after_open=0.2) as bus:
        sent = messages(fd=False)
        for one in sent:
            bus.send(one)
            time.sleep(0.002)
        # FD as the firmware of CANable says it, which not every python-can does.
        for one in messages(fd=True)[len(sent):]:
            letter = "b" if one.bitrate_switch else "d"
            code = LENGTHS.index(len(one.data))
            ours.bring(f"{letter}{one.arbitration_id:03X}{code:X}{bytes(one.data).hex().upper()}")
        sent = messages(fd=True)
        time.sleep(2.5)
    print(end(recorder).strip())
    got = candump(out)
    check("frames from python-can to busbar", list(map(key, got)) == list(map(key, sent)),
          f"{len(sent)} sent, {len(got)} recorded")
    times = [one.timestamp for one in got]
    back = [(at, a - b) for at, (a, b) in enumerate(zip(times, times[1:])) if b < a]
    check("their order in time, over the end of a minute", not back, f"earlier than the one before, by seconds: {back}")
    check("the rates and the mode that were set", {"S6", "Y2", "Z1", "O"} <= set(ours.heard), str(ours.heard[:12]))
    # What was written last may still be on its way.
    wait_for("the adapter is left closed", lambda: not ours.open and ours.heard[-1] == "Z0")


def sent(busbar, ours, theirs, folder):
    """What busbar sends arrives at python-can as it was."""
    made = messages(fd=False)
    log = folder / "sent.log"
    # python-can's own writer leaves out how long a remote frame asks for.
    with open(log, "w") as writer:
        for at, one in enumerate(made):
            width = 8 if one.is_extended_id else 3
            data = f"R{one.dlc}" if one.is_remote_frame else bytes(one.data).hex().upper()
            print(f"({1_700_000_000 + at * 0.003:.6f}) can0 {one.arbitration_id:0{width}X}#{data}", file=writer)
    with can.Bus(interface="slcan", channel=theirs.path, bitrate=500000, sleep_after_open=0.2) as bus:
        got = []
        done = threading.Event()

        def listen():
            while not done.is_set():
                one = bus.recv(0.1)
                if one is not None:
                    got.append(one)

        listener = threading.Thread(target=listen)
        listener.start()
        run = subprocess.run([busbar, "replay", str(log), "--bus", f"slcan:{ours.path}@500000", "--arm"],
                             capture_output=True, text=True, timeout=60)
        time.sleep(1)
        done.set()
        listener.join()
    print((run.stdout + run.stderr).strip()[-600:])
    pairs = [(key(a), key(b)) for a, b in zip(made, got) if key(a) != key(b)]
    check("frames from busbar to python-can", len(got) == len(made) and not pairs,
          f"{len(made)} sent, {len(got)} received, exit {run.returncode}; {pairs[:2]}")
    run = subprocess.run([busbar, "replay", str(log), "--bus", f"slcan:{ours.path}@500000"],
                         capture_output=True, text=True, timeout=60)
    check("nothing is sent without --arm", run.returncode == 2 and "--arm" in run.stderr, run.stderr)


def listens(busbar, ours, theirs, folder):
    """Listening only, and an adapter that is pulled out and plugged in again."""
    out = folder / "quiet.log"
    ours.heard.clear()
    recorder = record(busbar, ours, "@250000,listen", out)
    if not wait_for("busbar opens its adapter to listen", lambda: ours.open):
        return print(end(recorder))
    check("it was opened to listen only", ours.quiet and "L" in ours.heard and "O" not in ours.heard)
    ours.bring("t12311A")
    time.sleep(0.5)
    ours.pull()
    time.sleep(2)
    ours.plug()
    if not wait_for("busbar opens the adapter again", lambda: ours.open):
        return print(end(recorder))
    ours.bring("t12312B")
    time.sleep(2)
    print(end(recorder).strip())
    # Gaps stand in the log as remarks, which python-can does not read.
    seen = [line.split()[2] for line in out.read_text().splitlines() if line.startswith("(")]
    check("frames before and after it was pulled out", seen == ["123#1A", "123#2B"], out.read_text())
    check("it listens only again", ours.quiet)
    frames = [line for line in ours.heard if line[:1] in tuple("tTrRdDbB")]
    check("nothing was sent", frames == [], str(frames))


def main():
    busbar = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        os.environ["BUSBAR_DATA_DIR"] = str(folder / "data")
        ours, theirs = Adapter(str(folder / "ttyOURS")), Adapter(str(folder / "ttyTHEIRS"))
        ours.others, theirs.others = [theirs], [ours]
        print(f"python-can {can.__version__} and busbar on one bus, behind two slcan adapters")
        for part in (received, sent, listens):
            part(busbar, ours, theirs, folder)
    print(f"{failures} differences" if failures else "no differences")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
