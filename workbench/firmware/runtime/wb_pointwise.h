/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators that look at one row at a time: add, rescale, table, embed, concat.
 *
 * Sizes count codes of a whole frame unless they say otherwise; `bits` are 8 or 16.
 */
#ifndef WB_POINTWISE_H
#define WB_POINTWISE_H

#include "wb_codes.h"

/* y = clamp(a + b, low, high) */
static inline void wb_add(const void *a, uint32_t a_bits, const void *b, uint32_t b_bits, void *y,
                          uint32_t y_bits, size_t count, int32_t low, int32_t high)
{
    for (size_t i = 0; i < count; i++) {
        const int32_t sum = wb_load(a, a_bits, i) + wb_load(b, b_bits, i);
        wb_store(y, y_bits, i, wb_clamp(sum, low, high));
    }
}

/* y = clamp(x >> shift, low, high), rounded half up; left where shift is negative */
static inline void wb_rescale(const void *x, uint32_t x_bits, int32_t shift, void *y,
                              uint32_t y_bits, size_t count, int32_t low, int32_t high)
{
    const int32_t places = wb_clamp(shift, WB_SHIFT_MIN, WB_SHIFT_MAX);
    if (places >= 0) { /* two loops, so that neither asks at every code */
        const int32_t half = places > 0 ? (int32_t)1 << (places - 1) : 0;
        for (size_t i = 0; i < count; i++) {
            const int32_t value = wb_shift_right(wb_load(x, x_bits, i) + half, places);
            wb_store(y, y_bits, i, wb_clamp(value, low, high));
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        wb_store(y, y_bits, i, wb_requantise(wb_load(x, x_bits, i), places, low, high));
    }
}

/* y = table[x + 128]; the table has 256 entries of y_bits */
static inline void wb_table(const int8_t *x, const void *table, void *y, uint32_t y_bits,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        wb_store(y, y_bits, i, wb_load(table, y_bits, (size_t)(x[i] + 128)));
    }
}

/* Row `index[i]` of a table of `table_rows` rows, for each of `rows` indexes, which are clamped. */
static inline void wb_embed(const int32_t *index, size_t rows, const void *table,
                            int32_t table_rows, size_t row_bytes, void *y)
{
    const unsigned char *from = table;
    unsigned char *to = y;
    for (size_t i = 0; i < rows; i++) {
        const size_t row = (size_t)wb_clamp(index[i], 0, table_rows - 1);
        wb_copy(to, from + row * row_bytes, row_bytes);
        to += row_bytes;
    }
}

/* Put the rows of one source of a concatenation in their columns, `column_bytes` from the left. */
static inline void wb_concat(const void *x, size_t x_row_bytes, void *y, size_t y_row_bytes,
                             size_t column_bytes, size_t rows)
{
    const unsigned char *from = x;
    unsigned char *to = (unsigned char *)y + column_bytes;
    for (size_t i = 0; i < rows; i++) {
        wb_copy(to, from, x_row_bytes);
        from += x_row_bytes;
        to += y_row_bytes;
    }
}

#endif
