/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels with vectors (MVE): windows laid out, and what sums of neighbouring columns begin with and end as. */
#ifndef WB_MVE_SUMS_H
#define WB_MVE_SUMS_H

#include <arm_mve.h>

#include "wb_conv_shape.h"

/* Copy as many bytes, at least one. */
static WB_INLINE void wb_vector_copy(unsigned char *to, const unsigned char *from, size_t bytes)
{
    __asm__ volatile("dlstp.8 lr, %[bytes]\n"
                     "1:\n\tvldrb.8 q0, [%[from]], #16\n\tvstrb.8 q0, [%[to]], #16\n\tletp lr, 1b\n\t"
                     : [to] "+r"(to), [from] "+r"(from)
                     : [bytes] "r"(bytes)
                     : "lr", "q0", "memory");
}

/* Codes apart, as nibbles are: of 32 codes those at even places and then those at odd ones; 16 where they are wide. */
static void wb_part(unsigned char *to, const unsigned char *x, uint32_t wide, uint32_t codes)
{
    const uint32_t half = wide ? 8u : 16u;
    while (codes) {
        const uint32_t some = codes < 2 * half ? codes : 2 * half;
        if (wide) {
            const uint16x8_t places = vidupq_n_u16(0, 2);
            const uint16_t *const from = (const uint16_t *)(const void *)x;
            uint16_t *const words = (uint16_t *)(void *)to;
            vstrhq_u16(words, vldrhq_gather_shifted_offset_z_u16(from, places, vctp16q((some + 1) / 2)));
            vstrhq_u16(words + 8, vldrhq_gather_shifted_offset_z_u16(from + 1, places, vctp16q(some / 2)));
        } else {
            const uint8x16_t places = vidupq_n_u8(0, 2);
            vstrbq_u8(to, vldrbq_gather_offset_z_u8(x, places, vctp8q((some + 1) / 2)));
            vstrbq_u8(to + 16, vldrbq_gather_offset_z_u8(x + 1, places, vctp8q(some / 2)));
        }
        to += 32;
        x += some << wide;
        codes -= some;
    }
}

/* The window of a group at x as one run, in the kernel's memory. */
WB_NOINLINE static const unsigned char *wb_laid_window(const wb_conv_call *call, const unsigned char *x)
{
    const wb_conv_shape *const shape = call->shape;
    const uint32_t codes = shape->taps * shape->fan_in;
    const uint32_t wide = shape->x_bits == 16;
    unsigned char *const laid = (unsigned char *)call->work;
    const size_t parted = (size_t)(codes + (wide ? 15u : 31u)) / (wide ? 16u : 32u) * 32u;
    if (call->walk.runs > 1) {
        unsigned char *const whole = laid + (shape->weight_bits == 4 ? parted : 0);
        const size_t bytes = call->walk.run_codes << wide;
        for (size_t run = 0; run < call->walk.runs; run++) {
            wb_vector_copy(whole + run * bytes, x + run * call->walk.run_bytes, bytes);
        }
        x = whole;
    }
    if (shape->weight_bits == 4) {
        wb_part(laid, x, wide, codes);
        x = laid;
    }
    return x;
}

/* Loops over columns, four lanes a turn, in assembly for the hardware's tail predication. */
#define WB_BEGIN(load)                                                                              \
    __asm__ volatile("dlstp.32 lr, %[count]\n"                                                      \
                     "1:\n\t" load "\n\tvstrw.32 q0, [%[sums]], #16\n\tletp lr, 1b\n\t"            \
                     : [bias] "+l"(bias), [sums] "+r"(sums)                                         \
                     : [count] "r"(count)                                                           \
                     : "lr", "q0", "memory")

/* Sums begin as the biases of `count` columns. */
static inline void wb_begin_sums(wb_biases biases, uint32_t column, uint32_t *sums, uint32_t count)
{
    const unsigned char *bias = (const unsigned char *)biases.at + column * (biases.bits / 8);
    if (biases.bits == 16) {
        WB_BEGIN("vldrh.s32 q0, [%[bias]], #8");
    } else {
        WB_BEGIN("vldrw.32 q0, [%[bias]], #16");
    }
}

#define WB_END(store)                                                                               \
    __asm__ volatile("dlstp.32 lr, %[count]\n"                                                      \
                     "1:\n\tvldrw.32 q0, [%[sums]], #16\n\t"                                       \
                     "vldrb.s32 q1, [%[shift]], #4\n\t"                                            \
                     "vqneg.s8 q1, q1\n\t"                                                         \
                     "vaddva.u32 %[total], q0\n\t"                                                 \
                     "vqshl.s32 q0, q0, q1\n\t"                                                    \
                     "vmin.s32 q0, q0, %q[high]\n\t"                                               \
                     "vmax.s32 q0, q0, %q[low]\n\t" store "\n\tletp lr, 1b\n\t"                   \
                     : [sums] "+r"(sums), [shift] "+l"(shift), [y] "+l"(y), [total] "+Te"(total)    \
                     : [count] "r"(count), [low] "w"(low), [high] "w"(high)                         \
                     : "lr", "q0", "q1", "memory")

/* Make codes of the sums of `count` columns, by places to the left as `wb_places` has them; returns what all make. */
static inline uint32_t wb_end_sums(const wb_conv_call *call, const uint32_t *sums, uint32_t column, uint32_t count,
                                   unsigned char *y)
{
    const int32x4_t low = vdupq_n_s32(call->shape->low);
    const int32x4_t high = vdupq_n_s32(call->shape->high);
    const int8_t *shift = call->shift + column;
    uint32_t total = 0;
    if (call->shape->y_bits == 16) {
        WB_END("vstrh.32 q0, [%[y]], #8");
    } else {
        WB_END("vstrb.32 q0, [%[y]], #4");
    }
    return total;
}

#endif
