/* SPDX-License-Identifier: Apache-2.0 */
/* The log, and how long units that nothing helps wait until they are tried again. */
#ifndef WB_REPORT_H
#define WB_REPORT_H

#include "wb_plan.h"

/* Empty the log unless this build wrote it and its head is whole. */
static inline void wb_log_begin(wb_log_head *head, uint32_t build_low, uint32_t build_high)
{
    if (head->magic != WB_LOG_MAGIC || head->build[0] != build_low ||
        head->build[1] != build_high || head->inverse != ~head->count) {
        head->magic = WB_LOG_MAGIC;
        head->build[0] = build_low;
        head->build[1] = build_high;
        head->count = 0;
        head->inverse = ~0u;
        head->repeats = 0;
    }
}

static inline uint32_t wb_level(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const uint32_t at = area->first_unit + unit;
    return (uint32_t)memory->backoff[at / 2] >> 4 * (at % 2) & 15u;
}

WB_NOINLINE static void wb_put_level(const wb_memory *memory, const wb_area *area, uint32_t unit,
                                     uint32_t level)
{
    const uint32_t at = area->first_unit + unit;
    const uint32_t shift = 4 * (at % 2);
    wb_byte *const both = memory->backoff + at / 2;
    WB_PUT(both, (*both & ~(15u << shift)) | level << shift);
}

/* Whether a unit is looked at in this frame. */
WB_NOINLINE static int wb_due(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const uint32_t level = wb_level(memory, area, unit) & WB_MOST;
    const uint32_t scans = level <= WB_DEFERRED ? 1u : 1u << (level - 1u + area->backoff_shift);
    return scans == 1u || !(memory->state[WB_FRAME] / area->scan_frames & (scans - 1u));
}

/* Write a finding down, unless a unit that cannot be healed was reported before: whether it was news. */
WB_COLD static int wb_report(const wb_memory *memory, uint32_t number, uint32_t unit,
                             int diagnosis, int remedy, int verdict)
{
    const wb_area *const area = &memory->plan->areas[number];
    wb_log_head *const head = memory->head;
    wb_log_entry *const entry = &memory->log[head->count & (memory->plan->log_entries - 1u)];
    const uint32_t level = wb_level(memory, area, unit);
    uint32_t next = WB_WELL;
    int news = 1;
    if (verdict == WB_VERDICT_DEFERRED) {
        news = !(level & WB_MOST);
        next = news ? WB_DEFERRED : level;
    } else if (verdict != WB_VERDICT_HEALED) {
        news = (level & WB_MOST) < WB_FAILED;
        next = news ? WB_FAILED : wb_at_most((level & WB_MOST) + 1u, WB_MOST);
        next |= area->backoff_shift ? WB_ALARMED : 0u;
    }
    if (next != level) {
        wb_put_level(memory, area, unit, next);
    }
    if (!news) {
        head->repeats++;
        return 0;
    }
    entry->frame = memory->state[WB_FRAME];
    entry->epoch = (uint16_t)memory->state[WB_EPOCH];
    entry->unit = (uint16_t)unit;
    entry->area = (uint8_t)number;
    entry->diagnosis = (uint8_t)diagnosis;
    entry->remedy = (uint8_t)remedy;
    entry->verdict = (uint8_t)verdict;
    head->count++;
    head->inverse = ~head->count;
    return 1;
}

#endif
