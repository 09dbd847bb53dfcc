"""Puts deliberate defects into a copy of the sources, one after the other, and looks who notices:
tests of charging, of the guard and of what reads the devices, or a campaign. `tests/mutants.sh` calls
it and says how.

The copy is only what a campaign needs: the modules that `engine::charge`, `engine::campaign` and
`engine::can` name, and the crates that these name. It is built in seconds where the whole takes
minutes, and one test program of it holds both the tests and the campaign.

Every defect is built on what the compiler kept of the sources as they are, and not of the defect
before it: that is less to compile, and what is kept does not grow with the list.
"""

import argparse
import concurrent.futures
import errno
import os
import pathlib
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests/mutants/table.txt"
# What is looked at; the rest comes along because these name it.
# What those tests name of the builders for tests, which know much that is not in the copy.
TESTING = """//! What tests of the copy need.

pub use crate::engine::sim::Chance;

/// Recordings are not in the copy.
pub fn shared_data(_path: &str) -> Option<std::path::PathBuf> {
    None
}
"""
BEGIN = ["charge", "campaign", "can", "device", "pack"]
# Whose tests are run. Those of other modules are left out of the copy.
TESTED = ["engine/charge", "engine/campaign", "engine/can/guard.rs", "engine/device", "engine/pack"]
UNIT = ["engine::charge", "engine::can::guard", "engine::device", "engine::pack"]
# A test program that takes longer does not end, and that is noticed too.
LONGEST = 300
# Runs of a campaign between two looks.
BATCH = 40
# A disk with less free is full: what fails then says nothing about a defect.
FULL = 100 << 20
# What a bench more may need beside what it shares with the first, as a part of the first one's size.
# Measured: one bench has 340 MB while it builds, each further one about 200 MB of its own.
SHARE = 0.75

LIB = """//! A part of the sources, for deliberate defects.
pub mod base;
pub mod engine;

#[cfg(test)]
mod look {
    use crate::base::time::{FakeClock, Wall};
    use crate::engine::campaign::{Campaign, Family};

    #[test]
    #[ignore = "asked for by name"]
    fn campaign() {
        let number = |name: &str| std::env::var(name).unwrap().parse::<u64>().unwrap();
        let (runs, batch) = (number("MUTANT_RUNS"), number("MUTANT_BATCH"));
        let family = Family::named("all").unwrap();
        let mut flows = 0;
        for first in (0..runs).step_by(batch as usize) {
            let campaign = Campaign { seed: 1_000 + first, runs: batch, family, jobs: 2 };
            let tally = campaign.run(&*FakeClock::new(Wall::from_nanos(0))).unwrap();
            if let Some(failure) = tally.failures.first() {
                println!("\\nNOTICED {} {}", first + batch, failure.what);
                return;
            }
            flows += tally.states_reached.get("constant_current").copied().unwrap_or_default();
        }
        // A machine that never does anything breaks no rule, and is of no use.
        let what = if flows < runs / 10 { "NOTICED {runs} hardly_anything_flows" } else { "NOTHING {runs}" };
        println!("\\n{}", what.replace("{runs}", &runs.to_string()));
    }
}
"""


class Broken(Exception):
    """Something about the list, the copy or the machine, and not about a defect."""


class NoRoom(Exception):
    """The disk is full: nothing that is seen from then on says anything about a defect."""

    def __init__(self, folder):
        super().__init__(
            f"the disk under {folder} is full: {room(folder) >> 20} MB are free, so this run says nothing about "
            "defects; make room there, name another disk with --work, or build fewer side by side with --jobs"
        )


def room(folder):
    """The free bytes of the disk that a folder is on, or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def size(folder):
    """The bytes a folder takes, what has two names in it counted once."""
    seen = {}
    for file in folder.rglob("*"):
        entry = file.lstat()
        seen[entry.st_ino] = entry.st_blocks * 512
    return sum(seen.values())


def shared(source, target):
    """Copies a file; one that compilers replace and never write into gets a second name instead."""
    if not source.endswith((".o", ".rlib", ".rmeta", ".bin", ".so")):
        return shutil.copy2(source, target)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def defects():
    """The table: name, why, and what is found where and put in its place."""
    found = []
    for block in ("\n" + TABLE.read_text()).split("\n== ")[1:]:
        name, *lines = block.split("\n")
        why, edits, last = "", [], None
        for number, line in enumerate(lines):
            key, colon, text = line.partition(":")
            text = text[1:]
            if key == "why":
                why = text
            elif key == "file":
                edits.append((text, [], []))
            elif key == "find":
                edits[-1][1].append(text)
            elif key == "make":
                edits[-1][2].append(text)
            elif line.strip() and not line.startswith("#"):
                raise Broken(f"{name}: line {number + 2} of it is not understood: {line!r}")
        if not why or not edits:
            raise Broken(f"{name}: says not why, or not where")
        found.append((name, why, edits))
    return found


def put_in(tree, name, edits):
    """The texts of the files with the defect in them."""
    texts = {}
    for path, find, make in edits:
        file = tree / path
        if not file.is_file():
            raise Broken(f"{name}: there is no {path}")
        text = texts.get(path) or file.read_text()
        find = "\n".join(find)
        if text.count(find) != 1:
            raise Broken(f"{name}: {path} has {text.count(find)} times, and not once: {find!r}")
        texts[path] = text.replace(find, "\n".join(make))
    return texts


def named_by(files, pattern):
    """What the code of some files names, without their comments."""
    names = set()
    for file in files:
        code = "\n".join(
            line for line in file.read_text().split("\n") if not line.lstrip().startswith("//")
        )
        names |= set(re.findall(pattern, code))
    return names


def carve(tree):
    """Makes the copy."""
    source, target = ROOT / "src", tree / "src"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(source / "base", target / "base")
    for name in ["assets", "tests/golden"]:
        shutil.copytree(ROOT / name, tree / name)
    modules, waiting = set(), list(BEGIN)
    while waiting:
        module = waiting.pop()
        if module in modules or module == "testing" or not (source / "engine" / module).is_dir():
            continue
        modules.add(module)
        shutil.copytree(source / "engine" / module, target / "engine" / module)
        files = list((target / "engine" / module).rglob("*.rs"))
        for file in files:
            path = str(file.relative_to(target))
            if not any(path.startswith(own) for own in TESTED):
                text = file.read_text()
                file.write_text(re.sub(r"#\[cfg\(test\)\]\n(mod \w+)", r"#[cfg(any())]\n\1", text))
        waiting += named_by(files, r"crate::engine::([a-z]\w*)")
    (target / "lib.rs").write_text(LIB)
    (target / "engine/testing.rs").write_text(TESTING)
    lines = ["//! A part of the engine."]
    lines += [f"pub mod {module};" for module in sorted(modules | {"testing"})]
    (target / "engine/mod.rs").write_text("\n".join(lines) + "\n")
    shutil.copy(ROOT / "Cargo.lock", tree / "Cargo.lock")
    used = named_by(target.rglob("*.rs"), r"\b([a-z]\w*)::")
    manifest, section = [], ""
    for line in (ROOT / "Cargo.toml").read_text().split("\n"):
        section = line if line.startswith("[") else section
        name = line.split(" ")[0].replace("-", "_")
        if section == "[dependencies]" and name in used and "optional = true" not in line:
            manifest.append(line)
        if section == "[dev-dependencies]" and name in used and name != "busbar_console":
            manifest.append(line)
    (tree / "Cargo.toml").write_text(
        '[package]\nname = "busbar-console"\nversion = "0.1.0"\nedition = "2024"\n'
        '[lib]\nname = "busbar"\n[workspace]\n[dependencies]\n' + "\n".join(manifest) + "\n"
        '[profile.dev]\ndebug = false\nopt-level = 1\n'
        '[profile.dev.package."*"]\nopt-level = 1\ndebug = false\n'
    )


class Bench:
    """A copy of the sources with the place where it is built."""

    def __init__(self, folder):
        self.tree, self.target = folder / "tree", folder / "target"
        self.program = None

    def start_from(self, kept):
        """Puts what the compiler kept of the sources as they are where it looks for it."""
        place = self.target / "debug/incremental"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(kept, place, copy_function=shared)

    def build(self):
        """Builds the test program; the compiler's complaint where it does not."""
        env = dict(os.environ, CARGO_TARGET_DIR=str(self.target), CARGO_INCREMENTAL="1")
        env |= {"CARGO_TERM_COLOR": "never", "RUSTFLAGS": "-Awarnings"}
        command = ["cargo", "test", "--quiet", "--lib", "--no-run", "--offline"]
        done = subprocess.run(
            command + ["--message-format=json"], cwd=self.tree, env=env, capture_output=True, text=True
        )
        found = re.findall(r'"executable":"([^"]+)"', done.stdout)
        if done.returncode == 0 and found:
            self.program = found[-1]
            return None
        if room(self.target) < FULL or "No space left on device" in done.stdout + done.stderr:
            raise NoRoom(self.target)
        said = re.findall(r'"rendered":"(error.*?)(?<!\\)"', done.stdout)
        return (said[0].encode().decode("unicode_escape") if said else done.stderr)[:2000]

    def run(self, words, **env):
        """Runs the test program; its output, or None where it did not end."""
        try:
            done = subprocess.run(
                [self.program, *words], cwd=self.tree, env=dict(os.environ, RUST_BACKTRACE="0", **env),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LONGEST,
            )
        except subprocess.TimeoutExpired:
            return None
        return done.stdout

    def unit(self):
        """The tests that fail."""
        out = self.run(UNIT)
        if out is None:
            return ["(the tests do not end)"]
        failed = re.findall(r"^test (\S+) \.\.\. FAILED$", out, re.M)
        if not failed and "test result: ok" not in out:
            return ["(the tests end before their time)"]
        return failed

    def campaign(self, runs):
        """What a campaign of so many runs finds, and after how many; None for nothing."""
        words = ["--ignored", "--exact", "look::campaign", "--nocapture"]
        out = self.run(words, MUTANT_RUNS=str(runs), MUTANT_BATCH=str(BATCH))
        if out is None:
            return "does not end", runs
        said = re.search(r"^NOTICED (\d+) ([a-z_]+)", out, re.M)
        if said:
            return said[2], int(said[1])
        return None if re.search(r"^NOTHING \d+$", out, re.M) else ("panic", runs)


def look(bench, kept, name, edits, runs):
    """Who notices a defect: failing tests, and what the campaign says."""
    before = {path: (bench.tree / path).read_text() for path, _, _ in edits}
    try:
        bench.start_from(kept)
        for path, text in put_in(bench.tree, name, edits).items():
            (bench.tree / path).write_text(text)
        complaint = bench.build()
        if complaint:
            raise Broken(f"{name}: does not compile: {complaint}")
        tests = bench.unit()
        found = bench.campaign(min(runs, 200))
        if not tests and not found:
            found = bench.campaign(runs)
        # Tests write files too, and one that cannot has not noticed the defect.
        if min(room(bench.tree), room(pathlib.Path(tempfile.gettempdir()))) < FULL:
            raise NoRoom(bench.tree)
        return tests, found
    finally:
        for path, text in before.items():
            (bench.tree / path).write_text(text)


def short(test):
    return re.sub(r"^engine::", "", test).replace("::tests::", "::")


def main():
    ask = argparse.ArgumentParser(prog="tests/mutants.sh", description="Deliberate defects, and who notices.")
    ask.add_argument("which", nargs="*", help="numbers of the list, or parts of names; all where none is given")
    ask.add_argument("--runs", type=int, default=1600, help="runs of the campaign where no test notices anything")
    ask.add_argument("--some", type=int, metavar="N", help="about N of all, others with every commit; each can be put in")
    ask.add_argument("--jobs", type=int, default=2, help="copies that are built side by side")
    ask.add_argument("--work", help="folder to build in, kept for the next time")
    ask.add_argument("--table", help="file for the result as lines of a table")
    ask.add_argument("--list", action="store_true", help="name the defects and whether each can be put in")
    args = ask.parse_args()
    everything = list(enumerate(defects(), 1))
    # Sources that have moved on are told at once, and not after minutes.
    for _, (name, _, edits) in everything:
        put_in(ROOT, name, edits)
    chosen = [
        (number, defect) for number, defect in everything
        if not args.which or any(w == str(number) or (not w.isdigit() and w in defect[0]) for w in args.which)
    ]
    if args.some:
        chosen = turn(chosen, args.some)
    if args.list or not chosen:
        for number, (name, why, _) in everything:
            print(f"{number:3}  {name}: {why}")
        return 0 if args.list else 2
    # Asked to end, it takes its copies with it.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory() as scratch:
        work = pathlib.Path(args.work or scratch).resolve()
        try:
            return go(args, chosen, work)
        except OSError as complaint:
            if complaint.errno == errno.ENOSPC:
                raise NoRoom(work) from complaint
            raise


def turn(chosen, most):
    """Those whose turn it is: every commit has others, and all have had theirs after a few."""
    shares = max(1, -(-len(chosen) // max(1, most)))
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    share = int(head.stdout[:8] or "0", 16) % shares
    print(f"share {share + 1} of {shares}: its number comes from the commit", flush=True)
    return chosen[share::shares]


def side_by_side(asked, first, work):
    """How many copies the disk has room for, and says so where these are fewer than were asked for."""
    one = size(first.target)
    fit = 1 + max(0, int((room(work) - FULL - one) // (one * SHARE)))
    if fit < asked:
        print(
            f"{room(work) >> 20} MB are free under {work}, and a copy takes up to {one >> 20} MB: "
            f"{fit} and not {asked} side by side", flush=True,
        )
    return min(fit, asked)


def go(args, chosen, work):
    began = time.monotonic()
    subprocess.run(["cargo", "fetch", "--locked", "--quiet"], cwd=ROOT, check=False)
    first = Bench(work / "0")
    carve(first.tree)
    complaint = first.build()
    if complaint:
        raise Broken(f"the copy does not compile: {complaint}")
    tests, found = first.unit(), first.campaign(400)
    if tests or found:
        raise Broken(f"without any defect this is noticed already: {tests} {found}")
    kept = work / "kept"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(first.target / "debug/incremental", kept, copy_function=shared)
    jobs = side_by_side(max(1, min(args.jobs, len(chosen))), first, work)
    benches = [first] + [Bench(work / str(number)) for number in range(1, jobs)]
    for bench in benches[1:]:
        carve(bench.tree)
        shutil.rmtree(bench.target, ignore_errors=True)
        shutil.copytree(first.target, bench.target, copy_function=shared)
    print(f"the sources as they are: nothing is noticed ({time.monotonic() - began:.0f} s)", flush=True)
    free = queue.SimpleQueue()
    for bench in benches:
        free.put(bench)

    def one(entry):
        number, (name, _, edits) = entry
        bench = free.get()
        try:
            return number, name, *look(bench, kept, name, edits, args.runs), None
        except Broken as complaint:
            return number, name, [], None, str(complaint)
        finally:
            free.put(bench)

    lines, missed, broken = {}, [], []
    by_tests = by_campaign = 0
    whys = {number: why for number, (_, why, _) in chosen}
    pool = concurrent.futures.ThreadPoolExecutor(len(benches))
    try:
        for done in concurrent.futures.as_completed([pool.submit(one, entry) for entry in chosen]):
            number, name, tests, found, complaint = done.result()
            if complaint:
                broken.append(complaint)
                print(f"{number:3}  {complaint}", flush=True)
                continue
            by_tests += bool(tests)
            by_campaign += bool(found)
            if not tests and not found:
                missed.append(name)
            unit = f"{short(tests[0])}" + (f" and {len(tests) - 1} more" if len(tests) > 1 else "") if tests else "-"
            run = f"{found[0]} within {found[1]} runs" if found else "-"
            print(f"{number:3}  {name:44} tests: {unit}; campaign: {run}" if tests or found
                  else f"{number:3}  {name:44} NOBODY NOTICES", flush=True)
            test = f"`{short(tests[0])}`" if tests else ""
            told = f"`{found[0]}`, {found[1]}" if found else ""
            lines[number] = f"| {name} | {whys[number]} | {test} | {told} |"
    finally:
        # Where this ends early, what has not begun does not begin.
        pool.shutdown(cancel_futures=True)
    if args.table:
        pathlib.Path(args.table).write_text("\n".join(lines[n] for n in sorted(lines)) + "\n")
    print(
        f"{len(chosen)} defects: {len(chosen) - len(missed) - len(broken)} noticed "
        f"({by_tests} by a test, {by_campaign} by the campaign), {len(missed)} by nobody, "
        f"{len(broken)} that cannot be put in; {time.monotonic() - began:.0f} s"
    )
    for name in missed:
        print(f"nobody notices: {name}")
    return 1 if missed or broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Broken, NoRoom) as complaint:
        print(complaint)
        sys.exit(1)
