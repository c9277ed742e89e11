"""The tables of the page: healing log, cores, commands, the checkpoint's metadata."""

from __future__ import annotations

from html import escape
from itertools import zip_longest
from typing import Any

from workbench.experiments.demo.page.figures import Figures
from workbench.experiments.demo.record import CoreRecord, Demonstration, LogLine

_CYCLES = (
    "The emulator counts instructions, not clock cycles: real chips need more cycles than "
    "instructions, for loads and slow flash above all, so each share of a clock is a lower bound."
)


def log_table(demo: Demonstration) -> str:
    """The healer's log line by line: the simulation's, and beside it the device's where it ran."""
    device = demo.device.log if demo.device else ()
    pairs = zip_longest(demo.simulation.log, device)
    rows = "".join(_log_row(demo, simulated, on_device) for simulated, on_device in pairs)
    columns = ["Time", "Page", "Holds", "Simulation"]
    if demo.device:
        columns += [f"Device ({demo.device.core})", "Equal"]
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    return f"""<div class="scroll log" role="region" tabindex="0" aria-label="The healer's log">
<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"""


def _log_row(demo: Demonstration, simulated: LogLine | None, device: LogLine | None) -> str:
    line = simulated or device
    assert line is not None  # zip_longest yields at least one of a pair
    row = (
        f"<tr><td>{line.frame * demo.frame_s:.3f} s</td><td>{line.page}</td>"
        f"<td><code>{escape(', '.join(line.holds))}</code></td><td>{_finding(simulated)}</td>"
    )
    if demo.device:
        row += f"<td>{_finding(device)}</td><td>{_yes_no(simulated == device)}</td>"
    return row + "</tr>"


def _finding(line: LogLine | None) -> str:
    if line is None:
        return '<span class="soft">nothing</span>'
    return escape(f"{line.diagnosis} → {line.remedy} → {line.verdict}")


def _yes_no(yes: bool) -> str:
    return '<span class="yes">yes</span>' if yes else '<span class="no">no</span>'


def cores_table(demo: Demonstration, figures: Figures) -> str:
    """What each emulated core needs, or why there is no such table."""
    if demo.device is None:
        return f'<p class="notice" role="note">{escape(demo.device_absent)}</p>'
    columns = "".join(
        f'<th scope="col">{escape(core.core)}<small>{escape(core.board)}</small></th>'
        for core in demo.device.cores
    )
    rows = "".join(
        f'<tr><th scope="row">{label.format(pages=demo.simulation.pages_per_frame)}</th>'
        + "".join(f"<td>{cell(core, figures)}</td>" for core in demo.device.cores)
        + "</tr>"
        for label, cell in _CORE_ROWS.items()
    )
    return f"""<div class="scroll" role="region" tabindex="0" aria-label="Costs on each core">
<table class="cores"><thead><tr><th scope="col"><span class="hidden">Cost</span></th>{columns}</tr></thead><tbody>{rows}</tbody></table></div>
<p class="soft">{_CYCLES} The healer checks {figures.number("life", "pages_per_frame")} pages a frame here; with fewer it takes fewer instructions and longer to come by.</p>"""


def _number(core: CoreRecord, field: str, figures: Figures, **options: Any) -> str:
    return figures.number("device", "cores", core.core, field, **options)


def _share(used: str, whole: str, core: CoreRecord, figures: Figures) -> str:
    share = getattr(core, used) / getattr(core, whole)
    return (
        f"{_number(core, used, figures, scale=1 / 1024, digits=1)} of "
        f"{_number(core, whole, figures, scale=1 / 1024)} KiB{_bar(share)}"
    )


def _bar(share: float) -> str:
    full = "over" if share > 1 else ""
    return f'<span class="bar {full}" aria-hidden="true"><i style="width:{min(share, 1):.1%}"></i></span>'


def _load(core: CoreRecord, figures: Figures) -> str:
    return (
        f"at least {_number(core, 'share_of_clock', figures, scale=100, digits=1)} % of "
        f"{_number(core, 'clock_hz', figures, scale=1e-6)} MHz{_bar(core.share_of_clock)}"
    )


def _pace(core: CoreRecord, figures: Figures) -> str:
    if core.share_of_clock > 1:
        return "no: too slow"
    cycles = _number(core, "cycles_per_instruction", figures, digits=2)
    return f"only if an instruction takes no more than {cycles} cycles"


_CORE_ROWS = {
    "Instructions a frame": lambda core, figures: _number(core, "instructions_per_frame", figures),
    "Of them the healer's, at {pages} pages a frame": lambda core, figures: _number(
        core, "healer_instructions", figures
    ),
    "Share of the board's clock": _load,
    "Keeps up with the sound": _pace,
    "Flash": lambda core, figures: _share("flash_bytes", "flash_size_bytes", core, figures),
    "RAM": lambda core, figures: _share("ram_bytes", "ram_size_bytes", core, figures),
    "Samples equal to the reference": lambda core, figures: (
        f"{_number(core, 'equal', figures)} of {_number(core, 'samples', figures)}"
    ),
}


def commands_table(demo: Demonstration) -> str:
    """Which command makes which figure."""
    rows = "".join(
        f"<tr><td>{escape(what)}</td><td><code>{escape(command)}</code></td></tr>"
        for what, command in demo.commands
    )
    return f"<table><thead><tr><th scope='col'>What</th><th scope='col'>Command</th></tr></thead><tbody>{rows}</tbody></table>"


def metadata_list(demo: Demonstration) -> str:
    """The checkpoint's metadata and the hashes, as a description list."""
    rows = {
        **demo.metadata,
        **{f"{name.title()} (SHA-256)": digest for name, digest in demo.hashes.items()},
    }
    return (
        "<dl>"
        + "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in rows.items()
        )
        + "</dl>"
    )
