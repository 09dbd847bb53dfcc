"""Charging the demo pack as people do it on the pages: by mouse, from the safety text to the report."""

import re

from tools import PHONE

CARL = "a kettle full of rain"
VERA = "the long way round again"
# The demo's cells live sixty times as fast; the rest is real time and a busy machine.
PATIENCE = 60_000


def add(ada, name, preset, password):
    page = ada.page
    ada.go("/users/new")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("radio", name="With a first password").check()
    page.get_by_label("First password", exact=True).fill(password + " first")
    page.get_by_role("radio", name=preset).check()
    page.get_by_role("button", name="Add user").click()
    ada.sees("Added.")


def come_in(walk, name, password, size=None):
    """Signs in with the first password and changes it."""
    person = walk.person(name, size) if size else walk.person(name)
    person.sign_in(password + " first", "/account/password")
    person.page.get_by_label("Present password").fill(password + " first")
    person.page.get_by_label("New password", exact=True).fill(password)
    person.page.get_by_label("The new one again").fill(password)
    person.page.get_by_role("button", name="Change password").click()
    person.at("/")
    return person


def shows(person, selector, text):
    person.page.locator(selector, has_text=text).first.wait_for(timeout=PATIENCE)


def in_reach(person):
    """The red button is on the screen wherever the page is scrolled to, and nothing lies over it."""
    page = person.page
    places = []
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in (0, height // 2, height):
        page.evaluate("(top) => scrollTo(0, top)", top)
        box = page.locator("#bar .stop").bounding_box()
        size = page.viewport_size
        assert box["x"] >= 0 and box["x"] + box["width"] <= size["width"], f"Stop is off the side: {box}"
        assert box["y"] >= 0 and box["y"] + box["height"] <= size["height"], f"Stop is off the screen: {box}"
        at = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
        on_top = page.evaluate("([x, y]) => document.elementFromPoint(x, y).className", at)
        assert "stop" in on_top, f"something lies over Stop: {on_top}"
        places.append((round(box["x"]), round(box["y"])))
    assert len(set(places)) == 1, f"Stop moves: {places}"
    page.evaluate("scrollTo(0, 0)")


def safety_text_comes_first(carl):
    page = carl.page
    carl.go("/charge")
    carl.looks_well("charge-first-1440")
    shows(carl, "h2", "Before the first charge")
    assert page.get_by_role("button", name="Start charge").is_disabled()
    carl.sees("Read the safety text first.")
    page.get_by_role("button", name="I have read this").click()
    carl.sees("Noted: you have read the safety text.")
    assert page.get_by_text("Before the first charge").count() == 0
    carl.go("/charge")
    assert page.get_by_text("Before the first charge").count() == 0, "it is asked again"


def park(ada):
    page = ada.page
    ada.go("/charge")
    page.get_by_label("Parked at its charger").check()
    page.get_by_label("Its cells live").select_option("60")
    page.get_by_role("button", name="Apply to the demo").click()
    ada.sees("The demo is changed.")


def start(carl, leave=False):
    """Asks, goes back, asks again and starts."""
    page = carl.page
    carl.go("/charge")
    ask = page.locator("#charge-do").get_by_role("button", name="Start charge")
    page.locator("#charge-do button.main:enabled").wait_for(timeout=PATIENCE)
    if leave:
        page.get_by_label("Stop if I leave").check()
    ask.click()
    shows(carl, "h1", "Charge Demo pack?")
    said = page.locator("main").inner_text()
    assert "Closes the contactors" in said, said
    assert ("when this browser has shown no page of Busbar for ten seconds" if leave else "goes on when this page is closed") in said, said
    carl.looks_well("charge-ask-leave-1440" if leave else "charge-ask-1440")
    assert page.evaluate("document.activeElement.className") != "danger", "Enter would start it"
    page.get_by_role("link", name="Back").click()
    carl.at("/charge")
    shows(carl, "#charge-head", "Not charging") if not leave else None
    if leave:
        page.get_by_label("Stop if I leave").check()
    ask.click()
    page.get_by_role("button", name="Start charge").click()
    carl.sees("The start was taken up.")


def change_a_set_point(carl):
    page = carl.page
    page.get_by_label("Max current, A").fill("500")
    page.get_by_role("button", name="Apply", exact=True).click()
    carl.sees("Max current cannot be 500")
    assert page.get_by_label("Max current, A").input_value() == "500", "what was typed is lost"
    page.get_by_label("Max current, A").fill("3")
    page.get_by_role("button", name="Apply", exact=True).click()
    carl.sees("The set points are changed.")
    shows(carl, "#charge-head", "Charging at 3.0 A")
    assert page.get_by_label("Max current, A").input_value() == "3"


def viewer_only_stops(vera):
    page = vera.page
    vera.go("/charge")
    assert page.locator("#charge-do").get_by_role("button", name="Start charge").is_disabled()
    assert page.get_by_role("button", name="Apply", exact=True).is_disabled()
    for path in ("/charge/ask", "/charge/start", "/charge/apply", "/charge/engage", "/charge/clear", "/charge/read"):
        assert vera.status_of("POST", path) == 403, path
    for path in ("/pack", "/charge", "/parts", "/settings", "/account"):
        vera.go(path)
        in_reach(vera)
        vera.looks_well(f"charging-{path.strip('/')}-390")
    vera.go("/settings")
    page.locator("#bar .stop").click()
    vera.at("/charge")
    vera.sees("The stop was taken up")
    shows(vera, ".charge-state", "Stopped from a web page")


def report_tells_it(person, shot):
    page = person.page
    person.go("/charges")
    person.looks_well(f"charges-{shot}")
    page.locator("tbody th a").first.click()
    page.wait_for_url(re.compile(r"/charges/\d+$"))
    person.sees("Somebody stopped it on a web page.")
    assert page.locator(".chart svg").count() >= 4
    person.looks_well(f"report-{shot}")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert "seconds" in open(download.value.path(), encoding="utf-8").readline()


def latch_is_cleared(carl):
    page = carl.page
    carl.go("/charge")
    shows(carl, "#charge-head .note", "Stopped from a web page")
    assert page.locator("#charge-do").get_by_role("button", name="Start charge").is_disabled()
    page.get_by_role("button", name="Clear", exact=True).click()
    carl.sees("What was latched is cleared.")


def charge_by_mouse(walk, ada):
    add(ada, "carl", "Operator", CARL)
    add(ada, "vera", "Viewer", VERA)
    carl, vera = come_in(walk, "carl", CARL), come_in(walk, "vera", VERA, PHONE)
    safety_text_comes_first(carl)
    park(ada)
    start(carl)
    shows(carl, "#charge-head [aria-current=step]", "3 Constant current")
    carl.page.wait_for_function("document.querySelectorAll('#charge-plot svg').length === 3", timeout=PATIENCE)
    in_reach(carl)
    carl.looks_well("charging-1440")
    change_a_set_point(carl)
    viewer_only_stops(vera)
    shows(carl, ".charge-state", "Stopped from a web page")
    carl.looks_well("charge-stopped-1440")
    report_tells_it(carl, "1440")
    report_tells_it(vera, "390")
    latch_is_cleared(carl)
    vera.context.close()
    return carl


def leaving_stops_it(carl, ada):
    """With "Stop if I leave", closing the browser stops the charge; somebody else's page says so."""
    ada.go("/charge")
    start(carl, leave=True)
    shows(ada, "#charge-head", "Charging at")
    # A page that stays open keeps it going.
    carl.page.wait_for_timeout(13_000)
    shows(ada, "#charge-head", "Charging at")
    carl.context.close()
    shows(ada, ".charge-state", "whoever started it has left")
