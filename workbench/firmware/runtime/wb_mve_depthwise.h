/* SPDX-License-Identifier: Apache-2.0 */
/* With vectors (MVE): convolutions whose columns see one channel each, by four neighbouring channels or by taps. */
#ifndef WB_MVE_DEPTHWISE_H
#define WB_MVE_DEPTHWISE_H

#include <arm_mve.h>

#include "wb_conv_shape.h"

#define WB_SLIDE_TAPS 8u /* taps of a column that sees one channel: the lanes of a vector */

/* Whether every column sees one channel, whose codes are gathered. */
static inline int wb_slides(const wb_conv_shape *shape)
{
    return shape->fan_in == 1 && shape->weight_bits == 8 && shape->taps <= WB_SLIDE_TAPS &&
           (size_t)WB_SLIDE_TAPS * shape->dilation * shape->channels <= UINT16_MAX / 2u;
}

/* Biases of four columns. */
static WB_INLINE int32x4_t wb_four_biases(wb_biases biases, uint32_t column)
{
    return biases.bits == 16 ? vldrhq_s32((const int16_t *)biases.at + column)
                             : vldrwq_s32((const int32_t *)biases.at + column);
}

/*
 * How far four sums go to the left, by their shifts. A shift to the left ends at the range of int32 and then at the
 * clamp, one to the right beyond 31 places is one by 31: of stored shifts -128 alone has to be cut.
 */
static WB_INLINE int32x4_t wb_places(int32x4_t shift)
{
    return vreinterpretq_s32_s8(vqnegq_s8(vreinterpretq_s8_s32(shift)));
}

/* Codes of four sums. */
static WB_INLINE int32x4_t wb_codes_of(int32x4_t low, int32x4_t high, int32x4_t sums, int32x4_t places)
{
    return vmaxq_s32(vminq_s32(vqshlq_s32(sums, places), high), low);
}

static WB_INLINE void wb_put_four(unsigned char *y, uint32_t wide, int32x4_t codes)
{
    if (wide) {
        vstrhq_s32((int16_t *)(void *)y, codes);
    } else {
        vstrbq_s32((int8_t *)y, codes);
    }
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
    const int32x4_t places = wb_places(vdupq_n_s32(call->shift[column]));
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
        vstrwq_s32(codes, wb_codes_of(vdupq_n_s32(shape->low), vdupq_n_s32(shape->high), vldrwq_s32(sums), places));
        for (uint32_t k = 0; k < some; k++) {
            wb_store(y, shape->y_bits, 0, codes[k]);
            y += step * shape->y_bits / 8;
        }
        left -= some;
    }
}

/* Whether neighbouring columns see neighbouring channels, one each: four of them are the lanes of a vector. */
static inline int wb_goes_abreast(const wb_conv_shape *shape)
{
    return shape->fan_in == 1 && shape->group_columns == 1 && shape->weight_bits == 8 && shape->columns >= 4;
}

static WB_INLINE int32x4_t wb_four_codes(const unsigned char *x, uint32_t wide)
{
    return wide ? vldrhq_s32((const int16_t *)(const void *)x) : vldrbq_s32((const int8_t *)x);
}

/*
 * All positions of four columns that see a channel each, three positions at a time: a vector of weights is loaded once
 * for these.
 */
static WB_INLINE void wb_abreast(const wb_conv_call *call, uint32_t row, uint32_t column, uint32_t wide_x,
                                 uint32_t wide_y)
{
    const wb_conv_shape *const shape = call->shape;
    const uint32_t bytes = (uint32_t)call->walk.weight_bytes;
    const int8_t *const weights = (const int8_t *)call->weight + row * bytes;
    const uint32x4_t rows = vmulq_n_u32(vidupq_n_u32(0, 1), bytes);
    const size_t apart = (size_t)shape->dilation * shape->channels << wide_x;
    const size_t next = shape->stride * call->walk.row_bytes;
    const size_t step = (size_t)shape->up * shape->columns << wide_y;
    const int32x4_t bias = wb_four_biases(call->bias, column);
    const int32x4_t places = wb_places(vldrbq_s32(call->shift + column));
    const int32x4_t low = vdupq_n_s32(shape->low);
    const int32x4_t high = vdupq_n_s32(shape->high);
    const unsigned char *x = call->x + ((size_t)column << wide_x);
    unsigned char *y = call->y + ((size_t)row << wide_y);
    uint32_t left = shape->rows / shape->stride;
    for (; left >= 3; left -= 3) {
        const unsigned char *x0 = x;
        const unsigned char *x1 = x0 + next;
        const unsigned char *x2 = x1 + next;
        const int8_t *w = weights;
        int32x4_t s0 = bias;
        int32x4_t s1 = bias;
        int32x4_t s2 = bias;
        for (uint32_t tap = shape->taps; tap; tap--, x0 += apart, x1 += apart, x2 += apart, w++) {
            const int32x4_t weight = vldrbq_gather_offset_s32(w, rows);
            s0 = vaddq_s32(s0, vmulq_s32(wb_four_codes(x0, wide_x), weight));
            s1 = vaddq_s32(s1, vmulq_s32(wb_four_codes(x1, wide_x), weight));
            s2 = vaddq_s32(s2, vmulq_s32(wb_four_codes(x2, wide_x), weight));
        }
        wb_put_four(y, wide_y, wb_codes_of(low, high, s0, places));
        y += step;
        wb_put_four(y, wide_y, wb_codes_of(low, high, s1, places));
        y += step;
        wb_put_four(y, wide_y, wb_codes_of(low, high, s2, places));
        y += step;
        x += 3 * next;
    }
    for (; left; left--, x += next, y += step) {
        const unsigned char *codes = x;
        const int8_t *w = weights;
        int32x4_t sum = bias;
        for (uint32_t tap = shape->taps; tap; tap--, codes += apart, w++) {
            sum = vaddq_s32(sum, vmulq_s32(wb_four_codes(codes, wide_x), vldrbq_gather_offset_s32(w, rows)));
        }
        wb_put_four(y, wide_y, wb_codes_of(low, high, sum, places));
    }
}

/* A function for each width of codes, for the registers. */
WB_NOINLINE static void wb_abreast_8(const wb_conv_call *call, uint32_t row, uint32_t column)
{
    wb_abreast(call, row, column, 0, 0);
}

WB_NOINLINE static void wb_abreast_any(const wb_conv_call *call, uint32_t row, uint32_t column)
{
    wb_abreast(call, row, column, call->shape->x_bits == 16, call->shape->y_bits == 16);
}

/* A frame of columns that see one channel each: by fours where they can, and by taps what is left. */
static void wb_depthwise_frame(const wb_conv_call *call)
{
    const wb_conv_shape *const shape = call->shape;
    const int narrow = shape->x_bits == 8 && shape->y_bits == 8;
    const uint32_t fours = wb_goes_abreast(shape) ? shape->columns & ~3u : 0;
    for (uint32_t phase = 0; phase < shape->up; phase++) {
        const uint32_t first = phase * shape->columns;
        for (uint32_t column = 0; column < fours; column += 4) {
            (narrow ? wb_abreast_8 : wb_abreast_any)(call, first + column, column);
        }
        for (uint32_t column = fours; column < shape->columns; column++) {
            wb_slide(call, first + column, column);
        }
    }
}

#endif
