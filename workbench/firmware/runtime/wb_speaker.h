/* SPDX-License-Identifier: Apache-2.0 */
/* Which bands the voice has that comes in; see `workbench/memory/watches/input_voice.py`. */
#ifndef WB_SPEAKER_H
#define WB_SPEAKER_H

#include "wb_behaviour.h"

typedef struct {
    const volatile int16_t *usual; /* [bands - 1] */
    const volatile int16_t *range; /* [bands - 1, 2] */
    const volatile int16_t *gate;  /* [1] */
    uint32_t bits;                 /* of a code, 8 or 16 */
    uint32_t bands;
} wb_speaker;

/* Keep the upper 8 bits of the codes of a frame, whose memory later operators may use again. */
static inline void wb_speaker_hear(const wb_speaker *part, const void *codes, int8_t *heard)
{
    for (uint32_t i = 0; i < part->bands; i++) {
        heard[i] = (int8_t)wb_shift_right(wb_load(codes, part->bits, i), (int32_t)part->bits - 8);
    }
}

/* The score of a frame of these codes; `means`: of each difference, in RAM. */
WB_NOINLINE static uint32_t wb_speaker_score(const wb_speaker *part, const int8_t *heard, wb_byte *means)
{
    int32_t sum = 0;
    uint32_t beyond = 0;
    for (uint32_t i = 0; i < part->bands; i++) {
        sum += heard[i];
    }
    if (sum <= part->gate[0]) {
        return 0;
    }
    for (uint32_t i = 0; i + 1u < part->bands; i++, means += 2) {
        const int32_t d = (heard[i + 1u] - heard[i] - part->usual[i]) * 256;
        const int32_t old = wb_half(means);
        const int32_t mean = wb_clamp(old + wb_shift_right(d - old, 4), -32768, 32767);
        const int32_t above = mean - part->range[2u * i + 1u], below = part->range[2u * i] - mean;
        const int32_t most = above > below ? above : below;
        beyond += most > 0 ? (uint32_t)most : 0u;
        wb_put_bytes(means, (uint32_t)mean, 2);
    }
    beyond >>= 6;
    return beyond < WB_MOST_SCORE ? beyond : WB_MOST_SCORE;
}

#endif
