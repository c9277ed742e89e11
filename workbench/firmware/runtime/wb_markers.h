/* SPDX-License-Identifier: Apache-2.0 */
/* Markers of hidden activations: how far codes leave the range that clean frames have. */
#ifndef WB_MARKERS_H
#define WB_MARKERS_H

#include "wb_behaviour.h"

/*
 * The larger of `most` and the largest excess of rows of codes, `shift` places to the right. Ranges are constants that
 * may be damaged: `volatile` keeps a compiler from taking them for known, in functions of their own, too.
 */
WB_NOINLINE static uint32_t wb_excess8(const int8_t *codes, uint32_t rows, uint32_t channels,
                                       const volatile int8_t *low, const volatile int8_t *high,
                                       int32_t shift, uint32_t most)
{
    int32_t largest = 0;
    while (rows--) {
        for (uint32_t i = 0; i < channels; i++) {
            const int32_t code = *codes++;
            const int32_t above = code - high[i], below = low[i] - code;
            largest = above > largest ? above : largest;
            largest = below > largest ? below : largest;
        }
    }
    largest >>= wb_clamp(shift, 0, 15);
    return (uint32_t)largest > most ? (uint32_t)largest : most;
}

WB_NOINLINE static uint32_t wb_excess16(const int16_t *codes, uint32_t rows, uint32_t channels,
                                        const volatile int16_t *low, const volatile int16_t *high,
                                        int32_t shift, uint32_t most)
{
    int32_t largest = 0;
    while (rows--) {
        for (uint32_t i = 0; i < channels; i++) {
            const int32_t code = *codes++;
            const int32_t above = code - high[i], below = low[i] - code;
            largest = above > largest ? above : largest;
            largest = below > largest ? below : largest;
        }
    }
    largest >>= wb_clamp(shift, 0, 15);
    return (uint32_t)largest > most ? (uint32_t)largest : most;
}

#endif
