/* SPDX-License-Identifier: Apache-2.0 */
/* For how long inputs ask for a row of a table; see `workbench/memory/watches/input_rhythm.py`. */
#ifndef WB_RHYTHM_H
#define WB_RHYTHM_H

#include "wb_log2.h"

typedef struct {
    const volatile int16_t *usual; /* [rows of all inputs] */
    const volatile int16_t *range; /* [inputs, 2] */
    const volatile int8_t *log2;   /* [32] */
    const uint16_t *rows;          /* of the table of each input */
    uint32_t inputs;
} wb_rhythm;

/* The score of a frame that asks for the rows `given`; `held`: row, frames and mean of each input. */
WB_NOINLINE static uint32_t wb_rhythm_score(const wb_rhythm *part, const int32_t *given, wb_byte *held)
{
    const volatile int16_t *usual = part->usual;
    int32_t score = 0;
    for (uint32_t i = 0; i < part->inputs; i++, held += 6) {
        const int32_t row = wb_half(held), rows = part->rows[i];
        int32_t run = wb_half(held + 2);
        run = run > 0 ? run : 0;
        if (run && row != given[i]) {
            if (row >= 0 && row < rows) {
                const int32_t z = wb_log2(part->log2, (uint32_t)run) - usual[row];
                const int32_t old = wb_half(held + 4);
                const int32_t mean =
                    wb_clamp(old + wb_shift_right(z * 256 - old, 2), -32768, 32767);
                const int32_t slow = wb_shift_right(mean, 8);
                const int32_t above = slow - part->range[2u * i + 1u];
                const int32_t below = part->range[2u * i] - slow;
                score = above > score ? above : score;
                score = below > score ? below : score;
                wb_put_bytes(held + 4, (uint32_t)mean, 2);
            }
            run = 0;
        }
        wb_put_bytes(held, (uint32_t)given[i], 2);
        wb_put_bytes(held + 2, (uint32_t)(run < WB_MOST_LEVEL ? run + 1 : run), 2);
        usual += rows;
    }
    return (uint32_t)wb_clamp(score, 0, WB_MOST_SCORE);
}

#endif
