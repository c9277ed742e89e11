/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels with SMLAD: rows of weights over laid out codes. Assembly holds the loops, since they need every
 * register that there is: one row at four positions, or four rows at one.
 */
#ifndef WB_DSP_ROWS_H
#define WB_DSP_ROWS_H

#include "wb_dsp_lay.h"

#define WB_TWO_PAIRS_OF_FOUR /* a word of weights in w, of four bytes or of every other nibble */   \
    "ldmia %[x]!, {%[a], %[b], %[c], %[d]}\n\t"                                                     \
    "sxtb16 %[t], %[w]\n\t"                                                                         \
    "smlad %[s0], %[t], %[a], %[s0]\n\t"                                                            \
    "smlad %[s1], %[t], %[b], %[s1]\n\t"                                                            \
    "smlad %[s2], %[t], %[c], %[s2]\n\t"                                                            \
    "smlad %[s3], %[t], %[d], %[s3]\n\t"                                                            \
    "ldmia %[x]!, {%[a], %[b], %[c], %[d]}\n\t"                                                     \
    "sxtb16 %[w], %[w], ror #8\n\t"                                                                 \
    "smlad %[s0], %[w], %[a], %[s0]\n\t"                                                            \
    "smlad %[s1], %[w], %[b], %[s1]\n\t"                                                            \
    "smlad %[s2], %[w], %[c], %[s2]\n\t"                                                            \
    "smlad %[s3], %[w], %[d], %[s3]\n\t"

#define WB_ROW_W8 "ldr %[w], [%[row]], #4\n\t" WB_TWO_PAIRS_OF_FOUR

#define WB_ROW_W4                                                                                   \
    "ldr %[w], [%[row]]\n\t"                                                                        \
    "lsl %[w], %[w], #4\n\t"                                                                        \
    "and %[w], %[w], #0xf0f0f0f0\n\t" WB_TWO_PAIRS_OF_FOUR                                          \
    "ldr %[w], [%[row]], #4\n\t"                                                                    \
    "and %[w], %[w], #0xf0f0f0f0\n\t" WB_TWO_PAIRS_OF_FOUR

#define WB_ASM_OF_FOUR(code)                                                                        \
    __asm__ volatile(code                                                                           \
                     : [row] "+r"(row), [x] "+r"(x), [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2),   \
                       [s3] "+r"(s3), [n] "+r"(n), [w] "=&r"(w), [t] "=&r"(t), [a] "=&r"(a),        \
                       [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d)                                     \
                     :                                                                              \
                     : "cc", "memory")

#define WB_FOUR_SUMS(from)                                                                          \
    const uint32_t *x = laid->work;                                                                 \
    uint32_t s0 = from;                                                                             \
    uint32_t s1 = from;                                                                             \
    uint32_t s2 = from;                                                                             \
    uint32_t s3 = from;                                                                             \
    uint32_t n = laid->body / 8;                                                                    \
    uint32_t w;                                                                                     \
    uint32_t t

#define WB_FOUR_PAIRS /* loaded at once: in ascending order */                                      \
    register uint32_t a __asm__("r4");                                                              \
    register uint32_t b __asm__("r5");                                                              \
    register uint32_t c __asm__("r6");                                                              \
    register uint32_t d __asm__("r8")

/* The sums of a row of weights at four laid out positions. */
WB_NOINLINE static void wb_row_of_four_w8(const wb_laid *laid, const unsigned char *row, uint32_t bias,
                                          uint32_t *sums)
{
    WB_FOUR_SUMS(bias);
    WB_FOUR_PAIRS;
    if (n) {
        WB_ASM_OF_FOUR("1:\n\t" WB_ROW_W8 WB_ROW_W8 "subs %[n], %[n], #1\n\tbne 1b\n\t");
    }
    if (laid->body & 4u) {
        WB_ASM_OF_FOUR(WB_ROW_W8);
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

/* The same with nibbles, whose products come 16 times as large. */
WB_NOINLINE static void wb_row_of_four_w4(const wb_laid *laid, const unsigned char *row, uint32_t bias,
                                          uint32_t *sums)
{
    WB_FOUR_SUMS(0);
    WB_FOUR_PAIRS;
    if (n) {
        WB_ASM_OF_FOUR("1:\n\t" WB_ROW_W4 "subs %[n], %[n], #1\n\tbne 1b\n\t");
    }
    sums[0] = bias + (uint32_t)((int32_t)s0 >> 4);
    sums[1] = bias + (uint32_t)((int32_t)s1 >> 4);
    sums[2] = bias + (uint32_t)((int32_t)s2 >> 4);
    sums[3] = bias + (uint32_t)((int32_t)s3 >> 4);
}

/* Add the products of what is left of a row. */
WB_NOINLINE static void wb_tail(const wb_laid *laid, const unsigned char *row, uint32_t *sums)
{
    const int16_t *codes = (const int16_t *)laid->work + laid->positions * laid->body;
    row += laid->nibbles ? laid->body / 2 : laid->body;
    for (uint32_t i = 0; i < laid->codes - laid->body; i++) {
        const int32_t weight = laid->nibbles ? wb_nibble(row, i) : ((const int8_t *)row)[i];
        for (uint32_t k = 0; k < laid->positions; k++) {
            sums[k] += wb_product(*codes++, weight);
        }
    }
}

#define WB_TWO_PAIRS(sum)                                                                           \
    "sxtb16 %[t], %[w]\n\t"                                                                         \
    "smlad %[" sum "], %[t], %[a], %[" sum "]\n\t"                                                  \
    "sxtb16 %[w], %[w], ror #8\n\t"                                                                 \
    "smlad %[" sum "], %[w], %[b], %[" sum "]\n\t"

#define WB_FOUR_ROWS_W8                                                                             \
    "ldrd %[a], %[b], [%[x]], #8\n\t"                                                               \
    "ldr %[w], [%[row], %[o1]]\n\t" WB_TWO_PAIRS("s1")                                              \
    "ldr %[w], [%[row], %[o1], lsl #1]\n\t" WB_TWO_PAIRS("s2")                                      \
    "ldr %[w], [%[row], %[o3]]\n\t" WB_TWO_PAIRS("s3")                                              \
    "ldr %[w], [%[row]], #4\n\t" WB_TWO_PAIRS("s0")

#define WB_FOUR_NIBBLE_PAIRS(sum)                                                                   \
    "lsl %[t], %[w], #4\n\t"                                                                        \
    "and %[t], %[t], #0xf0f0f0f0\n\t"                                                               \
    "and %[w], %[w], #0xf0f0f0f0\n\t"                                                               \
    "sxtb16 %[u], %[t]\n\t"                                                                         \
    "smlad %[" sum "], %[u], %[a], %[" sum "]\n\t"                                                  \
    "sxtb16 %[t], %[t], ror #8\n\t"                                                                 \
    "smlad %[" sum "], %[t], %[b], %[" sum "]\n\t"                                                  \
    "sxtb16 %[u], %[w]\n\t"                                                                         \
    "smlad %[" sum "], %[u], %[c], %[" sum "]\n\t"                                                  \
    "sxtb16 %[w], %[w], ror #8\n\t"                                                                 \
    "smlad %[" sum "], %[w], %[d], %[" sum "]\n\t"

#define WB_ASM_OF_ROWS(code)                                                                        \
    __asm__ volatile(code                                                                           \
                     : [row] "+r"(row), [x] "+r"(x), [n] "+r"(n), [s0] "+r"(s0), [s1] "+r"(s1),     \
                       [s2] "+r"(s2), [s3] "+r"(s3), [a] "=&r"(a), [b] "=&r"(b), [w] "=&r"(w),      \
                       [t] "=&r"(t)                                                                 \
                     : [o1] "r"(stride), [o3] "r"(3 * stride)                                       \
                     : "cc", "memory")

/* The products of four rows of weights, `stride` bytes apart, with the codes of one position, added up. */
WB_NOINLINE static void wb_four_rows_w8(const wb_laid *laid, const unsigned char *row, uint32_t stride,
                                        uint32_t *sums)
{
    uint32_t a;
    uint32_t b;
    WB_FOUR_SUMS(0);
    if (n) {
        WB_ASM_OF_ROWS("1:\n\t" WB_FOUR_ROWS_W8 WB_FOUR_ROWS_W8 "subs %[n], %[n], #1\n\tbne 1b\n\t");
    }
    if (laid->body & 4u) {
        WB_ASM_OF_ROWS(WB_FOUR_ROWS_W8);
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

/* The same with two rows of nibbles. */
WB_NOINLINE static void wb_two_rows_w4(const wb_laid *laid, const unsigned char *row, uint32_t stride,
                                       uint32_t *sums)
{
    const uint32_t *x = laid->work;
    uint32_t s0 = 0;
    uint32_t s1 = 0;
    uint32_t n = laid->body / 8;
    uint32_t w;
    uint32_t t;
    uint32_t u;
    WB_FOUR_PAIRS;
    if (n) {
        __asm__ volatile("1:\n\t"
                         "ldmia %[x]!, {%[a], %[b], %[c], %[d]}\n\t"
                         "ldr %[w], [%[row], %[o1]]\n\t" WB_FOUR_NIBBLE_PAIRS("s1")
                         "ldr %[w], [%[row]], #4\n\t" WB_FOUR_NIBBLE_PAIRS("s0")
                         "subs %[n], %[n], #1\n\tbne 1b\n\t"
                         : [row] "+r"(row), [x] "+r"(x), [n] "+r"(n), [s0] "+r"(s0), [s1] "+r"(s1),
                           [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [w] "=&r"(w),
                           [t] "=&r"(t), [u] "=&r"(u)
                         : [o1] "r"(stride)
                         : "cc", "memory");
    }
    sums[0] = (uint32_t)((int32_t)s0 >> 4);
    sums[1] = (uint32_t)((int32_t)s1 >> 4);
}

#endif
