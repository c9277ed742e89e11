/* SPDX-License-Identifier: Apache-2.0 */
/* What can be done about damaged units of pages and of interleaved groups. */
#ifndef WB_REMEDY_H
#define WB_REMEDY_H

#include "wb_heal.h"
#include "wb_rewrite.h"

static inline int wb_resign(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    wb_sign(memory, area, unit);
    return WB_REMEDY_RESIGN;
}

WB_COLD static int wb_restore(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    wb_byte *bytes = wb_unit_at(memory, area, unit);
    const wb_byte *kept = memory->golden + wb_unit_start(area, unit);
    if (!wb_trusts_golden(memory, area, unit)) {
        return 0;
    }
    for (uint32_t left = wb_unit_count(area, unit); left; left--) {
        WB_PUT(bytes, *kept);
        bytes += area->step;
        kept += area->step;
    }
    return 1;
}

/* Give a page the next free spare one, restored; a spare one that it had already is retired. */
WB_COLD static int wb_relocate(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_heal_plan *const plan = memory->plan;
    uint32_t *const map = memory->state + WB_CURSORS + plan->area_count;
    const uint32_t start = wb_unit_start(area, unit);
    if (!wb_trusts_golden(memory, area, unit)) {
        return 0;
    }
    for (uint32_t spare = 0; spare < plan->spares; spare++) {
        if (map[spare] == 0) {
            for (uint32_t other = 0; other < plan->spares; other++) {
                if (memory->moved[other].bytes && memory->moved[other].start == start) {
                    map[other] = ~0u;
                }
            }
            map[spare] = start + 1;
            wb_follow_map(memory);
            return wb_restore(memory, area, unit);
        }
    }
    return 0;
}

/*
 * A code that takes its check for damaged would sign what the golden copy has shown to be damaged. Where the golden
 * copy is a witness and agrees with the check, that is right, and so is of a correction what it confirms.
 */
WB_COLD static int wb_correct(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_code *const code = area->code;
    wb_byte *const bytes = wb_unit_at(memory, area, unit);
    const uint32_t count = wb_unit_count(area, unit);
    const wb_byte *const check = wb_check(memory, area, unit);
    if (code->judge(code, bytes, count, 1, check) == WB_CLEARS) {
        return 0;
    }
    const int confirms = area->same && !area->wrong(memory, area, unit, 1);
    code->correct(code, bytes, count, check, confirms ? NULL : wb_own_check(memory, area, unit),
                  confirms ? memory->golden + wb_unit_start(area, unit) : NULL);
    return 1;
}

/* The units of a self-test are moments, and all of memory belongs to each. */
static inline int wb_all_same(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    (void)unit;
    return wb_page_same(memory, area, 0);
}

/* That the golden copy gives the right outcome is what the diagnosis was made by. */
WB_COLD static int wb_restore_all(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    (void)area, (void)unit;
    for (uint32_t at = 0; at < memory->plan->working_bytes; at++) {
        WB_PUT(memory->working + at, memory->golden[at]);
    }
    return 1;
}

/* The first address, `at` or beyond, that belongs to no page. */
static inline uint32_t wb_unwatched(const wb_heal_plan *plan, uint32_t at)
{
    for (uint32_t number = 0; number < plan->area_count; number++) {
        const wb_area *const area = &plan->areas[number];
        if (area->restore && at >= area->start && at < area->stop) {
            at = area->stop;
            number = ~0u; /* from the first area again */
        }
    }
    return at;
}

/* As start-up does, but for units whose golden copy is known to be damaged, which keep what they have. */
WB_COLD static int wb_reboot(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_heal_plan *const plan = memory->plan;
    if (!wb_trusts_golden(memory, area, unit)) {
        return 0;
    }
    for (uint32_t at = 0; at < plan->working_bytes; at++) {
        at = wb_unwatched(plan, at);
        if (at < plan->working_bytes) {
            WB_PUT(memory->working + at, memory->golden[at]);
        }
    }
    for (uint32_t number = 0; number < plan->area_count; number++) {
        const wb_area *const other = &plan->areas[number];
        for (uint32_t each = 0; other->restore && each < other->units; each++) {
            other->restore(memory, other, each);
        }
    }
    wb_zero(memory->histories, plan->state_bytes);
    wb_boot_checks(memory);
    return 1;
}

/* Whether every unit of the version that is looked at agrees with its check. */
static inline int wb_version_whole(const wb_memory *memory)
{
    const wb_heal_plan *const plan = memory->plan;
    for (uint32_t number = 0; number < plan->area_count; number++) {
        const wb_area *const area = &plan->areas[number];
        for (uint32_t unit = 0; unit < area->units; unit++) {
            if (area->wrong(memory, area, unit, 1)) {
                return 0;
            }
        }
    }
    return 1;
}

/* Start the next version that is whole; never where the present one can restore the unit. */
WB_COLD static int wb_fall_back(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    uint32_t *const word = wb_version_word(memory);
    const uint32_t before = *word;
    if (wb_trusts_golden(memory, area, unit)) {
        return 0;
    }
    for (uint32_t rank = memory->rank + 1u; rank < memory->plan->versions; rank++) {
        *word = (before & ~3u) | rank;
        wb_follow_version(memory);
        if (wb_version_whole(memory)) {
            return wb_reboot(memory, area, unit);
        }
    }
    *word = before;
    wb_follow_version(memory);
    return 0;
}

#endif
