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

static inline int wb_presumed(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    (void)memory, (void)area, (void)unit;
    return WB_DIAGNOSIS_MEMORY;
}

static inline int wb_by_golden(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    if (!area->wrong(memory, area, unit, 1)) {
        return WB_DIAGNOSIS_MEMORY;
    }
    return area->same(memory, area, unit) ? WB_DIAGNOSIS_CHECK : WB_DIAGNOSIS_AMBIGUOUS;
}

static inline int wb_by_code(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_byte *const from = wb_unit_at(memory, area, unit);
    return area->code->data_wrong(area->code, from, wb_unit_count(area, unit),
                                  wb_check(memory, area, unit))
               ? WB_DIAGNOSIS_MEMORY
               : WB_DIAGNOSIS_CHECK;
}

/* A code may be deceived by four flips and more: where there is a golden copy, it is asked as well. */
static inline int wb_by_code_and_golden(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const int diagnosis = wb_by_code(memory, area, unit);
    return diagnosis == WB_DIAGNOSIS_CHECK ? wb_by_golden(memory, area, unit) : diagnosis;
}

static inline int wb_by_second(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_byte *const kept = area->second_check ? area->second_check
                                                   : memory->ram_checks + area->ram_second;
    return area->second->wrong(area->second, wb_unit_at(memory, area, unit),
                               wb_unit_count(area, unit), area->step,
                               kept + unit * area->second_bytes)
               ? WB_DIAGNOSIS_MEMORY
               : WB_DIAGNOSIS_CHECK;
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
    if (area->wrong(memory, area, unit, 1)) {
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
    if (area->wrong(memory, area, unit, 1)) {
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
    if (!code->data_wrong(code, bytes, count, check)) {
        return 0;
    }
    code->correct(code, bytes, count, check, wb_own_check(memory, area, unit));
    return 1;
}

static inline int32_t wb_weight(const wb_byte *at)
{
    return (int32_t)(*at ^ 128u) - 128;
}

WB_COLD static int wb_replace(const wb_memory *memory, const wb_area *area, uint32_t unit,
                             int remedy)
{
    const wb_code *const code = area->code;
    const uint32_t start = wb_unit_start(area, unit);
    const uint32_t count = wb_unit_count(area, unit);
    wb_byte *const bytes = wb_unit_at(memory, area, unit);
    int damaged = area->wrong(memory, area, unit, 0); /* a rung before may have put it right */
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t at = start + i * area->step;
        wb_byte *const byte = bytes + i * area->step;
        const int zero = remedy == WB_REMEDY_ZERO;
        const int32_t left = !zero && at > area->start ? wb_weight(byte - 1) : 0;
        const int32_t right = !zero && at + 1 < area->stop ? wb_weight(byte + 1) : 0;
        const int32_t low = left < right ? left : right;
        const int32_t high = left < right ? right : left;
        if (code->part_wrong && i % code->part_bytes == 0) {
            damaged = code->part_wrong(code, bytes, count,
                                       wb_check(memory, area, unit), i);
        }
        if (!damaged) {
            continue;
        }
        if (remedy == WB_REMEDY_INTERPOLATE) {
            WB_PUT(byte, wb_shift_right(left + right, 1));
        } else if (remedy == WB_REMEDY_CLIP) {
            WB_PUT(byte, wb_clamp(wb_weight(byte), low, high));
        } else {
            WB_PUT(byte, 0);
        }
    }
    wb_sign(memory, area, unit);
    return 1;
}

static inline int wb_zero_unit(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    return wb_replace(memory, area, unit, WB_REMEDY_ZERO);
}

static inline int wb_interpolate(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    return wb_replace(memory, area, unit, WB_REMEDY_INTERPOLATE);
}

static inline int wb_clip(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    return wb_replace(memory, area, unit, WB_REMEDY_CLIP);
}

/* The units of a self-test are moments, and all of memory belongs to each. */
static inline int wb_all_same(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    (void)unit;
    return wb_page_same(memory, area, 0);
}

static inline void wb_copy_golden(const wb_memory *memory)
{
    for (uint32_t at = 0; at < memory->plan->working_bytes; at++) {
        WB_PUT(memory->working + at, memory->golden[at]);
    }
}

/* That the golden copy gives the right outcome is what the diagnosis was made by. */
WB_COLD static int wb_restore_all(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    (void)area, (void)unit;
    wb_copy_golden(memory);
    return 1;
}

WB_COLD static int wb_reboot(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    (void)area, (void)unit;
    wb_copy_golden(memory);
    for (uint32_t spare = 0; spare < memory->plan->spares; spare++) {
        for (uint32_t i = 0; i < memory->moved[spare].bytes; i++) {
            WB_PUT(memory->spare + spare * memory->plan->spare_bytes + i,
                   memory->golden[memory->moved[spare].start + i]);
        }
    }
    wb_zero(memory->histories, memory->plan->state_bytes);
    wb_boot_checks(memory);
    return 1;
}

#endif
