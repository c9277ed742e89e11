/* SPDX-License-Identifier: Apache-2.0 */
/* Units of pages and of interleaved groups: where they lie, their checks, and what these prove. */
#ifndef WB_PAGE_H
#define WB_PAGE_H

#include "wb_spare.h"

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
    return area->check || area->in_version ? NULL : memory->ram_checks + area->ram_check + unit * area->check_bytes;
}

static inline const wb_byte *wb_check(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    if (area->in_version) {
        return memory->golden + area->in_version + unit * area->check_bytes;
    }
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
    const wb_byte *kept = area->second_check ? area->second_check
                                             : memory->ram_checks + area->ram_second;
    if (area->second_in_version) {
        kept = memory->golden + area->second_in_version;
    }
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

/*
 * Whether pages of other areas cover the bytes from `at` to `stop`, and all agree with their checks. in_flash: only
 * those count that were not made from the working copy at start-up.
 */
WB_COLD static int wb_cleared_by_pages(const wb_memory *memory, uint32_t at, uint32_t stop,
                                       int in_flash)
{
    const wb_heal_plan *const plan = memory->plan;
    uint32_t number = 0;
    while (at < stop && number < plan->area_count) {
        const wb_area *const area = &plan->areas[number++];
        if (area->proves && (area->check || !in_flash) && at >= area->start && at < area->stop) {
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

/*
 * Whether the byte `at` of the working copy, and not its golden copy, agrees with what some area stores of its unit: a
 * page, a group, or a page of flash.
 */
WB_COLD static int wb_vouched_for(const wb_memory *memory, uint32_t at)
{
    const wb_heal_plan *const plan = memory->plan;
    for (uint32_t number = 0; number < plan->area_count; number++) {
        const wb_area *const area = &plan->areas[number];
        if (area->flash) {
            const uint32_t unit = at / area->unit_bytes;
            if (area->wrong(memory, area, unit, 0) &&
                area->witnesses(memory, area, unit) == WB_SAYS_LATENT) {
                return 1;
            }
        } else if (area->code && at >= area->start && at < area->stop) {
            const uint32_t offset = at - area->start;
            const uint32_t unit = area->step > 1 ? offset % area->step : offset / area->unit_bytes;
            if (!area->wrong(memory, area, unit, 0) && area->wrong(memory, area, unit, 1)) {
                return 1;
            }
        }
    }
    return 0;
}

/* Of a page that differs from its golden copy: whether all bytes that do are vouched for. */
WB_COLD static uint32_t wb_copies_say(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const uint32_t start = wb_unit_start(area, unit);
    const wb_byte *const bytes = wb_unit_at(memory, area, unit);
    for (uint32_t i = 0; i < wb_unit_count(area, unit); i++) {
        if (bytes[i] != memory->golden[start + i] && !wb_vouched_for(memory, start + i)) {
            return 0;
        }
    }
    return WB_SAYS_LATENT;
}

/* Of a self-test, whose units have all of memory. */
WB_COLD static uint32_t wb_all_say(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const uint32_t says = wb_golden_says(memory, area, unit);
    return !(says & WB_SAYS_GOLDEN_AGREES) &&
                   wb_cleared_by_pages(memory, 0, memory->plan->working_bytes, 0)
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

#endif
