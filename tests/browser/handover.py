"""What goes from one machine to another: a profile pack that a second Busbar has written is looked at, taken
and run; a backup is made on the page, and a second folder starts with the same profile and accounts. A
colleague who may not change settings gets none of it, neither by a page nor by a post."""

import pathlib
import re
import subprocess
import tempfile

from setup import ANA, BENCH, EVE, VIC, first_of_all, shots, with_password
from tools import moves

DEVICES = pathlib.Path(__file__).resolve().parents[2] / "assets/devices"
OWN = "trailer-charger"
TRAILER = """name = "Trailer"
description = "{about}"

[[bus]]
name = "can0"
address = "virtual:can0"
scene = "solar-car"
dbc = ["../dbc/trailer.dbc"]

[[component]]
kind = "prohelion-d1000-gen1"
bus = "can0"
name = "Trailer pack"
base = 0x600

[[component]]
kind = "trailer-charger"
bus = "can0"
name = "Own charger"
"""
PASSPHRASE = "nine barrels in the cellar"


def handed_over_by_mouse(walk):
    with tempfile.TemporaryDirectory(prefix="busbar-elsewhere-") as place:
        place = pathlib.Path(place)
        elsewhere = Elsewhere(walk.program, place)
        first, second = elsewhere.packs()
        bench = walk.beside(BENCH)
        try:
            eve = bench.person("eve")
            first_of_all(bench, eve)
            what_is_no_pack_is_refused(eve, place)
            a_pack_is_looked_at_and_taken(eve, first)
            its_profile_runs_at_once(eve)
            a_later_one_clashes(bench, eve, second)
            no_way_for_who_changes_no_settings(bench, eve)
            no_backup_for_who_is_no_administrator(bench, eve)
            backup = a_backup_is_made(eve, place)
            # An open page would complain of a listener that has gone.
            eve.context.close()
        finally:
            bench.server.stop()
        it_goes_on_elsewhere(walk, elsewhere, backup)


class Elsewhere:
    """The data folder of another machine, used on the command line."""

    def __init__(self, program, place):
        self.program = program
        self.place = place
        self.folder = place / "data"

    def busbar(self, *words, says="", ends=0):
        command = [self.program, "--data-dir", str(self.folder), *map(str, words)]
        done = subprocess.run(command, input=says, capture_output=True, text=True, timeout=120)
        assert done.returncode == ends, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def packs(self):
        """A profile with a device folder and a DBC of its own as a pack, and both again after a change."""
        for folder in ("profiles", "dbc"):
            (self.folder / folder).mkdir(parents=True)
        messages = (DEVICES / "generic-charger/messages.dbc").read_bytes()
        (self.folder / "dbc/trailer.dbc").write_bytes(messages)
        made = []
        for about in ("as it was built", "as it was mended"):
            self.device(messages, about)
            self.profile().write_text(TRAILER.format(about=about), encoding="utf-8")
            made.append(self.place / f"{about.split()[-1]}.zip")
            self.busbar("profile", "export", "Trailer", made[-1])
        return made

    def device(self, messages, about):
        draft = self.place / OWN
        draft.mkdir(exist_ok=True)
        manifest = (DEVICES / "generic-charger/device.toml").read_text(encoding="utf-8")
        manifest = manifest.replace('id = "generic-charger"', f'id = "{OWN}"', 1)
        (draft / "device.toml").write_text(f"# {about}\n{manifest}", encoding="utf-8")
        (draft / "messages.dbc").write_bytes(messages)
        self.busbar("device", "add", "--replace", draft)

    def profile(self):
        return self.folder / "profiles/Trailer.toml"


def bring(eve, file):
    """From the page of profiles to the look at what is in the file."""
    eve.go("/profiles")
    eve.page.get_by_label("Profile pack").set_input_files(file)
    eve.page.get_by_role("button", name="Look at it").click()


def states(eve):
    """What the preview says of each part: (what, name) to state."""
    rows = eve.page.locator("#main tbody tr").all()
    told = [(row.locator("td").nth(0), row.locator("th"), row.locator("td").nth(1)) for row in rows]
    return {(what.inner_text(), name.inner_text()): state.inner_text() for what, name, state in told}


def what_is_no_pack_is_refused(eve, place):
    junk = place / "holiday.zip"
    junk.write_bytes(b"PK\x03\x04 and then nothing of a ZIP")
    bring(eve, junk)
    eve.page.locator(".note.fault").wait_for()
    assert eve.page.get_by_role("button", name="Take it").count() == 0, "it can be taken"
    shots(eve, "pack-refused")


def a_pack_is_looked_at_and_taken(eve, first):
    page = eve.page
    bring(eve, first)
    page.get_by_role("heading", name="Trailer").wait_for()
    told = states(eve)
    assert len(told) == 3 and set(told.values()) == {"new"}, told
    assert {name for _, name in told} >= {"Trailer", "trailer", OWN}, told
    shots(eve, "pack-new")
    # A look keeps nothing.
    eve.go("/profiles")
    assert page.get_by_role("link", name="Trailer", exact=True).count() == 0, "it was kept by looking at it"
    eve.go("/profile-pack")
    page.get_by_role("button", name="Take it").click()
    eve.sees("The pack is taken. Its profile does not run yet.")
    eve.sees("as it was built")
    eve.go("/profile-pack")
    assert page.get_by_role("button", name="Take it").count() == 0, "it still waits"


def its_profile_runs_at_once(eve):
    page = eve.page
    eve.go("/profiles/Trailer")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url("**/profiles?done=profile-runs")
    eve.go("/pack")
    page.locator("#cells .tile").first.wait_for()
    moves(page, "#cells")
    eve.go("/parts")
    for name in ("Trailer pack", "Own charger"):
        page.locator(".part", has_text=name).wait_for()


def a_later_one_clashes(bench, eve, second):
    """Its profile is another one of a name that is taken: it has to get another. Its device replaces the one
    that is here, which is said before."""
    page = eve.page
    bring(eve, second)
    page.get_by_role("heading", name="Trailer").wait_for()
    told = {name: state for (_, name), state in states(eve).items()}
    assert told == {"Trailer": "clashes", "trailer": "same", OWN: "changed"}, told
    take = page.get_by_role("button", name="Take it")
    assert take.is_disabled()
    eve.sees("There is another profile of this name")
    shots(eve, "pack-clashes")
    name = page.get_by_label("Call the profile")
    name.fill("Trailer 2")
    page.get_by_role("button", name="Look again").click()
    page.get_by_role("heading", name="Trailer 2").wait_for()
    told = {name: state for (_, name), state in states(eve).items()}
    assert told == {"Trailer 2": "new", "trailer": "same", OWN: "changed"}, told
    manifest = bench.server.folder / "devices" / OWN / "device.toml"
    assert "as it was built" in manifest.read_text(encoding="utf-8"), "a look has replaced the device"
    take.click()
    eve.sees("The pack is taken. Its profile does not run yet.")
    assert "as it was mended" in manifest.read_text(encoding="utf-8")
    kept = (bench.server.folder / "profiles/Trailer.toml").read_text(encoding="utf-8")
    assert "as it was built" in kept, "a profile was replaced"


def no_way_for_who_changes_no_settings(bench, eve):
    """Neither packs nor backups, by no page, no post and no route of the API."""
    vic = with_password(bench, eve, "vic", VIC, "Viewer")
    for path in ("/profiles", "/profiles/Trailer", "/parts", "/settings"):
        vic.go(path)
        assert vic.page.locator("#main input[type=file]").count() == 0, f"a file can be brought on {path}"
        for way in ("/profile-pack", "/pack']", "/system/backup"):
            way = f"a[href$='{way}" if way.endswith("']") else f"a[href*='{way}']"
            found = vic.page.locator(f"#main {way}")
            assert found.count() == 0, f"{way} is offered on {path}"
    for path in ("/profile-pack", "/profile-pack?name=Mine", "/profiles/Trailer/pack", "/system/backup"):
        vic.go(path, 403)
    vic.go("/profiles")
    for path in ("/profile-pack", "/profile-pack/take", "/profiles/Trailer/run", "/profiles/Trailer/restore",
                 "/profiles/Trailer/delete", "/system/backup", "/api/v1/packs", "/api/v1/backup"):
        assert vic.status_of("POST", path) == 403, f"POST {path}"
    for path in ("/api/v1/profiles/Trailer/pack", "/api/v1/backup"):
        assert vic.status_of("GET", path) == 403, f"GET {path}"
    # Somebody else's pack that waits is nothing to vic, and eve's profile is what it was.
    eve.go("/profiles")
    for name in ("Bench", "Trailer", "Trailer 2"):
        assert eve.page.get_by_role("link", name=name, exact=True).count() == 1, name
    vic.context.close()


def no_backup_for_who_is_no_administrator(bench, eve):
    """Everything of everybody is in a backup: changing settings is not enough for it."""
    ana = with_password(bench, eve, "ana", ANA, "Engineer")
    with ana.page.expect_download() as download:
        ana.go("/profiles/Trailer")
        ana.page.get_by_role("link", name="Save as a pack").click()
    assert pathlib.Path(download.value.path()).read_bytes().startswith(b"PK")
    ana.go("/system")
    ana.go("/system/backup", 403)
    ana.go("/profiles")
    for method, path in (("POST", "/system/backup"), ("POST", "/api/v1/backup"), ("GET", "/api/v1/backup")):
        assert ana.status_of(method, path) == 403, f"{method} {path}"
    ana.context.close()


def a_backup_is_made(eve, place):
    page = eve.page
    eve.go("/system/backup")
    shots(eve, "backup")
    make = page.get_by_role("button", name="Make and save")
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_label("The same again").fill("another one altogether")
    make.click()
    eve.sees("The two passphrases differ.")
    assert page.get_by_label("Passphrase").input_value() == "", "a passphrase came back"
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_label("The same again").fill(PASSPHRASE)
    with page.expect_download(timeout=60000) as download:
        make.click()
    name = download.value.suggested_filename
    assert re.fullmatch(r"busbar-\d{8}T\d{6}Z\.backup", name), name
    file = place / name
    download.value.save_as(file)
    assert file.read_bytes().startswith(b"BUSBARB"), "it is not encrypted"
    return file


def it_goes_on_elsewhere(walk, elsewhere, backup):
    """The other machine looks, says what would be replaced, and then is as the first one was."""
    before = elsewhere.profile().read_text(encoding="utf-8")
    wrong = elsewhere.busbar("restore", "--preview", "--passphrase-stdin", backup, says="nine barrels\n", ends=2)
    assert "passphrase is another one" in wrong, wrong
    look = elsewhere.busbar("restore", "--preview", "--passphrase-stdin", backup, says=PASSPHRASE + "\n")
    for line in (r"replaces +profiles/Trailer\.toml", r"new +profiles/Bench\.toml", r"replaces +busbar\.db"):
        assert re.search(line, look), f"{line} in\n{look}"
    assert elsewhere.profile().read_text(encoding="utf-8") == before, "a look has restored it"
    assert not (elsewhere.folder / "profiles/Bench.toml").exists(), "a look has restored it"
    done = elsewhere.busbar("restore", "--yes", "--passphrase-stdin", backup, says=PASSPHRASE + "\n")
    aside = pathlib.Path(re.search(r"what was there is kept in (.+)", done).group(1))
    assert (aside / "profiles/Trailer.toml").read_text(encoding="utf-8") == before, "what was there is lost"
    second = walk.beside(folder=elsewhere.folder)
    try:
        assert second.server.link is None, "it has no administrator"
        eve = second.person("eve")
        eve.sign_in(EVE)
        eve.go("/profiles")
        row = eve.page.get_by_role("row").filter(has=eve.page.get_by_role("link", name="Trailer", exact=True))
        assert row.get_by_role("button", name="Run").is_disabled(), "it does not run"
        eve.go("/pack")
        moves(eve.page, "#cells")
        eve.go("/users")
        users = eve.page.locator("#main")
        for name in ("eve", "vic", "ana"):
            assert users.get_by_role("link", name=name, exact=True).count() == 1, f"{name} is missing"
        eve.go("/journal")
        eve.page.get_by_role("link", name="Check the chain").click()
        eve.sees("The journal is whole")
        vic = second.person("vic")
        vic.sign_in(VIC)
        vic.go("/profile-pack", 403)
        vic.context.close()
        eve.context.close()
    finally:
        second.server.stop()
