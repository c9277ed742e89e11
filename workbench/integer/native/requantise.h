/* SPDX-License-Identifier: Apache-2.0
 *
 * From sums of positions to codes of their output rows.
 */
#ifndef WB_REQUANTISE_H
#define WB_REQUANTISE_H

#include "rows.h"

/* A sum under a stored shift, which is clamped to its field; a left shift saturates. */
static inline int requantised(int32_t sum, int shift, const Operator *op)
{
    shift = clamp(shift, -15, 31);
    if (shift >= 0) return clamp(sum >> shift, op->clamp_low, op->clamp_high);
    return clamp(clamp(sum, -32768, 32767) * (1 << -shift), op->clamp_low, op->clamp_high);
}

/* All columns of a position, to numbers. */
static inline void requantise_row(const Operator *op, const int32_t *restrict sums, int32_t *restrict y)
{
    const int32_t *right = op->right, *left = op->left;
    int count = op->padded, low = op->clamp_low, high = op->clamp_high;
    for (int n = 0; n < count; n++)
        y[n] = clamp(clamp(sums[n] >> right[n], -32768, 32767) * (1 << left[n]), low, high);
}

/* Whether codes can be written where they belong at once: columns and rows without padding. */
static inline int is_direct(const Operator *op, const Signal *y)
{
    return !op->any_left && op->padded == op->columns && y->channels == y->stride;
}

/* Codes of `count` positions from p on, where is_direct(op, y): WB_AT_ONCE columns or all of a position at a time. */
static inline void store_sums(const Operator *op, Signal *y, long p, int count, const int32_t *sums)
{
    int low = op->clamp_low, high = op->clamp_high, differ = 0, at_once = op->columns < WB_AT_ONCE ? WB_AT_ONCE / op->columns : 1;
    for (int done = 0; done < count; done += at_once) {
        int blocks = (count - done < at_once ? count - done : at_once) * op->columns / WB_COLUMNS;
        const int32_t *from = sums + (long)done * op->columns;
        long to = (p + done) * op->columns;
        differ |= y->bits == 8
            ? narrow_to_bytes(from, op->right, blocks, low, high, (int8_t *)y->now + to, (int8_t *)y->clean + to)
            : narrow_to_pairs(from, op->right, blocks, low, high, (int16_t *)y->now + to, (int16_t *)y->clean + to);
    }
    if (!differ) return;
    note(y, p * op->rows_made);
    note(y, (p + count) * op->rows_made - 1);
}

#endif
