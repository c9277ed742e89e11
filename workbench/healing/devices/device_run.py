"""One device that speaks while upsets arrive and its healer works, beside the clean run of the same words.

A device is computed only while its memory or its histories differ from the clean run's; as long as they do not, it says
what that says. Between two events memory is constant, and all frames until the next run at once. Frame order: upsets flip
their bits; the frame is computed, and monitors see its sums and codes; the healer runs; its frame count grows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property

import numpy as np

from workbench.healing.devices.clean_run import CleanRun, part_of
from workbench.healing.devices.correcting import Correcting
from workbench.healing.devices.device import Device
from workbench.healing.devices.struck_frame import struck_frame
from workbench.integer.changes import Change
from workbench.integer.frames import Frames, State
from workbench.memory.changes import flipped_values, flips_by_tensor, parameter_changes
from workbench.memory.faults.events import Event
from workbench.memory.watches.behaviour import Behaviour
from workbench.memory.watches.monitor import Frame

# After the last wrong bit, frames until histories are compared with those of the clean run again.
_FRAMES_TO_FORGET = 8
# That monitors of behaviour see at once, where no alarm comes in between.
_FRAMES_SEEN = 64


# Called before a monitor takes frames in: its number among the guards, the monitor, uint8 of the image, and measures of
# the frames, as of `Behaviour.measures`.
Witness = Callable[[int, Behaviour, np.ndarray, np.ndarray], object]


class DeviceRun:
    """A device and what its operators remember. The device is changed; it must not run elsewhere meanwhile."""

    def __init__(self, device: Device, frames: Frames, witness: Witness | None = None) -> None:
        self.device = device
        self._witness = witness
        self._correcting = Correcting(device.watches, device.data)
        self._frames = frames
        self._rate = frames.program.signal(frames.program.output).rate
        self._state: State | None = None  # None: that of the clean run
        self._done = 0
        self._known: np.ndarray | None = None  # the wrong bits that `_variant` has
        self._struck: dict[int, list[int]] = {}  # frame -> bits that flip in passing there
        self._memory_changed()

    def restart(self) -> None:
        """Silence the histories, as a word does that begins; so does the clean run."""
        self._state = None
        self.device.silence()

    def flip_histories(self, positions: np.ndarray, clean: State) -> None:
        """Invert bits, int64, of which those in histories count; clean: what they are in the clean run."""
        changes = {}
        state = self._state_now(clean)
        for place, flips in flips_by_tensor(self.device.layout, [positions]):
            if place.section == "state":
                old = self._frames.read_state(state, place.operator, place.tensor).reshape(-1)
                value = flipped_values(old[flips.element], flips.mask, place.bits)
                changes[place.operator, place.tensor] = Change(flips.trial, flips.element, value)
        if changes:
            self._state = self._frames.written(state, changes)

    def state(self, clean: State) -> State:
        """What its operators remember now; clean: what those of the clean run do."""
        return self._state_now(clean)

    def run(
        self, clean: CleanRun, arrivals: Mapping[int, Sequence[Event]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Live through the frames of a clean run.

        Args:
            clean: The run, which begins where the last one ended or, after `restart`, in silence.
            arrivals: What happens before which of its frames, counted from 0.

        Returns:
            The output's codes [frames * rate, channels], and how many bits of the working copy were wrong after each
            frame, int64 [frames].
        """
        device = self.device
        self._clean, self._done, self._strayed, self._struck = clean, 0, False, {}
        self._codes: list[np.ndarray] = []
        begun = device.trace.now
        wrong_bits = np.zeros(clean.frames, np.int64)
        events = [*sorted(frame for frame, hits in arrivals.items() if hits), clean.frames]
        frame = 0
        while frame < clean.frames:
            if frame == events[0]:
                self._compute_until(frame)
                self._strike(arrivals[events.pop(0)], frame)
            before = len(device.wrong)  # the healer acts after the last of the frames that pass
            passed = self._pass(frame, events[0])
            frame += passed
            wrong_bits[frame - passed : frame - 1] = before
            wrong_bits[frame - 1] = len(device.wrong)
        self._compute_until(clean.frames)
        codes = np.concatenate(self._codes) if self._strayed else clean.codes
        return device.fading.heard(codes, begun), wrong_bits

    def _pass(self, frame: int, stop: int) -> int:
        """Let time pass until something may happen, `stop` at the latest; the number of frames."""
        device = self.device
        passed = 1
        if device.may_alarm():
            self._compute_until(frame)
            if self._behaviour is None:
                self._compute_watched(frame)
            else:
                passed = self._compute_seen(frame, stop, self._behaviour)
        else:
            quiet = device.quiet_frames()
            frames = stop - frame if quiet is None else min(quiet, stop - frame)
            if frames:
                device.skip(frames)
                return frames
        after = frame + passed
        if device.heal():
            self._compute_until(after)
            self._memory_changed()
        if device.silenced:
            self._compute_until(after)
            self._state = self._frames.silence()
            device.silence()
            device.silenced = False
        return passed

    def _strike(self, events: Sequence[Event], frame: int) -> None:
        stored = 8 * self.device.layout.size_bytes
        passing = [event.position for event in events if event.position >= stored]
        if passing:
            self._struck[frame] = passing
        flips = [e.position for e in events if e.stuck_at < 0 and e.position < stored]
        hit = bool(flips) and self.device.flip(flips)
        for event in events:
            if event.stuck_at >= 0:
                hit |= self.device.stick(event.position, event.stuck_at)
        if hit:
            self._memory_changed()
        self.flip_histories(np.array(flips, np.int64), self._clean.states[frame])

    def _memory_changed(self) -> None:
        """Frames from now on are computed from the working copy as it is."""
        program, layout, wrong = self._frames.program, self.device.layout, self.device.wrong
        if wrong is self._known:
            return
        self._known = wrong
        self._changes = parameter_changes(program, layout, [wrong])
        self._differs = bool(self._changes)
        self._variant = self._frames.changed(self._changes)

    def _state_now(self, clean: State) -> State:
        return clean if self._state is None else self._state

    def _compute_until(self, frame: int) -> None:
        """Compute the frames before `frame` with memory as it was since the last one."""
        while self._done < frame:
            if self._follows(self._done):
                self._codes.append(self._clean.codes[self._done * self._rate : frame * self._rate])
                self._done = frame
                return
            last = frame if self._differs else min(frame, self._done + _FRAMES_TO_FORGET)
            output = self._frames.program.output
            self._codes.append(self._step(self._done, last, (output,))[output])
            self._done = last
            self._forget(last)

    def _forget(self, frame: int) -> None:
        """Follow the clean run again where nothing is different before `frame`."""
        if self._state is None or self._differs:
            return
        if self._frames.same(self._state, self._clean.states[frame]):
            self._state = None

    def _follows(self, frame: int) -> bool:
        """Whether this frame and those after it are the clean run's, as far as is known."""
        same = self._state is None and not self._differs and frame not in self._struck
        return same and not self._correcting.active

    def _step(
        self, first: int, last: int, recorded: Collection[str] | None
    ) -> Mapping[str, np.ndarray]:
        if first in self._struck and last > first + 1:
            parts = (first, first + 1), (first + 1, last)
            one, rest = (self._step(*part, recorded) for part in parts)
            return {name: np.concatenate([one[name], rest[name]]) for name in one}
        state = self._state_now(self._clean.states[first])
        given = part_of(self._frames, self._clean.inputs, first, last)
        part = self._correcting.corrected(given)
        self._strayed = True
        if hits := self._struck.get(first):
            own = self.device.layout, self._changes
            made = struck_frame(self._frames, *own, part, state, hits, recorded)
        else:
            made = self._frames.step(part, self._variant, state, recorded)
        self._state = made[1]
        return made[0]

    @cached_property
    def _behaviour(self) -> list[tuple[int, Behaviour]] | None:
        """The monitors, where all of them see final frames and score them; None where some do not."""
        found = [(n, each) for n, each in self.device.monitors if isinstance(each, Behaviour)]
        return found if len(found) == len(self.device.monitors) else None

    def _compute_seen(
        self, first: int, stop: int, monitors: Sequence[tuple[int, Behaviour]]
    ) -> int:
        """Compute frames as far as the first alarm, which is followed, or the last before the healer acts.

        The healer has passed all of them but the last. Returns how many these are, 1 at least.
        """
        device, known = self.device, self._state
        quiet = device.quiet_frames()
        most = stop - first if quiet is None else min(stop - first, quiet + 1)
        returns = known is not None and not self._differs
        most = (
            1
            if device.stuck or self._correcting.changes
            else min(most, _FRAMES_TO_FORGET if returns else _FRAMES_SEEN)
        )
        codes, seen = self._measured(first, first + most, monitors)
        alarms = [each.first_alarm(device.data, seen[n]) for n, each in monitors]
        passed = min([alarm + 1 for alarm in alarms if alarm is not None], default=most)
        if passed < most:
            self._state = known
            codes, _ = self._measured(first, first + passed, ())
        device.skip(passed - 1)
        for number, each in monitors:
            self._advance(number, each, seen[number][: passed - 1])
        for number, each in monitors:  # one by one: what follows an alarm resets the others
            alarm = self._advance(number, each, seen[number][passed - 1 : passed])
            device.settle()
            if alarm:
                device.alarm(number, 0)
        self._codes.append(codes)
        self._done = first + passed
        self._memory_changed()
        self._forget(self._done)
        return passed

    def _advance(self, number: int, watch: Behaviour, measures: np.ndarray) -> bool:
        if self._witness:
            self._witness(number, watch, self.device.data, measures)
        return watch.advance(self.device.data, measures)

    def _measured(
        self, first: int, last: int, monitors: Sequence[tuple[int, Behaviour]]
    ) -> tuple[np.ndarray, dict[int, np.ndarray]]:
        """Codes of the output, and what each monitor sees of the frames `first` to `last` - 1."""
        data, output = self.device.data, self._frames.program.output
        if self._follows(first):
            codes = self._clean.codes[first * self._rate : last * self._rate]
            return codes, {n: self._clean.measures(w, data)[first:last] for n, w in monitors}
        names = {output, *(name for _, watch in monitors for name in watch.needs)}
        signals = self._step(first, last, sorted(names))
        return signals[output], {
            n: self._clean.measures(watch, data)[first:last]
            if watch.area.kind.corrects_inputs  # it sees what comes in
            else watch.measures(data, signals)
            for n, watch in monitors
        }

    def _compute_watched(self, frame: int) -> None:
        """Compute one frame that the monitors have to see, again after each alarm that asks for it."""
        known = self._state
        before = self._state_now(self._clean.states[frame])

        def past(operator: str, tensor: str) -> np.ndarray:
            return self._frames.read_state(before, operator, tensor)

        came = part_of(self._frames, self._clean.inputs, frame, frame + 1)
        given = {name: codes[0] for name, codes in came.items()}
        reported: set[tuple[int, int]] = set()
        while True:
            self._state = known
            if self._follows(frame):
                signals = self._clean.signals(frame)
            else:
                signals = self._step(frame, frame + 1, None)
            seen = Frame(signals, past, given)
            if not self._alarmed(seen, reported):
                break
            self._memory_changed()
        for monitor, _ in self.device.monitors:
            self.device.observe(monitor, seen)
        self._codes.append(signals[self._frames.program.output])
        self._done = frame + 1
        self._memory_changed()
        self._forget(frame + 1)

    def _alarmed(self, frame: Frame, reported: set[tuple[int, int]]) -> bool:
        """Follow the alarms within a frame; tell whether that is to be computed again.

        reported: (monitor, unit) of those that were followed in this frame already.
        """
        device = self.device
        for monitor, watch in device.monitors:
            for unit in watch.while_computed(device.data, frame, device.suspect[monitor]):
                if (monitor, unit) not in reported:
                    reported.add((monitor, unit))
                    if device.alarm(monitor, unit):
                        return True  # what follows is computed again
        return False
