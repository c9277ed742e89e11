"""A model with several versions of its parameters: what its folder says of them, and the store that they lie in."""

from __future__ import annotations

from workbench.firmware.design import Firmware
from workbench.memory.places import GOLDEN, VERSIONS


def version_bytes(firmware: Firmware) -> int:
    """Of a version's content: golden copy and checks."""
    sections = firmware.layout.sections
    return sections[VERSIONS].start - sections[GOLDEN].start


def version_content(firmware: Firmware) -> bytes:
    """What a device is to hold in a slot of its store, behind the header of the version."""
    golden = firmware.layout.sections[GOLDEN].start
    return firmware.image.data[golden : golden + version_bytes(firmware)].tobytes()


def check_slots(firmware: Firmware) -> str:
    """C of the check on this machine: every slot holds the version that was exported."""
    if firmware.versions == 1:
        return ""
    name = firmware.prefix
    slots = ", ".join([f"(const WB_SLOT_BYTE *)&{name}_shipped"] * firmware.versions)
    return f"""
extern const {name}_version {name}_shipped; /* {name}_shipped.c */
const WB_SLOT_BYTE *const {name}_slots[{firmware.versions}] = {{{slots}}};
"""


def readme(firmware: Firmware) -> str:
    """How versions reach the model; "" where there is one."""
    if firmware.versions == 1:
        return ""
    name, product, size = firmware.prefix, firmware.macro("product"), version_bytes(firmware)
    return f"""
**Versions.** No weights are compiled in: golden copy and checks, {size:,} bytes, are the content of a version in the
store of versions (`store/README.md`). `{name}_shipped.c` has the ones that were exported, for `make check`.
`workbench version FOLDER --key FILE --sequence N --out FILE` makes of this folder a version that a device takes;
sequence 0 is the factory's, to be put at the beginning of the first slot when devices are made. A folder that was
exported from other weights of the same network with the same healer gives the next ones; other networks have another
`{product}` and are refused.

```c
const WB_SLOT_BYTE *const {name}_slots[WB_SLOTS] = {{ /* of each slot, behind the header */
    (const WB_SLOT_BYTE *)(0x08060000 + WB_HEADER_BYTES), (const WB_SLOT_BYTE *)(0x08080000 + WB_HEADER_BYTES),
    (const WB_SLOT_BYTE *)(0x080a0000 + WB_HEADER_BYTES)}};
static const wb_store_design design = {{.product = {product}, /* and the rest, as store/README.md has it */}};

/* wb_store_open, wb_store_start, wb_store_check, until it is no longer busy; then */
{name}_init(&{name}_device, wb_store_versions(&store));
```

Flash must be readable by address. A page is restored from the version that runs, while that page agrees with its check
there; where it does not, all parameters become those of the next version that is whole (`FALL_BACK`): the one before
it, in the end the factory's, never one that is newer or was refused. The store decides anew at the next start, so let
the device start again soon after `{name}_rank(&{name}_device)` is no longer 0, and install nothing before. As soon as
`wb_store_install` has returned `WB_STORE_OK`, call `{name}_versions(&{name}_device, wb_store_versions(&store))`: the slot
that is being overwritten is none to fall back on. The high 4 bits of `verdict` in the log are the rank of the version
that ran, and that a page was restored from.
"""
