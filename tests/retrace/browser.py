"""A headless Chromium that is on this machine, spoken to through pipes; nothing is fetched for it."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--remote-debugging-pipe",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


def found() -> str:
    """Its path; empty where there is none."""
    return next((place for name in NAMES if (place := shutil.which(name))), "")


class Browser:
    """One tab. `asked` lists every address that a page asked for."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._rest, self._count, self.asked = b"", 0, []
        self._events: list[dict[str, Any]] = []
        target = self._call("Target.createTarget", url="about:blank", session="")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True, session="")["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self._call(f"{domain}.enable")

    def open(self, address: str) -> None:
        """Goes to an address and waits until it is loaded."""
        self._events.clear()
        self._call("Page.navigate", url=address)
        self._loaded()

    def click(self, selector: str) -> None:
        """Follows the first link that a selector finds."""
        self._events.clear()
        self.run(f"document.querySelector({json.dumps(selector)}).click()")
        self._loaded()

    def run(self, script: str) -> Any:
        """The value of a script, or of the promise that it gives."""
        made = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in made, made["exceptionDetails"]
        return made["result"].get("value")

    def look(self, width: int, height: int = 900, dark: bool = False, scripts: bool = True) -> None:
        """Sets the window's size, the person's choice of colours, and whether scripts run."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self._call("Emulation.setScriptExecutionDisabled", value=not scripts)

    def picture(self, place: Path, whole: bool = False) -> None:
        """Writes what is seen as a PNG; with `whole` the page to its end."""
        made = self._call("Page.captureScreenshot", captureBeyondViewport=whole)
        place.write_bytes(base64.b64decode(made["data"]))

    def _loaded(self) -> None:
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._hear()

    def _call(self, method: str, session: str | None = None, **words: Any) -> Any:
        self._count += 1
        message = {"id": self._count, "method": method, "params": words}
        session = self._session if session is None else session
        message |= {"sessionId": session} if session else {}
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while (answer := self._hear()).get("id") != self._count:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            came = os.read(self._receive, 1 << 16)
            assert came, "the browser ended"
            self._rest += came
        text, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(text)
        if "method" in message:
            self._events.append(message)
            if message["method"] == "Network.requestWillBeSent":
                self.asked.append(message["params"]["request"]["url"])
        return message


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser with a profile in an empty folder."""
    theirs, send = os.pipe()
    receive, ours = os.pipe()
    words = [found(), *QUIET, f"--user-data-dir={folder}"]
    line = f'exec "$@" 3<&{theirs} 4>&{ours}'
    process = subprocess.Popen(
        ["bash", "-c", line, "bash", *words], pass_fds=(theirs, ours), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    os.close(ours)
    try:
        yield Browser(send, receive)
    finally:
        os.close(send)
        process.wait(timeout=30)
        os.close(receive)
