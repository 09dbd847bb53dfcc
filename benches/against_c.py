"""Writes a C program and a file of frames for each DBC file, for `against_c.sh`.

The C is what cantools generates for the file, in one translation unit with a driver, so that the
compiler sees everything: a frame goes through a table (11 bit) or a switch (29 bit) to its
message, is unpacked, and all signals that are active in it become doubles. Frames are random, all
messages of 1 to 8 bytes equally often, multiplexers with values that the file knows.
"""

import pathlib
import random
import struct
import sys

import cantools
from cantools.database.can import c_source

FRAMES = 65536

DRIVER = r"""
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
struct frame { uint32_t id; uint32_t len; uint8_t data[8]; };
typedef int (*decoder)(const uint8_t *, double *);
%(functions)s
static decoder standard[2048];
static decoder find(uint32_t id) {
    if (!(id >> 31)) return standard[id & 2047];
    switch (id & 0x1fffffffu) {
%(cases)s
    default: return 0;
    }
}
static double now(void) {
    struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9;
}
int main(int argc, char **argv) {
    (void)argc;
%(table)s
    FILE *file = fopen(argv[1], "rb");
    static struct frame frames[%(frames)d];
    size_t count = fread(frames, sizeof frames[0], %(frames)d, file);
    static double out[4096];
    double best = 1e9, sum = 0; long signals = 0;
    for (int round = 0; round < 12; round++) {
        signals = 0;
        double start = now();
        for (int again = 0; again < 8; again++)
            for (size_t i = 0; i < count; i++) {
                decoder decode = find(frames[i].id);
                if (decode) signals += decode(frames[i].data, out);
                __asm__ volatile("" : : "r"(out) : "memory");
            }
        double took = now() - start;
        if (took < best) best = took;
    }
    for (size_t i = 0; i < count; i++) {
        int n = find(frames[i].id)(frames[i].data, out);
        for (int k = 0; k < n; k++) if (out[k] - out[k] == 0) sum += out[k];
    }
    printf("%%.0f %%.0f %%.10e\n", count * 8 / best, signals / best, sum);
}
"""


def place(data, signal, raw):
    """Puts `raw` where the signal lies."""
    at = signal.start
    bits = range(signal.length)
    for n in bits if signal.byte_order == "little_endian" else reversed(bits):
        data[at // 8] = data[at // 8] & ~(1 << at % 8) | (raw >> n & 1) << at % 8
        if signal.byte_order == "little_endian":
            at += 1
        else:
            at = at + 15 if at % 8 == 0 else at - 1


def walk(database, message, tree, names):
    """C that writes all active signals of a tree."""
    lines = []
    for node in tree:
        name = node if isinstance(node, str) else next(iter(node))
        field = names[name]
        lines.append(f"out[n++] = {database}_{message}_{field}_decode(s.{field});")
        if isinstance(node, dict):
            lines.append(f"switch (s.{field}) {{")
            for value, below in node[name].items():
                lines.append(f"case {value}: {walk(database, message, below, names)} break;")
            lines.append("}")
    return "\n".join(lines)


def select(data, message, tree, rng):
    """Gives every switch of a tree a value that the file knows."""
    for node in tree:
        if isinstance(node, dict):
            name, values = next(iter(node.items()))
            value = rng.choice(list(values))
            place(data, message.get_signal_by_name(name), value)
            select(data, message, values[value], rng)


def write(path, folder):
    database = cantools.database.load_file(path, strict=False)
    usable = [m for m in database.messages if 1 <= m.length <= 8 and m.signals]
    unique = {}
    for message in usable:
        unique.setdefault(c_source.camel_to_snake_case(message.name), message)
    database.messages[:] = list(unique.values())
    name = "d"
    header, source, _, _ = c_source.generate(database, name, "d.h", "d.c", "f.c")
    functions, table, cases = [], [], []
    for at, (snake, message) in enumerate(unique.items()):
        names = {s.signal.name: s.snake_name for s in c_source.CodeGenMessage(message).cg_signals}
        functions.append(
            f"static int m{at}(const uint8_t *data, double *out) {{ struct d_{snake}_t s; int n = 0;"
            f" if (d_{snake}_unpack(&s, data, {message.length})) return 0;\n"
            f"{walk(name, snake, message.signal_tree, names)}\nreturn n; }}"
        )
        if message.is_extended_frame:
            cases.append(f"case {message.frame_id}u: return m{at};")
        else:
            table.append(f"standard[{message.frame_id}] = m{at};")
    driver = DRIVER % {
        "functions": "\n".join(functions),
        "table": "\n".join(table),
        "cases": "\n".join(cases),
        "frames": FRAMES,
    }
    source = source.replace('#include "d.h"', header)
    (folder / f"{path.stem}.c").write_text(source + driver)

    rng = random.Random(1)
    with open(folder / f"{path.stem}.frames", "wb") as out:
        for _ in range(FRAMES):
            message = rng.choice(database.messages)
            data = bytearray(rng.randbytes(8))
            select(data, message, message.signal_tree, rng)
            ident = message.frame_id | message.is_extended_frame << 31
            out.write(struct.pack("<II8s", ident, message.length, bytes(data)))


def main():
    folder = pathlib.Path(sys.argv[1])
    for path in map(pathlib.Path, sys.argv[2:]):
        try:
            write(path, folder)
        except Exception as why:  # a file that cantools refuses is left out, and said so
            print(f"left out: {path.name}: {str(why).splitlines()[0][:100]}", file=sys.stderr)


main()
