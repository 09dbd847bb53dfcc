"""Puts one defect of the table into a tree: apply.py TABLE NUMBER TREE. Prints its name; fails where
what is to be found is not there exactly once."""

import pathlib
import sys

table, number, tree = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
blocks = pathlib.Path(table).read_text().split("\n== ")[1:]
lines = blocks[number - 1].split("\n")
name, edits = lines[0], []
for line in lines[1:]:
    key, _, text = line.partition(":")
    text = text[1:]
    if key == "file":
        edits.append([text, [], []])
    elif key in ("find", "find+"):
        edits[-1][1].append(text)
    elif key == "make":
        edits[-1][2].append(text)
for path, find, make in edits:
    file = tree / path
    source, find = file.read_text(), "\n".join(find)
    if source.count(find) == 0:
        print(f"{name}: {path} has no {find!r}")
        sys.exit(1)
    file.write_text(source.replace(find, "\n".join(make), 1))
print(name)
