"""From results of campaigns to pictures: which bits are critical, and quality over the bit-error rate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from pathlib import Path

import pyarrow as pa

from workbench.errors import WorkbenchError, expect
from workbench.experiments.campaigns.manifest import MANIFEST_FILE
from workbench.experiments.campaigns.store import Results, open_results
from workbench.experiments.maps.criticality import COLUMNS as MAP_COLUMNS
from workbench.experiments.maps.products import Products, curve_products, map_products
from workbench.experiments.maps.quality_curve import COLUMNS as CURVE_COLUMNS
from workbench.experiments.voices.voice import Voice
from workbench.face.shown import Pictures
from workbench.face.working import working
from workbench.files import exists, output_folder, path_of
from workbench.memory.faults.plan import Plan
from workbench.memory.image import Image

SHARE = 0.003  # of the bytes, that a new mask protects
Folders = Path | str | Iterable[Path | str]


def map_bits(
    voice: Voice,
    results: Folders,
    out: Path | str,
    *,
    share: float = SHARE,
    image: Image | None = None,
) -> Pictures:
    """A map of the critical bits from campaigns of single flips, and a mask of the worst bytes.

    Args:
        voice: That was hit.
        results: Folders of campaigns, or folders of them.
        out: Folder of the pictures, tables and the mask.
        share: Of the bytes that the mask protects, more than 0 to 1.
        image: That the trials hit; None for the default image.

    Raises:
        WorkbenchError: Results are not whole, or of another image or of other faults.
    """
    expect(voice, Voice, "the voice of a map", 'a Voice, as wb.load("challenge")')
    with working("Drawing the map"):
        image = voice.image() if image is None else image
        found, folder = opened(results, image), output_folder(out)
        products = map_of(found, image, folder, share)
        products.draw(folder)
    return Pictures(folder, products.figures, tuple(products.pictures))


def quality_curve(voice: Voice, results: Folders, out: Path | str) -> Pictures:
    """Quality over the bit-error rate, from campaigns of ber= with and without masks.

    Args:
        voice: That was hit.
        results: As of `map_bits`.
        out: Folder of the picture and the table.

    Raises:
        WorkbenchError: As of `map_bits`.
    """
    expect(voice, Voice, "the voice of a curve", 'a Voice, as wb.load("challenge")')
    with working("Drawing the curve"):
        found, folder = opened(results, voice.image()), output_folder(out)
        for each in found:
            if each.plan.model.error_rate is None:
                raise WorkbenchError(
                    f"{each.folder} holds no trials at a bit-error rate; run campaigns of ber=1e-5 and so on"
                )
        products = curve_of(found)
        products.draw(folder)
    return Pictures(folder, products.figures, tuple(products.pictures))


def opened(results: Folders, image: Image) -> list[Results]:
    """Whole results of folders, or of those below them, as a sweep leaves them; all of them of `image`."""
    given = [results] if isinstance(results, str | PathLike) else results
    expect(given, Iterable, "the results of campaigns", "a folder, or a list of folders")
    found = [
        open_results(each)
        for folder in given
        for each in _folders(path_of(folder, "a folder of results"))
    ]
    if not found:
        raise WorkbenchError("there are no results to draw; name the folder of a campaign")
    for each in found:
        each.check(image)
        if each.scale != found[0].scale:
            raise WorkbenchError(
                f"the classes in {each.folder} have other limits than those in {found[0].folder}; run one of both again"
            )
    return found


def map_of(found: list[Results], image: Image, out: Path, share: float) -> Products:
    """Tables and mask in `out`, and pictures to be drawn; WorkbenchError for trials that are no flips."""
    protection = _protection_of_flips(found)
    table = pa.concat_tables([_columns(results, MAP_COLUMNS) for results in found])
    return map_products(out, image, table, share=share, protection=protection)


def curve_of(found: list[Results]) -> Products:
    """The curve of trials at bit-error rates, to be drawn."""
    return curve_products(_sweep(found))


def _columns(results: Results, names: Sequence[str]) -> pa.Table:
    """Some columns of all rows, and the one that harm follows from."""
    return results.table(tuple(dict.fromkeys((*names, results.fidelity))))


def _folders(folder: Path) -> list[Path]:
    """The folder itself, or those below it that hold results, as a sweep leaves them."""
    if exists(folder / MANIFEST_FILE):
        return [folder]
    return sorted(path.parent for path in folder.glob(f"*/{MANIFEST_FILE}")) or [folder]


def _sweep(found: list[Results]) -> Iterator[tuple[float, str, pa.Table]]:
    """Bit-error rate, what else sets trials apart, and their rows, other words of equal plans together."""
    drawn: dict[tuple[Plan, str], list[pa.Table]] = {}
    for results in found:
        key = results.plan, results.protection
        drawn.setdefault(key, []).append(_columns(results, CURVE_COLUMNS))
    for (plan, protection), tables in drawn.items():
        rate = plan.model.error_rate
        assert rate is not None
        where = [*plan.sections, *plan.operators, *(f"bit {bit}" for bit in plan.bits)]
        parts = [f"mask {protection}"] if protection else []
        if where:
            parts.append(f"only {' '.join(where)}")
        yield rate, ", ".join(parts), pa.concat_tables(tables).unify_dictionaries()


def _protection_of_flips(found: list[Results]) -> str:
    """The mask that all these trials ran under; WorkbenchError for several, and unless bits flip."""
    for results in found:
        if not results.plan.model.flips_any_bit:
            raise WorkbenchError(
                f"{results.folder} holds trials of {results.plan.model} and a map needs bits that flip; run "
                "`workbench campaign --exhaustive`, or a plan with flips=1"
            )
        if results.protection != found[0].protection:
            raise WorkbenchError(
                f"{results.folder} and {found[0].folder} have different protection masks; make a map "
                "of each"
            )
    return found[0].protection
