/* SPDX-License-Identifier: Apache-2.0 */
/* A watchdog network: how codes leave their ranges, and a tiny network that scores it. */
#ifndef WB_WATCHDOG_H
#define WB_WATCHDOG_H

#include "wb_behaviour.h"

/* The two features of a signal: bits of its largest excess, and of the number of codes beyond their range. */
static inline void wb_seen(wb_byte *seen, int32_t largest, int32_t shift, uint32_t count)
{
    seen[0] = (wb_byte)wb_bit_length((uint32_t)largest >> wb_clamp(shift, 0, 15));
    seen[1] = (wb_byte)wb_bit_length(count);
}

/*
 * Rows of codes against the ranges of their channels; `volatile`, since a compiler must not take for known what may be
 * damaged. Few codes are beyond, so that the comparison alone has to be fast.
 */
#define WB_ROWS_BEYOND(name, type)                                                                  \
    WB_NOINLINE static void name(const type *codes, uint32_t rows, uint32_t channels,               \
                                 const volatile type *low, const volatile type *high,               \
                                 int32_t shift, wb_byte *seen)                                      \
    {                                                                                               \
        int32_t largest = 0;                                                                        \
        uint32_t count = 0;                                                                         \
        while (rows--) {                                                                            \
            for (uint32_t i = 0; i < channels; i++) {                                               \
                const int32_t code = *codes++, above = code - high[i], below = low[i] - code;       \
                if (above > 0 || below > 0) {                                                       \
                    const int32_t excess = above > below ? above : below;                           \
                    largest = excess > largest ? excess : largest;                                  \
                    count++;                                                                        \
                }                                                                                   \
            }                                                                                       \
        }                                                                                           \
        wb_seen(seen, largest, shift, count);                                                       \
    }
WB_ROWS_BEYOND(wb_beyond8, int8_t)
WB_ROWS_BEYOND(wb_beyond16, int16_t)

/* An arithmetic shift to the right of a sum modulo 2^32, clamped. */
static inline int32_t wb_unit(uint32_t sum, int32_t shift, int32_t most)
{
    return wb_clamp(wb_shift_right(wb_signed(sum), wb_clamp(shift, 0, 15)), 0, most);
}

/* The score of a frame, 0 to 64. */
WB_NOINLINE static uint32_t wb_watchdog(const wb_byte *seen, uint32_t features, uint32_t units,
                                        const volatile int8_t *w1, const volatile int32_t *b1,
                                        const volatile int8_t *w2, const volatile int32_t *b2,
                                        const volatile int8_t *shifts)
{
    uint32_t score = (uint32_t)b2[0];
    for (uint32_t unit = 0; unit < units; unit++) {
        uint32_t sum = (uint32_t)b1[unit];
        for (uint32_t i = 0; i < features; i++) {
            sum += (uint32_t)(*w1++ * (int32_t)seen[i]);
        }
        score += (uint32_t)(w2[unit] * wb_unit(sum, shifts[0], 127));
    }
    return (uint32_t)wb_unit(score, shifts[1], 64);
}

#endif
