"""Compares what busbar reads and writes with python-can, an independent reader and writer.

usage: formats.py BUSBAR SHARED/data

Frames with everything that formats differ in (FD flags, remote and error frames, frames without bytes,
directions, several buses) are written as a candump log, turned into each format by `busbar convert`,
and read by python-can; then python-can writes them, `busbar convert` turns them into a candump log, and
that is compared. What a program is known not to read or write is named below, with the reason. The
recordings of the shared folder are opened one by one: read, or refused with a reason.
"""

import json
import logging
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

os.environ["TZ"] = "UTC"
time.tzset()

import can  # noqa: E402  (after the zone is set: times of day are compared)

LINE = re.compile(r"^\((\d+)\.(\d+)\) (\S+) ([0-9A-F]+)#(\S*)( T)?$")
START = 1581670280.25
FORMATS = ["candump", "asc", "blf", "trc", "gvret", "crtd", "arrowpoint", "pcap", "pcapng", "mf4"]
# The recordings of one capture in three formats.
TWINS = ["think-city.candump.log", "think-city.gvret.csv", "think-city.crtd.txt"]
# Frames that python-can read out of a file of the shared folder, where it reads it at all.
COUNTED = {
    "css-multiple.asc": "asc", "css-multiple.trc": "trc", "css-multiple.log": "log", "ecubus.asc": "asc",
    "ecubus.blf": "blf", "foxbms.trc": "trc", "nmea2000-pcan-view.trc": "trc", "css-canedge.mf4": "mf4",
    "think-city.candump.log": "log", "orion-ev-candump.log": "log",
    "prohelion-two-bmu-elcon-charge.candump.log": "log",
}

# python-can takes the first line behind the header for a part of it where nothing else ends it.
LOST = {"css-multiple.asc": 1}

# It takes frames of more than 8 bytes for classic ones where the line does not begin with CANFD. The same
# frames are compared in the other formats of this file.
CUT = {"css-multiple.asc"}

failures = 0


def check(what, sound, detail=""):
    global failures
    if not sound:
        failures += 1
        print(f"  DIFFERENT {what} {detail}")


def messages():
    """Frames of every kind, 137 microseconds apart."""
    made = []

    def add(**more):
        at = round(START + len(made) * 0.000137, 6)
        made.append(can.Message(timestamp=at, **more))

    for turn in range(40):
        for wide in (False, True):
            ident = (0x18FF0000 + turn) if wide else turn * 31
            for length in (0, 1, 8):
                data = bytes((turn * 7 + n) & 255 for n in range(length))
                add(arbitration_id=ident, is_extended_id=wide, data=data, channel=turn % 2,
                    is_rx=turn % 3 != 0)
            add(arbitration_id=ident, is_extended_id=wide, is_remote_frame=True, dlc=turn % 9, channel=0)
            for length in (1, 8, 12, 20, 64):
                data = bytes((turn * 5 + n) & 255 for n in range(length))
                add(arbitration_id=ident, is_extended_id=wide, is_fd=True, data=data, channel=turn % 2,
                    bitrate_switch=turn % 2 == 0, error_state_indicator=turn % 5 == 0)
        add(is_error_frame=True, arbitration_id=0x80, is_extended_id=False, channel=0)
    return made


def key(message, *keep):
    """What is compared of a frame."""
    kind = ("error" if message.is_error_frame else "remote" if message.is_remote_frame
            else "fd" if message.is_fd else "data")
    parts = {"kind": kind, "time": round(message.timestamp * 1e6), "channel": message.channel}
    if kind != "error":
        parts |= {"id": message.arbitration_id, "wide": message.is_extended_id}
        parts["len"] = message.dlc
        parts["data"] = bytes(message.data) if kind != "remote" else b""
        parts["rx"] = message.is_rx
    if kind == "fd":
        parts |= {"brs": message.bitrate_switch, "esi": message.error_state_indicator}
    return {name: parts.get(name) for name in keep}


WHOLE = ("kind", "time", "channel", "id", "wide", "len", "data", "rx", "brs", "esi")


def candump(made):
    """Our own words for them, so that no reader of python-can is trusted for the way in."""
    lines = []
    for m in made:
        us = round(m.timestamp * 1e6)
        ident = f"{m.arbitration_id:08X}" if m.is_extended_id else f"{m.arbitration_id:03X}"
        if m.is_error_frame:
            body = "20000080#"
        elif m.is_remote_frame:
            body = f"{ident}#R" + (str(m.dlc) if m.dlc else "")
        elif m.is_fd:
            flags = int(m.bitrate_switch) | int(m.error_state_indicator) << 1
            body = f"{ident}##{flags}{m.data.hex().upper()}"
        else:
            body = f"{ident}#{m.data.hex().upper()}"
        way = "" if m.is_rx or m.is_error_frame else " T"
        lines.append(f"({us // 1000000}.{us % 1000000:06}) can{m.channel} {body}{way}\n")
    return "".join(lines)


def parse(path):
    """A candump log as messages."""
    found = []
    for line in path.read_text().splitlines():
        parts = LINE.match(line)
        if not parts:
            raise SystemExit(f"{path}: busbar wrote a line that is none: {line}")
        whole, part, bus, ident, body, sent = parts.groups()
        at = int(whole) + int(part.ljust(9, "0")) / 1e9
        number = bus.removeprefix("can")
        more = dict(timestamp=at, channel=int(number) if number.isdigit() else bus, is_rx=sent is None)
        number, wide = int(ident, 16), len(ident) > 3
        if wide and number >> 29 & 1:
            found.append(can.Message(is_error_frame=True, **more))
            continue
        more |= dict(arbitration_id=number, is_extended_id=wide)
        if body.startswith("R"):
            found.append(can.Message(is_remote_frame=True, dlc=int(body[1:] or 0), **more))
        elif body.startswith("#"):
            flags = int(body[1], 16)
            found.append(can.Message(is_fd=True, data=bytes.fromhex(body[2:]), bitrate_switch=bool(flags & 1),
                                     error_state_indicator=bool(flags & 2), **more))
        else:
            found.append(can.Message(data=bytes.fromhex(body), **more))
    return found


def convert(busbar, source, target, *more):
    run = subprocess.run([busbar, "convert", source, target, "--force", "--format", "json", *more],
                         capture_output=True, text=True)
    if run.returncode != 0:
        return None, run.stderr.strip()
    return json.loads(run.stdout), ""


def read(path, **more):
    reader = can.LogReader(path, **more)
    with reader:
        return list(reader)


def compare(what, ours, theirs, keep):
    if len(ours) != len(theirs):
        check(what, False, f"{len(ours)} frames and {len(theirs)}")
        return
    wrong = [(a, b) for a, b in zip(ours, theirs) if near(key(a, *keep), key(b, *keep))]
    check(what, not wrong, f"{len(wrong)} frames, the first {wrong[0] if wrong else ''}")
    print(f"{what}: {len(ours)} frames, {len(wrong)} different")


def near(a, b):
    """Whether they differ; times in binary fractions may do so by two microseconds."""
    if "time" in a and a["time"] is not None and abs(a["time"] - b["time"]) <= 2:
        a, b = a | {"time": 0}, b | {"time": 0}
    return a != b


def without(*kinds):
    return lambda m: key(m, "kind")["kind"] not in kinds


def written_here(busbar, folder, made, source):
    """busbar writes, python-can reads."""
    cases = [
        # python-can takes FD frames without bytes for remote ones; there are none among ours. Its
        # errors have no direction.
        ("asc", "here.asc", dict(relative_timestamp=False), WHOLE, without()),
        ("blf", "here.blf", {}, WHOLE, without()),
        # It passes over error records, counts channels from one, and calls the length code a length.
        ("trc", "here.trc", {}, tuple(k for k in WHOLE if k not in ("channel", "len")), without("error")),
        # It gives the channel as it stands there, which counts from one.
        ("mf4", "here.mf4", {}, tuple(k for k in WHOLE if k != "channel"), without()),
        # Its channels have names.
        ("candump", "here.log", {}, tuple(k for k in WHOLE if k != "channel"), without()),
    ]
    for form, name, options, keep, chosen in cases:
        target = folder / name
        summary, why = convert(busbar, source, target, "--to", form)
        check(f"busbar writes {form}", summary is not None, why)
        if summary is None:
            continue
        check(f"{form} keeps all", summary["not_kept"] == [], summary["not_kept"])
        check(f"{form} counts", summary["frames"] == len(made), summary)
        theirs = [m for m in read(target, **options) if chosen(m)]
        ours = [m for m in made if chosen(m)]
        compare(f"{form}: busbar writes, python-can reads", ours, theirs, keep)


def written_there(busbar, folder, made):
    """python-can writes, busbar reads."""
    cases = [
        ("asc", can.ASCWriter, WHOLE, without()),
        ("blf", can.BLFWriter, WHOLE, without()),
        # Its writer leaves these out.
        ("trc", can.TRCWriter, WHOLE, without("error", "remote", "fd")),
        # Its writer leaves out the length of remote frames.
        ("log", can.CanutilsLogWriter, WHOLE, without("remote")),
        # Its writer counts channels from zero, where the standard counts from one.
        ("mf4", can.MF4Writer, tuple(k for k in WHOLE if k != "channel"), without()),
        # Its table knows neither channels nor directions, nor what is FD; a frame of FD that is as short
        # as a classic one is taken for one.
        ("csv", can.CSVWriter, ("kind", "time", "id", "wide", "len", "data"), without("fd")),
    ]
    for name, writer, keep, chosen in cases:
        path, back = folder / f"there.{name}", folder / f"there.{name}.back.log"
        mine = [m for m in made if chosen(m)]
        try:
            out = writer(str(path))
            for m in mine:
                out.on_message_received(m)
            out.stop()
        except Exception as why:  # not installed, or a kind of frame that it does not take
            check(f"python-can writes {name}", False, repr(why))
            continue
        summary, why = convert(busbar, path, back, "--to", "candump")
        check(f"busbar reads {name} of python-can", summary is not None, why)
        if summary is None:
            continue
        check(f"{name} skips nothing", summary["skipped_lines"] == 0, summary)
        order = (lambda m: m.timestamp)
        compare(f"{name}: python-can writes, busbar reads", sorted(mine, key=order),
                sorted(parse(back), key=order), keep)


def round_trips(busbar, folder, source):
    """Through every format that keeps all, back to the same text."""
    for form in ("asc", "blf", "trc", "pcap", "pcapng", "mf4"):
        there, back = folder / f"round.{form}", folder / f"round.{form}.log"
        summary, why = convert(busbar, source, there, "--to", form)
        check(f"busbar writes {form}", summary is not None, why)
        convert(busbar, there, back, "--to", "candump")
        lost = summary and summary["not_kept"]
        if lost:
            print(f"{form}: not kept: {lost}")
            continue
        check(f"round trip of {form}", source.read_text() == back.read_text())
        print(f"{form}: there and back the same text")


def bare(path):
    return [(m.arbitration_id, m.is_extended_id, bytes(m.data)) for m in parse(path)]


def contents(messages):
    """Ids and data of all but error frames, of which programs tell different things."""
    return [(m.arbitration_id, m.is_extended_id, bytes(m.data)) for m in messages if not m.is_error_frame]


def shared(busbar, folder, logs):
    frames = {}
    for path in sorted(logs.iterdir()):
        back = folder / f"{path.name}.log"
        summary, why = convert(busbar, path, back, "--to", "candump")
        if summary is None:
            check(path.name, path.name in why and "\n" not in why and "panicked" not in why, why)
            print(f"{path.name}: refused: {why[-100:]}")
            continue
        frames[path.name] = back
        said = f"{path.name}: {summary['frames']} frames, {summary['skipped_lines']} skipped"
        if path.name in COUNTED:
            try:
                found = read(path)
                theirs = len(found) + LOST.get(path.name, 0)
            except Exception as error:
                print(f"{said}; python-can cannot read it: {error!r:.80}")
                continue
            check(path.name, theirs == summary["frames"], f"python-can reads {theirs}")
            said += f"; python-can {theirs}"
            if path.name not in CUT:
                check(f"{path.name}: ids and data", contents(parse(back)) == contents(found))
                said += ", the same ids and data"
        print(said)
    twins = [bare(frames[name]) for name in TWINS if name in frames]
    check("one capture in three formats", len(twins) == 3 and twins[0] == twins[1] == twins[2])
    print(f"one capture in three formats: {[len(t) for t in twins]} frames, the same ids and data")
    for name in TWINS[:1]:
        for form in FORMATS:
            # Nothing may get lost on the way through any format but what is said to.
            target, back = folder / f"twin.{form}", folder / f"twin.{form}.log"
            summary, why = convert(busbar, logs / name, target, "--to", form)
            check(f"{name} as {form}", summary is not None and "left out" not in str(summary), why)
            convert(busbar, target, back, "--to", "candump")
            check(f"{name} through {form}", bare(back) == twins[0])


def main():
    busbar, data = sys.argv[1], pathlib.Path(sys.argv[2])
    logging.disable(logging.ERROR)
    print(f"python-can {can.__version__}")
    made = messages()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        source = folder / "made.log"
        source.write_text(candump(made))
        written_here(busbar, folder, made, source)
        written_there(busbar, folder, made)
        round_trips(busbar, folder, source)
        shared(busbar, folder, data / "logs")
    print("no difference" if failures == 0 else f"{failures} differences")
    sys.exit(1 if failures else 0)


main()
