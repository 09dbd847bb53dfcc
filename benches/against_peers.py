"""Measures readers and writers of recordings against ours, in turn. `against_peers.sh` calls it.

usage: against_peers.py BUSBAR WORK FRAMES [RUST_READER]

Every run is a process of its own; the figure is frames by the smallest processor time (user and system)
of three runs, less that of the same process for a file of one frame. Wall time is printed too, and means
little on a machine that does something else. What takes too little to tell is a dash: ask for more frames.
"""

import pathlib
import resource
import shutil
import subprocess
import sys
import time

ROUNDS = 3
# Less than this, seconds, is lost among what starting a process takes.
LEAST = 0.004
# What a peer is given at most beyond a million frames, as a part of what we are given.
LARGE = 1_000_000

READ = "import can,sys\nn=0\nfor m in can.LogReader(sys.argv[1]): n+=1\nprint(n)"
WRITE = ("import can,sys\nw=can.Logger(sys.argv[2])\n"
         "for m in can.LogReader(sys.argv[1]): w(m)\nw.stop()")
DECODE = ("import can,cantools,sys\nd=cantools.database.load_file(sys.argv[2])\nn=0\n"
          "for m in can.LogReader(sys.argv[1]):\n"
          "  try: d.decode_message(m.arbitration_id,m.data); n+=1\n  except (KeyError, cantools.database.DecodeError): pass\nprint(n)")
DBC = "assets/devices/prohelion-d1000-gen1/messages.dbc"


def make(path, frames):
    """A pack's messages in turn, 55 microseconds apart; one frame in 29 is short, down to no bytes."""
    seed, at = 0x9E3779B97F4A7C15, 1_700_000_000_000_000
    with path.open("w", buffering=1 << 20) as out:
        for n in range(frames):
            seed = (seed * 6364136223846793005 + 1442695040888963407) & (1 << 64) - 1
            word = 3700 + (seed >> 58)
            word = f"{word & 255:02X}{word >> 8:02X}"
            size = n // 29 % 8 if n % 29 == 0 else 8
            at += 55
            out.write(f"({at // 1000000}.{at % 1000000:06}) can0 {0x601 + n % 42:03X}#{(word * 4)[:2 * size]}\n")


def run(command, out=None):
    """Processor time and wall time of a process, seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([str(word) for word in command], stdout=out or subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip()[-300:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall


def row(what, peer, ours, theirs, count):
    """Ours and theirs in turn; `ours` and `theirs` are commands of (file, frames), small files first."""
    runs = [run(command) for _ in range(ROUNDS) for command in ours + theirs]

    def rate(place, kind, frames):
        """M frames a second; none where one frame takes nearly as long as all."""
        one, many = (min(runs[n][kind] for n in range(at, len(runs), 4)) for at in (place, place + 1))
        took = many - one
        return frames / took / 1e6 if took > max(LEAST, 0.1 * many) else None

    def shown(figure, width=9, digits=3):
        return f"{'-':>{width}}" if figure is None else f"{figure:{width}.{digits}f}"

    mine, others = rate(0, 0, count[0]), rate(2, 0, count[1])
    ratio = mine / others if mine and others else None
    print(f"{what:34} {peer:22} {shown(mine)} {shown(others)} {shown(ratio, 8, 1)} "
          f"{shown(rate(0, 1, count[0]))} {shown(rate(2, 1, count[1]))}", flush=True)


def main():
    busbar, work, frames = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    rust = sys.argv[4] if len(sys.argv) > 4 else ""
    theirs = frames if frames <= LARGE else LARGE + (frames - LARGE) // 10
    for name, count in (("one", 1), ("ours", frames), ("theirs", theirs)):
        make(work / f"{name}.log", count)
        for ending in ("asc", "blf", "trc", "mf4"):
            run([busbar, "convert", work / f"{name}.log", work / f"{name}.{ending}", "--force"])
    sizes = {e: (work / f"ours.{e}").stat().st_size / frames for e in ("log", "asc", "blf", "trc", "mf4")}
    print(", ".join(f"{ending} {size:.1f}" for ending, size in sizes.items()), "bytes a frame on the disk")
    print(f"{frames} frames for us, {theirs} for peers; M frames/s of processor time, the best of {ROUNDS} "
          "rounds in turn; then of wall time, where we use several threads")
    print(f"{'what':34} {'peer':22} {'ours':>9} {'theirs':>9} {'ratio':>8} {'ours':>9} {'theirs':>9}")
    count = (frames, theirs)
    python = [sys.executable, "-c"]
    absent = work / "none.dbc"
    # No message of the log is in this file: what is measured is reading alone.
    absent.write_text('VERSION ""\nBU_: X\nBO_ 1 None: 8 X\n SG_ A : 0|8@1+ (1,0) [0|0] "" X\n')
    reading = lambda file: [busbar, "decode", "--dbc", absent, file, "--format", "jsonl"]  # noqa: E731
    for ending in ("log", "asc", "blf", "trc", "mf4"):
        ours = [reading(work / f"{n}.{ending}") for n in ("one", "ours")]
        row(f"read {ending}", "python-can", ours,
            [python + [READ, work / f"{n}.{ending}"] for n in ("one", "theirs")], count)
    for ending in ("asc", "blf") if rust else ():
        row(f"read {ending}", "blf_asc", [reading(work / f"{n}.{ending}") for n in ("one", "ours")],
            [[rust, work / f"{n}.{ending}"] for n in ("one", "theirs")], count)
    for ending in ("asc", "blf"):
        ours = [[busbar, "convert", work / f"{n}.log", work / f"out.{ending}", "--force"] for n in ("one", "ours")]
        row(f"candump to {ending}", "python-can", ours,
            [python + [WRITE, work / f"{n}.log", work / f"out.{ending}"] for n in ("one", "theirs")], count)
    if shutil.which("log2asc"):
        ours = [[busbar, "convert", work / f"{n}.log", work / "out.asc", "--force"] for n in ("one", "ours")]
        row("candump to asc", "can-utils log2asc", ours,
            [["log2asc", "-I", work / f"{n}.log", "-O", work / "out.asc", "can0"] for n in ("one", "theirs")], count)
    if shutil.which("asc2log"):
        ours = [[busbar, "convert", work / f"{n}.asc", work / "out.log", "--force"] for n in ("one", "ours")]
        row("asc to candump", "can-utils asc2log", ours,
            [["asc2log", "-I", work / f"{n}.asc", "-O", work / "out.log"] for n in ("one", "theirs")], count)
    ours = [[busbar, "decode", "--dbc", DBC, work / f"{n}.log", "--format", "jsonl"] for n in ("one", "ours")]
    row("decode candump to JSON lines", "python-can + cantools", ours,
        [python + [DECODE, work / f"{n}.log", DBC] for n in ("one", "theirs")], count)


main()
