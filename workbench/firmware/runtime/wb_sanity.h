/* SPDX-License-Identifier: Apache-2.0 */
/* Sanity of the sound: features of a frame, against the most that clean frames have. */
#ifndef WB_SANITY_H
#define WB_SANITY_H

#include "wb_features.h"

/* The largest excess over `high`, each `shift` places to the right; neither is known when it is compiled. */
WB_NOINLINE static uint32_t wb_insane(const uint32_t *feature, const volatile int32_t *high,
                                      const volatile int8_t *shift)
{
    uint32_t largest = 0;
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
