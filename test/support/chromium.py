"""A headless Chromium, driven over its devtools protocol: opens a page, reads its text, takes pictures of it."""
from __future__ import annotations

import base64
import io
import itertools
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from PIL import Image
from websockets.sync.client import connect

EXECUTABLE = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
MISSING = 'needs a browser: sudo apt install chromium'
FLAGS = ('--headless', '--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-quic',
         '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
         '--disable-dev-shm-usage', '--mute-audio', '--remote-debugging-port=0',
         '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1')  # the internet is not there
LIMIT_S = 120.0  # far more than needed: a machine may be busy with other things


class Chromium:
    """One browser with one page; everything it writes lies in `folder`."""

    def __init__(self, folder: Path, width: int = 1000, height: int = 800) -> None:
        self._folder, self._numbers = folder, itertools.count(1)
        self._process = subprocess.Popen(
            [str(EXECUTABLE), *FLAGS, f'--window-size={width},{height}', f'--user-data-dir={folder}', 'about:blank'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port = until(self._port, 'a browser')
        with urllib.request.urlopen(f'http://127.0.0.1:{port}/json/list') as answer:
            page = next(target for target in json.load(answer) if target['type'] == 'page')
        self._socket = connect(page['webSocketDebuggerUrl'], max_size=None)

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait()

    def open(self, address: str) -> None:
        self._ask('Page.navigate', url=address)

    def text(self) -> str:
        """All text that is to be seen."""
        said = self._ask('Runtime.evaluate', expression='document.body.innerText', returnByValue=True)
        return str(said['result'].get('value', ''))

    def picture(self) -> np.ndarray:
        """The page (height, width, 3) RGB."""
        data = base64.b64decode(self._ask('Page.captureScreenshot', format='png')['data'])
        return np.asarray(Image.open(io.BytesIO(data)).convert('RGB'))

    def _port(self) -> str | None:
        told = self._folder / 'DevToolsActivePort'
        return told.read_text().split()[0] if told.is_file() and told.read_text() else None

    def _ask(self, method: str, **parameters: object) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({'id': number, 'method': method, 'params': parameters}))
        while (answer := json.loads(self._socket.recv(LIMIT_S))).get('id') != number:
            pass
        return answer['result']


def until(condition: Callable[[], Any], what: str, pause_s: float = 0.1) -> Any:
    """The first true value of `condition()`; fails, naming `what`, when none comes in time."""
    deadline = time.monotonic() + LIMIT_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f'{what}: not within {LIMIT_S} s'
        time.sleep(pause_s)
    return value
