"""A pack is set up from nothing as people do it: found on the bus by what it says, named, added, given a
limit that holds at once on a page that is open elsewhere, and taken back. Two people at once, a display
that signs itself in, and a colleague who may change nothing."""

import re
import time

from tools import PHONE, WIDE, moves

EVE = "yellow boat on quiet water"
ANA = "seven lamps beside the road"
VIC = "an old clock in the hall"
# A word that is longer than its card is wide.
LONG = "/srv/eve/" + "veryLongFolder" * 7 + "bench.toml"
BENCH = ("Bench", f'name = "Bench"\ndescription = "Taken from {LONG}"\n\n[[bus]]\nname = "can0"\naddress = "virtual:can0"\nscene = "solar-car"\n')
PACK = "Roof pack"
GEN1 = "Prohelion D1000 Gen 1"
# A display that is switched off ends within a second; the rest is for a busy machine.
LEAST_PATIENCE = 3.0


def setup_by_mouse(walk):
    bench = walk.beside(BENCH)
    try:
        eve = bench.person("eve")
        first_of_all(bench, eve)
        found_and_added(eve)
        long_words_stay_in_their_cards(eve)
        a_limit_holds_elsewhere_and_is_undone(bench, eve)
        ana = with_password(bench, eve, "ana", ANA, "Engineer")
        the_second_is_told(eve, ana)
        vic = with_password(bench, eve, "vic", VIC, "Viewer")
        no_way_for_who_may_only_read(vic)
        a_display_comes_and_goes(bench, eve)
        # An open page would complain of a listener that has gone.
        eve.context.close()
    finally:
        bench.server.stop()


def first_of_all(bench, eve):
    page = eve.page
    eve.go(bench.server.link)
    page.get_by_label("Name").fill("eve")
    page.get_by_label("Password", exact=True).fill(EVE)
    page.get_by_label("The same again").fill(EVE)
    page.get_by_role("button", name="Set password").click()
    eve.at("/")


def shots(person, name):
    """Looks at a page as wide as a desk and as narrow as a phone."""
    page = person.page
    person.looks_well(f"{name}-1440")
    page.set_viewport_size(PHONE)
    person.looks_well(f"{name}-390")
    page.set_viewport_size(WIDE)


def long_words_stay_in_their_cards(eve):
    eve.go("/profiles")
    eve.sees(LONG)
    shots(eve, "profiles-long")
    eve.go("/can/dbc")
    eve.sees("never seen")
    shots(eve, "dbc-never-seen")


def found_and_added(eve):
    """Nothing is in the profile; what talks on its bus says what it is, and is added as it says."""
    page = eve.page
    eve.go("/parts")
    eve.sees("The profile names no component.")
    shots(eve, "parts-empty")
    page.get_by_role("link", name="Discover").click()
    page.wait_for_url("**/parts/discover")
    pack = page.get_by_role("region", name=re.compile(GEN1 + " at 0x200"))
    for _ in range(60):
        # Nothing is asked of the bus: it takes as long as the pack takes to say who it is.
        if pack.get_by_role("link", name=re.compile("Add")).count():
            break
        page.wait_for_timeout(500)
        page.get_by_role("button", name="Look again").click()
    assert re.search(r"serial \d+", pack.text_content()), pack.text_content()
    assert re.search(r"\d\d %", pack.text_content()), "it has a score"
    eve.sees("Nothing is sent")
    shots(eve, "discover")
    pack.get_by_role("link", name=re.compile("Add")).click()
    assert page.get_by_label("Base address").input_value() == "0x200"
    name = page.get_by_label("Name", exact=True)
    assert name.input_value().startswith("Battery "), name.input_value()
    name.fill(PACK)
    page.locator("#h-name .wrong").wait_for(state="detached")
    shots(eve, "component-found")
    page.get_by_role("button", name="Add component").click()
    eve.sees("Added.")
    eve.go("/pack")
    page.locator("#cells .tile").first.wait_for()
    moves(page, "#cells")
    eve.go("/parts/discover")
    eve.sees(f"It is in the profile already: {PACK}.")
    assert pack.get_by_role("link", name=re.compile("Add")).count() == 0, "it could be added twice"


def another_is_added(eve):
    page = eve.page
    eve.go("/parts/discover")
    page.get_by_role("region", name=re.compile(GEN1 + " at 0x600")).get_by_role("link", name=re.compile("Add")).click()
    page.get_by_label("Name", exact=True).fill("Boot pack")
    page.get_by_role("button", name="Add component").click()
    eve.sees("Added.")


def edit(person, name=PACK):
    person.go(f"/parts/{name.replace(' ', '%20')}/edit")


def a_limit_holds_elsewhere_and_is_undone(bench, eve):
    other = eve.context.new_page()
    other.goto(bench.server.base + "/parts")
    card = other.locator(".part", has_text=PACK)
    card.get_by_text("ok", exact=True).wait_for()
    loaded = other.evaluate("performance.timeOrigin")
    page = eve.page
    edit(eve)
    page.get_by_label("Highest cell voltage").fill("3000")
    page.get_by_role("button", name="Save").click()
    eve.sees("Saved.")
    card.get_by_text("is above the profile's limit of 3000 mV").wait_for()
    eve.go("/profiles/Bench")
    shots(eve, "profile-versions")
    page.get_by_role("button", name="Undo").click()
    eve.sees("That is a new version, so it can be undone.")
    card.get_by_text("ok", exact=True).wait_for()
    assert other.evaluate("performance.timeOrigin") == loaded, "the page was loaded again"
    edit(eve)
    assert page.get_by_label("Highest cell voltage").input_value() == "", "the limit is still there"
    other.close()


def with_password(bench, eve, name, password, preset):
    """A colleague who was invited, with the rights of this preset."""
    page = eve.page
    eve.go("/users/new")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("radio", name=preset).check()
    page.get_by_role("button", name="Add user").click()
    link = page.locator("output").inner_text()
    person = bench.person(name)
    person.go(link)
    person.page.get_by_label("Password", exact=True).fill(password)
    person.page.get_by_label("The same again").fill(password)
    person.page.get_by_role("button", name="Set password").click()
    person.at("/")
    return person


def the_second_is_told(eve, ana):
    """Both have the form open; the first saves. The second is told, keeps what was typed, and nothing of
    the first is overwritten."""
    edit(ana)
    edit(eve)
    highest = eve.page.get_by_label("Highest cell voltage")
    highest.fill("4250")
    eve.page.get_by_role("button", name="Save").click()
    eve.sees("Saved.")
    own = ana.page.get_by_label("Lowest cell voltage")
    own.fill("2600")
    ana.page.get_by_role("button", name="Save").click()
    ana.sees("changed by somebody else meanwhile")
    assert own.input_value() == "2600", "what was typed is lost"
    shots(ana, "changed-meanwhile")
    # Pressing once more is no way round it: it is still the form of the older version.
    ana.page.get_by_role("button", name="Save").click()
    ana.page.wait_for_load_state()
    ana.sees("changed by somebody else meanwhile")
    edit(eve)
    assert highest.input_value() == "4250", "the first was overwritten"
    assert eve.page.get_by_label("Lowest cell voltage").input_value() == "", "the second was saved unseen"
    edit(ana)
    own.fill("2600")
    ana.page.get_by_role("button", name="Save").click()
    ana.sees("Saved.")
    edit(eve)
    assert (highest.input_value(), eve.page.get_by_label("Lowest cell voltage").input_value()) == ("4250", "2600")
    ana.context.close()


def no_way_for_who_may_only_read(vic):
    """Neither a link nor a button leads to a change, and what is sent all the same is refused."""
    place = f"/parts/{PACK.replace(' ', '%20')}"
    for path in ("/parts", "/profiles", "/profiles/Bench"):
        vic.go(path)
        for way in ("/parts/add", "/parts/discover", "/parts/custom", "/edit"):
            assert vic.page.locator(f"#main a[href*='{way}']").count() == 0, f"{way} is offered on {path}"
        pressable = vic.page.locator("#main button:not([disabled])")
        assert pressable.count() == 0, f"{path}: {pressable.first.inner_text()}"
    shots(vic, "profile-read-only")
    for path in ("/parts/add", "/parts/add?kind=elcon-tc", "/parts/discover", "/parts/custom", f"{place}/edit"):
        vic.go(path, 403)
    vic.go("/parts")
    posts = ["/parts/add", "/parts/check", "/parts/custom", f"{place}/edit", f"{place}/disable", f"{place}/enable",
             f"{place}/delete", "/profiles", "/profiles/Bench", "/profiles/Bench/run", "/profiles/Bench/restore",
             "/profiles/Bench/delete", "/settings/kiosk", "/settings/web", "/settings/general"]
    for path in posts:
        assert vic.status_of("POST", path) == 403, f"POST {path}"
    for path in ("/api/v1/buses/can0/discovery", "/api/v1/devices/none", "/api/v1/log"):
        assert vic.status_of("GET", path) == 403, f"GET {path}"
    vic.context.close()


def kiosk_form(eve):
    eve.go("/settings")
    return eve.page.locator("section", has=eve.page.get_by_role("checkbox", name="Sign displays in"))


def a_display_comes_and_goes(bench, eve):
    screen = bench.person("the screen")
    screen.go("/kiosk", 403)
    screen.sees("No display here")
    screen.looks_well("kiosk-shut-1440")
    form = kiosk_form(eve)
    form.get_by_role("checkbox", name="Sign displays in").check()
    # Whoever may change something cannot be a display.
    choices = form.get_by_label("As the account").locator("option").all_inner_texts()
    assert "vic" in choices and "eve" not in choices and "ana" not in choices, choices
    form.get_by_label("As the account").select_option(label="vic")
    form.get_by_label("From these addresses").fill("127.0.0.1")
    form.get_by_role("button", name="Save").click()
    eve.sees("is kept and holds at once")
    screen.go("/kiosk")
    moves(screen.page, "#cells")
    for way in ("a[href]", "button", "form", "input"):
        assert screen.page.locator(f"main {way}").count() == 0, f"the display has {way}"
    shots(screen, "kiosk")
    for path in ("/pack", "/parts", "/settings", "/api/v1/packs"):
        screen.go(path, 401)
    screen.go("/kiosk")
    moves(screen.page, "#cells")
    # A second pack comes into the profile: the display shows both, and nobody has loaded it again.
    loaded = screen.page.evaluate("performance.timeOrigin")
    another_is_added(eve)
    screen.page.locator("#packs section", has_text="Boot pack").wait_for()
    assert screen.page.locator("#packs section", has_text=PACK).count() == 1
    assert screen.page.evaluate("performance.timeOrigin") == loaded, "the display was loaded again"
    moves(screen.page, "#packs")
    shots(screen, "kiosk-two-packs")
    form = kiosk_form(eve)
    form.get_by_role("checkbox", name="Sign displays in").uncheck()
    began = time.monotonic()
    form.get_by_role("button", name="Save").click()
    screen.sees("No display here")
    took = time.monotonic() - began
    print(f"a display that is switched off: the open page ended after {took:.2f} s")
    assert took < LEAST_PATIENCE, f"the display ended after {took:.1f} s"
    screen.context.close()
