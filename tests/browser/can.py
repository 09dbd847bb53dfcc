"""The trace and sending by hand, as somebody who may send does both in a browser."""

import re

from tools import PHONE, moves

PATIENCE = 20000


def trace_is_read(ada):
    """The newest frames come by themselves; filtered, paused, searched, taken apart, taken away as a file."""
    page = ada.page
    ada.go("/can/trace")
    moves(page, "#trace-rows")
    ada.looks_well("trace-1440")
    page.get_by_label("Filter", exact=True).fill("mgs:cmu*")
    page.get_by_role("button", name="Filter", exact=True).click()
    ada.sees("did you mean")
    page.get_by_role("link", name="Use msg").click()
    page.wait_for_url("**filter=msg**")
    moves(page, "#trace-rows")
    assert "BMU_" not in page.inner_text("#trace-rows"), "the filter lets something else through"
    page.get_by_role("link", name="Pause").click()
    page.wait_for_url("**until=**")
    before = page.inner_text("#trace-rows")
    moves(page, "#trace-head")
    assert page.inner_text("#trace-rows") == before, "a page that stands still has moved"
    page.get_by_role("link", name="Older frames").click()
    page.get_by_role("link", name="Newer frames").wait_for()
    page.locator("#trace-rows th a").first.click()
    page.locator("#trace-rows tr.detail dl").wait_for()
    ada.looks_well("trace-chosen-1440")
    page.get_by_label("Find in the trace").fill("b0>0")
    page.get_by_role("button", name="Next").click()
    page.wait_for_url("**around=**")
    page.get_by_label("Go to a number or a time").fill("soon")
    page.get_by_role("button", name="Go", exact=True).click()
    ada.sees("is no place")
    page.get_by_text("Download rows as a file").click()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download").click()
    text = taken.value.path().read_text()
    assert re.match(r"\(\d+\.\d+\) demo 6[0-9A-F]{2}#", text), text[:80]


def bus_is_armed(ada):
    """Nothing can be sent before the bus is armed, which asks once and shows on every page."""
    page = ada.page
    ada.go("/can/send")
    ada.looks_well("send-1440")
    assert page.get_by_role("button", name="Send once").is_disabled()
    ada.sees("listened to only")
    page.locator("#send-buses summary").click()
    ada.sees("Arm demo?")
    ada.looks_well("send-arm-1440")
    page.get_by_role("button", name="Arm demo").click()
    ada.sees("The bus is armed.")
    ada.go("/pack")
    page.locator("#bar .chip.armed").wait_for()


def bytes_begin(page, wanted):
    page.wait_for_function("wanted => document.querySelector('#d-bytes').value.startsWith(wanted)", arg=wanted)


def message_is_sent(ada):
    """Bytes, numbers and signals are one frame, whichever of them is typed."""
    page = ada.page
    ada.go("/can/send")
    page.get_by_label("Message").fill("EVDC_Heartbeat")
    page.get_by_label("Message").blur()
    page.get_by_label("DeviceId", exact=True).wait_for()
    page.get_by_label("DeviceId", exact=True).fill("4660")
    page.get_by_label("DeviceId", exact=True).press("Enter")
    bytes_begin(page, "34 12 00 00")
    assert page.get_by_label("Number", exact=True).input_value() == "4660"
    page.get_by_label("Number", exact=True).fill("4661")
    page.get_by_label("Number", exact=True).press("Enter")
    bytes_begin(page, "35 12 00 00")
    page.get_by_label("Id 0x").fill("7A5")
    page.get_by_label("Bytes").fill("11 2x")
    page.get_by_label("Bytes").press("Enter")
    ada.sees("is no byte")
    page.get_by_label("Bytes").fill("11 22")
    page.get_by_label("Bytes").press("Enter")
    page.wait_for_url("**bytes=11%2022**")
    page.get_by_role("button", name="Send once").click()
    ada.sees("Handed to the bus.")
    ada.go("/can/send?bus=demo&id=7A6&bytes=00%2000&every=50&name=walk&counter=yes")
    page.get_by_role("button", name="Start the schedule").click()
    ada.sees("How it is doing is shown below.")
    page.get_by_role("button", name="Stop walk").wait_for()
    moves(page, "#send-schedules")
    ada.looks_well("send-running-1440")
    ada.go("/can/trace?filter=id:7A5..7A6%20dir:tx")
    moves(page, "#trace-rows")
    rows = page.inner_text("#trace-rows")
    assert "0x7A6" in rows and "tx" in rows, rows[:200]
    ada.go("/can/trace?filter=id:7A5")
    assert "11 22" in page.inner_text("#trace-rows")


def message_is_kept(ada):
    page = ada.page
    ada.go("/can/send?bus=demo&id=7A7&bytes=01&every=100&name=kept%20one&key=F5")
    page.get_by_role("button", name="Keep in the profile").click()
    ada.sees("Kept in the profile, under its name.")
    page.get_by_role("button", name="Send kept one").click()
    ada.sees("Handed to the bus.")
    page.get_by_role("button", name="Start kept one").click()
    page.get_by_role("button", name="Stop kept one").wait_for()


def everything_is_silenced(walk, ada):
    """One button on every page, for everybody signed in; nothing goes out any more."""
    page = ada.page
    state = ada.context.storage_state()
    phone = walk.person("ada", PHONE, storage_state=state)
    for path in ("/can/send", "/can/trace"):
        phone.go(path)
        phone.looks_well(f"{path.strip('/').replace('/', '-')}-armed-390")
    assert phone.page.locator("#bar button.silence").is_visible(), "silence is out of reach on a phone"
    phone.context.close()
    ada.go("/pack")
    page.locator("#bar button.silence").click()
    page.locator("#bar .chip.armed").wait_for(state="detached", timeout=PATIENCE)
    ada.at("/pack")
    ada.go("/can/send")
    ada.sees("silenced by ada")
    sent = page.inner_text("#send-schedules td[data-label=Sent] >> nth=0")
    page.wait_for_timeout(1500)
    assert page.inner_text("#send-schedules td[data-label=Sent] >> nth=0") == sent, "it is still sent"
    page.get_by_role("button", name="Forget kept one").last.click()
    ada.sees("Taken")


def can_by_mouse(walk, ada):
    trace_is_read(ada)
    bus_is_armed(ada)
    message_is_sent(ada)
    message_is_kept(ada)
    everything_is_silenced(walk, ada)
