"""Writes a C program and a file of frames for each DBC file, for `against_c.sh`.

The C is what cantools generates for the file, in one translation unit with a driver, so that the
compiler sees everything: a frame goes through a table (11 bit) or a switch (29 bit) to its
message, is unpacked, and all signals that are active in it become doubles. Frames are random, all
messages of 1 to 8 bytes equally often, multiplexers with values that the file knows. Beside the
frames of each file there are those of all files in random order, as a busy desk would see them.
"""

import pathlib
import random
import struct
import subprocess
import sys

import cantools
from cantools.database.can import c_source

FRAMES = 65536

# What a file's C has: its messages and how they are found.
PART = r"""
typedef int (*decoder)(const uint8_t *, double *);
%(functions)s
static const decoder standard[2048] = {
%(table)s
};
#ifdef MIX
decoder find_%(number)d(uint32_t id)
#else
static decoder find(uint32_t id)
#endif
{
    if (!(id >> 31)) return standard[id & 2047];
    switch (id & 0x1fffffffu) {
%(cases)s
    default: return 0;
    }
}
"""

DRIVER = r"""
#include <stdint.h>
#include <stdio.h>
#include <time.h>
struct frame { uint32_t id; uint16_t len; uint16_t file; uint8_t data[8]; };
static double now(void) {
    struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9;
}
int main(int argc, char **argv) {
    (void)argc;
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
                decoder decode = FIND;
                if (decode) signals += decode(frames[i].data, out);
                __asm__ volatile("" : : "r"(out) : "memory");
            }
        double took = now() - start;
        if (took < best) best = took;
    }
    for (size_t i = 0; i < count; i++) {
        int n = (FIND)(frames[i].data, out);
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


def write(path, folder, number):
    """The C of a file and its frames; gives back the messages."""
    database = cantools.database.load_file(path, strict=False)
    usable = [m for m in database.messages if 1 <= m.length <= 8 and m.signals]
    unique = {}
    for message in usable:
        unique.setdefault(c_source.camel_to_snake_case(message.name), message)
    database.messages[:] = list(unique.values())
    name = f"d{number}"
    header, source, _, _ = c_source.generate(database, name, "d.h", "d.c", "f.c")
    functions, table, cases = [], [], []
    for at, (snake, message) in enumerate(unique.items()):
        names = {s.signal.name: s.snake_name for s in c_source.CodeGenMessage(message).cg_signals}
        functions.append(
            f"static int m{at}(const uint8_t *data, double *out) {{ struct {name}_{snake}_t s;"
            f" int n = 0; if ({name}_{snake}_unpack(&s, data, {message.length})) return 0;\n"
            f"{walk(name, snake, message.signal_tree, names)}\nreturn n; }}"
        )
        if message.is_extended_frame:
            cases.append(f"case {message.frame_id}u: return m{at};")
        else:
            table.append(f"[{message.frame_id}] = m{at},")
    part = PART % {
        "functions": "\n".join(functions),
        "table": "\n".join(table),
        "cases": "\n".join(cases),
        "number": number,
    }
    find = "#ifndef MIX\n#define FIND find(frames[i].id)\n"
    driver = find + DRIVER % {"frames": FRAMES} + "#endif\n"
    source = source.replace('#include "d.h"', header)
    (folder / f"{path.stem}.c").write_text(source + part + driver)
    rng = random.Random(1)
    write_frames(folder / f"{path.stem}.frames", [(0, m) for m in database.messages], rng)
    return database.messages


def write_frames(path, messages, rng):
    with open(path, "wb") as out:
        for _ in range(FRAMES):
            file, message = rng.choice(messages)
            data = bytearray(rng.randbytes(8))
            select(data, message, message.signal_tree, rng)
            ident = message.frame_id | message.is_extended_frame << 31
            out.write(struct.pack("<IHH8s", ident, message.length, file, bytes(data)))


def compiles(path):
    """Whether gcc takes what cantools made."""
    check = ["gcc", "-w", "-fsyntax-only", path]
    return subprocess.run(check, capture_output=True).returncode == 0


def main():
    folder = pathlib.Path(sys.argv[1])
    used, mix = [], []
    for path in map(pathlib.Path, sys.argv[2:]):
        try:
            messages = write(path, folder, len(used))
        except Exception as why:  # a file that cantools refuses is left out, and said so
            print(f"left out: {path.name}: {str(why).splitlines()[0][:100]}", file=sys.stderr)
            continue
        if not compiles(folder / f"{path.stem}.c"):
            print(f"left out: {path.name}: the C of cantools does not compile", file=sys.stderr)
            continue
        mix += [(len(used), message) for message in messages]
        used.append(path)
    (folder / "files").write_text("".join(f"{path}\n" for path in used))
    write_frames(folder / "mix.frames", mix, random.Random(2))
    finds = [f"find_{n}" for n in range(len(used))]
    externs = "".join(f"decoder {find}(uint32_t);\n" for find in finds)
    table = f"static decoder (*const finds[])(uint32_t) = {{{', '.join(finds)}}};\n"
    head = "#include <stdint.h>\ntypedef int (*decoder)(const uint8_t *, double *);\n"
    find = "#define FIND finds[frames[i].file](frames[i].id)\n"
    (folder / "mix_main.c").write_text(head + externs + table + find + DRIVER % {"frames": FRAMES})


main()
