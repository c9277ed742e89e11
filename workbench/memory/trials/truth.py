"""The exact definition of a trial: its events on real bytes, frame by frame, on the plain reference.

Clear rather than fast: what faster engines are held to, and how any trial is heard again. Layout:
output codes [rows, channels].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from workbench.errors import WorkbenchError, expect
from workbench.integer.reference import Codes, Stream, Touch, one_utterance
from workbench.integer.signals import code_dtype
from workbench.memory.faults.events import CLEAR, FLIP, Events
from workbench.memory.faults.transients import ACCUMULATORS, TransientPlace, TransientSites
from workbench.memory.image import Image
from workbench.memory.places import STATE
from workbench.memory.tensors import write_tensor

Happening = tuple[int, int]  # position, action


def play(image: Image, inputs: Mapping[str, np.ndarray], events: Events) -> np.ndarray:
    """Output codes of an utterance during which the events of one trial happen.

    image: what is stored at the start, flips and all; the state section is what the histories hold.
    inputs: [1, frames * rate, channels] by name. Events after the last frame never happen. Raises
    WorkbenchError for events of several trials, at bits or frames that do not exist, and inputs that
    do not fit.
    """
    expect(image, Image, "the memory to play from", "an Image, as `voice.image()`")
    expect(events, Events, "what is to happen", "Events, as plan.events(Sites(image), indexes)")
    program = image.program
    codes = one_utterance(program, inputs)
    rates = {name: program.signal(name).rate for name in codes}
    frames = min(codes[name].shape[1] // rates[name] for name in codes)
    transients = TransientSites(program, image.layout)
    due = _due(events, transients)
    memory = _Memory(image)
    output = program.signal(program.output)
    parts = [np.zeros((0, output.channels), code_dtype(output.bits))]
    for frame in range(frames):
        happening = due.get(frame, [])
        memory.begin([event for event in happening if event[0] < transients.first])
        transient = [event for event in happening if event[0] >= transients.first]
        part = {n: c[:, frame * rates[n] : (frame + 1) * rates[n]] for n, c in codes.items()}
        values = memory.stream.step(part, Strike(transients, transient))
        parts.append(values[program.output][0])
    return np.concatenate(parts)


def spoken(image: Image, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """As `play` without events, in one step: what the image as it is makes of an utterance."""
    stream = Stream(image.to_program())
    stream.states = image.states()
    return stream.step(one_utterance(image.program, inputs))[image.program.output][0]


class _Memory:
    """The bytes of a device that speaks. Between frames, histories are read from and kept in them."""

    def __init__(self, image: Image) -> None:
        self.image = Image(image.program, image.layout, image.data.copy())
        self.stream = Stream(image.to_program())
        self.stream.states = image.states()
        self._stuck: list[Happening] = []

    def begin(self, happening: list[Happening]) -> None:
        """The start of a frame: cells that are stuck are forced, then things happen in order."""
        layout = self.image.layout
        state = layout.sections[STATE]
        if not (self._stuck or happening):
            return
        data = self.image.data.copy()
        for place in layout.places:
            if place.section == STATE:
                write_tensor(data, place, self.stream.states[place.operator, place.tensor][0])
        for position, action in [*self._stuck, *happening]:
            data[position >> 3] = _changed(int(data[position >> 3]), position & 7, action)
        self._stuck += [
            (position, action)
            for position, action in happening
            if action != FLIP and state.start <= position >> 3 < state.stop
        ]
        self.image = Image(self.image.program, layout, data)
        self.stream.program = self.image.to_program()
        self.stream.states = self.image.states()


class Strike(Touch):
    """Transient faults of one frame; happening: (position, action) of each."""

    def __init__(self, transients: TransientSites, happening: Sequence[Happening]) -> None:
        self._transients = transients
        self._happening = happening

    def before(self, number: int, values: Codes) -> None:
        """Change codes in the buffers that wait for operator `number`."""
        for place, element, bit, action in self._at(number):
            if place.signal is not None:
                _change(values[place.signal], element, bit, action, place.bits)

    def accumulator(self, number: int, sums: np.ndarray) -> None:
        """Change sums of convolution `number`."""
        for place, element, bit, action in self._at(number):
            if place.section == ACCUMULATORS:
                _change(sums, element, bit, action, place.bits)

    def _at(self, number: int) -> Iterator[tuple[TransientPlace, int, int, int]]:
        for position, action in self._happening:
            (which,), (element,), (bit,) = self._transients.locate(np.array([position]))
            place = self._transients.places[which]
            if place.number == number:
                yield place, int(element), int(bit), action


def _due(events: Events, transients: TransientSites) -> dict[int, list[Happening]]:
    """Frame -> what happens there, in order."""
    if len(set(events.trial.tolist())) > 1:
        raise WorkbenchError("these are events of several trials; play one trial at a time")
    due: dict[int, list[Happening]] = {}
    end = transients.first + transients.size
    for frame, position, action in zip(
        events.frame.tolist(), events.position.tolist(), events.action.tolist(), strict=True
    ):
        if frame < 0 or not 0 <= position < end:
            raise WorkbenchError(
                f"the event at frame {frame}, bit position {position} lies outside of time or of the "
                f"{end:,} bits of the program"
            )
        due.setdefault(frame, []).append((position, action))
    return due


def _changed(value: int, bit: int, action: int) -> int:
    """`value` with one bit inverted, cleared or set."""
    if action == FLIP:
        return value ^ (1 << bit)
    return value & ~(1 << bit) if action == CLEAR else value | (1 << bit)


def _change(codes: np.ndarray, element: int, bit: int, action: int, bits: int) -> None:
    """Change a bit of a signed `bits`-bit code in int64 `codes` [1, ...], in place."""
    codes = codes[0]
    where = np.unravel_index(element, codes.shape)
    code = _changed(int(codes[where]) % (1 << bits), bit, action)
    codes[where] = code - (1 << bits) if code >> (bits - 1) else code
