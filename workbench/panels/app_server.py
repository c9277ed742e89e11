"""The page of `make app`: the tabs of `wb.App` without a notebook, served by Voila to this machine alone.

`python -m workbench.panels.app_server FOLDER` keeps the page and what is made in it in FOLDER. It prints the address,
whose token no other user of this machine knows, and ends with Ctrl-C.
"""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.files import output_folder, write_text

_TITLE = "Self-Healing tinyML Audio Workbench"
_HEAD = f"# {_TITLE}\n\nA voice in bytes: flip its bits, heal it, flash it. [Light](?theme=light) or [dark](?theme=dark)."
_TEMPLATE = Path(__file__).with_name("app_page")
_PORT = 8866


def page(folder: Path) -> Path:
    """Write the notebook that the page shows; WorkbenchError where it cannot be written."""
    path = output_folder(folder) / "app.ipynb"
    code: dict[str, Any] = {
        "execution_count": None,
        "outputs": [],
        "source": "import workbench as wb\n\nwb.App()",
    }
    notebook = {
        "cells": [
            {"cell_type": "markdown", "id": "head", "metadata": {}, "source": _HEAD},
            {"cell_type": "code", "id": "tabs", "metadata": {}, **code},
        ],
        "metadata": {
            "title": _TITLE,
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    write_text(path, json.dumps(notebook, indent=1) + "\n")
    return path


def serve(folder: Path, port: int = _PORT) -> None:
    """Serve the page until Ctrl-C.

    Args:
        folder: That the page lies in, and the results of its panels.
        port: To begin with; where it is taken, another one.

    Raises:
        WorkbenchError: There is no Voila, or the folder cannot be written.
    """
    try:
        from voila.app import Voila
    except ImportError as error:
        raise WorkbenchError(
            "the page needs Voila, which is not installed; install the extra 'app', as `make app` does"
        ) from error
    from jupyter_server.services.kernels.handlers import KernelActionHandler, _kernel_id_regex
    from tornado.ioloop import IOLoop

    class Server(Voila):
        """Voila with a template of ours, whose pages may interrupt their kernels as the button Stop does."""

        def setup_template_dirs(self) -> None:
            super().setup_template_dirs()
            self.template_paths.insert(0, str(_TEMPLATE))
            self.voila_configuration.page_config_hook = self._with_token

        @staticmethod
        def _with_token(current_page_config: dict[str, Any], **_: object) -> dict[str, Any]:
            """For Stop, which asks the server as JupyterLab does."""
            return {**current_page_config, "token": token}

        def init_handlers(self) -> list[Any]:
            stop = rf"/api/kernels/{_kernel_id_regex}/(?P<action>interrupt)"
            IOLoop.current().add_callback(self._tell)  # once it listens
            return [(stop, KernelActionHandler), *super().init_handlers()]

        def _tell(self) -> None:
            print(f"Open http://127.0.0.1:{self.port}/?token={token}\nCtrl-C ends it.", flush=True)

    token = secrets.token_hex(16)
    Server.launch_instance(
        [str(page(folder))],
        ip="127.0.0.1",
        port=port,
        open_browser=False,
        token=token,
        log_level="WARN",
        # Names that lead here from elsewhere are refused.
        tornado_settings={"allow_remote_access": False},
    )


def main(words: list[str]) -> int:
    """Serve the page in FOLDER; exit status 2 with one sentence where it cannot."""
    try:
        if len(words) != 1:
            raise WorkbenchError(f"one folder is needed, and {len(words)} are given")
        serve(Path(words[0]))
    except WorkbenchError as error:
        print(f"app: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
