"""Compares DBC files that Busbar has written with cantools, an independent reader.

    dbc.py BUSBAR DATA

Every file of DATA/dbc is written anew by `busbar dbc format`; cantools must read both the same, and
what was written anew must be written the same a second time. Exit code 1 on any difference.
"""

import pathlib
import subprocess
import sys
import tempfile

import cantools


def load(path):
    try:
        return cantools.database.load_file(path, strict=False)
    except Exception as why:
        return str(why).splitlines()[0][:100]


def shape(database):
    def signal(s):
        choices = {k: str(v) for k, v in (s.choices or {}).items()}
        return (s.name, s.start, s.length, s.byte_order, s.is_signed, s.is_float, s.scale, s.offset,
                s.minimum, s.maximum, s.unit or "", sorted(s.receivers), choices, s.is_multiplexer,
                s.multiplexer_ids, s.multiplexer_signal, s.comment)

    # Busbar tells a second signal of the same name apart by a number, and says so.
    for m in database.messages:
        met = {}
        for s in m.signals:
            met[s.name] = met.get(s.name, 0) + 1
            if met[s.name] > 1:
                s.name = f"{s.name}_{met[s.name]}"

    messages = [(m.frame_id, m.is_extended_frame, m.name, m.length, sorted(m.senders), m.cycle_time,
                 m.comment, m.is_fd, sorted(map(signal, m.signals), key=lambda s: s[0]))
                for m in database.messages]
    return database.version, [n.name for n in database.nodes], messages


def main(busbar, data):
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(pathlib.Path(data, "dbc").glob("*.dbc")):
            once, twice = pathlib.Path(folder, "once.dbc"), pathlib.Path(folder, "twice.dbc")
            for source, target in ((path, once), (once, twice)):
                subprocess.run([busbar, "dbc", "format", source, target, "--force"], check=True,
                               capture_output=True)
            if once.read_bytes() != twice.read_bytes():
                wrong += 1
                print(f"DIFFERENT {path.name}: written otherwise the second time")
            before, after = load(path), load(once)
            if isinstance(after, str):
                # What cantools refuses of the original it may refuse of ours too, and nothing else.
                wrong += 0 if isinstance(before, str) else 1
                print(f"{path.name}: cantools refuses it: {after}")
            elif isinstance(before, str):
                print(f"{path.name}: cantools reads what we wrote, and refuses the original: {before}")
            elif shape(before) != shape(after):
                wrong += 1
                print(f"DIFFERENT {path.name}: {first_difference(shape(before), shape(after))}")
            else:
                print(f"{path.name}: {len(after.messages)} messages are the same")
    return 1 if wrong else 0


def first_difference(a, b):
    if type(a) is type(b) and isinstance(a, (tuple, list)) and len(a) == len(b):
        for one, other in zip(a, b):
            if one != other:
                return first_difference(one, other)
    return f"{a!r} and {b!r}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
