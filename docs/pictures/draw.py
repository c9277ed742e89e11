"""Draws the pictures of `docs/concepts.md` beside this file: `.venv/bin/python docs/pictures/draw.py`.

Numbers and shapes are those of the shipped voice; only boxes and arrows are drawn by hand.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from workbench.experiments.voices.voice import Voice, open_voice
from workbench.healing.strategies.named import named
from workbench.integer.operators.shifts import requantise
from workbench.integer.reference import run

HERE = Path(__file__).parent
INK, GREY, PALE = "#1f2933", "#7b8794", "#e4e7eb"
BLUE, ORANGE, GREEN = "#c6dcf2", "#fbd5a8", "#c8e6c9"
STRONG_BLUE, STRONG_ORANGE = "#2f5d8a", "#d9730d"
SIZE = 9.0  # inches wide


def board(height: float, width: float = 100.0) -> tuple[Figure, Axes]:
    """An empty drawing whose coordinates are 0 to `width` and 0 to 100 * height / SIZE, y upwards."""
    figure = plt.figure(figsize=(SIZE, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, width * height / SIZE))
    axes.axis("off")
    return figure, axes


def box(axes: Axes, x: float, y: float, w: float, h: float, text: str, fill: str = PALE) -> None:
    """A rounded box from its lower left corner, with centred text."""
    style = "round,pad=0,rounding_size=1"
    axes.add_patch(FancyBboxPatch((x, y), w, h, boxstyle=style, fc=fill, ec=INK, lw=0.8))
    axes.text(x + w / 2, y + h / 2, text, ha="center", va="center", fontsize=9, color=INK)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], text: str = "") -> None:
    """A straight arrow, its text above the middle."""
    style = {"arrowstyle": "-|>", "color": INK, "lw": 1.0, "shrinkA": 1, "shrinkB": 1}
    axes.annotate("", xy=end, xytext=start, arrowprops=style)
    if text:
        x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        axes.text(x, y + 0.9, text, ha="center", va="bottom", fontsize=8, color=INK)


def save(figure: Figure, name: str) -> None:
    """Write NAME.svg, the same bytes each time."""
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None}, facecolor="white")
    plt.close(figure)


def draw_quantisation() -> None:
    """A value becomes a code, and a sum becomes a code by one shift."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(SIZE, 3.3), width_ratios=(1, 1.45))
    exponent, low, high = -2, -4, 3
    values = np.linspace(-1.3, 1.1, 2000)
    codes = np.clip(np.floor(np.ldexp(values, -exponent) + 0.5), low, high)
    left.plot(values, np.ldexp(values, -exponent), color=GREY, lw=0.8, ls=":")
    left.plot(values, codes, color=STRONG_BLUE, lw=1.6)
    left.set(
        xlabel="value", ylabel="code", ylim=(low - 0.8, high + 0.8), yticks=range(low, high + 1)
    )
    left.set_title(f"steps of 2**{exponent}, rounded half up, clamped", fontsize=9)
    left.spines[["top", "right"]].set_visible(False)
    draw_shift(right, total=2940, shift=5)
    figure.tight_layout()
    save(figure, "quantisation")


def draw_shift(axes: Axes, *, total: int, shift: int) -> None:
    """Bits of a sum, of the sum with its rounding constant, and of the code."""
    half = 1 << (shift - 1)
    code = int(requantise(np.array([total + half]), np.array([shift], np.int8))[0])
    rows = (
        (f"sum = {total}", total, range(16)),
        (f"+ 2**{shift - 1} = {total + half}\n(in the bias)", total + half, range(16)),
        (f">> {shift} = {code}", code, range(16 - shift)),
    )
    for row, (label, value, bits) in enumerate(rows):
        y = 4.2 - 1.6 * row
        axes.text(-0.6, y + 0.5, label, ha="right", va="center", fontsize=9)
        for bit in bits:
            column = 15 - bit - (shift if row == 2 else 0)
            dropped = row < 2 and bit < shift
            fill = PALE if dropped else BLUE
            axes.add_patch(plt.Rectangle((column, y), 1, 1, fc=fill, ec=INK, lw=0.6))
            ink = GREY if dropped else INK
            axes.text(column + 0.5, y + 0.5, str(value >> bit & 1), ha="center", va="center", fontsize=9, color=ink)  # fmt: skip
    axes.plot([16 - shift] * 2, [0.6, 5.6], color=STRONG_ORANGE, lw=1.4)
    axes.text(16 - shift, 5.7, f"shift by {shift}", ha="center", fontsize=9, color=STRONG_ORANGE)
    axes.set(xlim=(-6.2, 16.2), ylim=(0.4, 6.3))
    axes.set_title("requantisation: one shift", fontsize=9)
    axes.axis("off")


def draw_memory(voice: Voice) -> None:
    """Sections of an image with their sizes, and one bit with its name."""
    image = named("relocating", voice.program).image(voice.program)
    sections = image.layout.sections
    figure, axes = board(3.9)
    rows = (
        ("RAM,\nworking copy", ("weights", "bias", "shift", "table", "embed"), 31.0, BLUE),
        ("RAM,\nthe rest", ("state", "healer", "ram_check", "spare", "backoff"), 14.0, GREEN),
        ("flash", ("golden", "check"), 2.0, ORANGE),
    )
    for region, names, y, fill in rows:
        axes.text(13, y + 4, region, ha="right", va="center", fontsize=9, weight="bold")
        widths = 9 + np.sqrt([sections[name].size_bytes / 50 for name in names])
        ends = 14 + np.cumsum(widths) * (70 if fill == GREEN else 85) / sum(widths)
        for name, x, end in zip(names, [14, *ends], ends, strict=False):
            box(axes, x, y, end - x - 0.5, 8, f"{name}\n{sections[name].size_bytes:,}", fill)
    position = image.layout.position("up2", "weight", (0, 0, 0, 0), 7)
    axes.annotate(
        f"bit {position:,} = 8 · {position // 8:,} + {position % 8}: {image.site(position)}",
        xy=(40, 31), xytext=(20, 25.5), fontsize=9, color=STRONG_ORANGE,
        arrowprops={"arrowstyle": "-|>", "color": STRONG_ORANGE},
    )  # fmt: skip
    axes.text(99, 41, "bytes of the shipped voice with the strategy relocating; widths not to scale", ha="right", fontsize=8, color=GREY)  # fmt: skip
    save(figure, "memory")


def draw_trial(voice: Voice) -> None:
    """Where codes differ after one flip, by operator and frame, and the sound."""
    place = ("trunk.1.conv", "weight", (0, 5, 1, 9), 6)
    faulty = voice.image().flip([voice.image().layout.position(*place)])
    inputs = voice.inputs("7")
    clean, wrong = run(voice.program, inputs), run(faulty.to_program(), inputs)
    frames = len(clean[voice.program.output][0]) // voice.program.signal(voice.program.output).rate
    share = np.array(
        [
            (clean[operator.target] != wrong[operator.target]).reshape(frames, -1).mean(axis=1)
            for operator in voice.program.operators
        ]
    )
    figure, (upper, middle, lower) = plt.subplots(
        3, 1, figsize=(SIZE, 5.4), height_ratios=(3, 1, 1), sharex=True, layout="constrained"
    )
    shown = upper.imshow(
        100 * np.where(share > 0, share, np.nan), aspect="auto", cmap="YlOrRd", vmin=0,
        interpolation="nearest", extent=(0, frames, len(share), 0),
    )  # fmt: skip
    groups = [
        operator.name.rpartition(".")[0] or operator.name for operator in voice.program.operators
    ]
    first = {group: groups.index(group) for group in groups if groups.count(group) > 1}
    upper.set_yticks([row + 0.5 for row in first.values()], list(first), fontsize=7)
    upper.set_title(f"one flip: {faulty.site(int(faulty.flipped()[0]))}", fontsize=9)
    figure.colorbar(shown, ax=upper, fraction=0.03, pad=0.01).set_label(
        "codes that differ, %", fontsize=8
    )
    before, after = (
        program.sound(codes[program.output][0])
        for program, codes in ((voice.program, clean), (voice.program, wrong))
    )
    time = np.arange(len(before)) * frames / len(before)
    middle.plot(time, before, color=STRONG_BLUE, lw=0.4)
    middle.set(ylabel="clean")
    lower.plot(time, after - before, color=STRONG_ORANGE, lw=0.4)
    lower.set(xlabel="frame (8 ms)", ylabel="error")
    save(figure, "trial")


def draw_healing() -> None:
    """Who observes, who decides, what is done, what is written down."""
    figure, axes = board(3.7)
    box(axes, 1, 27, 18, 9, "compute one frame")
    box(axes, 25, 27, 20, 9, "monitor of a stream\n(checksum rows, ...)", BLUE)
    box(axes, 1, 6, 18, 9, "after the frame:\nthe next units")
    box(axes, 25, 6, 20, 9, "guard of memory\n(CRC, P + Q, SECDED, ...)", BLUE)
    box(axes, 50, 16.5, 18, 9, "evidence:\nwho is damaged?", ORANGE)
    box(axes, 50, 31, 18, 8, "policy: persistence,\ncool-down, budget")
    box(axes, 74, 31, 19, 8, "remedy: correct,\nrestore, relocate, ...", GREEN)
    box(axes, 74, 17, 19, 8, "verdict: do unit and\ncheck agree now?", GREEN)
    box(axes, 74, 3, 19, 8, "log entry")
    arrow(axes, (19, 31.5), (25, 31.5))
    arrow(axes, (19, 10.5), (25, 10.5))
    arrow(axes, (10, 27), (10, 15))
    arrow(axes, (45, 29), (51, 25.5))
    arrow(axes, (45, 13), (51, 16.5))
    axes.text(35, 24.6, "sums disagree", ha="center", fontsize=8)
    axes.text(35, 16.3, "bytes disagree", ha="center", fontsize=8)
    arrow(axes, (59, 25.5), (59, 31))
    axes.text(59.8, 28.2, "diagnosis", ha="left", va="center", fontsize=8)
    arrow(axes, (68, 35), (74, 35))
    arrow(axes, (83.5, 31), (83.5, 25))
    arrow(axes, (83.5, 17), (83.5, 11))
    again = {"arrowstyle": "-|>", "color": INK, "connectionstyle": "arc3,rad=0.5"}
    axes.annotate("", xy=(93, 35), xytext=(93, 21), arrowprops=again)
    axes.text(92.5, 28, "no: next rung", ha="right", va="center", fontsize=8)
    save(figure, "healing")


def draw_log() -> None:
    """One strategy, two implementations, the same results, and the truth beside them."""
    figure, axes = board(3.1)
    box(axes, 1, 19, 17, 9, "strategy\n(data)", GREEN)
    box(axes, 1, 4, 17, 9, "faults at\nframe boundaries", ORANGE)
    box(axes, 30, 20, 23, 9, "simulation\n(Python, NumPy)", BLUE)
    box(axes, 30, 3, 23, 9, "firmware (C): this machine,\nemulated Cortex-M", BLUE)
    for start in ((18, 23.5), (18, 8.5)):
        arrow(axes, start, (30, 24.5))
        arrow(axes, start, (30, 7.5))
    box(axes, 62, 20, 18, 9, "samples, log,\nbytes of memory")
    box(axes, 62, 3, 18, 9, "samples, log,\nbytes of memory")
    arrow(axes, (53, 24.5), (62, 24.5))
    arrow(axes, (53, 7.5), (62, 7.5))
    axes.text(71, 16, "=", ha="center", va="center", fontsize=22, color=STRONG_ORANGE)
    box(axes, 86, 11.5, 13, 9, "oracle:\nwhat was hit", ORANGE)
    arrow(axes, (80, 22), (86, 18.5))
    arrow(axes, (80, 9.5), (86, 13.5))
    axes.text(92.5, 8.2, "is the log right?", ha="center", fontsize=8)
    save(figure, "log")


def main() -> None:
    """Draw all of them."""
    matplotlib.rcParams.update(
        {"svg.hashsalt": "workbench", "svg.fonttype": "path", "font.size": 9}
    )
    voice = open_voice()
    draw_quantisation()
    draw_memory(voice)
    draw_trial(voice)
    draw_healing()
    draw_log()


if __name__ == "__main__":
    main()
