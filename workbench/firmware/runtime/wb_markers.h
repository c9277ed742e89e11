/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Markers of hidden activations: how far codes leave the range that clean frames have. An excess is kept within the codes'
 * own width, so that cores with packed arithmetic compare two or four of them at once.
 */
#ifndef WB_MARKERS_H
#define WB_MARKERS_H

#include "wb_behaviour.h"
#include "wb_packed.h"

/* The larger of `most` and an excess, `shift` places to the right. */
static inline uint32_t wb_largest_excess(int32_t largest, int32_t shift, uint32_t most)
{
    const uint32_t excess = (uint32_t)largest >> wb_clamp(shift, 0, 15);
    return excess > most ? excess : most;
}

/*
 * The largest excess of rows of codes. Ranges are constants that may be damaged: `volatile` keeps a compiler from taking
 * them for known, in functions of their own, too.
 */
#define WB_EXCESS(name, type, end)                                                                  \
    static inline int32_t name(const type *codes, uint32_t rows, uint32_t channels,                 \
                               const volatile type *low, const volatile type *high)                 \
    {                                                                                               \
        int32_t largest = 0;                                                                        \
        while (rows--) {                                                                            \
            for (uint32_t i = 0; i < channels; i++) {                                               \
                const int32_t code = *codes++;                                                      \
                const int32_t above = code - high[i], below = low[i] - code;                        \
                largest = above > largest ? above : largest;                                        \
                largest = below > largest ? below : largest;                                        \
            }                                                                                       \
        }                                                                                           \
        return largest > (end) ? (end) : largest;                                                   \
    }
WB_EXCESS(wb_plain_excess8, int8_t, 127)
WB_EXCESS(wb_plain_excess16, int16_t, 32767)

#if WB_PACKED
/* The same of whole words of codes. */
#define WB_PACKED_EXCESS(name, type, lanes, larger, difference)                                     \
    static inline int32_t name(const type *codes, uint32_t rows, uint32_t channels,                 \
                               const volatile type *low, const volatile type *high)                 \
    {                                                                                               \
        const volatile void *at = codes;                                                            \
        uint32_t largest = 0;                                                                       \
        while (rows--) {                                                                            \
            const volatile void *lowest = low, *highest = high;                                     \
            for (uint32_t i = 0; i < channels; i += (lanes)) {                                      \
                const uint32_t word = wb_next_word(&at);                                            \
                largest = larger(largest, difference(word, wb_next_word(&highest)));                \
                largest = larger(largest, difference(wb_next_word(&lowest), word));                 \
            }                                                                                       \
        }                                                                                           \
        uint32_t most = 0;                                                                          \
        for (uint32_t lane = 0; lane < (lanes); lane++) {                                           \
            const uint32_t each = largest >> (32u / (lanes) * lane) & ((1u << 32u / (lanes)) - 1u); \
            most = each > most ? each : most;                                                       \
        }                                                                                           \
        return (int32_t)most;                                                                       \
    }
WB_PACKED_EXCESS(wb_packed_excess8, int8_t, 4u, wb_larger8, wb_difference8)
WB_PACKED_EXCESS(wb_packed_excess16, int16_t, 2u, wb_larger16, wb_difference16)
#endif

WB_NOINLINE static uint32_t wb_excess8(const int8_t *codes, uint32_t rows, uint32_t channels,
                                       const volatile int8_t *low, const volatile int8_t *high,
                                       int32_t shift, uint32_t most)
{
#if WB_PACKED
    if (channels % 4 == 0) {
        return wb_largest_excess(wb_packed_excess8(codes, rows, channels, low, high), shift, most);
    }
#endif
    return wb_largest_excess(wb_plain_excess8(codes, rows, channels, low, high), shift, most);
}

WB_NOINLINE static uint32_t wb_excess16(const int16_t *codes, uint32_t rows, uint32_t channels,
                                        const volatile int16_t *low, const volatile int16_t *high,
                                        int32_t shift, uint32_t most)
{
#if WB_PACKED
    if (channels % 2 == 0) {
        return wb_largest_excess(wb_packed_excess16(codes, rows, channels, low, high), shift, most);
    }
#endif
    return wb_largest_excess(wb_plain_excess16(codes, rows, channels, low, high), shift, most);
}

#endif
