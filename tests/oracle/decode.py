"""Compares `busbar decode` with cantools, signal by signal and bit for bit.

    decode.py BUSBAR DATA

BUSBAR is the program, DATA a folder with `dbc/` and `logs/`. Two comparisons: every message of
every DBC file with seeded random payloads, and the real recordings with the files that fit them.
cantools decodes one signal tree at a time here, because it refuses whole messages for things that
concern one signal. Prints what was compared and what cantools cannot read; exit code 1 on any
difference.
"""

import json
import logging
import math
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import cantools

SEED = 1
ROUNDS = 24
FD_LENGTHS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64]
PAIRS = [
    ("prohelion-two-bmu-elcon-charge.candump.log", "derived_d1000_gen1_full.dbc"),
    ("prohelion-two-bmu-elcon-charge.candump.log", "vendor-d1000-gen1.dbc"),
    ("prohelion-two-bmu-elcon-charge.candump.log", "derived_elcon_tc.dbc"),
    ("orion-ev-candump.log", "orion-ev.dbc"),
    ("think-city.candump.log", "think-city.dbc"),
]
TWINS = [
    ("think-city.candump.log", "think-city.gvret.csv", "think-city.dbc"),
    ("think-city.candump.log", "think-city.crtd.txt", "think-city.dbc"),
]
LINE = re.compile(r"^\((\d+\.\d+)\)\s+(\S+)\s+([0-9A-Fa-f]{3,8})(##[0-9A-Fa-f]|#)([0-9A-Fa-f]*)\s*\S?$")


def load(path):
    """The file as cantools reads it; statements that it refuses and that do not concern decoding
    are taken out first where it reads the file then. Returns the database and what was taken."""
    try:
        return cantools.database.load_file(path, strict=False), ""
    except Exception as why:
        refusal = str(why).splitlines()[0][:90]
    text = path.read_bytes().decode("utf-8", "replace")
    kept = re.sub(r'(?m)^(VAL_|CM_)\b(?:[^;"]|"(?:[^"\\]|\\.)*")*?(;|$)', "", text)
    try:
        return cantools.database.load_string(kept, "dbc", strict=False), f"without CM_ and VAL_ ({refusal})"
    except Exception:
        return None, refusal


def expected(message, data):
    """What cantools decodes; None where it refuses."""
    try:
        return message.decode(data, decode_choices=False, allow_truncated=True)
    except Exception:
        return None


def place(data, signal, raw):
    """Puts `raw` where the signal lies."""
    at, little = signal.start, signal.byte_order == "little_endian"
    order = range(signal.length) if little else reversed(range(signal.length))
    for n in order:
        if at // 8 < len(data):
            data[at // 8] = data[at // 8] & ~(1 << at % 8) & 255 | (raw >> n & 1) << at % 8
        at = at + 1 if little else (at + 15 if at % 8 == 0 else at - 1)


def select(data, message, tree, rng):
    """Gives every switch a value that the file knows."""
    for node in tree:
        if isinstance(node, dict):
            name, values = next(iter(node.items()))
            value = rng.choice(list(values))
            place(data, message.get_signal_by_name(name), value)
            select(data, message, values[value], rng)


def synthetic(database, rng):
    """Random frames of every message: whole ones, and a short one now and then."""
    for message in database.messages:
        for turn in range(ROUNDS):
            length = min(message.length, 64)
            if length not in FD_LENGTHS:
                length = next(n for n in FD_LENGTHS if n >= length)
            if turn % 6 == 5:
                length = rng.choice([n for n in FD_LENGTHS if n <= length])
            data = bytearray(rng.choice([rng.randbytes(length), bytes([255]) * length])
                             if turn % 4 == 3 else rng.randbytes(length))
            select(data, message, message.signal_tree, rng)
            yield message, bytes(data)


def candump(number, message, data):
    ident = f"{message.frame_id:08X}" if message.is_extended_frame else f"{message.frame_id:03X}"
    mark = "##0" if len(data) > 8 else "#"
    return f"({number}.000000) can0 {ident}{mark}{data.hex().upper()}\n"


def decode(busbar, dbc, log):
    run = subprocess.run([busbar, "decode", "--dbc", dbc, log, "--format", "jsonl"],
                         capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"busbar decode {log} failed: {run.stderr}")
    return [json.loads(line) for line in run.stdout.splitlines()]


def same(ours, theirs):
    if isinstance(theirs, float) and not math.isfinite(theirs):
        return ours is None
    return ours is not None and float(ours) == float(theirs)


class Tally:
    def __init__(self):
        self.frames = self.signals = self.refused = self.different = 0

    def compare(self, ours, message, data):
        theirs = expected(message, data)
        if theirs is None:
            self.refused += 1
            return
        self.frames += 1
        names = [s.name for s in message.signals]
        double = {name for name in names if names.count(name) > 1}
        for name in sorted(set(theirs) | set(ours["signals"])):
            if name in double or any(name == f"{d}_{n}" for d in double for n in range(2, 9)):
                continue
            a, b = ours["signals"].get(name, "absent"), theirs.get(name, "absent")
            self.signals += 1
            if (a == "absent") != (b == "absent") or a != "absent" and not same(a, b):
                self.different += 1
                if self.different <= 10:
                    print(f"  DIFFERENT {message.name}.{name} {data.hex()}: busbar {a}, cantools {b}")

    def text(self):
        refused = f", {self.refused} frames refused by cantools" if self.refused else ""
        return f"{self.frames} frames, {self.signals} signals, {self.different} different{refused}"


def key(message):
    return message.frame_id, bool(message.is_extended_frame)


def by_dbc(busbar, path, folder):
    database, note = load(path)
    if database is None:
        print(f"{path.name}: cantools cannot read it: {note}")
        return 0
    rng = random.Random(SEED)
    frames = list(synthetic(database, rng))
    log = folder / "random.log"
    log.write_text("".join(candump(n, m, d) for n, (m, d) in enumerate(frames, 1)))
    tally = Tally()
    found = {round(line["t"]): line for line in decode(busbar, path, log)}
    for number, (message, data) in enumerate(frames, 1):
        line = found.get(number)
        if line is None:
            tally.different += 1
            print(f"  NOT DECODED {message.name} {data.hex()}")
        else:
            tally.compare(line, message, data)
    print(f"{path.name}: {tally.text()} {note}")
    return tally.different


def by_log(busbar, log, dbc):
    database, note = load(dbc)
    if database is None:
        print(f"{log.name} with {dbc.name}: cantools cannot read the DBC: {note}")
        return 0
    known = {key(m): m for m in database.messages}
    frames = []
    for line in log.read_text().splitlines():
        parts = LINE.match(line)
        if parts:
            ident = int(parts[3], 16), len(parts[3]) > 3
            if ident in known:
                frames.append((known[ident], bytes.fromhex(parts[5])))
    lines = decode(busbar, dbc, log)
    lines = [line for line in lines if (line["id"], line["ext"]) in known]
    tally = Tally()
    if len(lines) != len(frames):
        print(f"  DIFFERENT COUNT: busbar {len(lines)}, the log {len(frames)}")
        tally.different += 1
    for line, (message, data) in zip(lines, frames):
        tally.compare(line, message, data)
    print(f"{log.name} with {dbc.name}: {tally.text()} {note}")
    return tally.different


def twins(busbar, one, other, dbc):
    a, b = ([(line["id"], line["signals"]) for line in decode(busbar, dbc, log)] for log in (one, other))
    print(f"{one.name} and {other.name}: {len(a)} and {len(b)} frames, {'the same' if a == b else 'DIFFERENT'}")
    return int(a != b)


def main():
    busbar, data = sys.argv[1], pathlib.Path(sys.argv[2])
    logging.disable(logging.WARNING)
    print(f"cantools {cantools.__version__}, seed {SEED}")
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted((data / "dbc").glob("*.dbc")):
            different += by_dbc(busbar, path, pathlib.Path(folder))
    for log, dbc in PAIRS:
        different += by_log(busbar, data / "logs" / log, data / "dbc" / dbc)
    for one, other, dbc in TWINS:
        different += twins(busbar, data / "logs" / one, data / "logs" / other, data / "dbc" / dbc)
    print("no difference" if different == 0 else f"{different} differences")
    sys.exit(1 if different else 0)


main()
