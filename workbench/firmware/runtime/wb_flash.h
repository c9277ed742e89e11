/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of flash under a CRC-32: of the golden copy, then of what guards store there. Nothing is repaired. */
#ifndef WB_FLASH_H
#define WB_FLASH_H

#include "wb_crc.h"
#include "wb_page.h"

typedef struct {
    const wb_byte *golden;
    uint32_t golden_bytes;
    uint32_t golden_units; /* pages of it; those of checks follow */
    const wb_byte *checks;
    uint32_t checks_bytes;
    const wb_byte *sums;
} wb_flash_parts;

/* The first byte of a page within its part, and how many there are. */
typedef struct {
    uint32_t start;
    uint32_t bytes;
} wb_flash_page;

static inline wb_flash_page wb_flash_page_of(const wb_area *area, uint32_t unit)
{
    const wb_flash_parts *const part = area->parts;
    const int golden = unit < part->golden_units;
    const uint32_t start = (golden ? unit : unit - part->golden_units) * area->unit_bytes;
    const uint32_t left = (golden ? part->golden_bytes : part->checks_bytes) - start;
    return (wb_flash_page){start, wb_at_most(left, area->unit_bytes)};
}

static inline uint32_t wb_flash_sum(const wb_area *area, uint32_t unit)
{
    const wb_flash_parts *const part = area->parts;
    return wb_bytes(part->sums + 4 * unit, 4);
}

static inline int wb_flash_wrong(const wb_memory *memory, const wb_area *area, uint32_t unit,
                                 int golden)
{
    const wb_flash_parts *const part = area->parts;
    const wb_flash_page page = wb_flash_page_of(area, unit);
    const wb_byte *const from = unit < part->golden_units ? part->golden : part->checks;
    (void)memory;
    return golden || wb_crc32(from + page.start, page.bytes, 1) != wb_flash_sum(area, unit);
}

/* A byte of the working copy, in a spare page or not. */
static inline const wb_byte *wb_byte_of(const wb_memory *memory, uint32_t at)
{
    for (uint32_t spare = 0; spare < memory->plan->spares; spare++) {
        const wb_moved moved = memory->moved[spare];
        if (moved.bytes && at - moved.start < moved.bytes) {
            return memory->spare + spare * memory->plan->spare_bytes + (at - moved.start);
        }
    }
    return memory->working + at;
}

/* The working copy was made from the golden copy at start-up: where it is right, it tells who is damaged. */
WB_COLD static uint32_t wb_flash_says(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_flash_parts *const part = area->parts;
    const wb_flash_page page = wb_flash_page_of(area, unit);
    uint32_t crc = 0;
    int same = 1;
    if (unit >= part->golden_units) {
        return WB_SAYS_CLEARED;
    }
    for (uint32_t at = page.start; at < page.start + page.bytes; at++) {
        const wb_byte *const byte = wb_byte_of(memory, at);
        crc = wb_crc32_on(crc, byte, 1, 1);
        same &= *byte == part->golden[at];
    }
    if (crc != wb_flash_sum(area, unit) &&
        !wb_cleared_by_pages(memory, page.start, page.start + page.bytes, 1)) {
        return 0;
    }
    return same ? WB_SAYS_CLEARED : WB_SAYS_LATENT;
}

#endif
