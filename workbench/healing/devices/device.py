"""The memory of one simulated device and the healer that works in it, on real bytes.

After each frame: the healer's variables are the bitwise majority of three copies; every guard looks at its next units;
the variables are written back. The C of `wb_heal.h` does the same, statement by statement. Layout: `workbench.memory.layout`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.errors import WorkbenchError
from workbench.healing.devices.alarms import follow_alarm
from workbench.healing.devices.backoff import SUMS_FRAMES, WELL, Backoff
from workbench.healing.devices.event_trace import EventTrace
from workbench.healing.devices.evidence import diagnose, validated
from workbench.healing.devices.fading import Fading
from workbench.healing.devices.scrub_schedule import looks_of, pass_quietly
from workbench.healing.devices.stuck import StuckCells
from workbench.healing.devices.unpruning import Unpruning
from workbench.healing.devices.variables import cursor_parts, cursor_word, keep, time_of, vote
from workbench.healing.devices.waiting import quiet_frames, wait
from workbench.healing.devices.whereabouts import Whereabouts
from workbench.healing.log import CLIMBS, Diagnosis, LogEntry, Remedy, Verdict
from workbench.healing.remedies import REMEDIES, State, mend_check
from workbench.healing.strategies.guard import Guard
from workbench.healing.strategies.strategy import Strategy
from workbench.memory.image import Image, flip_bits, wrong_parameters
from workbench.memory.places import HEALER, STATE
from workbench.memory.watches.monitor import Frame, Monitor
from workbench.memory.watches.watch import Watch, listed


class Device:
    """One device: bytes that upsets flip and a healer mends; histories are in the state of its run.

    wrong: bits of the working copy and of the reserve that are not as made, modes of un-pruned layers too, positions, int64.
    log: what the healer found so far. changed: whether working bytes changed since it was last set to False. silenced:
    whether the histories are to become silent, likewise. trace: what happened when, by the true count of frames.
    false_positives: repairs of intact units. repeats: findings of units that were reported already.
    """

    def __init__(
        self, image: Image, strategy: Strategy, clean: np.ndarray, *, like: Device | None = None
    ) -> None:
        """clean: the data of the clean image of the same program, uint8 [bytes]. like: a device of the same image that
        nothing has happened to, whose findings are taken over. Raises WorkbenchError for an image of other guards.
        """
        self.layout = image.layout
        if strategy.guards and self.layout.areas != strategy.areas:
            raise WorkbenchError(
                f"the image has no checks for the strategy {strategy.name}; make it with "
                "strategy.image(program)"
            )
        self.strategy = strategy
        self.watches = self.layout.watches
        self.guards = list(zip(strategy.guards, self.watches, strict=False))
        pairs = enumerate(self.watches if strategy.guards else ())
        self.monitors = [(n, watch) for n, watch in pairs if isinstance(watch, Monitor)]
        self.data = image.data.copy()
        self.log: list[LogEntry] = []
        self.trace = EventTrace()
        self.changed = self.silenced = False
        self._state: State | None = None  # of the frame, once an alarm has asked for it
        self.false_positives = self.repeats = 0
        self._clean = clean
        self._clean_working = clean[: self.layout.working_bytes]
        healer = self.layout.sections[HEALER]
        self._stuck = StuckCells(healer)
        self.where = Whereabouts(self.layout)
        self.backoff = Backoff(self.data, image.layout, strategy)
        self.fading = Fading(self.watches, self.data, self.settle)
        self.unpruning = Unpruning(self.watches, self.data, self.settle, self.mended, self._stuck)
        self._variables = self.data[healer.start : healer.stop].view("<u4").reshape(-1, 3)
        self.settle()
        # Units that disagree with their checks, kept up to date: most looks need not read anything.
        self.suspect: list[set[int]] = [set(units) for units in like.suspect] if like else []
        if not like:
            self._suspect_all()
        self.wrong = np.zeros(0, np.int64)
        self._find_wrong()

    @property
    def stuck(self) -> bool:
        """Whether some cell is."""
        return bool(self._stuck.addresses)

    @property
    def stuck_in_variables(self) -> bool:
        """Whether several stuck cells are among the healer's variables, see `StuckCells`."""
        return self._stuck.in_variables

    def silence(self) -> None:
        """Zero the state section."""
        state = self.layout.sections[STATE]
        self.data[state.start : state.stop] = 0

    def flip(self, positions: Sequence[int]) -> bool:
        """Invert bits; tell whether the working copy changed."""
        hit = [8 * self.where.seen(position >> 3) + (position & 7) for position in positions]
        flip_bits(self.data, hit)
        self.trace.hit(hit)
        addresses = {p >> 3 for p in hit} | {*map(self.where.seen, self._stuck.addresses)}
        self.settle()
        self.trace.waiting(self.backoff.waits())
        return self._upset(np.array(sorted(addresses), np.int64))

    def physical(self) -> np.ndarray:
        """The bytes where they really lie, uint8."""
        return self.where.exchanged(self.data)

    def _upset(self, addresses: np.ndarray) -> bool:
        hit = self.where.moves and self.layout.sections[HEALER].has(8 * addresses).any()
        moved = hit and self._follow()
        if not moved:
            self.look_again(addresses)
        if moved or self.layout.has_parameters(8 * addresses).any():
            self._find_wrong()
            return True
        return False

    def _follow(self) -> bool:
        """Pages lie where the map says, and the version runs that its variable names; tell whether anything moved."""
        if not self.where.follow(self.data, self.voted()):
            return False
        self.settle()
        self._suspect_all()
        return True

    def stick(self, position: int, value: int) -> bool:
        """From now on a cell is always 0 or always 1; tell whether the working copy changed."""
        self._stuck.add(position, value)
        self.trace.hit([8 * self.where.seen(position >> 3) + (position & 7)])
        return self.flip(())

    def unprune(self, layer: int, frames: int) -> bool:
        """What the application wants between two frames; tell whether it was done.

        Args:
            layer: Number of a pruned layer, in the order of the program.
            frames: For which it is un-pruned, as many as its guard of modes holds it at most; 0 prunes it.
        """
        changed = self.unpruning.hold(layer, frames)
        self._upset(changed)
        return bool(changed.size)

    def quiet_frames(self) -> int | None:
        """How many calls of `heal`, which monitors have no part in, find nothing from now on; None: all."""
        return quiet_frames(self)

    def wait(self, frames: int) -> None:
        """As many calls of `heal` as that, which monitors have no part in."""
        wait(self, frames)

    def skip(self, frames: int) -> None:
        """As many calls of `heal` as that, which must be quiet ones."""
        if not frames or not self.guards:
            self.trace.now += frames
            return
        state = self.voted()
        if self._stuck.in_variables:
            for _ in range(frames):
                self.heal()
            return
        self.trace.now += frames
        self.unpruning.advance(frames)
        pass_quietly(state, self.strategy, self.guards, frames)
        self._keep(state)

    def heal(self) -> bool:
        """What the healer does after a frame; tell whether the working copy changed."""
        self.changed = False
        if self.guards:
            self._heal()
        self.fading.advance(self.trace.now)
        self.unpruning.advance()
        self.trace.waiting(self.backoff.waits())
        self.trace.now += 1
        if self.changed:
            self._find_wrong()
        return self.changed

    def _heal(self) -> None:
        state, self._state = self.state_of_frame(), None
        if state["rest"]:
            state["rest"] -= 1
        else:
            for number, (guard, watch) in enumerate(self.guards):
                looks = watch.units and guard.scans
                if looks and state["frame"] % guard.every_frames == 0:
                    self._guard(number, guard, watch, state)
        if state["frame"] % SUMS_FRAMES == 0:
            for number, watch in self.monitors:
                self.backoff.look_on(number, watch.units, state["frame"])
        state["frame"] += 1
        if state["frame"] == self.strategy.frame_modulus:
            state["frame"], state["epoch"] = 0, state["epoch"] + 1
        if state["frame"] % self.strategy.policy.refill_frames == 0:
            state["spent"] = max(0, state["spent"] - 1)
        self._keep(state)
        # Of a variable two of whose copies are stuck, what was written is not what is there.
        if self._stuck.in_variables and self._follow():
            self.changed = True

    def alarm(self, number: int, unit: int) -> bool:
        """A unit of monitor `number` raised an alarm; tell whether the frame is to be computed again."""
        self.changed = False
        repeats = follow_alarm(self, number, unit)
        if self.changed:
            self._find_wrong()
        return repeats

    def may_alarm(self) -> bool:
        """Whether a monitor has to see the next frame."""
        return any(watch.may_alarm(self.suspect[number]) for number, watch in self.monitors)

    def observe(self, number: int, frame: Frame) -> None:
        """Let monitor `number` see a frame that is final, and its alarms follow."""
        alarms = dict(self.monitors)[number].after_frame(self.data, frame)
        self.settle()
        for unit in alarms:
            self.alarm(number, unit)

    def _guard(self, number: int, guard: Guard, watch: Watch, state: State) -> None:
        policy = self.strategy.policy
        unit, strikes = cursor_parts(state["cursor"][number], policy, units=watch.units)
        for _ in range(looks_of(guard, watch.units)):
            if state["rest"]:
                break
            # A unit that was found wrong already, as persistence asks for, is due whatever the scan is.
            if strikes or self.backoff.due(number, unit, state["frame"]):
                if unit in self.suspect[number]:
                    if strikes + 1 < policy.persistence:
                        strikes += 1
                        break
                    self.act(number, guard, watch, unit, state)
                elif self.backoff.level(number, unit):
                    self.backoff.put(number, unit, WELL)
                    self.settle()
            strikes = 0
            unit = (unit + guard.stride) % watch.units
        state["cursor"][number] = cursor_word(unit, strikes)

    def act(self, number: int, guard: Guard, watch: Watch, unit: int, state: State) -> None:
        """Diagnose a unit that is wrong, do what the policy allows, and write it down."""
        policy = self.strategy.policy
        diagnosis = diagnose(self.guards, number, self.data, unit)
        damaged = watch.damaged(self.data, self._clean_working, unit)
        remedy, verdict = Remedy.NONE, Verdict.UNHEALED
        if policy.heals and state["spent"] >= policy.heals:
            verdict = Verdict.DEFERRED
        elif diagnosis in CLIMBS:
            remedy, verdict = self.climb(guard, watch, unit, state)
        elif diagnosis == Diagnosis.AMBIGUOUS and not watch.same_as_golden(self.data, unit):
            remedy, verdict = self.climb(guard, watch, unit, state, sure=False)
        elif diagnosis == Diagnosis.CHECK:
            remedy = mend_check(self, watch, unit) if guard.ladder else Remedy.NONE
            self._recheck(number, unit)
            if remedy != Remedy.NONE and not watch.wrong(self.data, unit):
                verdict = Verdict.HEALED
        frame, rank = time_of(state, self.strategy), self.where.rank(state)
        news = self.report(LogEntry(frame, number, unit, diagnosis, remedy, verdict, rank))
        if remedy != Remedy.NONE:
            self.false_positives += diagnosis in CLIMBS and not damaged
            if news:  # what fails again costs the others no rest and no budget
                state["rest"] = policy.cool_down_frames
                state["spent"] += 1 if policy.heals else 0
            if policy.reset_histories and diagnosis in CLIMBS:
                self.silenced = True

    def climb(
        self, guard: Guard, watch: Watch, unit: int, state: State, *, sure: bool = True
    ) -> tuple[Remedy, Verdict]:
        """Try the rungs until one helps, or those that need no witness; the last that could be done, and the verdict."""
        remedy, verdict = Remedy.NONE, Verdict.UNHEALED
        for rung in guard.ladder:
            apply = REMEDIES[rung].apply if sure or REMEDIES[rung].falls_back else None
            if apply and apply(self, watch, unit, state):
                remedy = rung
                if not watch.wrong(self.data, unit):
                    verdict = validated(guard, self.strategy.policy, self.guards, self.data)
                if verdict == Verdict.HEALED:
                    break
        return remedy, verdict

    def report(self, entry: LogEntry) -> bool:
        """Write it down, unless a unit that cannot be healed was reported before; tell whether it was news."""
        number, unit, news = entry.area, entry.unit, True
        if entry.verdict == Verdict.HEALED:
            self.backoff.put(number, unit, WELL)
        elif entry.verdict == Verdict.DEFERRED:
            news = self.backoff.deferred(number, unit)
        else:
            news = self.backoff.failed(number, unit)
        self.settle()
        if not news:
            self.repeats += 1
            return False
        self.log.append(entry)
        self.trace.written.append(self.trace.now)
        return True

    def mended(self, addresses: slice | np.ndarray) -> None:
        """Working bytes were written."""
        self.settle()
        self.changed = True
        self.look_again(listed(addresses, self.layout.working_bytes))

    def look_again(self, addresses: np.ndarray) -> None:
        """These bytes, int64, of any section, were written: which units disagree now."""
        for number, (_, watch) in enumerate(self.guards):
            for unit in watch.units_in(addresses):
                self._recheck(number, unit)

    def _recheck(self, number: int, unit: int) -> None:
        if self.guards[number][1].wrong(self.data, unit):
            self.suspect[number].add(unit)
        else:
            self.suspect[number].discard(unit)

    def _suspect_all(self) -> None:
        self.suspect = [
            {unit for unit in range(watch.units) if watch.wrong(self.data, unit)}
            for _, watch in self.guards
        ]

    def settle(self) -> None:
        """Stuck cells take their values back."""
        self._stuck.settle(self.data, self.where.seen)

    def state_of_frame(self) -> State:
        """The healer's variables, voted once in a frame; what alarms change of them, `heal` keeps."""
        if self._state is None:
            self._state = self.voted()
        return self._state

    def voted(self) -> State:
        """The healer's variables, by majority."""
        return vote(self._variables, self.strategy, areas=len(self.guards))

    def _keep(self, state: State) -> None:
        keep(self._variables, state)
        self.settle()

    def _find_wrong(self) -> None:
        known, self.wrong = self.wrong, wrong_parameters(self.data, self._clean, self.layout)
        self.trace.toggled(np.setxor1d(known, self.wrong, assume_unique=True))
