#!/usr/bin/env python3
"""Writes assets/licences.json: every crate that Busbar is built of, with its version, its licence and the
texts that come with it. Reads what cargo knows and the sources it has fetched; needs nothing else, so that
it runs where no tool can be installed.

    python3 packaging/licences.py           write the file
    python3 packaging/licences.py --check   fail where it is not what would be written
    python3 packaging/licences.py --text    print what the file says, for people to read
"""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLACE = ROOT / "assets" / "licences.json"
# What a licence is called where it lies beside the source.
NAMES = ("license", "licence", "copying", "notice", "copyright", "unlicense")


# What Busbar is built for.
PLATFORMS = ("x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc", "aarch64-apple-darwin")


def metadata(platform):
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"]
    return json.loads(subprocess.check_output([*command, "--filter-platform", platform], cwd=ROOT))


def built_of(known):
    """Packages that end up in the program: normal dependencies, as far as they go."""
    nodes = {node["id"]: node for node in known["resolve"]["nodes"]}
    waiting, found = [known["resolve"]["root"]], set()
    while waiting:
        here = waiting.pop()
        if here in found:
            continue
        found.add(here)
        for dependency in nodes[here]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    found.discard(known["resolve"]["root"])
    return found


def texts_of(package):
    folder = pathlib.Path(package["manifest_path"]).parent
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.lower().startswith(NAMES) and path.stat().st_size < 100_000:
            text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip()
            if text and text not in found:
                found.append(text)
    return found


def in_pieces(texts):
    """Most texts are the same paragraphs again and again: each is kept once, and a text is their numbers."""
    pieces, cut = {}, []
    for text in texts:
        text = "\n".join(line.rstrip() for line in text.split("\n"))
        paragraphs = [one for one in text.split("\n\n") if one.strip("\n")]
        cut.append([pieces.setdefault(one.strip("\n"), len(pieces)) for one in paragraphs])
    return list(pieces), cut


def written():
    ours = {}
    for platform in PLATFORMS:
        known = metadata(platform)
        wanted = built_of(known)
        ours.update({one["id"]: one for one in known["packages"] if one["id"] in wanted})
    texts, crates = [], []
    for package in sorted(ours.values(), key=lambda one: (one["name"], one["version"])):
        numbers = []
        for text in texts_of(package):
            if text not in texts:
                texts.append(text)
            numbers.append(texts.index(text))
        licence = package["license"] or "see its text"
        crates.append({"name": package["name"], "version": package["version"], "licence": licence, "texts": numbers})
    return as_file(crates, texts)


def as_file(crates, texts):
    """One line for each crate, paragraph and text, so that a change of one is one line."""
    line = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    pieces, cut = in_pieces(texts)
    lists = {"crates": crates, "pieces": pieces, "texts": cut}
    return "{\n" + ",\n".join(f'"{name}":[\n' + ",\n".join(map(line, of)) + "\n]" for name, of in lists.items()) + "\n}\n"


def for_people():
    """The kept file as plain text: the crates of each text above it."""
    kept = json.loads(PLACE.read_text(encoding="utf-8"))
    for crate in kept["crates"]:
        print(f"{crate['name']} {crate['version']}: {crate['licence']}")
    for number, numbers in enumerate(kept["texts"]):
        text = "\n\n".join(kept["pieces"][one] for one in numbers)
        names = [crate["name"] for crate in kept["crates"] if number in crate["texts"]]
        print("\n" + "-" * 100 + "\n" + ", ".join(names) + "\n\n" + text)


def main():
    if "--text" in sys.argv:
        for_people()
        return
    new = written()
    if "--check" in sys.argv:
        if not PLACE.exists() or PLACE.read_text(encoding="utf-8") != new:
            sys.exit("assets/licences.json is not of this Cargo.lock: run packaging/licences.py")
        return
    PLACE.write_text(new, encoding="utf-8")
    print(f"{PLACE.relative_to(ROOT)}: {len(new) // 1000} kB")


main()
