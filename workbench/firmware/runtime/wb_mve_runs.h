/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels with vectors (MVE): stretches of contiguous codes against four rows of weights. */
#ifndef WB_MVE_RUNS_H
#define WB_MVE_RUNS_H

#include <arm_mve.h>

#include "wb_conv_shape.h"

/* Sums of four rows of weights, which lie `bytes` apart. */
typedef struct {
    uint32_t s0;
    uint32_t s1;
    uint32_t s2;
    uint32_t s3;
} wb_four;

/*
 * A loop over a run whose last turn leaves out what is too many, by the hardware's tail predication. In
 * assembly, since compilers address every load anew and keep predicates in registers.
 */
#define WB_LOOP(lanes, load_x, load_w, multiply)                                                    \
    "dlstp." lanes " lr, %[count]\n\t"                                                              \
    "1:\n\t" load_x " q0, [%[x]], #16\n\t"                                                          \
    load_w("w0") multiply("s0") load_w("w1") multiply("s1")                                         \
    load_w("w2") multiply("s2") load_w("w3") multiply("s3")                                         \
    "letp lr, 1b\n\t"

#define WB_RUN(lanes, load_x, load_w, multiply)                                                     \
    const int8_t *w1 = w + bytes;                                                                   \
    const int8_t *w2 = w1 + bytes;                                                                  \
    const int8_t *w3 = w2 + bytes;                                                                  \
    uint32_t s0 = sums->s0;                                                                         \
    uint32_t s1 = sums->s1;                                                                         \
    uint32_t s2 = sums->s2;                                                                         \
    uint32_t s3 = sums->s3;                                                                         \
    __asm__ volatile(WB_LOOP(lanes, load_x, load_w, multiply)                                       \
                     : [x] "+r"(x), [w0] "+l"(w), [w1] "+l"(w1), [w2] "+l"(w2), [w3] "+l"(w3),      \
                       [s0] "+Te"(s0), [s1] "+Te"(s1), [s2] "+Te"(s2), [s3] "+Te"(s3)               \
                     : [count] "r"(count)                                                           \
                     : "lr", "q0", "q1", "memory");                                                 \
    sums->s0 = s0;                                                                                  \
    sums->s1 = s1;                                                                                  \
    sums->s2 = s2;                                                                                  \
    sums->s3 = s3

#define WB_LOAD_W8(row) "vldrb.8 q1, [%[" row "]], #16\n\t"
#define WB_MULTIPLY8(sum) "vmladava.s8 %[" sum "], q0, q1\n\t"
#define WB_LOAD_W16(row) "vldrb.s16 q1, [%[" row "]], #8\n\t"
#define WB_MULTIPLY16(sum) "vmladava.s16 %[" sum "], q0, q1\n\t"

static WB_INLINE void wb_run_x8_w8(const int8_t *x, const int8_t *w, size_t bytes, uint32_t count, wb_four *sums)
{
    WB_RUN("8", "vldrb.8", WB_LOAD_W8, WB_MULTIPLY8);
}

static WB_INLINE void wb_run_x16_w8(const int16_t *x, const int8_t *w, size_t bytes, uint32_t count, wb_four *sums)
{
    WB_RUN("16", "vldrh.16", WB_LOAD_W16, WB_MULTIPLY16);
}

/* Products of a row of 32 nibbles with the codes of the low ones and of the high ones, 16 times as large. */
static inline uint32_t wb_nibbles_x8(uint32_t sum, int8x16_t even, int8x16_t odd, int8x16_t packed)
{
    const int8x16_t high = vandq_s8(packed, vdupq_n_s8(-16));
    return (uint32_t)vmladavaq_s8(vmladavaq_s8((int32_t)sum, even, vshlq_n_s8(packed, 4)), odd, high);
}

static inline void wb_run_x8_w4(const int8_t *x, const int8_t *w, size_t bytes, uint32_t count, wb_four *sums)
{
    const int8_t *const w1 = w + bytes;
    const int8_t *const w2 = w1 + bytes;
    const int8_t *const w3 = w2 + bytes;
    uint32_t at = 0;
    for (; at + 32 <= count; at += 32) {
        const int8x16x2_t codes = vld2q_s8(x + at);
        const uint32_t byte = at / 2;
        sums->s0 = wb_nibbles_x8(sums->s0, codes.val[0], codes.val[1], vldrbq_s8(w + byte));
        sums->s1 = wb_nibbles_x8(sums->s1, codes.val[0], codes.val[1], vldrbq_s8(w1 + byte));
        sums->s2 = wb_nibbles_x8(sums->s2, codes.val[0], codes.val[1], vldrbq_s8(w2 + byte));
        sums->s3 = wb_nibbles_x8(sums->s3, codes.val[0], codes.val[1], vldrbq_s8(w3 + byte));
    }
    for (; at < count; at++) {
        const int32_t code = x[at] * 16;
        sums->s0 += wb_product(code, wb_nibble((const unsigned char *)w, at));
        sums->s1 += wb_product(code, wb_nibble((const unsigned char *)w1, at));
        sums->s2 += wb_product(code, wb_nibble((const unsigned char *)w2, at));
        sums->s3 += wb_product(code, wb_nibble((const unsigned char *)w3, at));
    }
}

/* With codes of 16 bits, nibbles are widened to what they stand for. */
static inline uint32_t wb_nibbles_x16(uint32_t sum, int16x8_t even, int16x8_t odd, int16x8_t packed)
{
    const int16x8_t low = vshrq_n_s16(vshlq_n_s16(packed, 12), 12);
    return (uint32_t)vmladavaq_s16(vmladavaq_s16((int32_t)sum, even, low), odd, vshrq_n_s16(packed, 4));
}

static inline void wb_run_x16_w4(const int16_t *x, const int8_t *w, size_t bytes, uint32_t count, wb_four *sums)
{
    const int8_t *const w1 = w + bytes;
    const int8_t *const w2 = w1 + bytes;
    const int8_t *const w3 = w2 + bytes;
    uint32_t at = 0;
    for (; at + 16 <= count; at += 16) {
        const int16x8x2_t codes = vld2q_s16(x + at);
        const uint32_t byte = at / 2;
        sums->s0 = wb_nibbles_x16(sums->s0, codes.val[0], codes.val[1], vldrbq_s16(w + byte));
        sums->s1 = wb_nibbles_x16(sums->s1, codes.val[0], codes.val[1], vldrbq_s16(w1 + byte));
        sums->s2 = wb_nibbles_x16(sums->s2, codes.val[0], codes.val[1], vldrbq_s16(w2 + byte));
        sums->s3 = wb_nibbles_x16(sums->s3, codes.val[0], codes.val[1], vldrbq_s16(w3 + byte));
    }
    for (; at < count; at++) {
        sums->s0 += wb_product(x[at], wb_nibble((const unsigned char *)w, at));
        sums->s1 += wb_product(x[at], wb_nibble((const unsigned char *)w1, at));
        sums->s2 += wb_product(x[at], wb_nibble((const unsigned char *)w2, at));
        sums->s3 += wb_product(x[at], wb_nibble((const unsigned char *)w3, at));
    }
}

#endif
