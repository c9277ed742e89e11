"""HTML of a run on an emulated board: bars of what it takes, its log, a timeline."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from workbench.experiments.emulations.board_runs import BoardRun, Budget
from workbench.experiments.fleets.comparison_pictures import draw_timelines

_LINES = 12
_SOFT = "color: var(--jp-ui-font-color2)"
_FITS, _TOO_MUCH = "#0072b2", "#b02a20"


def bars(run: BoardRun) -> str:
    """HTML of what the firmware takes of the board."""
    rows = "".join(_bar(each) for each in run.budgets)
    return (
        f'<div class="budgets"><b>{escape(run.board.name)}</b> <span style="{_SOFT}">'
        f"{run.board.clock_hz / 1e6:g} MHz</span>{rows}"
        f'<p role="status" class="readout" style="{_SOFT}">{escape(run_in_words(run))}</p></div>'
    )


def run_in_words(run: BoardRun) -> str:
    """The healer's part, how far from real time it is, and how the run under upsets ended."""
    factor = run.real_time_factor
    cycles = f"an instruction may take {1 / factor:.2f} cycles" if factor <= 1 else "too slow"
    return (
        f"{run.clean.instructions_per_frame:,.0f} instructions a frame, {run.healer_instructions:,.0f} of them the "
        f"healer's; real-time factor at least {factor:.2f} ({cycles}); {len(run.upsets)} upsets, "
        f"{len(run.damaged.log)} log entries, wrong bits at the end: {int(run.wrong_bits[-1])}"
    )


def log_list(run: BoardRun) -> str:
    """HTML of the first lines of the log."""
    lines = run.lines()
    shown = "".join(f"<li>{escape(line)}</li>" for line in lines[:_LINES])
    more = f"<li>and {len(lines) - _LINES:,} more</li>" if len(lines) > _LINES else ""
    return f'<ul class="log" style="font-size: .8rem; line-height: 1.3">{shown}{more}</ul>'


def timeline(run: BoardRun) -> str:
    """HTML of the wrong bits over time."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "timeline.png"
        draw_timelines(path, {run.strategy.name: run}, run.script.starts)
        picture = base64.b64encode(path.read_bytes()).decode()
    return (
        f'<img src="data:image/png;base64,{picture}" style="width: 100%" '
        'alt="Wrong bits of the working copy over time">'
    )


def _bar(budget: Budget) -> str:
    colour = _FITS if budget.share <= 1 else _TOO_MUCH
    fits = "" if budget.share <= 1 else ": does not fit"
    label = f"{budget.used:,.0f} of {budget.has:,.0f} {budget.unit}, {budget.share:.1%}{fits}"
    return (
        f'<div style="display: grid; grid-template-columns: 8rem 1fr; gap: 0 .8rem; margin: .35rem 0">'
        f"<span>{escape(budget.name)}</span>"
        f'<div role="meter" aria-label="{escape(budget.name)}" aria-valuemin="0" aria-valuemax="1" '
        f'aria-valuenow="{min(1.0, budget.share):.3f}" aria-valuetext="{escape(label)}" '
        f'style="background: var(--jp-layout-color3, #ddd); border-radius: 4px; height: 1rem; align-self: center">'
        f'<div style="background: {colour}; width: {100 * min(1.0, budget.share):.1f}%; height: 100%; '
        f'border-radius: 4px"></div></div>'
        f'<span></span><span style="{_SOFT}">{escape(label)}</span></div>'
    )
