"""Pages and interleaved groups with a code, in C."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from workbench.firmware.guards.codes import code_constant, code_in_c
from workbench.firmware.guards.in_c import Guarded, InC
from workbench.firmware.operators import once
from workbench.memory.watches.areas import RAM
from workbench.memory.watches.pages import PageWatch


class PagesInC(InC):
    """Functions of `runtime/wb_remedy.h`; words in place store nothing, and nothing is read."""

    headers: ClassVar[tuple[str, ...]] = ("wb_crc.h", "wb_ecc.h")

    def functions(self, guarded: Guarded) -> str:
        """Of codes that the runtime does not have."""
        watch = _watch(guarded)
        entries = [code_in_c(code) for code in (watch.code, watch.second) if code]
        return "".join(once(entry.stem, entry.source) for entry in entries)

    def tables(self, guarded: Guarded) -> Mapping[str, str]:
        """Of its code."""
        code = _watch(guarded).code
        name, text = code_in_c(code).table(guarded.prefix, code)
        return {name: text} if name else {}

    def codes(self, guarded: Guarded) -> list[str]:
        """One, or two."""
        watch, number, guard = _watch(guarded), guarded.number, guarded.guard
        made = [code_constant(guarded.prefix, f"code_{number}", watch.code, guard)]
        if watch.second:
            made.append(code_constant(guarded.prefix, f"second_{number}", watch.second, guard))
        return made

    def fields(self, guarded: Guarded) -> dict[str, object]:
        """Checks in flash or RAM, and who is asked about damage."""
        name, number, guard, watch = guarded.prefix, guarded.number, guarded.guard, _watch(guarded)
        code, second, writes = watch.code, watch.second, guard.area.keep == RAM
        fields: dict[str, object] = {
            "wrong": "wb_page_wrong",
            "code": f"&{name}_code_{number}",
            "check_bytes": f"{code.check_bytes(guard.area.unit_bytes)}u",
            "proves": f"{int(watch.proves)}u",
        }
        if guard.golden_is_witness:
            fields |= {"witnesses": "wb_page_and_golden_say", "same": "wb_page_same"}
        elif code.judges or second:
            fields["witnesses"] = "wb_page_says"
        if second:
            fields["second"] = f"&{name}_second_{number}"
            fields["second_bytes"] = f"{second.check_bytes(guard.area.unit_bytes)}u"
        for tensor, flash, ram, version in (
            ("check", "check", "ram_check", "in_version"),
            ("second", "second_check", "ram_second", "second_in_version"),
        ):
            if any(place.tensor == tensor for place in watch.places):
                if writes:
                    fields[ram] = f"{guarded.ram_offset(tensor)}u"
                elif guarded.firmware.versions > 1:
                    fields[version] = f"{guarded.version_offset(tensor)}u"
                else:
                    fields[flash] = f"(const wb_byte *){guarded.in_flash(tensor)}"
        if not watch.places:  # in place: nothing is stored, and nothing is read
            fields["check"] = f"(const wb_byte *)&{name}_{next(iter(guarded.firmware.in_flash))}"
        elif writes:
            fields["boot"] = "wb_sign"
            fields |= {"mend_check": "wb_resign"} if guard.ladder else {}
        return fields


def _watch(guarded: Guarded) -> PageWatch:
    assert isinstance(guarded.watch, PageWatch)
    return guarded.watch
