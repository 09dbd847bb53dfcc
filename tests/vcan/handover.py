"""What a new owner of a pack does: finds it on the kernel's bus by discovery, names it, sets a limit, and
hands the profile to a second machine; a colleague who may not change settings changes none of it.

usage: handover.py BUSBAR [ADDRESS]     the program, and the bus on which the demo pack talks

Ends with status 1 and a sentence at the first thing that is not so.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

PASSWORD = "correct-horse-battery"
PATIENCE = 90


def must(holds, what):
    if not holds:
        sys.exit(f"NOT SO: {what}")
    print(f"ok: {what}", flush=True)


def until(what, ask):
    """What `ask` gives once it gives something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := ask():
            print(f"ok: {what}", flush=True)
            return found
        time.sleep(0.2)
    sys.exit(f"NOT SO within {PATIENCE} s: {what}")


class Machine:
    """A data folder and the Busbar that runs on it."""

    def __init__(self, program, folder, port):
        self.program, self.folder, self.port, self.process = program, folder, port, None

    def command(self, *words, given=""):
        done = subprocess.run([self.program, *words, "--data-dir", self.folder], input=given,
                              capture_output=True, text=True, timeout=PATIENCE)
        return done.returncode, done.stdout + done.stderr

    def account(self, name, preset):
        status, said = self.command("user", "add", name, "--preset", preset, "--password-stdin", given=PASSWORD)
        must(status == 0, f"{name} is added as {preset}: {said.strip()}")

    def serve(self, profile):
        self.process = subprocess.Popen(
            [self.program, "--data-dir", self.folder, "--profile", profile,
             "serve", "--listen", f"127.0.0.1:{self.port}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(f"a Busbar answers with {profile}", lambda: self.ask("GET", "/health")[0] == 200)

    def ask(self, method, path, token=None, body=None):
        """Status and answer; 0 where nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        except OSError:
            return 0, None
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    def sign_in(self, name):
        status, said = self.ask("POST", "/api/v1/session", body={"username": name, "password": PASSWORD})
        must(status == 200, f"{name} signs in ({status})")
        return said["token"]

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE)


def component(name):
    return f"/api/v1/components/{urllib.parse.quote(name)}"


def first_machine(machine, address):
    profiles = machine.folder / "profiles"
    profiles.mkdir()
    scene = 'scene = "demo"\n' if address.startswith("virtual:") else ""
    (profiles / "Bench.toml").write_text(
        f'name = "Bench"\n\n[[bus]]\nname = "can0"\naddress = "{address}"\n{scene}')
    machine.account("ana", "engineer")
    machine.account("vic", "viewer")
    machine.serve("Bench")
    ana, vic = machine.sign_in("ana"), machine.sign_in("vic")

    def pack_found():
        found = machine.ask("GET", "/api/v1/buses/can0/discovery", ana)[1]
        looks = [one for one in found["candidates"] if one["offered"] and one["kind"] == "prohelion-d1000-gen1"]
        return looks and looks[0]["score"] >= 90 and looks[0]
    found = until("the pack is found by what it says", pack_found)
    print(f"    {found['title']} at {found['base']:#x}, serial {found['serial']}, {found['score']} %")
    fields = {"bus": "can0", "base": hex(found["base"]), **found["settings"], "cell_max_mv": 4150}
    wanted = {"kind": found["kind"], "fields": fields}
    must(machine.ask("PUT", component("Race pack"), vic, wanted)[0] == 403, "a viewer does not add it")
    status, said = machine.ask("PUT", component("Race pack"), ana, wanted)
    must(status == 201, f"it is added as Race pack with its limit ({status})")
    until("its cells are seen", lambda: cells(machine, ana))
    must(machine.ask("GET", component("Race pack"), ana)[1]["fields"]["cell_max_mv"] in ("4150", 4150),
         "the limit is kept")

    before = (profiles / "Bench.toml").read_text()
    fields["cell_max_mv"] = 4300
    for method, path, body in [
        ("PUT", component("Race pack"), {"fields": fields}),
        ("DELETE", component("Race pack"), None),
        ("POST", component("Race pack") + "/disable", None),
        ("POST", "/api/v1/profiles/Bench/undo", None),
        ("POST", "/api/v1/profiles/Bench/activate", None),
        ("PATCH", "/api/v1/profiles/Bench", {"name": "Mine"}),
        ("DELETE", "/api/v1/profiles/Bench", None),
        ("PATCH", "/api/v1/settings", {"general": {"name": "Mine"}}),
    ]:
        status, said = machine.ask(method, path, vic, body)
        must(status == 403, f"a viewer is refused {method} {path} ({status})")
    must((profiles / "Bench.toml").read_text() == before, "nothing of the profile has changed")
    pack = machine.folder.parent / "bench.zip"
    status, said = machine.command("profile", "export", "Bench", str(pack))
    must(status == 0, f"the profile is written for another machine: {said.strip()}")
    machine.stop()
    return pack


def cells(machine, token):
    """How many cells the first pack shows a voltage of; 0 while it is fewer than a hundred."""
    status, packs = machine.ask("GET", "/api/v1/packs", token)
    if status != 200 or not packs["items"]:
        return 0
    name = urllib.parse.quote(packs["items"][0]["name"])
    status, modules = machine.ask("GET", f"/api/v1/packs/{name}/cells", token)
    every = [cell for module in modules.get("items", []) for cell in module["cells"]]
    seen = sum(cell["state"] == "ok" and 2000 < cell["voltage_mv"] < 5000 for cell in every)
    return seen if seen >= 100 else 0


def second_machine(machine, pack):
    status, said = machine.command("profile", "import", str(pack), "--dry-run")
    must(status == 0 and "Bench" in said, f"a second machine is told what is in it: {said.strip()}")
    status, said = machine.command("profile", "import", str(pack))
    must(status == 0, "it is taken in")
    machine.account("bob", "viewer")
    machine.serve("Bench")
    bob = machine.sign_in("bob")
    until("the second machine shows the cells", lambda: cells(machine, bob))
    must(machine.ask("GET", component("Race pack"), bob)[1]["fields"]["cell_max_mv"] in ("4150", 4150),
         "the limit has come along")
    machine.stop()


def main():
    program = sys.argv[1]
    address = sys.argv[2] if len(sys.argv) > 2 else "socketcan:vcan0"
    simulated = None
    with tempfile.TemporaryDirectory(prefix="busbar-handover-") as place:
        place = pathlib.Path(place)
        machines = [Machine(program, place / name, port) for name, port in (("first", 18411), ("second", 18412))]
        for machine in machines:
            machine.folder.mkdir()
        try:
            if not address.startswith("virtual:"):
                simulated = subprocess.Popen([program, "simulate", "--bus", address],
                                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            pack = first_machine(machines[0], address)
            second_machine(machines[1], pack)
        finally:
            for process in [simulated, *(machine.process for machine in machines)]:
                if process and process.poll() is None:
                    process.kill()


main()
