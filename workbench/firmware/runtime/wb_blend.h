/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mean of the shapes of classes, weighted by how far their scores lie below the highest. Every value of scores and
 * tables has a meaning.
 */
#ifndef WB_BLEND_H
#define WB_BLEND_H

#include "wb_codes.h"

/* weight: 256, Q0.15, negative ones count as 0. shapes: [classes][count]. */
WB_NOINLINE static void wb_blend(const int8_t *scores, uint32_t rows, uint32_t classes,
                                 const int16_t *weight, const int8_t *shapes, uint32_t count,
                                 int8_t *codes)
{
    for (; rows; rows--, scores += classes, codes += count) {
        int32_t best = scores[0];
        int32_t total = 0;
        for (uint32_t c = 1; c < classes; c++) {
            best = scores[c] > best ? scores[c] : best;
        }
        for (uint32_t c = 0; c < classes; c++) {
            total += wb_clamp(weight[best - scores[c]], 0, 32767);
        }
        total = total ? total : 1;
        for (uint32_t n = 0; n < count; n++) {
            int32_t sum = 0;
            for (uint32_t c = 0; c < classes; c++) {
                sum += wb_clamp(weight[best - scores[c]], 0, 32767) * shapes[c * count + n];
            }
            const uint32_t size = (uint32_t)(sum < 0 ? -sum : sum) + (uint32_t)(total >> 1);
            const int32_t mean = (int32_t)(size / (uint32_t)total);
            codes[n] = (int8_t)(sum < 0 ? -mean : mean);
        }
    }
}

#endif
