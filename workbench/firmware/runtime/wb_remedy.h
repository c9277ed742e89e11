/* SPDX-License-Identifier: Apache-2.0 */
/* Pages and interleaved groups: how they are diagnosed, and what can be done about them. */
#ifndef WB_REMEDY_H
#define WB_REMEDY_H

#include "wb_heal.h"

static inline uint32_t wb_unit_start(const wb_area *area, uint32_t unit)
{
    return area->start + (area->step > 1 ? unit : unit * area->unit_bytes);
}

static inline uint32_t wb_unit_count(const wb_area *area, uint32_t unit)
{
    const uint32_t left = area->stop - wb_unit_start(area, unit);
    if (area->step > 1) {
        return (left + area->step - 1) / area->step;
    }
    return wb_at_most(left, area->unit_bytes);
}

/* Where the bytes of a unit lie. */
static inline wb_byte *wb_unit_at(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    return wb_page_at(memory, wb_unit_start(area, unit));
}

static inline wb_byte *wb_own_check(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    return area->check ? NULL : memory->ram_checks + area->ram_check + unit * area->check_bytes;
}

static inline const wb_byte *wb_check(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    return area->check ? area->check + unit * area->check_bytes
                       : wb_own_check(memory, area, unit);
}

static inline int wb_page_wrong(const wb_memory *memory, const wb_area *area, uint32_t unit,
                                int golden)
{
    const wb_byte *const from = golden ? memory->golden + wb_unit_start(area, unit)
                                       : wb_unit_at(memory, area, unit);
    return area->code->wrong(area->code, from, wb_unit_count(area, unit), area->step, wb_check(memory, area, unit));
}

static inline int wb_page_same(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_byte *bytes = wb_unit_at(memory, area, unit);
    const wb_byte *kept = memory->golden + wb_unit_start(area, unit);
    for (uint32_t left = wb_unit_count(area, unit); left; left--) {
        if (*bytes != *kept) {
            return 0;
        }
        bytes += area->step;
        kept += area->step;
    }
    return 1;
}

static inline int wb_golden_wrong(const wb_memory *memory, const wb_area *area, uint32_t unit,
                                  int golden)
{
    return !golden && !wb_page_same(memory, area, unit);
}

static inline const wb_byte *wb_second_check(const wb_memory *memory, const wb_area *area,
                                             uint32_t unit)
{
    const wb_byte *const kept = area->second_check ? area->second_check
                                                   : memory->ram_checks + area->ram_second;
    return kept + unit * area->second_bytes;
}

/* WB_SAYS_CLEARED, WB_SAYS_BLAMED or neither, of a unit or its golden copy. */
WB_COLD static uint32_t wb_judged(const wb_memory *memory, const wb_area *area, uint32_t unit,
                                  int golden)
{
    const wb_byte *const from = golden ? memory->golden + wb_unit_start(area, unit)
                                       : wb_unit_at(memory, area, unit);
    const uint32_t count = wb_unit_count(area, unit), step = area->step;
    const wb_code *const code = area->code, *const second = area->second;
    uint32_t says = 0;
    if (code->judge && area->wrong(memory, area, unit, golden)) {
        says |= (uint32_t)code->judge(code, from, count, step, wb_check(memory, area, unit));
    }
    if (second) {
        const wb_byte *const kept = wb_second_check(memory, area, unit);
        if (second->wrong(second, from, count, step, kept)) {
            says |= second->judge ? (uint32_t)second->judge(second, from, count, step, kept) : 0u;
        } else if (second->sees_every_flip) {
            says |= WB_SAYS_CLEARED;
        }
    }
    return says & WB_SAYS_BLAMED ? WB_SAYS_BLAMED : says; /* a code blames less easily than it clears */
}

/* Whether a golden copy agrees with its check, and whether it is what the working copy is. */
static inline uint32_t wb_golden_says(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    return (area->wrong(memory, area, unit, 1) ? 0u : WB_SAYS_GOLDEN_AGREES) |
           (area->same(memory, area, unit) ? WB_SAYS_SAME : 0u);
}

/* Whether pages of other areas cover the bytes from `at` to `stop`, and all agree with their checks. */
WB_COLD static int wb_cleared_by_pages(const wb_memory *memory, uint32_t at, uint32_t stop)
{
    const wb_heal_plan *const plan = memory->plan;
    uint32_t number = 0;
    while (at < stop && number < plan->area_count) {
        const wb_area *const area = &plan->areas[number++];
        if (area->proves && at >= area->start && at < area->stop) {
            const uint32_t unit = (at - area->start) / area->unit_bytes;
            if (area->wrong(memory, area, unit, 0)) {
                return 0;
            }
            at = wb_unit_start(area, unit) + wb_unit_count(area, unit);
            number = 0;
        }
    }
    return at >= stop;
}

/* Of a self-test, whose units have all of memory. */
WB_COLD static uint32_t wb_all_say(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const uint32_t says = wb_golden_says(memory, area, unit);
    return !(says & WB_SAYS_GOLDEN_AGREES) &&
                   wb_cleared_by_pages(memory, 0, memory->plan->working_bytes)
               ? says | WB_SAYS_CLEARED
               : says;
}

WB_COLD static uint32_t wb_page_says(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const uint32_t says = wb_judged(memory, area, unit, 0);
    const int two = area->second &&
                    area->second->wrong(area->second, wb_unit_at(memory, area, unit),
                                        wb_unit_count(area, unit), area->step,
                                        wb_second_check(memory, area, unit));
    return two ? says | WB_SAYS_TWO_DISAGREE : says;
}

WB_COLD static uint32_t wb_page_and_golden_say(const wb_memory *memory, const wb_area *area,
                                               uint32_t unit)
{
    const uint32_t golden = wb_judged(memory, area, unit, 1) * WB_SAYS_GOLDEN_CLEARED;
    return wb_page_says(memory, area, unit) | golden | wb_golden_says(memory, area, unit);
}

/* Whether the golden copy of a unit may be taken: it agrees with its check, or is cleared. */
WB_COLD static int wb_trusts_golden(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    return !area->wrong(memory, area, unit, 1) ||
           (area->code && (wb_judged(memory, area, unit, 1) & WB_SAYS_CLEARED));
}

/* Make the checks in RAM those of the working copy. */
static inline void wb_sign(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_byte *const from = wb_unit_at(memory, area, unit);
    const uint32_t count = wb_unit_count(area, unit);
    area->code->sign(area->code, from, count, area->step, wb_own_check(memory, area, unit));
    if (area->second) {
        area->second->sign(area->second, from, count, area->step,
                           memory->ram_checks + area->ram_second + unit * area->second_bytes);
    }
}

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

/* A code that takes its check for damaged would sign what the golden copy has shown to be damaged. */
WB_COLD static int wb_correct(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_code *const code = area->code;
    wb_byte *const bytes = wb_unit_at(memory, area, unit);
    const uint32_t count = wb_unit_count(area, unit);
    const wb_byte *const check = wb_check(memory, area, unit);
    if (code->judge(code, bytes, count, 1, check) == WB_CLEARS) {
        return 0;
    }
    code->correct(code, bytes, count, check, wb_own_check(memory, area, unit));
    return 1;
}

#include "wb_rewrite.h"

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

#endif
