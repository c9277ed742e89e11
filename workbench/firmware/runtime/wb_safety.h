/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A safety voice: a second, far smaller model for the same utterances, read from flash, that is heard while the healer of
 * the first knows of damage that it cannot repair. Voices change at the boundary of a frame, over one frame.
 *
 *     const wb_status status = voice_step(&voice, ..., output);
 *     const wb_heard heard = wb_safety_next(&safety, &rules, status);
 *     if (heard != WB_HEARD_VOICE) {
 *         safety_step(&small, ..., other);
 *         wb_safety_mix(heard, output, other, output, SAFETY_OUTPUT_CODES);
 *     }
 *
 * Its state exists three times, and the majority counts, bit by bit; whatever upsets make of it has a meaning.
 */
#ifndef WB_SAFETY_H
#define WB_SAFETY_H

#include "wb_majority.h"
#include "wb_model.h"

/* Both in 1 to 2**15. */
typedef struct {
    uint32_t patience; /* frames in a row with known damage until the safety voice speaks; at once where nothing helps */
    uint32_t recovery; /* frames in a row without any until the first speaks again: a round of its checks or more */
} wb_safety_rules;

/* Three copies of a word; the lowest bit: the safety voice speaks. Above it: frames in a row that ask for the other. */
typedef struct {
    volatile uint32_t copies[3];
} wb_safety;

typedef enum {
    WB_HEARD_VOICE = 0,
    WB_HEARD_SAFETY = 1,
    WB_HEARD_TO_SAFETY = 2, /* a frame in which one voice fades into the other */
    WB_HEARD_TO_VOICE = 3
} wb_heard;

static inline void wb_safety_begin(wb_safety *safety)
{
    for (uint32_t i = 0; i < 3; i++) {
        safety->copies[i] = 0;
    }
}

/* Once a frame, with what the step of the first voice returned: what is heard in this frame. */
static inline wb_heard wb_safety_next(wb_safety *safety, const wb_safety_rules *rules, wb_status status)
{
    const uint32_t word = wb_majority(safety->copies);
    uint32_t speaks = word & 1u;
    const uint32_t limit = speaks ? rules->recovery : rules->patience;
    uint32_t asked = word >> 1;
    asked = asked < limit ? asked : limit;
    const int changes = speaks ? status == WB_OK || status == WB_HEALED : status >= WB_DEGRADED;
    asked = changes ? asked + 1u : 0u;
    const int at_once = !speaks && status == WB_UNHEALABLE;
    const int now = at_once || asked >= limit;
    const wb_heard heard = now ? (speaks ? WB_HEARD_TO_VOICE : WB_HEARD_TO_SAFETY)
                               : (speaks ? WB_HEARD_SAFETY : WB_HEARD_VOICE);
    if (now) {
        speaks ^= 1u;
        asked = 0;
    }
    for (uint32_t i = 0; i < 3; i++) {
        safety->copies[i] = asked << 1 | speaks;
    }
    return heard;
}

/* `count` samples that are heard, of those of both voices; `output` may be either of them. */
static inline void wb_safety_mix(wb_heard heard, const int16_t *voice, const int16_t *safety,
                                 int16_t *output, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const int32_t first = voice[i], second = safety[i];
        const uint32_t later = heard == WB_HEARD_TO_SAFETY   ? i + 1u
                               : heard == WB_HEARD_TO_VOICE ? count - 1u - i
                               : heard == WB_HEARD_SAFETY   ? count
                                                             : 0u;
        /* Of both, `later` parts in `count` of the safety voice; shifted, so that the division rounds down. */
        const uint32_t sum = (uint32_t)(first + 32768) * (count - later) + (uint32_t)(second + 32768) * later;
        output[i] = (int16_t)((int32_t)(sum / count) - 32768);
    }
}

#endif
