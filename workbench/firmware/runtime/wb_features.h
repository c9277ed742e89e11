/* SPDX-License-Identifier: Apache-2.0 */
/* Features of a frame of sound; see `workbench/memory/watches/frame_features.py`. */
#ifndef WB_FEATURES_H
#define WB_FEATURES_H

#include "wb_behaviour.h"

enum { WB_PEAK, WB_DC, WB_LOUDNESS, WB_STEP, WB_CROSSINGS, WB_CLIPPED, WB_FEATURES };

static inline uint32_t wb_size_of(int32_t value)
{
    return value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
}

static inline void wb_features(const void *codes, uint32_t bits, uint32_t count, uint32_t *feature)
{
    const uint32_t most = bits == 16 ? 32767u : 127u;
    uint32_t peak = 0, loudness = 0, largest = 0, crossings = 0, clipped = 0;
    int32_t past = wb_load(codes, bits, 0), sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t code = wb_load(codes, bits, i);
        const uint32_t size = wb_size_of(code), step = wb_size_of(code - past);
        const uint32_t negative = (uint32_t)code >> 31;
        peak = size > peak ? size : peak;
        largest = step > largest ? step : largest;
        loudness += size;
        sum += code;
        crossings += (uint32_t)(code ^ past) >> 31;
        clipped += size - negative == most ? 1u : 0u;
        past = code;
    }
    feature[WB_PEAK] = peak;
    feature[WB_DC] = wb_size_of(sum);
    feature[WB_LOUDNESS] = loudness;
    feature[WB_STEP] = largest;
    feature[WB_CROSSINGS] = crossings;
    feature[WB_CLIPPED] = clipped;
}

/* All features of `count` codes, one at least. */
WB_NOINLINE static void wb_features8(const int8_t *codes, uint32_t count, uint32_t *feature)
{
    wb_features(codes, 8, count, feature);
}

WB_NOINLINE static void wb_features16(const int16_t *codes, uint32_t count, uint32_t *feature)
{
    wb_features(codes, 16, count, feature);
}

#endif
