/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of flash under a CRC-32: of the golden copy, of what guards store there, of reserves. Nothing is repaired. */
#ifndef WB_FLASH_H
#define WB_FLASH_H

#include "wb_crc.h"
#include "wb_page.h"

typedef struct {
    const wb_byte *golden;
    uint32_t golden_bytes;
    uint32_t golden_units; /* pages of it; those of checks follow ... */
    const wb_byte *checks;
    uint32_t checks_bytes;
    uint32_t reserve_unit; /* ... and, from this page on, those of reserves */
    const wb_byte *reserve;
    uint32_t reserve_bytes;
    const wb_byte *sums;
} wb_flash_parts;

/* The first byte of a page within its part, how many there are, and the part. */
typedef struct {
    uint32_t start;
    uint32_t bytes;
    const wb_byte *from;
} wb_flash_page;

static inline wb_flash_page wb_flash_page_of(const wb_area *area, uint32_t unit)
{
    const wb_flash_parts *const part = area->parts;
    const wb_byte *from = part->golden;
    uint32_t start = unit * area->unit_bytes;
    uint32_t size = part->golden_bytes;
    if (unit >= part->reserve_unit) {
        from = part->reserve;
        start = (unit - part->reserve_unit) * area->unit_bytes;
        size = part->reserve_bytes;
    } else if (unit >= part->golden_units) {
        from = part->checks;
        start = (unit - part->golden_units) * area->unit_bytes;
        size = part->checks_bytes;
    }
    return (wb_flash_page){start, wb_at_most(size - start, area->unit_bytes), from};
}

static inline uint32_t wb_flash_sum(const wb_area *area, uint32_t unit)
{
    const wb_flash_parts *const part = area->parts;
    return wb_bytes(part->sums + 4 * unit, 4);
}

static inline int wb_flash_wrong(const wb_memory *memory, const wb_area *area, uint32_t unit,
                                 int golden)
{
    const wb_flash_page page = wb_flash_page_of(area, unit);
    (void)memory;
    return golden || wb_crc32(page.from + page.start, page.bytes, 1) != wb_flash_sum(area, unit);
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

/*
 * The working copy was made from the golden copy at start-up: where it is right, it tells who is damaged. Of a reserve, the
 * sum is where a single bit of that differs.
 */
WB_COLD static uint32_t wb_flash_says(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_flash_parts *const part = area->parts;
    const wb_flash_page page = wb_flash_page_of(area, unit);
    uint32_t crc = 0;
    int same = 1;
    if (unit >= part->reserve_unit) {
        crc = wb_crc32(page.from + page.start, page.bytes, 1) ^ wb_flash_sum(area, unit);
        return wb_ones(crc) == 1u ? WB_SAYS_CLEARED : WB_SAYS_LATENT;
    }
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
