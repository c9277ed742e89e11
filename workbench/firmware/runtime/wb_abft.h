/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checksum rows that a convolution compares its sums with while it computes them: the first monitor of a
 * stream. Who is wrong where they disagree is decided by looking at memory.
 */
#ifndef WB_ABFT_H
#define WB_ABFT_H

#include "wb_conv.h"
#include "wb_monitor.h"

/* A convolution that is watched; offsets in the working copy and in the golden copy. */
typedef struct {
    const wb_conv_shape *shape;
    wb_checksum check;
    uint32_t weight;
    uint32_t weight_bytes;
    uint32_t bias;
} wb_abft_part;

/* Columns whose sums are in work at a time; even. */
#define WB_COLUMNS 8u

/* Sums over all rows of `count` columns of weights, from `at` codes from the left on. */
static inline void wb_column_sums(const wb_conv_shape *shape, const wb_byte *weights,
                                  uint32_t row_codes, uint32_t at, uint32_t count, int32_t *sums)
{
    const uint32_t packed = shape->weight_bits == 4;
    const uint32_t row_bytes = packed ? (row_codes + 1) / 2 : row_codes;
    for (uint32_t i = 0; i < WB_COLUMNS; i++) {
        sums[i] = 0;
    }
    weights += packed ? at / 2 : at;
    for (uint32_t row = 0; row < shape->up * shape->columns; row++) {
        if (packed) {
            for (uint32_t i = 0; i < count; i++) {
                const uint32_t both = weights[i / 2];
                sums[i] += (int32_t)(((i % 2 ? both >> 4 : both) & 15u) ^ 8u) - 8;
            }
        } else if (count == WB_COLUMNS) {
            for (uint32_t i = 0; i < WB_COLUMNS; i++) {
                sums[i] += ((const volatile signed char *)weights)[i];
            }
        } else {
            for (uint32_t i = 0; i < count; i++) {
                sums[i] += ((const volatile signed char *)weights)[i];
            }
        }
        weights += row_bytes;
    }
}

static inline uint32_t wb_bias_bytes(const wb_abft_part *part)
{
    return part->shape->columns * part->shape->bias_bits / 8;
}

WB_NOINLINE static int wb_abft_wrong(const wb_memory *memory, const wb_area *area, uint32_t unit,
                                int golden)
{
    const wb_abft_part *const part = (const wb_abft_part *)area->parts + unit;
    const wb_conv_shape *const shape = part->shape;
    const wb_byte *const from = golden ? memory->golden : memory->working;
    const uint32_t row_codes = shape->taps * shape->fan_in;
    const uint32_t bytes = shape->bias_bits / 8;
    const uint32_t sign = (uint32_t)1 << (shape->bias_bits - 1);
    const volatile int16_t *const rows = part->check.rows;
    uint32_t total = (uint32_t)*(const volatile int32_t *)part->check.total;
    for (uint32_t at = 0; at < row_codes; at += WB_COLUMNS) {
        const uint32_t count = wb_at_most(row_codes - at, WB_COLUMNS);
        int32_t sums[WB_COLUMNS];
        wb_column_sums(shape, from + part->weight, row_codes, at, count, sums);
        for (uint32_t i = 0; i < count; i++) {
            if (sums[i] != rows[at + i]) {
                return 1;
            }
        }
    }
    /* By bytes: a load that depends on the width is lost where Unicorn counts reads. */
    for (uint32_t column = 0; column < shape->columns; column++) {
        const uint32_t bias = wb_bytes(from + part->bias + column * bytes, bytes);
        total -= ((bias ^ sign) - sign) * shape->up;
    }
    return total != 0;
}

WB_COLD static int wb_abft_same(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_abft_part *const part = (const wb_abft_part *)area->parts + unit;
    for (uint32_t i = 0; i < part->weight_bytes; i++) {
        if (memory->working[part->weight + i] != memory->golden[part->weight + i]) {
            return 0;
        }
    }
    for (uint32_t i = 0; i < wb_bias_bytes(part); i++) {
        if (memory->working[part->bias + i] != memory->golden[part->bias + i]) {
            return 0;
        }
    }
    return 1;
}

WB_COLD static uint32_t wb_abft_says(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_abft_part *const part = (const wb_abft_part *)area->parts + unit;
    const uint32_t bias_stop = part->bias + wb_bias_bytes(part);
    const uint32_t says = wb_golden_says(memory, area, unit);
    return !(says & WB_SAYS_GOLDEN_AGREES) &&
                   wb_cleared_by_pages(memory, part->weight, part->weight + part->weight_bytes, 0) &&
                   wb_cleared_by_pages(memory, part->bias, bias_stop, 0)
               ? says | WB_SAYS_CLEARED
               : says;
}

WB_COLD static int wb_abft_restore(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_abft_part *const part = (const wb_abft_part *)area->parts + unit;
    for (uint32_t i = 0; i < part->weight_bytes; i++) {
        WB_PUT(memory->working + part->weight + i, memory->golden[part->weight + i]);
    }
    for (uint32_t i = 0; i < wb_bias_bytes(part); i++) {
        WB_PUT(memory->working + part->bias + i, memory->golden[part->bias + i]);
    }
    return 1;
}

#endif
