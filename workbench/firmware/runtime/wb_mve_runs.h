/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels with vectors (MVE): a run of contiguous codes against rows of weights, four rows at a time.
 *
 * In assembly, since five pointers, four sums and the count fill the core's registers: compilers address every load
 * anew and keep predicates beside. The last turn of a loop leaves out what is too many, by the hardware's tail
 * predication.
 */
#ifndef WB_MVE_RUNS_H
#define WB_MVE_RUNS_H

#include <arm_mve.h>

#include "wb_conv_shape.h"

/* What is added to the sums of some rows of weights, four at a time. */
typedef struct {
    const void *x;       /* codes of the run; of nibbles, as `wb_part` lays them */
    uint32_t bytes;      /* of a row's weights in the run; behind x, for both are loaded at once */
    const int8_t *row;   /* the first of these ... */
    size_t apart;        /* ... and bytes from one row to the next */
    uint32_t *sums;      /* one a row ... */
    const uint32_t *end; /* ... up to here */
    size_t ahead;        /* from where a turn over four rows ends to where the next begins */
} wb_run;

typedef void wb_add_run(wb_run *run);

/* A turn of a row: its weights, or those of the low and then of the high nibbles, times the codes in q0 (and q1). */
#define WB_ROW_X8_W8(w, s) "vldrb.8 q1, [%[" w "]], #16\n\tvmladava.s8 %[" s "], q0, q1\n\t"
#define WB_ROW_X16_W8(w, s) "vldrb.s16 q1, [%[" w "]], #8\n\tvmladava.s16 %[" s "], q0, q1\n\t"
#define WB_ROW_X8_W4(w, s)                                                                          \
    "vldrb.8 q2, [%[" w "]], #16\n\t"                                                               \
    "vshl.i8 q3, q2, #4\n\tvmladava.s8 %[" s "], q0, q3\n\t"                                        \
    "vand q2, q2, %q[high]\n\tvmladava.s8 %[" s "], q1, q2\n\t"
#define WB_ROW_X16_W4(w, s)                                                                         \
    "vldrb.s16 q2, [%[" w "]], #8\n\t"                                                              \
    "vshl.i16 q3, q2, #12\n\tvshr.s16 q3, q3, #12\n\tvmladava.s16 %[" s "], q0, q3\n\t"             \
    "vshr.s16 q2, q2, #4\n\tvmladava.s16 %[" s "], q1, q2\n\t"

/* Sums go on from where they were; those of nibbles and 8-bit codes, 16 times as large, are added at the end. */
#define WB_GO_ON                                                                                    \
    "ldrd %[s0], %[s1], [%[sums]]\n\t"                                                              \
    "ldrd %[s2], %[s3], [%[sums], #8]\n\t"
#define WB_FROM_ZERO                                                                                \
    "mov %[s0], #0\n\tmov %[s1], #0\n\t"                                                            \
    "mov %[s2], #0\n\tmov %[s3], #0\n\t"
#define WB_ADD_16TH                                                                                 \
    "ldr lr, [%[sums]]\n\tadd %[s0], lr, %[s0], asr #4\n\t"                                         \
    "ldr lr, [%[sums], #4]\n\tadd %[s1], lr, %[s1], asr #4\n\t"                                     \
    "ldr lr, [%[sums], #8]\n\tadd %[s2], lr, %[s2], asr #4\n\t"                                     \
    "ldr lr, [%[sums], #12]\n\tadd %[s3], lr, %[s3], asr #4\n\t"

/*
 * A function that adds a run to the sums of its rows, `lanes` weights or pairs of nibbles a turn. Registers are named,
 * since compilers find none otherwise; r7 and r9 are left, which may be a frame pointer and the platform's.
 */
#define WB_RUN_OF(name, lanes, lane_text, first, load, turn, last)                                  \
    WB_NOINLINE static void name(wb_run *given)                                                     \
    {                                                                                               \
        const uint8x16_t high = vdupq_n_u8(0xf0);                                                   \
        register wb_run *run __asm__("r11") = given;                                                \
        register const int8_t *w0 __asm__("r0") = run->row;                                         \
        register const int8_t *w1 __asm__("r1") = w0 + run->apart;                                  \
        register const int8_t *w2 __asm__("r2") = w1 + run->apart;                                  \
        register const int8_t *w3 __asm__("r3") = w2 + run->apart;                                  \
        register uint32_t *sums __asm__("r5") = run->sums;                                          \
        register const void *x __asm__("r12");                                                      \
        register uint32_t s0 __asm__("r4");                                                         \
        register uint32_t s1 __asm__("r6");                                                         \
        register uint32_t s2 __asm__("r8");                                                         \
        register uint32_t s3 __asm__("r10");                                                        \
        run->ahead = 4 * run->apart - (run->bytes + (lanes) - 1) / (lanes) * (lanes);               \
        __asm__ volatile("2:\n\tldrd %[x], lr, [%[run], %[x_at]]\n\t" first                         \
                         "dlstp." lane_text " lr, lr\n"                                             \
                         "1:\n\t" load turn("w0", "s0") turn("w1", "s1") turn("w2", "s2")           \
                         turn("w3", "s3") "letp lr, 1b\n\t" last                                    \
                         "strd %[s0], %[s1], [%[sums]], #8\n\t"                                     \
                         "strd %[s2], %[s3], [%[sums]], #8\n\t"                                     \
                         "ldr lr, [%[run], %[ahead]]\n\t"                                           \
                         "add %[w0], lr\n\tadd %[w1], lr\n\tadd %[w2], lr\n\tadd %[w3], lr\n\t"     \
                         "ldr lr, [%[run], %[end]]\n\tcmp %[sums], lr\n\tbne 2b\n\t"                \
                         : [x] "=&r"(x), [w0] "+r"(w0), [w1] "+r"(w1), [w2] "+r"(w2), [w3] "+r"(w3), \
                           [sums] "+r"(sums), [s0] "=&r"(s0), [s1] "=&r"(s1), [s2] "=&r"(s2),       \
                           [s3] "=&r"(s3)                                                           \
                         : [run] "r"(run), [x_at] "i"(offsetof(wb_run, x)),                         \
                           [ahead] "i"(offsetof(wb_run, ahead)), [end] "i"(offsetof(wb_run, end)),  \
                           [high] "w"(high)                                                         \
                         : "cc", "lr", "q0", "q1", "q2", "q3", "memory");                           \
    }

WB_RUN_OF(wb_run_x8_w8, 16, "8", WB_GO_ON, "vldrb.8 q0, [%[x]], #16\n\t", WB_ROW_X8_W8, "")
WB_RUN_OF(wb_run_x16_w8, 8, "16", WB_GO_ON, "vldrh.16 q0, [%[x]], #16\n\t", WB_ROW_X16_W8, "")
WB_RUN_OF(wb_run_x8_w4, 16, "8", WB_FROM_ZERO,
          "vldrb.8 q0, [%[x]], #16\n\tvldrb.8 q1, [%[x]], #16\n\t", WB_ROW_X8_W4, WB_ADD_16TH)
WB_RUN_OF(wb_run_x16_w4, 8, "16", WB_GO_ON,
          "vldrh.16 q0, [%[x]], #16\n\tvldrh.16 q1, [%[x]], #16\n\t", WB_ROW_X16_W4, "")

#endif
