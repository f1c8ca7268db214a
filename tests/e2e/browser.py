"""A headless Chromium for tests of pages, over the DevTools protocol on two pipes. Skips where none is installed."""
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

import pytest

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-quic", "--force-device-scale-factor=1", "--remote-debugging-pipe"]
PATIENCE = 120  # seconds for an answer: a busy machine is no failure


class Failed(Exception):
    """What the page threw, or the browser refused."""


class Browser:
    def __init__(self):
        program = shutil.which("chromium")
        if not program:
            pytest.skip("chromium is not installed, so no page was opened in a browser")
        self.folder = tempfile.TemporaryDirectory(prefix="mushir-browser-", ignore_cleanup_errors=True)
        read_end, self.to = os.pipe()
        self.back, write_end = os.pipe()

        def wire():  # the browser reads commands from 3 and answers on 4
            a, b = os.dup(read_end), os.dup(write_end)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen([program, *FLAGS, f"--user-data-dir={self.folder.name}/profile", "about:blank"], preexec_fn=wire,
                                        pass_fds=(3, 4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(read_end)
        os.close(write_end)
        self.number, self.received, self.events = 0, b"", []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.to)
        os.close(self.back)
        self.folder.cleanup()

    def message(self):
        """The next message of the browser."""
        while b"\0" not in self.received:
            if not select.select([self.back], [], [], PATIENCE)[0]:
                raise Failed("the browser is silent")
            more = os.read(self.back, 1 << 20)
            if not more:
                raise Failed("the browser went away")
            self.received += more
        text, _, self.received = self.received.partition(b"\0")
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        command = {"id": self.number, "method": method, "params": parameters}
        if hasattr(self, "session"):
            command["sessionId"] = self.session
        left = json.dumps(command).encode() + b"\0"
        while left:
            left = left[os.write(self.to, left):]
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    raise Failed(message["error"]["message"])
                return message["result"]
            self.events.append(message)

    def open(self, path):
        """Load a file; returns when its scripts ran."""
        self.visit(pathlib.Path(path).as_uri())

    def visit(self, url):
        """The same with an address."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(self.message())

    def run(self, expression):
        """The value of an expression of the page; what it threw is raised."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise Failed(details.get("exception", {}).get("description") or details["text"])
        return result["result"].get("value")

    def complaints(self):
        """What the page threw, and what the browser refused it (the policy, the network)."""
        self.run("0")
        return [json.dumps(e["params"]) for e in self.events
                if e.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded") or e.get("method") == "Runtime.consoleAPICalled"]

    def requests(self):
        """The addresses that the page asked for."""
        return [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]

    def until(self, expression):
        """Wait until an expression of the page is true."""
        deadline = time.monotonic() + PATIENCE
        while not self.run(f"Boolean({expression})"):
            assert time.monotonic() < deadline, f"never true: {expression}"
            time.sleep(0.02)

    # ---- as people do ----

    def mouse(self, kind, x, y, buttons=0):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="none" if kind == "mouseMoved" else "left", buttons=buttons, clickCount=1)

    def click(self, x, y):
        self.drag((x, y), (x, y))

    def drag(self, start, end):
        self.mouse("mouseMoved", *start)
        self.mouse("mousePressed", *start, buttons=1)
        if start != end:
            self.mouse("mouseMoved", (start[0] + end[0]) / 2, (start[1] + end[1]) / 2, buttons=1)
            self.mouse("mouseMoved", *end, buttons=1)
        self.mouse("mouseReleased", *end)

    def box(self, selector):
        """(left, top, width, height) of an element, scrolled into view."""
        return self.run(f"""(() => {{ const node = document.querySelector({json.dumps(selector)}); node.scrollIntoView({{ block: "center" }});
            const b = node.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; }})()""")

    def press(self, selector):
        """Click the middle of an element."""
        left, top, width, height = self.box(selector)
        self.click(left + width / 2, top + height / 2)

    def key(self, name, shift=False):
        text = name if len(name) == 1 else "\r" if name == "Enter" else ""
        code = {"Enter": 13, "Escape": 27, "Tab": 9, "Delete": 46}.get(name, 0)
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, text=text if kind == "keyDown" else "", modifiers=8 if shift else 0,
                      windowsVirtualKeyCode=code)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def media(self, scheme="light", kind=""):
        self.call("Emulation.setEmulatedMedia", media=kind, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)


@pytest.fixture(scope="module")
def browser():
    shown = Browser()
    yield shown
    shown.close()
