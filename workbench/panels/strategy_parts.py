"""Controls for the parts of a strategy: a row for each guard or monitor, and its policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import ipywidgets as widgets

from workbench.errors import WorkbenchError
from workbench.healing.remedies import REMEDIES
from workbench.healing.strategies.composing import guard
from workbench.healing.strategies.policy import Policy
from workbench.healing.strategies.strategy import Guard, Strategy
from workbench.healing.strategies.strategy_toml import guard_settings
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.watches.areas import KINDS

_NOTHING = "only report"
_SHOWN = ("unit_bytes", "keep", "per_frame")  # settings with a control of their own
_OPTIONS: dict[str, Any] = {
    "style": {"description_width": "5.5rem"},
    "layout": widgets.Layout(width="auto"),
}


class GuardRow(widgets.VBox):
    """The controls of one guard; `made` is what they say.

    Args:
        given: To begin with. What has no control here is kept as it is.
        changed: Called after every change.
        removed: Called when the row is to go.
    """

    def __init__(
        self, given: Guard, changed: Callable[[], None], removed: Callable[[GuardRow], None]
    ) -> None:
        settings = guard_settings(given)
        self.code = settings.pop("code")
        sections = settings.pop("sections", WORKING_SECTIONS)
        ladder = " > ".join(settings.pop("repair")) or _NOTHING
        self._others = {name: settings[name] for name in settings if name not in _SHOWN}
        self.sections = {
            name: widgets.Checkbox(
                value=name in sections, description=name, indent=False,
                layout=widgets.Layout(width="6rem"),
            )
            for name in WORKING_SECTIONS
        }  # fmt: skip
        self.controls: dict[str, widgets.Widget] = {
            "repair": widgets.Combobox(
                value=ladder, options=_ladders(ladder), ensure_option=False,
                continuous_update=False, description="Remedies", **_OPTIONS,
            ),
            "per_frame": widgets.BoundedIntText(
                value=given.per_frame, min=0, max=4096, description="per frame", **_OPTIONS
            ),
        }  # fmt: skip
        if given.area.kind.divided:
            self.controls["unit_bytes"] = widgets.BoundedIntText(
                value=given.area.unit_bytes, min=8, max=1 << 20, step=8, description="unit, bytes",
                **_OPTIONS,
            )  # fmt: skip
        if "keep" in given.area.kind.fields:
            self.controls["keep"] = widgets.Dropdown(
                options=["flash", "ram"], value=given.area.keep, description="checks in", **_OPTIONS
            )
        remove = widgets.Button(
            description="Remove",
            tooltip=f"Remove this {self.code}",
            layout=widgets.Layout(width="auto"),
        )
        remove.on_click(lambda _: removed(self))
        for control in (*self.sections.values(), *self.controls.values()):
            control.observe(lambda _: changed(), names="value")
        title = widgets.HTML(f"<b>{self.code}</b> {self._also()}")
        wrapped = widgets.Layout(flex_flow="row wrap")
        super().__init__(
            [
                widgets.HBox([title, *self.sections.values(), remove], layout=wrapped),
                widgets.HBox(list(self.controls.values()), layout=wrapped),
            ],
            layout=widgets.Layout(
                border_left="3px solid var(--jp-border-color1)",
                padding="0 0 0 .6rem",
                margin=".3rem 0",
            ),
        )

    def made(self) -> Guard:
        """The guard; WorkbenchError, with the reason, for parts that do not go together."""
        sections = [name for name, box in self.sections.items() if box.value]
        if not sections:
            raise WorkbenchError(f"{self.code} watches no section; tick at least one, or remove it")
        settings = {
            name: control.value for name, control in self.controls.items() if name != "repair"
        }
        text = self.controls["repair"].value.strip()
        ladder = [] if text == _NOTHING else [each.strip() for each in text.split(">")]
        return guard(self.code, *sections, repair=ladder, **self._others, **settings)

    def _also(self) -> str:
        """Settings without a control, in words."""
        parts = [f"{name} = {_brief(value)}" for name, value in self._others.items()]
        return f'<span style="color: var(--jp-ui-font-color2)">{", ".join(parts)}</span>'


class PolicyForm(widgets.HBox):
    """The controls of a policy, and of the numbers that a strategy has besides.

    Args:
        changed: Called after every change.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        usual = {field.name: getattr(Policy(), field.name) for field in fields(Policy)}
        self._of_policy = tuple(usual)
        usual |= {name: getattr(Strategy("none"), name) for name in counts_of_strategy()}
        self.controls = {name: _setting(name, value) for name, value in usual.items()}
        for control in self.controls.values():
            control.observe(lambda _: changed(), names="value")
        super().__init__(list(self.controls.values()), layout=widgets.Layout(flex_flow="row wrap"))

    def show(self, strategy: Strategy) -> None:
        """Let the controls say what a strategy has."""
        for name, control in self.controls.items():
            owner = strategy.policy if name in self._of_policy else strategy
            control.value = getattr(owner, name)

    def applied(self, strategy: Strategy, guards: tuple[Guard, ...]) -> Strategy:
        """The strategy with these guards and what the controls say; WorkbenchError for what cannot be."""
        values = {name: control.value for name, control in self.controls.items()}
        policy = Policy(**{name: values.pop(name) for name in self._of_policy})
        return replace(strategy, guards=guards, policy=policy, **values)


def counts_of_strategy() -> list[str]:
    """Fields of a strategy that are numbers, as its spare pages."""
    return [field.name for field in fields(Strategy) if field.type in ("int", int)]


def _setting(name: str, value: int) -> widgets.Widget:
    title, layout = name.replace("_", " "), widgets.Layout(width="15rem")
    if isinstance(value, bool):
        return widgets.Checkbox(value=value, description=title, indent=False, layout=layout)
    style = {"description_width": "8rem"}
    return widgets.IntText(value=value, description=title, style=style, layout=layout)


def plain_guard(code: str) -> Guard:
    """A guard of a kind with the first remedy that suits it; WorkbenchError for kinds that need more."""
    kind = KINDS[code]
    corrects = ["correct", "restore"] if kind.corrects else ["restore"]
    return guard(code, repair=[] if kind.remedies == () else corrects)


def _ladders(first: str) -> list[str]:
    """Some to choose from; any other can be written."""
    single = [remedy.name.lower() for remedy in REMEDIES]
    return list(dict.fromkeys([first, "restore", "correct > restore", *single, _NOTHING]))


def _brief(value: object) -> str:
    if isinstance(value, tuple) and len(value) > 4:
        return f"{len(value)} values"
    return str(value)
