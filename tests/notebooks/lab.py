"""A JupyterLab server with settings of its own, for tests that use a notebook by hand, and its cells."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from waiting import LIMIT_S, wait_until

SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # Otherwise outputs outside of the window are not in the document.
    "notebook-extension/tracker": {"windowingMode": "none"},
}


def code_cells(notebook: Path) -> list[str]:
    """The source of every code cell."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@contextmanager
def lab_server(folder: Path, notebooks: Path) -> Iterator[tuple[str, str]]:
    """(address, token) of a JupyterLab over `notebooks` that keeps its files in `folder`."""
    for name, settings in SETTINGS.items():
        extension, plugin = name.split("/")
        place = folder / "settings" / "@jupyterlab" / extension
        place.mkdir(parents=True)
        (place / f"{plugin}.jupyterlab-settings").write_text(json.dumps(settings))
    port, token = _free_port(), secrets.token_hex(16)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
        f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={notebooks}", "--LabApp.news_url=None", "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    environment = os.environ | {name: str(folder / place) for name, place in own.items()}
    with open(folder / "lab.log", "w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api?token={token}", server, folder / "lab.log")
        yield address, token
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    def answers() -> bool:
        try:
            urllib.request.urlopen(address, timeout=LIMIT_S).close()
        except OSError:
            return False
        return True

    try:
        wait_until(answers, server)
    except AssertionError as error:
        raise AssertionError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}") from error


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def command(page: Any, name: str, **options: object) -> None:
    """Have JupyterLab run a command of its own."""
    # Nothing is given back: a widget of JupyterLab holds too much to be written down.
    page.evaluate(
        "async ([name, options]) => { await window.jupyterapp.commands.execute(name, options); }",
        [name, options],
    )


def all_have_run(page: Any, notebook: Path) -> None:
    """Wait until all cells of a notebook have run, without a mistake."""
    from playwright.sync_api import expect

    counts = page.locator(".jp-CodeCell .jp-InputArea-prompt")
    expect(counts).to_have_text(
        [f"[{number}]:" for number in range(1, len(code_cells(notebook)) + 1)]
    )
    expect(page.locator(".jp-OutputArea-output[data-mime-type*=error]")).to_have_count(0)
    expect(page.locator(".jp-OutputArea-output[data-mime-type*=stderr]")).to_have_count(0)
