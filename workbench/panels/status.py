"""The status of a panel: the current step in a line, and results dimmed while they are out of date.

Controls stay enabled meanwhile: a control that is disabled loses the keyboard's focus, and what is changed
while a result is computed is computed next.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from html import escape

import ipywidgets as widgets
from IPython.core.getipython import get_ipython
from IPython.display import HTML, display

from workbench.errors import WorkbenchError, reason_of
from workbench.panels.stop import interruptible, stop_button
from workbench.panels.views import failed

STALE = "workbench-stale"  # CSS class of results that are older than the settings
_STYLE = f"""<style>
.{STALE} {{ opacity: .35; filter: grayscale(1); }}
.workbench-busy::before {{ content: ""; display: inline-block; width: .8em; height: .8em;
  margin-right: .5em; vertical-align: -.1em; border-radius: 50%; border: 2px solid currentColor;
  border-right-color: transparent; animation: workbench-turn 1s linear infinite; }}
.workbench-busy {{ display: inline-block; margin-right: 1em; }}
@keyframes workbench-turn {{ to {{ transform: rotate(1turn); }} }}
@media (prefers-reduced-motion: reduce) {{ .workbench-busy::before {{ animation: none; }} }}
</style>"""


def in_notebook() -> bool:
    """Whether a kernel runs this, so that what is displayed lies below a cell."""
    return hasattr(get_ipython(), "kernel")


_place: ContextVar[widgets.Box | None] = ContextVar("place", default=None)


@contextmanager
def made_in(box: widgets.Box) -> Iterator[None]:
    """Show in `box`, rather than below a cell, what a panel that is made within the block says meanwhile."""
    token = _place.set(box)
    try:
        yield
    finally:
        _place.reset(token)


class Status(widgets.HTML):
    """A line of a panel: empty, what is being done, or the sentence of what went wrong.

    results: the widgets that are dimmed while, and as long as, they do not show the present settings. go_on: what goes
    on after an interruption, in words.
    """

    value: str

    def __init__(
        self, results: Sequence[widgets.Widget], *, go_on: str = "change a setting to go on"
    ) -> None:
        super().__init__(_STYLE, layout=widgets.Layout(width="auto", min_height="1.8rem"))
        self.results, self._go_on = tuple(results), go_on

    @contextmanager
    def shown(self, what: str) -> Iterator[None]:
        """Show this line alone below the notebook's cell, first with `what`, while the block makes the panel.

        A panel is shown when its cell has ended, and its first results are computed before that. Where it is `made_in`
        a box, the line is shown there.
        """
        self.tell(what)
        first, place, handle = self.value, _place.get(), None
        if place is not None:
            place.children = (self,)
        elif in_notebook():
            handle = display(self, display_id=True)
        try:
            yield
        finally:
            if handle is not None:
                handle.update(HTML(""))
            if self.value == first:  # nothing was computed that would have ended it
                self.value = _STYLE

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Say what is being done and dim the results until the block has ended well.

        Whatever goes wrong in the block becomes a sentence here and leaves the results dimmed: a panel's
        callback has nobody else to tell. The traceback of what is no WorkbenchError goes to Python's log.
        """
        for each in self.results:
            each.add_class(STALE)
        self.tell(what)
        try:
            with interruptible():
                yield
        except WorkbenchError as error:
            self._fail(str(error))
        except KeyboardInterrupt:
            self._fail(f"interrupted before the result was there; {self._go_on}")
        except Exception as error:
            logging.getLogger(__name__).exception("a panel failed while %s", what)
            self._fail(
                f"{reason_of(error)}, while {what}; this is a defect "
                "of the workbench or of an own strategy, and Python's log has its traceback"
            )
        else:
            self.value = _STYLE
            for each in self.results:
                each.remove_class(STALE)

    def tell(self, what: str) -> None:
        """Say in the line that `what` is being done, beside a button that stops it."""
        text = escape(what[:1].upper() + what[1:])
        self.value = (
            f'{_STYLE}<div role="status" class="workbench-busy">{text} …</div>{stop_button()}'
        )

    def counting(self, what: str, total: int) -> Callable[[object], None]:
        """Say how many of `total` steps of `what` are done, and how long the others will take.

        Returns what is called after each step, with anything.
        """
        started, done = time.monotonic(), 0

        def step(_: object) -> None:
            nonlocal done
            done += 1
            left = (time.monotonic() - started) / done * (total - done)
            self.tell(f"{what}: {done} of {total}, about {left:.0f} s left")

        self.tell(f"{what}: 0 of {total}")
        return step

    def _fail(self, sentence: str) -> None:
        self.value = _STYLE + failed(sentence)
