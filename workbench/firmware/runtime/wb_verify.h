/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that can be checked, in steps of the caller's choice: units of all guards with their golden copies, tables
 * of monitors, and the constants that describe the model. It looks, and neither repairs nor writes anything down.
 */
#ifndef WB_VERIFY_H
#define WB_VERIFY_H

#include "wb_crc.h"
#include "wb_report.h"

/* A constant: shapes of layers, what is watched and how, function pointers, the table of diagnoses. */
typedef struct {
    const void *at;
    uint32_t bytes;
} wb_constant;

static inline uint32_t wb_constant_crc(uint32_t crc, const wb_constant *table)
{
    return wb_crc32_on(crc, (const wb_byte *)table->at, table->bytes, 1);
}

/* At start-up, from when on they are known: pointers are set by the linker, so that no export knows their sum. */
static inline void wb_note_tables(const wb_memory *memory, const wb_constant *tables, uint32_t count)
{
    uint32_t crc = 0;
    for (uint32_t i = 0; i < count; i++) {
        crc = wb_constant_crc(crc, &tables[i]);
    }
    wb_log_put(memory->head, WB_LOG_TABLES, crc);
}

/* Unit `at` of all areas, counted on; whether it, or its golden copy where that is read, disagrees with its check. */
static inline int wb_verified_wrong(const wb_memory *memory, uint32_t at)
{
    const wb_area *area = memory->plan->areas;
    while (at >= area->units) {
        at -= area->units;
        area++;
    }
    return area->wrong(memory, area, at, 0) ||
           ((area->facts & WB_SAYS_READS_GOLDEN) && !area->flash && area->wrong(memory, area, at, 1));
}

WB_COLD static wb_status wb_verify(const wb_memory *memory, const wb_constant *tables, uint32_t count,
                                   wb_verification *at, uint32_t most)
{
    uint32_t units = 0;
    for (uint32_t number = 0; number < memory->plan->area_count; number++) {
        units += memory->plan->areas[number].units;
    }
    for (; most && at->next < units + count; most--) {
        if (at->next < units) {
            at->wrong += wb_verified_wrong(memory, at->next) ? 1u : 0u;
        } else {
            at->crc = wb_constant_crc(at->crc, &tables[at->next - units]);
        }
        at->next++;
    }
    if (at->next < units + count) {
        return WB_BUSY;
    }
    at->tables = at->crc != wb_log_word(memory->head, WB_LOG_TABLES);
    return at->wrong || at->tables ? WB_DEGRADED : WB_OK;
}

#endif
