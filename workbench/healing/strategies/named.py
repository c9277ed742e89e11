"""Strategies by name, with the publication that an idea is from where it is published; all are data, edit freely.

What a strategy protects besides its weights (biases are a twentieth of the bytes and most of the harm)
is the same wherever the published idea says nothing of it: SECDED words, restored from the golden copy where
two bits of one are wrong. To zero such a word instead would destroy a bias whenever both lie in its check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from workbench.errors import WorkbenchError, closest, expect
from workbench.healing.log import Remedy
from workbench.healing.strategies.fitted import fitted
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.policy import Policy
from workbench.healing.strategies.strategy import Strategy
from workbench.integer.program import Program
from workbench.memory.places import WORKING_SECTIONS
from workbench.memory.watches.areas import RAM, Area
from workbench.memory.watches.modes import MODES, ModesArea

NONE, CRC_SCRUB, VERSIONS, UN_PRUNE = "none", "crc-scrub", "versions", "un-prune"
_SHORT = {"crc32": CRC_SCRUB}  # names of scrubs that are not called after their code
_REST = WORKING_SECTIONS[1:]
_WEIGHTS = WORKING_SECTIONS[:1]

_MUKHERJEE = "Mukherjee et al. 2004, Cache scrubbing in microprocessors"
_MAXINO = "Maxino and Koopman 2009, https://doi.org/10.1109/TDSC.2007.70216"
_RADAR = "Li et al. 2021, RADAR, https://arxiv.org/abs/2101.08254"
_GUAN = "after Guan et al. 2019, https://arxiv.org/abs/1910.14479"
_HSIAO = "Hsiao 1970, https://doi.org/10.1147/rd.144.0395"
_HUANG = "Huang and Abraham 1984, https://doi.org/10.1109/TC.1984.1676475"
_ANVIN = "after Anvin, The mathematics of RAID-6"


def nothing() -> Strategy:
    """No healer."""
    return Strategy(NONE)


def scrub(code: str, pages: int = 4, *, unit_bytes: int = 256, source: str = "") -> Strategy:
    """Pages with a signature in flash, restored from the golden copy."""
    guard = Guard(Area(code, unit_bytes=unit_bytes), pages)
    return Strategy(_SHORT.get(code, f"{code}-scrub"), (guard,), source=source)


def crc_scrub(pages: int = 4) -> Strategy:
    """CRC-32 of pages of 256 bytes: the strategy of the default memory image."""
    return scrub("crc32", pages, source=_MAXINO)


def reboot(pages: int = 4) -> Strategy:
    """Any damaged page makes the device start again."""
    return Strategy("reboot", (Guard(Area("crc32"), pages, (Remedy.REBOOT,)),))


def blind(pages: int = 4) -> Strategy:
    """Compare with the golden copy, byte by byte, and copy what differs."""
    return Strategy("golden-scrub", (Guard(Area("golden"), pages),), source=_MUKHERJEE)


def plus_q(pages: int = 1) -> Strategy:
    """P + Q sums correct a word, the golden copy what is worse."""
    guard = Guard(Area("pq", unit_bytes=1024), pages, (Remedy.CORRECT, Remedy.RESTORE))
    return Strategy("pq-scrub", (guard,), source=_ANVIN)


def two_speeds(pages: int = 1) -> Strategy:
    """P + Q sums, where the little besides the weights, which does most of the harm, is seen far oftener."""
    ladder = (Remedy.CORRECT, Remedy.RESTORE)
    weights = Guard(Area("pq", _WEIGHTS, 1024), pages, ladder)
    return Strategy("two-speeds", (weights, Guard(Area("pq", _REST), 1, ladder)), source=_ANVIN)


def critical_first() -> Strategy:
    """The four looks a frame of `crc_scrub`, half of them at what is not weights: few bytes and nearly all of the harm.

    Biases, shifts and tables are looked at most often, then embeddings; a program without any has no such guard.
    """
    first, second = ("bias", "shift", "table"), ("embed",)
    guards = (
        Guard(Area("crc32", first)), Guard(Area("crc32", second)), Guard(Area("crc32", _WEIGHTS), 2),
    )  # fmt: skip
    return Strategy("critical-first", guards, source=_MAXINO)


def flash_scrub(*, every_frames: int = 64) -> Strategy:
    """`crc_scrub`, and a page of flash now and then, so that a golden copy is known to be good when it is needed."""
    flash = Guard(Area("flash"), 1, (), every_frames)
    return Strategy("flash-scrub", (*crc_scrub().guards, flash), source=_MAXINO)


def crc_report(pages: int = 1) -> Strategy:
    """CRC-32 of pages that nobody rewrites: for weights that are read where they lie in flash."""
    return Strategy("crc-report", (Guard(Area("crc32"), pages, ()),), source=_MAXINO)


def crc_relocate(pages: int = 1, *, spare_pages: int = 4) -> Strategy:
    """The same with a second copy in flash, from which a damaged page moves to a spare one in RAM."""
    guard = Guard(Area("crc32"), pages, (Remedy.RELOCATE,))
    return Strategy("crc-relocate", (guard,), source=_MAXINO, spare_pages=spare_pages)


def relocating(pages: int = 1, *, spare_pages: int = 4) -> Strategy:
    """P + Q sums over pages of half a kilobyte, which move to spare memory where a cell is stuck."""
    ladder = (Remedy.CORRECT, Remedy.RESTORE, Remedy.RELOCATE)
    guards = (
        Guard(Area("pq", _WEIGHTS, 512), 2 * pages, ladder),
        Guard(Area("pq", _REST, 512), 1, ladder),
    )
    return Strategy("relocating", guards, source=_ANVIN, spare_pages=spare_pages)


def versions(pages: int = 1, *, count: int = 3) -> Strategy:
    """As two-speeds, and where the golden copy of a page is lost, all parameters of the version before it."""
    ladder = (Remedy.CORRECT, Remedy.RESTORE, Remedy.FALL_BACK)
    guards = (
        Guard(Area("pq", _WEIGHTS, 1024), pages, ladder),
        Guard(Area("pq", _REST), 1, ladder),
    )
    return Strategy(VERSIONS, guards, source=_ANVIN, versions=count)


def un_prune(pages: int = 1) -> Strategy:
    """As two-speeds, and where a page of weights is lost, its pruned layer computes with the reserve for a while."""
    ladder = (Remedy.CORRECT, Remedy.RESTORE, Remedy.UNPRUNE)
    guards = (
        Guard(Area("pq", _WEIGHTS, 1024), pages, ladder), Guard(Area("pq", _REST), 1, ladder),
        Guard(ModesArea(MODES), 1, (Remedy.CORRECT,)), Guard(Area("flash"), 1, (), 64),
    )  # fmt: skip
    return Strategy(UN_PRUNE, guards, source=_ANVIN)


def plus_q_alone(pages: int = 2) -> Strategy:
    """P + Q sums without a golden copy: what is worse than a damaged word is set to zero."""
    area = Area("pq", unit_bytes=256, keep=RAM)
    return Strategy("pq-alone", (Guard(area, pages, (Remedy.CORRECT, Remedy.ZERO)),), source=_ANVIN)


def secded(bits: int = 64, pages: int = 4) -> Strategy:
    """SECDED words, check bytes in RAM; what they cannot correct comes from the golden copy."""
    area = Area(f"secded{bits}", keep=RAM)
    guard = Guard(area, pages, (Remedy.CORRECT, Remedy.RESTORE))
    return Strategy(f"secded{bits}-scrub", (guard,), source=_HSIAO)


def _words_for_the_rest() -> Guard:
    return Guard(Area("secded32", _REST, keep=RAM), 2, (Remedy.CORRECT, Remedy.RESTORE))


def parity_zero(pages: int = 4) -> Strategy:
    """A parity bit a byte; a wrong weight becomes zero."""
    return _by_parity("parity-zero", Remedy.ZERO, pages)


def interpolate(pages: int = 4) -> Strategy:
    """A parity bit a byte; a wrong weight becomes the mean of its neighbours."""
    return _by_parity("interpolate", Remedy.INTERPOLATE, pages)


def clip(pages: int = 4) -> Strategy:
    """A parity bit a byte; a wrong weight is cut to the range of its neighbours."""
    return _by_parity("clip", Remedy.CLIP, pages)


def _by_parity(name: str, remedy: Remedy, pages: int) -> Strategy:
    area = Area("parity", _WEIGHTS, keep=RAM, second="crc16")
    return Strategy(name, (Guard(area, pages, (remedy,)), _words_for_the_rest()))


def radar(groups: int = 2, *, group_bytes: int = 512) -> Strategy:
    """Two signature bits of interleaved groups; a group that differs becomes zero."""
    area = Area("radar", _WEIGHTS, group_bytes, keep=RAM, second="crc16")
    guard = Guard(area, groups, (Remedy.ZERO,))
    return Strategy("radar", (guard, _words_for_the_rest()), source=_RADAR)


def in_place(bits: int = 64, pages: int = 4) -> Strategy:
    """Weights that are code words themselves; no check beside them. See `workbench.memory.codes.in_place`."""
    guard = Guard(Area(f"in-place{bits}", _WEIGHTS), pages, (Remedy.CORRECT,))
    return Strategy(f"in-place{bits}", (guard, _words_for_the_rest()), source=_GUAN)


def self_test(every_frames: int = 32, *, moments: int = 4) -> Strategy:
    """Golden inputs now and then; where an outcome is wrong, all parameters are restored."""
    area = Area("self-test", moments=moments)
    guard = Guard(area, ladder=(Remedy.RESTORE,), every_frames=every_frames)
    return Strategy("self-test", (guard,))


def plus_q_validated(pages: int = 1, *, every_frames: int = 1250) -> Strategy:
    """P + Q sums whose remedies count only if golden inputs agree."""
    test = self_test(every_frames, moments=1).guards
    return Strategy(
        "pq-validated", (*plus_q(pages).guards, *test), Policy(validate=True), source=_ANVIN
    )


def triple(addresses: tuple[int, ...], units: int = 4) -> Strategy:
    """The most critical bytes three times, the majority wins."""
    return Strategy(
        "triple", (Guard(Area("triple", addresses=addresses), units, (Remedy.CORRECT,)),)
    )


def abft(*, columns: int = 1) -> Strategy:
    """Checksum rows compare the sums of every frame; a wrong operator is restored and repeated."""
    guard = Guard(Area("abft", columns=columns), 1, (Remedy.RESTORE, Remedy.REPEAT))
    return Strategy("abft", (guard,), source=_HUANG)


def abft_crc(pages: int = 1, *, columns: int = 1) -> Strategy:
    """Checksum rows for what reaches a sum at once, CRC-32 pages for all the rest."""
    guards = (*abft(columns=columns).guards, Guard(Area("crc32", unit_bytes=512), pages))
    return Strategy("abft-crc", guards, source=_HUANG)


def abft_two_speeds() -> Strategy:
    """Checksum rows for what reaches a sum, P + Q sums over all, the little besides weights oftener."""
    return Strategy("abft-two-speeds", (*abft().guards, *two_speeds().guards), source=_HUANG)


NAMED: dict[str, Callable[[], Strategy]] = {
    NONE: nothing,
    "reboot": reboot,
    "golden-scrub": blind,
    "xor-scrub": lambda: scrub("xor", source=_MAXINO),
    "dual-sum-scrub": lambda: scrub("dual-sum", source=_MAXINO),
    "crc16-scrub": lambda: scrub("crc16", source=_MAXINO),
    CRC_SCRUB: crc_scrub,
    "flash-scrub": flash_scrub,
    "crc-report": crc_report,
    "crc-relocate": crc_relocate,
    "pq-scrub": plus_q,
    "two-speeds": two_speeds,
    "critical-first": critical_first,
    "relocating": relocating,
    VERSIONS: versions,
    "pq-alone": plus_q_alone,
    "secded64-scrub": lambda: secded(64),
    "secded32-scrub": lambda: secded(32),
    "parity-zero": parity_zero,
    "interpolate": interpolate,
    "clip": clip,
    "radar": radar,
    "in-place64": lambda: in_place(64),
    "in-place256": lambda: in_place(256),
    "self-test": self_test,
    "pq-validated": plus_q_validated,
    "abft": abft,
    "abft-crc": abft_crc,
    "abft-two-speeds": abft_two_speeds,
}


def named(name: str, program: Program | None = None) -> Strategy:
    """The named strategy with its usual parameters.

    >>> named("crc-scrub").guards[0].area.code
    'crc32'

    Args:
        name: As `workbench compare --list` shows.
        program: To which its sizes are fitted; None to leave them.

    Raises:
        WorkbenchError: There is no such strategy; the message has the nearest name.
    """
    expect(name, str, "the name of a strategy", 'text, as "crc-scrub"')
    if name not in NAMED:
        raise WorkbenchError(no_such_strategy(name, NAMED))
    strategy = NAMED[name]()
    return fitted(strategy, program) if program is not None else strategy


def no_such_strategy(name: str, names: Iterable[str]) -> str:
    """The sentence for a name that is none of `names`."""
    near = closest(name, names)
    meant = f"did you mean {near}? " if near else ""
    return f"there is no strategy {name!r}; {meant}`workbench compare --list` shows all"
