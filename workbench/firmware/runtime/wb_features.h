/* SPDX-License-Identifier: Apache-2.0 */
/* Features of a frame of sound; see `workbench/memory/watches/frame_features.py`. */
#ifndef WB_FEATURES_H
#define WB_FEATURES_H

#include "wb_behaviour.h"
#include "wb_packed.h"

enum { WB_PEAK, WB_DC, WB_LOUDNESS, WB_STEP, WB_CROSSINGS, WB_CLIPPED, WB_FEATURES };

static inline uint32_t wb_size_of(int32_t value)
{
    return value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
}

/* Codes at either end of their range, or next to its lower one. */
static inline uint32_t wb_clipped(const void *codes, uint32_t bits, uint32_t count, uint32_t most)
{
    uint32_t clipped = 0;
    for (uint32_t i = 0; i < count; i++) {
        clipped += wb_size_of(wb_load(codes, bits, i)) >= most ? 1u : 0u;
    }
    return clipped;
}

static inline void wb_features(const void *codes, uint32_t bits, uint32_t count, uint32_t *feature)
{
    const uint32_t most = bits == 16 ? 32767u : 127u;
    uint32_t peak = 0, loudness = 0, largest = 0, crossings = 0;
    int32_t past = wb_load(codes, bits, 0), sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t code = wb_load(codes, bits, i);
        const uint32_t whole = wb_size_of(code), size = whole > most ? most : whole;
        const uint32_t step = wb_size_of(code - past);
        peak = size > peak ? size : peak;
        largest = step > largest ? step : largest;
        loudness += size;
        sum += code;
        crossings += (uint32_t)(code ^ past) >> 31;
        past = code;
    }
    feature[WB_PEAK] = peak;
    feature[WB_DC] = wb_size_of(sum);
    feature[WB_LOUDNESS] = loudness;
    feature[WB_STEP] = largest > most ? most : largest;
    feature[WB_CROSSINGS] = crossings;
    feature[WB_CLIPPED] = peak == most ? wb_clipped(codes, bits, count, most) : 0u;
}

#if WB_PACKED
static inline uint32_t wb_lanes_most(uint32_t pair)
{
    const uint32_t low = pair & 0xffffu, high = pair >> 16;
    return low > high ? low : high;
}

/* The same of pairs of codes. */
static inline void wb_features_of_pairs(const int16_t *codes, uint32_t count, uint32_t *feature)
{
    const volatile void *at = codes;
    uint32_t peak = 0, loudness = 0, largest = 0, crossings = 0, sum = 0;
    uint32_t past = (uint32_t)(uint16_t)codes[0] << 16;
    for (uint32_t i = 0; i < count; i += 2) {
        const uint32_t pair = wb_next_word(&at);
        const uint32_t before = past >> 16 | pair << 16;
        const uint32_t step = wb_difference16(pair, before);
        const uint32_t size = wb_larger16(pair, wb_difference16(0, pair));
        peak = wb_larger16(peak, size);
        largest = wb_larger16(largest, wb_larger16(step, wb_difference16(0, step)));
        loudness = wb_lanes_added(size, loudness);
        sum = wb_lanes_added(pair, sum);
        crossings += (pair ^ before) >> 15 & 0x00010001u;
        past = pair;
    }
    feature[WB_PEAK] = wb_lanes_most(peak);
    feature[WB_DC] = wb_size_of(wb_signed(sum));
    feature[WB_LOUDNESS] = loudness;
    feature[WB_STEP] = wb_lanes_most(largest);
    feature[WB_CROSSINGS] = (crossings & 0xffffu) + (crossings >> 16);
    feature[WB_CLIPPED] = feature[WB_PEAK] == 32767u ? wb_clipped(codes, 16, count, 32767u) : 0u;
}
#endif

/* All features of `count` codes, one at least. */
WB_NOINLINE static void wb_features8(const int8_t *codes, uint32_t count, uint32_t *feature)
{
    wb_features(codes, 8, count, feature);
}

WB_NOINLINE static void wb_features16(const int16_t *codes, uint32_t count, uint32_t *feature)
{
#if WB_PACKED
    if (count % 2 == 0) {
        wb_features_of_pairs(codes, count, feature);
        return;
    }
#endif
    wb_features(codes, 16, count, feature);
}

#endif
