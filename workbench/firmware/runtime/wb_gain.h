/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How loud an input comes in beside what was learned, and a gain, in RAM, that corrects it; see
 * `workbench/memory/watches/input_gain.py`.
 */
#ifndef WB_GAIN_H
#define WB_GAIN_H

#include "wb_log2.h"

#define WB_MOST_GAIN 8 /* half bits */

typedef struct {
    const volatile int16_t *usual; /* logarithm of the loudness, spread */
    const volatile int8_t *log2;   /* [32] */
    uint32_t bits;                 /* of a code ... */
    uint32_t count;                /* ... of so many in a frame */
} wb_gain;

/* 128 times the square root of 2 to the power of the gain, from -8 on. */
static const uint16_t wb_gain_factors[2 * WB_MOST_GAIN + 1] = {
    8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048,
};

static inline int32_t wb_size(int32_t value)
{
    return value < 0 ? -value : value;
}

/* Measure a frame as it came in, then correct it; `held`: offset, gain, and frames for which it follows. */
WB_NOINLINE static uint32_t wb_gain_correct(const wb_gain *part, const wb_byte *held, void *codes)
{
    const int32_t most = (int32_t)(1u << (part->bits - 1u)) - 1;
    const int32_t gain = wb_clamp(wb_half(held + 2), -WB_MOST_GAIN, WB_MOST_GAIN);
    const int32_t factor = wb_gain_factors[gain + WB_MOST_GAIN];
    uint32_t loudness = 0;
    for (uint32_t i = 0; i < part->count; i++) {
        const int32_t code = wb_load(codes, part->bits, i);
        loudness += (uint32_t)wb_size(code);
        if (gain) {
            const int32_t made = wb_shift_right(code * factor + 64, 7);
            wb_store(codes, part->bits, i, wb_clamp(made, -most - 1, most));
        }
    }
    return loudness;
}

/* The score of a frame of this loudness; brings the estimate up to date, and the gain while that follows. */
WB_NOINLINE static uint32_t wb_gain_score(const wb_gain *part, wb_byte *held, uint32_t loudness)
{
    const int32_t spread = part->usual[1];
    const int32_t x = 8 * (wb_log2(part->log2, loudness) - part->usual[0]);
    const int32_t follows = wb_half(held + 4);
    int32_t gain = wb_clamp(wb_half(held + 2), -WB_MOST_GAIN, WB_MOST_GAIN);
    int32_t offset = wb_half(held), error, score = 0;
    if (x > offset - 1024) {
        offset = wb_clamp(offset + (x > offset ? 3 : -1), -32768, 32767);
    }
    error = wb_size(offset + 128 * gain);
    if (follows <= 0) {
        score = error > spread ? wb_clamp((error - spread) >> 3, 0, WB_MOST_SCORE) : 0;
    } else if (wb_size(offset) <= 64 || error > 96) {
        gain = wb_size(offset) <= spread
                   ? 0
                   : wb_clamp(wb_shift_right(64 - offset, 7), -WB_MOST_GAIN, WB_MOST_GAIN);
    }
    wb_put_bytes(held, (uint32_t)offset, 2);
    wb_put_bytes(held + 2, (uint32_t)gain, 2);
    wb_put_bytes(held + 4, follows > 0 ? (uint32_t)follows - 1u : 0u, 2);
    return (uint32_t)score;
}

/* The remedy RECALIBRATE: the gain follows the estimate for a while, where that is within its limits. */
WB_COLD static int wb_recalibrate(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_behaviour *const part = area->parts;
    const wb_gain *const gain = part->own;
    wb_byte *const held = memory->ram_checks + area->ram_check + 4;
    const int32_t frames = part->limits[2];
    (void)unit;
    if (wb_size(wb_half(held)) > 128 * WB_MOST_GAIN + gain->usual[1]) {
        return 0;
    }
    wb_put_bytes(held + 4, frames > 0 ? (uint32_t)frames : 0u, 2);
    return 1;
}

#endif
