/* SPDX-License-Identifier: Apache-2.0 */
/* Spare pages: which pages of the working copy they stand for. */
#ifndef WB_SPARE_H
#define WB_SPARE_H

#include "wb_plan.h"

/* The unit of some area that begins at `start`: its bytes, or 0 where there is none. */
WB_COLD static uint32_t wb_page_bytes(const wb_heal_plan *plan, uint32_t start)
{
    for (uint32_t number = 0; number < plan->area_count; number++) {
        const wb_area *const area = &plan->areas[number];
        if (start >= area->start && start < area->stop) {
            const uint32_t left = area->stop - start;
            return (start - area->start) % area->unit_bytes ? 0 : wb_at_most(left, plan->spare_bytes);
        }
    }
    return 0;
}

/* Read the map of spare pages; of two that stand for one page the first counts. */
static inline void wb_follow_map(const wb_memory *memory)
{
    const wb_heal_plan *const plan = memory->plan;
    const uint32_t *const map = memory->state + WB_CURSORS + plan->area_count;
    for (uint32_t spare = 0; spare < plan->spares; spare++) {
        wb_moved *const moved = &memory->moved[spare];
        moved->start = map[spare] - 1u;
        moved->bytes = map[spare] ? wb_page_bytes(plan, moved->start) : 0u;
        for (uint32_t other = 0; other < spare; other++) {
            if (memory->moved[other].bytes && memory->moved[other].start == moved->start) {
                moved->bytes = 0;
            }
        }
    }
}

/* Where the byte at `start`, with which a page begins, lies. */
static inline wb_byte *wb_page_at(const wb_memory *memory, uint32_t start)
{
    for (uint32_t spare = 0; spare < memory->plan->spares; spare++) {
        if (memory->moved[spare].bytes && memory->moved[spare].start == start) {
            return memory->spare + spare * memory->plan->spare_bytes;
        }
    }
    return memory->working + start;
}

/* Whether any of the `bytes` bytes from `at` on lie in a spare page. */
WB_NOINLINE static int wb_moved_within(const wb_memory *memory, const void *at, uint32_t bytes)
{
    const uint32_t start = (uint32_t)((const wb_byte *)at - memory->working);
    for (uint32_t spare = 0; spare < memory->plan->spares; spare++) {
        const wb_moved moved = memory->moved[spare];
        if (moved.bytes && moved.start < start + bytes && start < moved.start + moved.bytes) {
            return 1;
        }
    }
    return 0;
}

/*
 * `bytes` bytes of the working copy that begin at `at`: where they lie, or, where some of them have
 * moved to spare pages, put together in `bounce`.
 */
WB_NOINLINE static const void *wb_gather(const wb_memory *memory, const void *at, uint32_t bytes,
                                    void *bounce)
{
    const uint32_t start = (uint32_t)((const wb_byte *)at - memory->working);
    const void *found = at;
    for (uint32_t spare = 0; spare < memory->plan->spares; spare++) {
        const wb_moved moved = memory->moved[spare];
        if (moved.bytes && moved.start < start + bytes && start < moved.start + moved.bytes) {
            const unsigned char *const page =
                (const unsigned char *)(uintptr_t)memory->spare + spare * memory->plan->spare_bytes;
            if (found == at) {
                wb_copy(bounce, at, bytes);
                found = bounce;
            }
            for (uint32_t i = 0; i < moved.bytes; i++) {
                if (moved.start + i >= start && moved.start + i < start + bytes) {
                    ((unsigned char *)bounce)[moved.start + i - start] = page[i];
                }
            }
        }
    }
    return found;
}

#endif
