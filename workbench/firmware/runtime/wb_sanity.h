/* SPDX-License-Identifier: Apache-2.0 */
/* Sanity of the sound: features of a frame, against the most that clean frames have. */
#ifndef WB_SANITY_H
#define WB_SANITY_H

#include "wb_behaviour.h"

enum { WB_PEAK, WB_DC, WB_LOUDNESS, WB_STEP, WB_CROSSINGS, WB_CLIPPED, WB_FEATURES };

static inline uint32_t wb_size_of(int32_t value)
{
    return value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
}

/* The largest excess over `high`, each `shift` places to the right; neither is known when it is compiled. */
WB_NOINLINE static uint32_t wb_insane(const void *codes, uint32_t bits, uint32_t count,
                                      const volatile int32_t *high,
                                      const volatile int8_t *shift)
{
    const int32_t most = bits == 16 ? 32767 : 127;
    uint32_t feature[WB_FEATURES] = {0, 0, 0, 0, 0, 0};
    uint32_t largest = 0;
    int32_t sum = 0;
    int32_t past = 0;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t code = wb_load(codes, bits, i);
        const uint32_t size = wb_size_of(code), step = wb_size_of(code - past);
        feature[WB_PEAK] = size > feature[WB_PEAK] ? size : feature[WB_PEAK];
        feature[WB_LOUDNESS] += size;
        feature[WB_CLIPPED] += code == most || code == -most - 1 ? 1u : 0u;
        sum += code;
        if (i) {
            feature[WB_STEP] = step > feature[WB_STEP] ? step : feature[WB_STEP];
            feature[WB_CROSSINGS] += (code < 0) != (past < 0) ? 1u : 0u;
        }
        past = code;
    }
    feature[WB_DC] = wb_size_of(sum);
    for (uint32_t i = 0; i < WB_FEATURES; i++) {
        const int32_t usual = high[i];
        if ((int32_t)feature[i] > usual) {
            const uint32_t excess = (feature[i] - (uint32_t)usual) >> wb_clamp(shift[i], 0, 15);
            largest = excess > largest ? excess : largest;
        }
    }
    return largest;
}

#endif
