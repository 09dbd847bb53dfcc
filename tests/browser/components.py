"""Components of the running profile as people change them on the pages: found, checked while typed,
added, disabled, deleted; a limit in force on a page that is open elsewhere, without a reload."""

from tools import PHONE


def components_by_mouse(walk, ada):
    page = ada.page
    ada.go("/parts")
    page.get_by_role("link", name="Add component…").click()
    ada.looks_well("component-kinds-1440")
    page.get_by_label("Search", exact=True).fill("pedals key")
    page.get_by_role("button", name="Search").click()
    assert page.locator(".kinds li").count() == 1, "the search finds one kind"
    page.get_by_role("link", name="EV driver controls").click()
    checked_while_typed(ada)
    page.get_by_role("button", name="Add component").click()
    ada.sees("Added.")
    ada.looks_well("component-1440")
    page.set_viewport_size(PHONE)
    ada.looks_well("component-390")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Disable").click()
    ada.sees("Disabled. It stays in the profile and is not listened to.")
    ada.go("/parts")
    page.locator(".part", has_text="Second pedals").get_by_text("off", exact=True).wait_for()
    page.get_by_role("link", name="Edit Second pedals").click()
    page.get_by_text("Delete…").click()
    page.get_by_role("button", name="Delete Second pedals").click()
    page.wait_for_url("**/parts")
    assert page.get_by_text("Second pedals").count() == 0, "it is deleted"
    a_limit_is_in_force_elsewhere(walk, ada)


def checked_while_typed(ada):
    """What is wrong stands below the field before anything is sent, and goes when it is mended."""
    page = ada.page
    page.get_by_label("Name", exact=True).fill("Second pedals")
    base = page.get_by_label("Base address")
    base.fill("0x701")
    page.locator("#h-base .wrong", has_text="not a multiple of 0x20").wait_for()
    assert base.get_attribute("aria-invalid") == "true"
    base.fill("0x6a0")
    page.locator("#remarks", has_text="claims 0x6A0 to 0x6BF on this bus too").wait_for()
    base.fill("0x720")
    page.locator("#h-base .wrong").wait_for(state="detached")
    page.wait_for_function("() => document.querySelector('#remarks').textContent.trim() === ''")


def a_limit_is_in_force_elsewhere(walk, ada):
    """Whoever looks at the Parts page sees a limit that somebody else sets, without loading it again."""
    other = ada.page.context.new_page()
    other.goto(walk.server.base + "/parts")
    card = other.locator(".part", has_text="D1000")
    card.get_by_text("ok", exact=True).wait_for()
    loaded = other.evaluate("performance.timeOrigin")
    page = ada.page
    card_here = page.locator(".part", has_text="D1000")
    card_here.get_by_role("link", name="Edit").click()
    limit = page.get_by_label("Highest cell voltage")
    limit.fill("3000")
    page.get_by_role("button", name="Save").click()
    ada.sees("Saved.")
    card.get_by_text("is above the profile's limit of 3000 mV").wait_for()
    assert other.evaluate("performance.timeOrigin") == loaded, "the page was loaded again"
    limit.fill("")
    page.get_by_role("button", name="Save").click()
    ada.sees("Saved.")
    card.get_by_text("ok", exact=True).wait_for()
    other.close()
