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

#include "wb_mve_runs.h"

#define WB_SLIDE_TAPS 8u /* taps of a column that sees one channel: the lanes of a vector */

/* Whether every column sees one channel, whose codes are gathered. */
static inline int wb_slides(const wb_conv_shape *shape)
{
    return shape->fan_in == 1 && shape->weight_bits == 8 && shape->taps <= WB_SLIDE_TAPS &&
           (size_t)WB_SLIDE_TAPS * shape->dilation * shape->channels <= UINT16_MAX / 2u;
}

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

/* Codes of four sums by four shifts; a shift to the left ends at the range of int32, and then at the clamp. */
static WB_INLINE int32x4_t wb_codes_of(int32x4_t low, int32x4_t high, int32x4_t sums, int32x4_t shift)
{
    const int32x4_t places = vmaxq_s32(vminq_s32(shift, vdupq_n_s32(WB_SHIFT_MAX)), vdupq_n_s32(WB_SHIFT_MIN));
    const int32x4_t codes = vqshlq_s32(sums, vnegq_s32(places));
    return vmaxq_s32(vminq_s32(codes, high), low);
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
    const int32x4_t most = vdupq_n_s32(WB_SHIFT_MAX);
    const int32x4_t least = vdupq_n_s32(WB_SHIFT_MIN);
    const uint32_t wide = call->shape->y_bits == 16;
    const uint32_t count = (uint32_t)call->walk.run_codes;
    const size_t apart = call->walk.run_bytes;
    const size_t runs = call->walk.runs;
    const size_t bytes = call->walk.weight_bytes;
    const int8_t *shift = call->shift + column;
    uint32_t total = 0;
    for (; fours; fours--, column += 4, shift += 4) {
        uint32_t s0 = wb_bias(call->bias, column);
        uint32_t s1 = wb_bias(call->bias, column + 1);
        uint32_t s2 = wb_bias(call->bias, column + 2);
        uint32_t s3 = wb_bias(call->bias, column + 3);
        const unsigned char *codes = x;
        const int8_t *first = weights;
        for (size_t run = runs; run; run--, codes += apart, first += count) {
            const unsigned char *from = codes;
            const int8_t *w0 = first;
            const int8_t *w1 = w0 + bytes;
            const int8_t *w2 = w1 + bytes;
            const int8_t *w3 = w2 + bytes;
            __asm__ volatile(WB_LOOP("8", "vldrb.8", WB_LOAD_W8, WB_MULTIPLY8)
                             : [x] "+r"(from), [w0] "+l"(w0), [w1] "+l"(w1), [w2] "+l"(w2),
                               [w3] "+l"(w3), [s0] "+Te"(s0), [s1] "+Te"(s1), [s2] "+Te"(s2),
                               [s3] "+Te"(s3)
                             : [count] "r"(count)
                             : "lr", "q0", "q1", "memory");
        }
        total += s0 + s1 + s2 + s3;
        weights += 4 * bytes;
        const uint32x4_t all = {s0, s1, s2, s3};
        const int32x4_t places = vmaxq_s32(vminq_s32(vldrbq_s32(shift), most), least);
        const int32x4_t shifted = vqshlq_s32(vreinterpretq_s32_u32(all), vnegq_s32(places));
        const int32x4_t made = vmaxq_s32(vminq_s32(shifted, high), low);
        if (wide) {
            vstrhq_s32((int16_t *)(void *)y, made);
            y += 8;
        } else {
            vstrbq_s32((int8_t *)y, made);
            y += 4;
        }
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
    if (!plan.nibbles && !plan.wide_x && left >= 4) {
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
        if (plan.wide_y) {
            vstrhq_s32((int16_t *)(void *)y, codes);
            y += 8;
        } else {
            vstrbq_s32((int8_t *)y, codes);
            y += 4;
        }
    }
    return left ? total + wb_vector_rest(call, x, weights, column, left, y) : total;
}

/* All positions of a column that sees one channel: its taps are the lanes of a vector. */
WB_NOINLINE static void wb_slide(const wb_conv_call *call, uint32_t row, uint32_t column)
{
    const wb_conv_shape *const shape = call->shape;
    const mve_pred16_t taps = vctp16q(shape->taps);
    const int8_t *const weights = (const int8_t *)call->weight + row * call->walk.weight_bytes;
    const int16x8_t w = vldrbq_z_s16(weights, taps);
    const uint32_t step = shape->up * shape->columns;
    const uint32_t channel = column / shape->group_columns;
    const uint32_t apart = shape->dilation * shape->channels;
    const uint16x8_t offsets = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)apart);
    const size_t next = shape->stride * call->walk.row_bytes;
    const unsigned char *x = call->x + channel * shape->x_bits / 8;
    unsigned char *y = call->y + row * shape->y_bits / 8;
    const int32x4_t shift = vdupq_n_s32(call->shift[column]);
    const int32_t bias = wb_signed(wb_bias(call->bias, column));
    for (uint32_t left = shape->rows / shape->stride; left;) {
        const uint32_t some = left < 4 ? left : 4u;
        int32_t sums[4] = {0, 0, 0, 0};
        int32_t codes[4];
        for (uint32_t k = 0; k < some; k++, x += next) {
            const int16x8_t seen =
                shape->x_bits == 16
                    ? vldrhq_gather_shifted_offset_z_s16((const int16_t *)(const void *)x, offsets, taps)
                    : vldrbq_gather_offset_z_s16((const int8_t *)x, offsets, taps);
            sums[k] = vmladavaq_s16(bias, seen, w);
        }
        vstrwq_s32(codes, wb_codes_of(vdupq_n_s32(shape->low), vdupq_n_s32(shape->high), vldrwq_s32(sums), shift));
        for (uint32_t k = 0; k < some; k++) {
            wb_store(y, shape->y_bits, 0, codes[k]);
            y += step * shape->y_bits / 8;
        }
        left -= some;
    }
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
        for (uint32_t row = 0; row < shape->up * shape->columns; row++) {
            wb_slide(call, row, row % shape->columns);
        }
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
