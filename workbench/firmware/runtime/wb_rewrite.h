/* SPDX-License-Identifier: Apache-2.0 */
/* Remedies that give damaged bytes new values without a golden copy. */
#ifndef WB_REWRITE_H
#define WB_REWRITE_H

#include "wb_page.h"

static inline int32_t wb_weight(const wb_byte *at)
{
    return (int32_t)(*at ^ 128u) - 128;
}

/* Neighbours of a byte; beyond the watched sections they count as zero. */
static inline int32_t wb_left(const wb_area *area, uint32_t at, const wb_byte *byte)
{
    return at > area->start ? wb_weight(byte - 1) : 0;
}

static inline int32_t wb_right(const wb_area *area, uint32_t at, const wb_byte *byte)
{
    return at + 1 < area->stop ? wb_weight(byte + 1) : 0;
}

/* What a damaged byte becomes: `at` is its address in the image, `byte` where it lies. */
typedef int32_t (*wb_value)(const wb_area *area, uint32_t at, const wb_byte *byte);

static inline int32_t wb_zero_value(const wb_area *area, uint32_t at, const wb_byte *byte)
{
    (void)area, (void)at, (void)byte;
    return 0;
}

static inline int32_t wb_mean_value(const wb_area *area, uint32_t at, const wb_byte *byte)
{
    return wb_shift_right(wb_left(area, at, byte) + wb_right(area, at, byte), 1);
}

static inline int32_t wb_clipped_value(const wb_area *area, uint32_t at, const wb_byte *byte)
{
    const int32_t left = wb_left(area, at, byte);
    const int32_t right = wb_right(area, at, byte);
    return wb_clamp(wb_weight(byte), left < right ? left : right, left < right ? right : left);
}

/* Give the damaged bytes of a unit new values, in ascending order, and sign it anew. */
WB_COLD static int wb_rewrite(const wb_memory *memory, const wb_area *area, uint32_t unit,
                              wb_value value)
{
    const wb_code *const code = area->code;
    const uint32_t start = wb_unit_start(area, unit);
    const uint32_t count = wb_unit_count(area, unit);
    wb_byte *const bytes = wb_unit_at(memory, area, unit);
    int damaged = area->wrong(memory, area, unit, 0); /* a rung before may have put it right */
    for (uint32_t i = 0; i < count; i++) {
        wb_byte *const byte = bytes + i * area->step;
        if (code->part_wrong && i % code->part_bytes == 0) {
            damaged = code->part_wrong(code, bytes, count,
                                       wb_check(memory, area, unit), i);
        }
        if (damaged) {
            WB_PUT(byte, value(area, start + i * area->step, byte));
        }
    }
    wb_sign(memory, area, unit);
    return 1;
}

static inline int wb_zero_unit(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    return wb_rewrite(memory, area, unit, wb_zero_value);
}

static inline int wb_interpolate(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    return wb_rewrite(memory, area, unit, wb_mean_value);
}

static inline int wb_clip(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    return wb_rewrite(memory, area, unit, wb_clipped_value);
}

#endif
