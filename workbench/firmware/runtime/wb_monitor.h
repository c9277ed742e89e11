/* SPDX-License-Identifier: Apache-2.0 */
/* Monitors of a stream: they observe the frame that is computed, and raise alarms for their units. */
#ifndef WB_MONITOR_H
#define WB_MONITOR_H

#include "wb_remedy.h"

/* After every WB_SUMS_FRAMES frames: forget the units that raised no alarm when they were tried. */
WB_COLD static void wb_look_on(const wb_memory *memory, const wb_area *area)
{
    for (uint32_t unit = 0; unit < area->units; unit++) {
        const uint32_t level = wb_level(memory, area, unit);
        if (level & WB_ALARMED) {
            wb_put_level(memory, area, unit, level & WB_MOST);
        } else if (level && wb_due(memory, area, unit)) {
            wb_put_level(memory, area, unit, WB_WELL);
        }
    }
}

/* The same where there are several monitors, from the first on. */
WB_COLD static void wb_look_on_all(const wb_memory *memory, const wb_area *area)
{
    const wb_area *const end = memory->plan->areas + memory->plan->area_count;
    for (; area < end; area++) {
        if (area->backoff_shift) {
            wb_look_on(memory, area);
        }
    }
}

/* Unit `unit` of monitor `number` raised an alarm; returns whether the frame is to be computed again. */
WB_COLD static int wb_alarm(const wb_memory *memory, uint32_t number, uint32_t unit)
{
    const wb_area *const area = &memory->plan->areas[number];
    int diagnosis = WB_DIAGNOSIS_COMPUTE;
    int remedy = WB_REMEDY_NONE;
    int verdict = WB_VERDICT_UNHEALED;
    int repeats = 0;
    if (!wb_due(memory, area, unit)) {
        wb_put_level(memory, area, unit, wb_level(memory, area, unit) | WB_ALARMED);
        return 0;
    }
    if (area->wrong(memory, area, unit, 0)) {
        diagnosis = wb_diagnose(memory, area, unit);
    }
    for (uint32_t rung = 0; rung < area->rungs; rung++) {
        const wb_rung *const each = &area->ladder[rung];
        if (!each->apply) {
            repeats = 1;
        } else if (verdict != WB_VERDICT_HEALED && WB_CLIMBS(diagnosis) &&
                   each->apply(memory, area, unit)) {
            remedy = each->remedy;
            verdict = area->wrong(memory, area, unit, 0) ? verdict : WB_VERDICT_HEALED;
        }
    }
    if (diagnosis == WB_DIAGNOSIS_COMPUTE && repeats) {
        remedy = WB_REMEDY_REPEAT;
        verdict = WB_VERDICT_HEALED;
    }
    wb_report(memory, number, unit, diagnosis, remedy, verdict);
    return remedy != WB_REMEDY_NONE && repeats;
}

#endif
