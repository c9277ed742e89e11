/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions of Cortex-M55 and others with the M-profile vector extension (MVE, "Helium"): 16 products an
 * instruction of 8-bit codes, 8 of 16-bit codes, for four rows of weights that see the same codes.
 *
 * Nibbles are taken apart in vectors, and codes are loaded by turns for the low and the high ones; a sum
 * is then 16 times as large where codes have 8 bits, which fits.
 */
#ifndef WB_KERNELS_MVE_H
#define WB_KERNELS_MVE_H

#include "wb_mve_depthwise.h"
#include "wb_mve_runs.h"

/* Rows of nibbles must not begin within a byte. */
static inline int wb_tuned_takes(const wb_conv_shape *shape)
{
    const uint32_t codes = shape->taps * shape->fan_in;
    if (shape->weight_bits == 8) {
        return 1;
    }
    return codes < 65536u && (shape->fan_in % 2 == 0 || shape->taps == 1 ||
                              (shape->dilation == 1 && shape->fan_in == shape->channels));
}

/* What a loop over groups of rows needs, in registers: assembly that reads memory hides it from the compiler. */
typedef struct {
    uint32_t wide_x;
    uint32_t wide_y;
    uint32_t nibbles;
    uint32_t count; /* codes of a run ... */
    size_t runs;
    size_t apart; /* ... and bytes from one to the next, in a window ... */
    size_t weight_run; /* ... and in a row of weights */
    int32x4_t low;
    int32x4_t high;
} wb_vector_plan;

static WB_INLINE wb_vector_plan wb_plan_of(const wb_conv_call *call)
{
    const wb_conv_shape *const shape = call->shape;
    const uint32_t count = (uint32_t)call->walk.run_codes;
    const wb_vector_plan plan = {
        .wide_x = shape->x_bits == 16,
        .wide_y = shape->y_bits == 16,
        .nibbles = shape->weight_bits == 4,
        .count = count,
        .runs = call->walk.runs,
        .apart = call->walk.run_bytes,
        .weight_run = shape->weight_bits == 4 ? (count + 1) / 2 : count,
        .low = vdupq_n_s32(shape->low),
        .high = vdupq_n_s32(shape->high),
    };
    return plan;
}

/* Add the products of four rows of weights with the window at x to their sums. */
static WB_INLINE void wb_window_sums(const wb_vector_plan *plan, const unsigned char *x, const int8_t *weights,
                                     size_t bytes, wb_four *sums)
{
    wb_four large = {0, 0, 0, 0};
    for (size_t run = plan->runs; run; run--, x += plan->apart, weights += plan->weight_run) {
        if (plan->nibbles && plan->wide_x) {
            wb_run_x16_w4((const int16_t *)(const void *)x, weights, bytes, plan->count, sums);
        } else if (plan->nibbles) {
            wb_run_x8_w4((const int8_t *)x, weights, bytes, plan->count, &large);
        } else if (plan->wide_x) {
            wb_run_x16_w8((const int16_t *)(const void *)x, weights, bytes, plan->count, sums);
        } else {
            wb_run_x8_w8((const int8_t *)x, weights, bytes, plan->count, sums);
        }
    }
    if (plan->nibbles && !plan->wide_x) {
        sums->s0 += (uint32_t)((int32_t)large.s0 >> 4);
        sums->s1 += (uint32_t)((int32_t)large.s1 >> 4);
        sums->s2 += (uint32_t)((int32_t)large.s2 >> 4);
        sums->s3 += (uint32_t)((int32_t)large.s3 >> 4);
    }
}

/* The columns that are left of a group, fewer than four. */
WB_COLD static uint32_t wb_vector_rest(const wb_conv_call *call, const unsigned char *x, const int8_t *weights,
                                       uint32_t column, uint32_t count, unsigned char *y)
{
    const wb_conv_shape *const shape = call->shape;
    const wb_vector_plan plan = wb_plan_of(call);
    uint32_t total = 0;
    for (uint32_t k = 0; k < count; k++, column++, weights += call->walk.weight_bytes) {
        wb_four sums = {wb_bias(call->bias, column), 0, 0, 0};
        wb_window_sums(&plan, x, weights, 0, &sums); /* one row is its own neighbour */
        total += sums.s0;
        wb_store(y, shape->y_bits, k, wb_code_of(sums.s0, call->shift[column], shape->low, shape->high));
    }
    return total;
}

/* Whether `wb_vector_fours` takes a window: between its runs the weights go on where the last full turn ended. */
static inline int wb_takes_fours(const wb_conv_call *call)
{
    return call->walk.runs == 1 || call->walk.run_codes % 16 == 0;
}

/*
 * Of 8-bit codes and weights, the columns of a group by fours: the usual case, in a function of its own for
 * the registers. Returns the sum of the accumulators.
 */
WB_NOINLINE static uint32_t wb_vector_fours(const wb_conv_call *call, const unsigned char *x,
                                            const int8_t *weights, uint32_t column, uint32_t fours,
                                            unsigned char *y)
{
    const int32x4_t low = vdupq_n_s32(call->shape->low);
    const int32x4_t high = vdupq_n_s32(call->shape->high);
    const uint32_t wide = call->shape->y_bits == 16;
    const uint32_t count = (uint32_t)call->walk.run_codes;
    const size_t gap = call->walk.run_bytes - count;
    const size_t bytes = call->walk.weight_bytes;
    const int8_t *shift = call->shift + column;
    uint32_t total = 0;
    for (; fours; fours--, column += 4, shift += 4) {
        const unsigned char *from = x;
        const int8_t *w0 = weights;
        const int8_t *w1 = w0 + bytes;
        const int8_t *w2 = w1 + bytes;
        const int8_t *w3 = w2 + bytes;
        uint32_t s0 = 0;
        uint32_t s1 = 0;
        uint32_t s2 = 0;
        uint32_t s3 = 0;
        int32x4_t sums;
        size_t runs = call->walk.runs; /* in memory, as the gap, for want of registers */
        weights = w3 + bytes;
        __asm__ volatile("2:\n\t" WB_LOOP("8", "vldrb.8", WB_LOAD_W8, WB_MULTIPLY8)
                         "ldr lr, %[gap]\n\t"
                         "add %[x], lr\n\t"
                         "ldr lr, %[runs]\n\t"
                         "subs lr, #1\n\t"
                         "str lr, %[runs]\n\t"
                         "bne 2b\n\t"
                         "vmov q0[2], q0[0], %[s0], %[s2]\n\t"
                         "vmov q0[3], q0[1], %[s1], %[s3]\n\t"
                         "vmov %q[sums], q0\n\t"
                         : [x] "+r"(from), [w0] "+r"(w0), [w1] "+r"(w1), [w2] "+r"(w2), [w3] "+r"(w3),
                           [s0] "+Te"(s0), [s1] "+Te"(s1), [s2] "+Te"(s2), [s3] "+Te"(s3),
                           [runs] "+m"(runs), [sums] "=w"(sums)
                         : [count] "r"(count), [gap] "m"(gap)
                         : "cc", "lr", "q0", "q1", "memory");
        sums = vaddq_s32(sums, wb_four_biases(call->bias, column));
        total = vaddvaq_u32(total, vreinterpretq_u32_s32(sums));
        const int32x4_t shifted = vqshlq_s32(sums, wb_four_places(shift));
        wb_put_four(y, wide, vmaxq_s32(vminq_s32(shifted, high), low));
        y += 4u << wide;
    }
    return total;
}

/* One position of a group: columns from `column` on, of the rows of weights from `row` on. Returns their sum. */
WB_NOINLINE static uint32_t wb_vector_group(const wb_conv_call *call, const unsigned char *x, uint32_t row,
                                            uint32_t column, unsigned char *y)
{
    const wb_vector_plan plan = wb_plan_of(call);
    const size_t bytes = call->walk.weight_bytes;
    const uint32_t columns = call->shape->group_columns;
    const int8_t *weights = (const int8_t *)call->weight + row * bytes;
    const int8_t *shift = call->shift + column;
    uint32_t total = 0;
    uint32_t left = columns;
    y += row * call->shape->y_bits / 8;
    if (!plan.nibbles && !plan.wide_x && left >= 4 && wb_takes_fours(call)) {
        const uint32_t fours = left / 4;
        total = wb_vector_fours(call, x, weights, column, fours, y);
        y += 4 * fours * call->shape->y_bits / 8;
        weights += 4 * fours * bytes;
        column += 4 * fours;
        left -= 4 * fours;
    }
    for (; left >= 4; left -= 4, column += 4, shift += 4, weights += 4 * bytes) {
        wb_four sums = {wb_bias(call->bias, column), wb_bias(call->bias, column + 1),
                        wb_bias(call->bias, column + 2), wb_bias(call->bias, column + 3)};
        wb_window_sums(&plan, x, weights, bytes, &sums);
        total += sums.s0 + sums.s1 + sums.s2 + sums.s3;
        const uint32x4_t all = {sums.s0, sums.s1, sums.s2, sums.s3};
        const int32x4_t codes =
            wb_codes_of(plan.low, plan.high, vreinterpretq_s32_u32(all), vldrbq_s32(shift));
        wb_put_four(y, plan.wide_y, codes);
        y += 4u << plan.wide_y;
    }
    return left ? total + wb_vector_rest(call, x, weights, column, left, y) : total;
}

/* One frame; see `wb_plain_frame`. */
static inline int wb_tuned_frame(const wb_conv_call *call)
{
    const wb_conv_shape *const shape = call->shape;
    const uint32_t columns = shape->group_columns;
    const size_t group_bytes = (size_t)shape->fan_in * shape->x_bits / 8;
    unsigned char *y = call->y;
    int wrong = 0;
    if (wb_slides(shape) && !call->check) {
        wb_depthwise_frame(call);
        return 0;
    }
    for (size_t row = 0; row < shape->rows; row += shape->stride) {
        const unsigned char *const window = call->x + row * call->walk.row_bytes;
        uint32_t total = call->check ? wb_expected_total(call, window) : 0u;
        for (uint32_t phase = 0; phase < shape->up; phase++) {
            const unsigned char *x = window;
            for (uint32_t column = 0; column < shape->columns; column += columns) {
                total -= wb_vector_group(call, x, phase * shape->columns + column, column, y);
                x += group_bytes;
            }
        }
        y += shape->up * shape->columns * shape->y_bits / 8;
        wrong |= call->check && total != 0;
    }
    return wrong;
}

#endif
