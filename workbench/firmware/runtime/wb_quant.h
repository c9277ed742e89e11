/* SPDX-License-Identifier: Apache-2.0 */
/* QT-EWMA: moving averages of how often frames fall into quantile bins; see `workbench/memory/watches/qt_ewma.py`. */
#ifndef WB_QUANT_H
#define WB_QUANT_H

#include "wb_features.h"
#include "wb_log2.h"

#define WB_QUANT_BINS 16u
#define WB_QUANT_UNIT 16384 /* an average of 1 */

typedef struct {
    const volatile int8_t *feature; /* [classes, bins - 1] */
    const volatile int16_t *edge;   /* [classes, bins - 1] */
    const volatile int16_t *share;  /* [classes, bins] */
    const volatile int8_t *fade;
    const volatile int8_t *log2; /* [32] */
} wb_quant;

/* The first test of the class that a frame passes. */
static inline uint32_t wb_quant_bin(const wb_quant *part, uint32_t group, const int32_t *logged)
{
    const uint32_t first = group * (WB_QUANT_BINS - 1u);
    for (uint32_t bin = 0; bin < WB_QUANT_BINS - 1u; bin++) {
        const int32_t named = part->feature[first + bin], edge = part->edge[first + bin];
        const int32_t value = logged[(uint32_t)(named < 0 ? -1 - named : named) % WB_FEATURES];
        if (named < 0 ? value > edge : value <= edge) {
            return bin;
        }
    }
    return WB_QUANT_BINS - 1u;
}

/* How far the averages, in RAM, are from those of clean frames once a frame is in. */
WB_NOINLINE static uint32_t wb_quant_score(const wb_quant *part, wb_byte *averages, uint32_t group,
                                           const uint32_t *feature)
{
    const int32_t fade = wb_clamp(*part->fade, 0, 8);
    int32_t logged[WB_FEATURES];
    uint32_t sum = 0;
    for (uint32_t i = 0; i < WB_FEATURES; i++) {
        logged[i] = wb_log2(part->log2, feature[i] + 1u);
    }
    const uint32_t hit = wb_quant_bin(part, group, logged);
    for (uint32_t bin = 0; bin < WB_QUANT_BINS; bin++) {
        const int32_t old = wb_half(averages + 2u * bin);
        const int32_t less = wb_shift_right(part->share[group * WB_QUANT_BINS + bin], fade);
        const int32_t more = bin == hit ? WB_QUANT_UNIT >> fade : 0;
        const int32_t next =
            wb_clamp(old - wb_shift_right(old, fade) - less + more, -32768, 32767);
        wb_put_bytes(averages + 2u * bin, (uint32_t)next, 2);
        sum += (uint32_t)(next * next) >> 11;
    }
    sum >>= 8;
    return sum > WB_MOST_SCORE ? WB_MOST_SCORE : sum;
}

#endif
