/* SPDX-License-Identifier: Apache-2.0 */
/* Two-sided sums of the features of frames; see `workbench/memory/watches/feature_drift.py`. */
#ifndef WB_DRIFT_H
#define WB_DRIFT_H

#include "wb_features.h"
#include "wb_log2.h"

typedef struct {
    const volatile int16_t *usual; /* [classes, features] */
    const volatile int16_t *gain;  /* [classes, features] */
    const volatile int8_t *test;   /* slack, rate */
    const volatile int8_t *log2;   /* [32] */
} wb_drift;

/* The largest sum once a frame is in; `sums`, above and below, and `means` lie in RAM. */
WB_NOINLINE static uint32_t wb_drift_score(const wb_drift *part, wb_byte *sums, wb_byte *means,
                                           uint32_t group, const uint32_t *feature)
{
    const int32_t slack = wb_clamp(part->test[0], 0, 63), rate = wb_clamp(part->test[1], 0, 8);
    int32_t largest = 0;
    for (uint32_t i = 0; i < WB_FEATURES; i++) {
        const uint32_t at = group * WB_FEATURES + i;
        const int32_t away = wb_log2(part->log2, feature[i] + 1u) - part->usual[at];
        int32_t z = wb_clamp(wb_shift_right(away * part->gain[at], 5), -64, 63);
        if (rate) {
            const int32_t old = wb_half(means + 2u * i);
            const int32_t mean = wb_clamp(old + wb_shift_right(z * 256 - old, rate), -32768, 32767);
            wb_put_bytes(means + 2u * i, (uint32_t)mean, 2);
            z -= wb_shift_right(mean, 8);
        }
        for (uint32_t side = 0; side < 2; side++) {
            wb_byte *const sum = sums + 2u * (side * WB_FEATURES + i);
            const int32_t next = wb_clamp(wb_half(sum) + (side ? -z : z) - slack, 0, WB_MOST_LEVEL);
            wb_put_bytes(sum, (uint32_t)next, 2);
            largest = next > largest ? next : largest;
        }
    }
    return (uint32_t)wb_clamp(largest, 0, WB_MOST_SCORE);
}

#endif
