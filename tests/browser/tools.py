"""A running server, browsers of several people, and what every page must be like."""

import copy
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import time

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
# What the browser says of an answer that was meant to refuse.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (401|403|404|409|412|422|429)")


class Server:
    """`busbar serve` on a free port. On a folder of its own it runs the demo or a profile of this text, and
    has the link for the first administrator; on a folder that is there already, what that remembers."""

    def __init__(self, program, profile=None, folder=None):
        self.own = None if folder else tempfile.TemporaryDirectory(prefix="busbar-browser-")
        self.folder = pathlib.Path(folder or self.own.name)
        wanted = [] if folder else ["--demo"]
        if profile:
            name, text = profile
            profiles = self.folder / "profiles"
            profiles.mkdir()
            (profiles / f"{name}.toml").write_text(text, encoding="utf-8")
            wanted = ["--profile", name]
        command = [program, "serve", *wanted, "--listen", "127.0.0.1:0", "--data-dir", str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.said = []
        self.link = None
        self.base = None
        found = threading.Event()

        def listen():
            for line in self.process.stderr:
                self.said.append(line.rstrip())
                base = re.search(r"listens on (https?://[^/\s]+)/", line)
                if base:
                    self.base = base.group(1)
                link = re.search(r"https?://\S+/set-up/[\w-]+", line)
                if link:
                    self.link = link.group(0)
                if self.base and (self.link or folder):
                    found.set()

        threading.Thread(target=listen, daemon=True).start()
        if not found.wait(60):
            self.stop()
            raise SystemExit("FAILED: no address or no set-up link was printed:\n" + "\n".join(self.said))

    def stop(self):
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise SystemExit("FAILED: the server does not end")
        finally:
            if self.own:
                self.own.cleanup()
        if self.process.returncode != 0:
            raise SystemExit(f"FAILED: the server ended with {self.process.returncode}: " + "\n".join(self.said[-5:]))


class Person:
    """One browser profile, with one page that is watched for complaints."""

    def __init__(self, walk, name, size=WIDE, **options):
        self.walk = walk
        self.name = name
        self.context = walk.browser.new_context(viewport=size, has_touch=size is PHONE, **options)
        self.context.set_default_timeout(15000)
        self.page = self.context.new_page()
        self.page.on("console", self.complain)
        self.page.on("pageerror", lambda error: walk.complaints.append(f"{name}: {error}"))

    def complain(self, message):
        if message.type in ("error", "warning") and not REFUSED.search(message.text):
            self.walk.complaints.append(f"{self.name} at {self.page.url}: {message.text}")

    def go(self, path, status=200):
        address = path if path.startswith("http") else self.walk.server.base + path
        answer = self.page.goto(address)
        assert answer.status == status, f"{self.name} at {path}: {answer.status} instead of {status}"
        return answer

    def at(self, path):
        """Waits until the page with this path is there."""
        self.page.wait_for_url(re.compile(re.escape(self.walk.server.base + path) + r"(\?.*)?$"))

    def sees(self, text):
        self.page.get_by_text(text).filter(visible=True).first.wait_for()

    def sign_in(self, password, path="/"):
        self.go("/sign-in")
        self.page.get_by_label("Name").fill(self.name)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.at(path)

    def status_of(self, method, path):
        """What a script of this page gets for a request, with the page's own form token."""
        return self.page.evaluate(
            """async ([method, path]) => {
                const token = document.querySelector('[name=form_token]').value;
                const headers = {'Content-Type': 'application/x-www-form-urlencoded', 'X-Form-Token': token};
                const body = method === 'GET' ? undefined : 'form_token=' + token;
                return (await fetch(path, {method, headers, body, redirect: 'manual'})).status;
            }""",
            [method, path],
        )

    def looks_well(self, shot):
        """No sideways scrolling, nothing that leaves its card or its cell, and nothing serious for axe to say."""
        page = self.page
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{shot} is {over} px wider than the screen"
        left = page.evaluate(
            """() => [...document.querySelectorAll('section.panel, td.right')]
                .filter((one) => one.scrollWidth > one.clientWidth + 1)
                .map((one) => one.textContent.trim().slice(0, 60))"""
        )
        self.walk.complaints.extend(f"{shot}: wider than its card or cell: {text}" for text in left[:3])
        found = Axe().run(page).response["violations"]
        grave = [v for v in found if v["impact"] in ("serious", "critical")]
        said = [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:160]}" for v in grave]
        self.walk.complaints.extend(f"axe at {shot}: {line}" for line in said)
        if self.walk.shots:
            page.screenshot(path=self.walk.shots / f"{shot}.png")


class Walk:
    """A browser and a server, and what they complained about."""

    def __init__(self, program, browser):
        self.complaints = []
        self.program = program
        folder = os.environ.get("BUSBAR_SHOTS")
        self.shots = pathlib.Path(folder) if folder else None
        if self.shots:
            self.shots.mkdir(parents=True, exist_ok=True)
        self.server = Server(program)
        self.playwright = sync_playwright().start()
        self.browser = self.playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])

    def person(self, name, size=WIDE, **options):
        return Person(self, name, size, **options)

    def beside(self, profile=None, folder=None):
        """The same browser on a second server, with a profile of its own or on a folder that is there."""
        other = copy.copy(self)
        other.server = Server(self.program, profile, folder)
        return other

    def end(self):
        self.browser.close()
        self.playwright.stop()
        self.server.stop()


def moves(page, selector):
    """The text of an element changes by itself, on the same page."""
    page.evaluate("window.stillHere = true")
    before = page.inner_text(selector)
    page.wait_for_function("([s, b]) => document.querySelector(s).innerText !== b", arg=[selector, before])
    assert page.evaluate("window.stillHere"), "the page was loaded again"


def seconds_until(person, path):
    began = time.monotonic()
    person.at(path)
    return time.monotonic() - began
