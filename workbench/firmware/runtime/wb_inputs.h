/* SPDX-License-Identifier: Apache-2.0 */
/* A check of the inputs: whether a frame, and the step to it, are like any that clean inputs have. */
#ifndef WB_INPUTS_H
#define WB_INPUTS_H

#include "wb_behaviour.h"

#define WB_FROZEN 8u
#define WB_BEYOND 1000u

/* Bits of what was seen are constants that may be damaged: `volatile` keeps a compiler from taking them for known. */
typedef struct {
    const volatile int8_t *pairs;
    const volatile int8_t *steps;
    const volatile int16_t *longest;
    const uint16_t *levels; /* of each number of a frame */
    uint32_t numbers;
} wb_inputs;

/* Twice the bits, and one more where the second highest is set. */
static inline int32_t wb_half_bits(uint32_t value)
{
    const uint32_t bits = wb_bit_length(value);
    return (int32_t)(2u * bits + (bits > 1u ? value >> (bits - 2u) & 1u : 0u));
}

/* Loudness, movement and crossings of a frame of a sound. */
WB_NOINLINE static void wb_sound_numbers(const void *codes, uint32_t bits, uint32_t count,
                                         int32_t *numbers)
{
    uint32_t loudness = 0, movement = 0, crossings = 0;
    int32_t past = wb_load(codes, bits, 0);
    for (uint32_t i = 0; i < count; i++) {
        const int32_t code = wb_load(codes, bits, i), step = code - past;
        loudness += (uint32_t)(code < 0 ? -code : code);
        movement += (uint32_t)(step < 0 ? -step : step);
        crossings += (code < 0) != (past < 0) ? 1u : 0u;
        past = code;
    }
    numbers[0] = wb_half_bits(loudness);
    numbers[1] = wb_half_bits(movement);
    numbers[2] = (int32_t)(16u * crossings / count);
}

/* 1 where two numbers, the second of `columns` levels, were never seen together. */
static inline uint32_t wb_never(const volatile int8_t *bits, int32_t first, uint32_t rows,
                                int32_t second, uint32_t columns)
{
    uint32_t at;
    if (first < 0 || (uint32_t)first >= rows || second < 0 || (uint32_t)second >= columns) {
        return 1;
    }
    at = (uint32_t)first * columns + (uint32_t)second;
    return ((uint32_t)bits[at >> 3] >> (at & 7u) & 1u) ^ 1u;
}

/* The score of a frame; `before`: its numbers in the last one; `same`: for how many frames all have been the same. */
WB_NOINLINE static uint32_t wb_inputs_score(const wb_inputs *part, const int32_t *given,
                                            wb_byte *before, wb_byte *same)
{
    const uint32_t numbers = part->numbers;
    const volatile int8_t *pairs = part->pairs, *steps = part->steps;
    const int32_t lasted = wb_half(same);
    uint32_t score = 0, stepped = 0, beyond = 0;
    int32_t run = lasted > 0 ? lasted : 0;
    for (uint32_t i = 0; i < numbers; i++) {
        const uint32_t rows = part->levels[i];
        const int32_t past = wb_half(before + 2u * i);
        for (uint32_t k = i + 1u; k < numbers; k++) {
            const uint32_t columns = part->levels[k];
            score += wb_never(pairs, given[i], rows, given[k], columns);
            pairs += (rows * columns + 7u) / 8u;
        }
        stepped += wb_never(steps, past, rows, given[i], rows);
        steps += (rows * rows + 7u) / 8u;
        run = past == given[i] ? run : 0;
        beyond |= given[i] < 0 || (uint32_t)given[i] >= rows ? 1u : 0u;
        wb_put_bytes(before + 2u * i, (uint32_t)given[i], 2);
    }
    run = run < WB_MOST_LEVEL ? run + 1 : WB_MOST_LEVEL;
    wb_put_bytes(same, (uint32_t)run, 2);
    score += lasted > 0 ? stepped : 0u;
    score += run > *part->longest ? WB_FROZEN : 0u;
    score += beyond ? WB_BEYOND : 0u;
    return score < (uint32_t)WB_MOST_SCORE ? score : (uint32_t)WB_MOST_SCORE;
}

#endif
