"""The pages as people use them, in a real browser."""

import re
import sys
import time

from can import can_by_mouse
from charge import charge_by_mouse, leaving_stops_it
from components import components_by_mouse
from handover import handed_over_by_mouse
from setup import setup_by_mouse
from tools import PHONE, Walk, moves, seconds_until

ADA = "four words apart maybe"
FIRST = "temporary words to change"
GRACE = "another sentence entirely"
LIN = "quiet meadow under snow"
PAGES = ["/pack", "/charge", "/charge/rules", "/charges", "/can", "/can/trace", "/can/send", "/can/recordings", "/can/replay", "/can/buses", "/can/dbc", "/parts",
         "/users", "/users/new", "/users/1", "/services", "/sessions", "/journal",
         "/settings", "/account", "/about", "/account/password"]
# A change of rights must end an open page within a second; the rest is for a busy machine.
LEAST_PATIENCE = 3.0
ended_after = {}


def first_administrator(walk, ada):
    page = ada.page
    ada.go(walk.server.link)
    ada.looks_well("set-up-1440")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_label("The same again").fill("short")
    page.get_by_role("button", name="Set password").click()
    ada.sees("at least 12 are needed")
    assert page.get_by_label("Name").input_value() == "ada", "what was typed is lost"
    assert page.get_by_label("Password", exact=True).input_value() == "", "a password came back"
    page.get_by_label("Password", exact=True).fill(ADA)
    page.get_by_label("The same again").fill(ADA)
    page.get_by_role("button", name="Set password").click()
    ada.at("/")
    other = walk.person("somebody")
    other.go(walk.server.link, 404)
    other.sees("cannot be used")
    other.looks_well("link-used-1440")
    other.go("/pack", 401)
    other.go("/no-such-page", 404)
    other.context.close()


def pack_is_live(ada):
    ada.go("/pack")
    moves(ada.page, "#bottom")
    moves(ada.page, "#cells")
    moves(ada.page, "#trend")
    assert ada.page.locator("#cells .tile").count() > 90
    ada.go("/can")
    moves(ada.page, "#rows")
    ada.page.get_by_role("link", name="0x6FA").click()
    ada.page.locator("#signals table").wait_for()
    ada.page.get_by_role("link", name="Count", exact=True).click()
    ada.page.locator("[aria-sort=ascending]").wait_for()
    ada.page.locator("input[name=filter]").fill("cells")
    ada.page.get_by_role("button", name="Filter").click()
    ada.page.wait_for_url("**filter=cells**")
    assert "Heartbeat" not in ada.page.inner_text("#rows")
    ada.go("/parts")
    moves(ada.page, "#parts")


def every_page_looks_well(walk, ada):
    state = ada.context.storage_state()
    for scheme in ("dark", "light"):
        for name, size in (("1440", None), ("390", PHONE)):
            options = {"storage_state": state, "color_scheme": scheme}
            person = walk.person("ada", size, **options) if size else walk.person("ada", **options)
            for path in PAGES:
                person.go(path)
                person.looks_well(f"{path.strip('/').replace('/', '-')}-{name}-{scheme}")
            person.go("/pack")
            if size:
                person.page.locator(".tabs summary").click()
                person.looks_well(f"menu-{name}-{scheme}")
            person.context.close()


def theme_is_kept(ada):
    ada.go("/account")
    for theme in ("Light", "Dark"):
        ada.page.get_by_role("radio", name=theme).check()
        ada.page.get_by_role("button", name="Use this theme").click()
        ada.page.locator(f"html[data-theme={theme.lower()}]").wait_for()
        ada.go("/pack")
        ada.page.locator(f"html[data-theme={theme.lower()}]").wait_for()
        ada.go("/account")


def first_password(walk, ada):
    page = ada.page
    ada.go("/users")
    page.get_by_role("link", name="Add user").click()
    page.get_by_label("Name", exact=True).fill("grace")
    page.get_by_label("E-mail", exact=True).fill("not an address")
    page.get_by_label("Or a new one").fill("Race team")
    page.get_by_role("radio", name="With a first password").check()
    page.get_by_label("First password", exact=True).fill(FIRST)
    page.get_by_role("radio", name="Operator").check()
    # The browser checks addresses itself; the server must do so whatever the browser does.
    page.evaluate("document.querySelector('#main form').noValidate = true")
    page.get_by_role("button", name="Add user").click()
    ada.sees("is not an e-mail address")
    assert page.get_by_label("Name", exact=True).input_value() == "grace"
    assert page.get_by_role("radio", name="Operator").is_checked()
    page.get_by_label("E-mail", exact=True).fill("grace@example.org")
    page.get_by_label("First password", exact=True).fill(FIRST)
    page.get_by_role("button", name="Add user").click()
    ada.sees("Added.")
    grace = walk.person("grace")
    grace.sign_in(FIRST, "/account/password")
    grace.looks_well("must-change-1440")
    for path in ("/pack", "/can", "/parts", "/users", "/settings"):
        grace.go(path, 403)
        grace.sees("must be changed")
    grace.go("/account/password")
    grace.page.get_by_label("Present password").fill(FIRST)
    grace.page.get_by_label("New password", exact=True).fill(GRACE)
    grace.page.get_by_label("The new one again").fill(GRACE)
    grace.page.get_by_role("button", name="Change password").click()
    grace.at("/")
    grace.go("/pack")
    moves(grace.page, "#bottom")
    return grace


def invite(ada, name):
    page = ada.page
    ada.go("/users/new")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Add user").click()
    link = page.locator("output").inner_text()
    ada.looks_well("invitation-shown-1440")
    ada.go("/users")
    assert link not in page.content(), "the link is shown again"
    return link


def colleague(walk, ada):
    link = invite(ada, "lin")
    lin = walk.person("lin", PHONE, color_scheme="light")
    lin.go(link)
    lin.looks_well("invitation-390")
    lin.page.get_by_label("Password", exact=True).fill(LIN)
    lin.page.get_by_label("The same again").fill(LIN)
    lin.page.get_by_role("button", name="Set password").click()
    lin.at("/")
    moves(lin.page, "#cells")
    lin.looks_well("colleague-390")
    for path in ("/can", "/users", "/services", "/sessions", "/journal"):
        assert lin.page.locator(f"a[href^='{path}']").count() == 0, f"{path} is offered"
    for path in ("/can", "/can/trace", "/can/send", "/users", "/users/new", "/users/1", "/services", "/sessions", "/journal", "/journal/csv"):
        lin.go(path, 403)
    lin.looks_well("refused-390")
    lin.go("/settings")
    assert lin.page.get_by_role("button", name="Save").count() == 0, "settings can be saved"
    for path in ("/users", "/users/1", "/users/1/delete", "/users/1/disable", "/users/1/sign-out", "/users/1/tokens",
                 "/services", "/settings/web", "/sessions/1/end", "/can/arm", "/can/send/once", "/can/send/start", "/can/kept"):
        assert lin.status_of("POST", path) == 403, path
    for path in ("/api/v1/users", "/api/v1/journal", "/api/v1/users/1", "/api/v1/frames"):
        assert lin.status_of("GET", path) == 403, path
    for path in ("/pack", "/parts", "/settings", "/account", "/about"):
        lin.go(path)
        lin.looks_well(f"colleague-{path.strip('/')}-390")
    again = walk.person("somebody")
    again.go(link, 404)
    again.context.close()
    return lin


def open_editor(ada, name):
    ada.go("/users")
    ada.page.get_by_role("link", name=name, exact=True).click()
    ada.page.locator("#editor-title").wait_for()


def ask_and_do(ada, ask, confirm):
    """Opens a question and answers it; nothing is done before."""
    ada.page.locator("summary", has_text=ask).click()
    ada.page.get_by_role("button", name=confirm).click()


def ends_in_time(person, what, why):
    took = seconds_until(person, "/sign-in")
    ended_after[what] = took
    person.sees(why)
    assert took < LEAST_PATIENCE, f"{what}: the open page ended after {took:.1f} s"


def rights_end_open_pages(ada, lin):
    lin.go("/pack")
    moves(lin.page, "#bottom")
    open_editor(ada, "lin")
    ada.page.get_by_label("Send and receive CAN").check()
    ada.page.get_by_role("button", name="Save").click()
    ends_in_time(lin, "permissions changed", "permissions of this account have changed")
    lin.sign_in(LIN, "/")
    lin.go("/can")
    moves(lin.page, "#bottom")
    open_editor(ada, "lin")
    ask_and_do(ada, "Disable…", "Disable lin")
    ends_in_time(lin, "disabled", "is disabled")
    lin.looks_well("ended-390")
    lin.page.get_by_label("Name").fill("lin")
    lin.page.get_by_label("Password", exact=True).fill(LIN)
    lin.page.get_by_role("button", name="Sign in").click()
    lin.sees("The name or the password is wrong")
    assert lin.page.get_by_label("Name").input_value() == "lin"
    ada.page.get_by_role("button", name="Enable").click()
    ada.sees("Enabled.")
    lin.sign_in(LIN)
    lin.go("/parts")
    moves(lin.page, "#bottom")
    open_editor(ada, "lin")
    ask_and_do(ada, "Sign out everywhere…", "Sign lin out")
    ends_in_time(lin, "signed out", "ended from the Sessions page")


def sign_out_everywhere_else(walk, ada):
    second = walk.person("ada")
    second.sign_in(ADA)
    moves(second.page, "#bottom")
    ada.go("/account")
    ask_and_do(ada, "Sign out everywhere else…", "Sign out everywhere else")
    ends_in_time(second, "signed out elsewhere", "sign in")
    ada.sees("All your other sessions have ended.")
    ada.go("/pack")
    second.context.close()


def last_administrator_stays(ada):
    ada.go("/users/1")
    assert ada.page.locator("summary", has_text="Delete…").count() == 0
    assert ada.page.locator("button", has_text="Delete…").is_disabled()
    assert ada.page.locator("input[value=administrator]").first.is_disabled()


def delete_asks_once(ada, grace):
    open_editor(ada, "grace")
    ada.page.locator("summary", has_text="Delete…").focus()
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.press("Enter")
    ada.go("/users")
    assert ada.page.get_by_role("link", name="grace").count() == 1, "two presses of Enter have deleted somebody"
    open_editor(ada, "grace")
    ask_and_do(ada, "Delete…", "Delete grace")
    ada.sees("Deleted")
    assert ada.page.get_by_role("link", name="grace").count() == 0
    ends_in_time(grace, "deleted", "no longer exists")
    grace.go("/pack", 401)


def token_is_shown_once(ada):
    ada.go("/users/1")
    ada.page.locator("summary", has_text="New token…").click()
    ada.page.get_by_label("Name of the token").fill("grafana")
    ada.page.get_by_role("button", name="Make the token").click()
    token = ada.page.locator("output").inner_text()
    answer = ada.context.request.get(
        ada.walk.server.base + "/api/v1/packs", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status == 200, answer.status
    ada.go("/users/1")
    assert token not in ada.page.content()
    ask_and_do(ada, "Revoke…", "Revoke grafana")
    ada.sees("Revoked.")


def journal_tells_it(ada):
    ada.go("/journal")
    for words in ("Add an account", "Delete an account", "Sign in"):
        ada.sees(words)
    ada.page.get_by_role("link", name="Check the chain").click()
    ada.sees("The journal is whole")
    ada.page.get_by_label("Action").select_option("delete_account")
    ada.page.get_by_role("button", name="Filter").click()
    ada.page.wait_for_url("**action=delete_account**")
    assert ada.page.locator("tbody tr").count() == 1
    ada.go("/journal?from=yesterday", 422)
    ada.sees("is no time")
    ada.go("/journal")
    with ada.page.expect_download() as download:
        ada.page.get_by_role("link", name="Save as CSV").click()
    text = open(download.value.path(), encoding="utf-8").read()
    assert text.startswith("seq,at,who") and "delete_account" in text


def settings_are_checked(ada):
    ada.go("/settings")
    idle = ada.page.get_by_role("spinbutton", name=re.compile("after idling"))
    idle.fill("0")
    ada.page.evaluate("document.querySelectorAll('form').forEach((form) => (form.noValidate = true))")
    ada.page.locator("section", has=idle).get_by_role("button", name="Save").click()
    ada.sees("is not between 1 and 1440")
    idle.fill("45")
    ada.page.locator("section", has=idle).get_by_role("button", name="Save").click()
    ada.sees("is kept and holds at once")
    ada.go("/settings")
    assert idle.input_value() == "45"


def works_without_script(walk):
    plain = walk.person("ada", java_script_enabled=False)
    plain.sign_in(ADA)
    assert plain.page.locator("#cells .tile").count() > 90
    plain.go("/services")
    plain.page.get_by_label("Name", exact=True).fill("Workshop <b>&")
    plain.page.get_by_role("button", name="Add service").click()
    plain.sees("Added.")
    plain.sees("Workshop <b>&")
    plain.page.locator("tr", has_text="Workshop").locator("summary").click()
    plain.page.get_by_role("button", name="Remove Workshop").click()
    plain.sees("Removed.")
    plain.go("/can/send")
    plain.page.get_by_label("Message").fill("heartbeat")
    plain.page.get_by_role("button", name="Take what I typed").click()
    plain.sees("Several messages")
    plain.page.get_by_label("Bytes").fill("01 02")
    plain.page.get_by_label("Message").fill("")
    plain.page.get_by_label("Bytes").press("Enter")
    plain.page.wait_for_url("**bytes=01%2002**")
    plain.page.get_by_role("button", name="Sign out").click()
    plain.at("/sign-in")
    plain.go("/pack", 401)
    plain.context.close()


def a_lost_connection_is_said(walk, ada):
    ada.go("/pack")
    moves(ada.page, "#bottom")
    complaints = list(walk.complaints)
    walk.server.stop()
    ada.page.locator("#lost").wait_for(state="visible")
    # A browser complains of every attempt to connect again; that is what was wanted here.
    walk.complaints[:] = complaints
    ada.context.close()


def main(program, browser):
    began = time.monotonic()
    walk = Walk(program, browser)
    try:
        ada = walk.person("ada")
        first_administrator(walk, ada)
        pack_is_live(ada)
        can_by_mouse(walk, ada)
        components_by_mouse(walk, ada)
        every_page_looks_well(walk, ada)
        theme_is_kept(ada)
        grace = first_password(walk, ada)
        lin = colleague(walk, ada)
        rights_end_open_pages(ada, lin)
        last_administrator_stays(ada)
        delete_asks_once(ada, grace)
        token_is_shown_once(ada)
        journal_tells_it(ada)
        settings_are_checked(ada)
        carl = charge_by_mouse(walk, ada)
        leaving_stops_it(carl, ada)
        works_without_script(walk)
        setup_by_mouse(walk)
        handed_over_by_mouse(walk)
        sign_out_everywhere_else(walk, ada)
        a_lost_connection_is_said(walk, ada)
    finally:
        for line in walk.complaints:
            print("complaint:", line)
        walk.end()
    for what, took in ended_after.items():
        print(f"{what}: the open page ended after {took:.2f} s")
    if walk.complaints:
        raise SystemExit(f"FAILED: {len(walk.complaints)} complaints")
    print(f"passed in {time.monotonic() - began:.0f} s")


main(*sys.argv[1:])
