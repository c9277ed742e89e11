"""Fault campaigns from Python: run them, sum them up, and make maps and curves of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from workbench.audio.metrics import class_in_words
from workbench.errors import WorkbenchError, WorkbenchWarning, expect
from workbench.experiments.campaigns.campaign import campaign_of, run_campaign
from workbench.experiments.campaigns.store import Store, open_results
from workbench.experiments.campaigns.summary import summary as figures_of
from workbench.experiments.voices.voice import Voice
from workbench.face.shown import Shown, html_table, text_table
from workbench.face.working import working
from workbench.memory.faults.plan import Plan
from workbench.memory.faults.protection import ProtectionMask
from workbench.memory.faults.transients import Sites
from workbench.memory.image import Image

if TYPE_CHECKING:
    import pandas as pd

TRIALS = 10_000  # of a plan without an end, unless told otherwise


def campaign(
    voice: Voice,
    fault: Plan | str,
    *,
    trials: int | None = None,
    utterances: Iterable[str] | str | None = None,
    out: Path | str | None = None,
    image: Image | None = None,
    mask: ProtectionMask | None = None,
    log_mel: int = 0,
    listen: int = 0,
    jobs: int | None = None,
) -> pd.DataFrame:
    """Trials of a fault model for each utterance, a row a trial; columns as `trial_table.SCHEMA`.

    fault: a plan or its text, as "flips=3" or "ber=1e-5,seed=1,section=bias". trials: of each utterance, 10,000
    or all that there are. utterances: those that it was trained on, unless given. out: folder that keeps the
    results; one that was begun is gone on with. image: what is hit, the default image unless given. mask:
    bytes to which nothing happens. log_mel, listen: of about how many trials of an utterance the log-mel
    distance is measured, or what listeners make of it. jobs: processes, one a core.
    Raises WorkbenchError without pandas, for what cannot be, and for a folder with other results.
    """
    expect(voice, Voice, "the voice of a campaign", 'a Voice, as wb.load("challenge")')
    _need_pandas()
    image = voice.image() if image is None else image
    plan = fault if isinstance(fault, Plan) else Plan.parse(fault)
    inputs = {word: voice.inputs(word) for word in _meant(voice, utterances)}
    if trials is None and plan.size(Sites(image)) is None:
        trials = TRIALS
    todo = campaign_of(
        image, inputs, plan, trials=trials, log_mel=log_mel, listen=listen, mask=mask
    )
    with _folder(out) as folder, working(f"{todo.rows:,} trials of {plan}"):
        with Store(folder, todo) as store:
            for damage in store.damaged:
                warnings.warn(
                    f"the shard {damage.path.name} {damage.why}; it was moved aside and is done again",
                    WorkbenchWarning,
                    stacklevel=2,
                )
            run_campaign(store, image, inputs, mask=mask, jobs=jobs, progress=True)
        return open_results(folder).table().to_pandas()


def summary(folder: Path | str) -> Shown:
    """Shares of each class of quality, of the results in a folder; see `workbench campaign`."""
    (told,) = figures_of([open_results(folder, whole=False)])
    rows = [("quality", "trials", "share", "95 % interval")]
    for name, each in told["quality"].items():
        interval = "" if each["low"] is None else f"{each['low']:.2%} to {each['high']:.2%}"
        rows.append((class_in_words(name), f"{each['count']:,}", f"{each['share']:.2%}", interval))
    title = f"{told['plan']}: {told['trials']:,} trials"
    return Shown(html_table(rows, caption=title), f"{title}\n{text_table(rows)}")


def _meant(voice: Voice, utterances: Iterable[str] | str | None) -> tuple[str, ...]:
    """Utterances that the voice knows, each once."""
    if utterances is None:
        return voice.utterances
    cure = f"a list of them, as {list(voice.utterances[:2])!r}"
    expect(utterances, Iterable, f"each {voice.generator.noun} of a campaign", cure)
    given = [utterances] if isinstance(utterances, str) else utterances
    return tuple(dict.fromkeys(voice.utterance(each) for each in given))


def _need_pandas() -> None:
    try:
        import pandas  # noqa: F401
    except ImportError as error:
        raise WorkbenchError(
            "a table of trials needs pandas; install the extra with "
            '`pip install "self-healing-audio-workbench[tables]"`, or run `workbench campaign`'
        ) from error


@contextmanager
def _folder(out: Path | str | None) -> Iterator[Path | str]:
    """`out`, or a folder that is gone afterwards."""
    if out is not None:
        yield out
        return
    with TemporaryDirectory(prefix="workbench-campaign-") as folder:
        yield folder
