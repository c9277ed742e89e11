/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame of a convolution: its history, and the kernels of the core that this is compiled for. Each
 * family of kernels is a header that defines `wb_tuned_takes`, whether it can compute a shape, and
 * `wb_tuned_frame`, which does. All give the same sums, so that the choice is heard by nobody.
 */
#ifndef WB_CONV_H
#define WB_CONV_H

#include "wb_kernels_plain.h"

/* WB_PLAIN_KERNELS: for this core, plain C is wanted. */
#if defined(WB_PLAIN_KERNELS)
#define wb_tuned_takes(shape) 0
#define wb_tuned_frame(call) 0
#elif defined(__GNUC__) && defined(__ARM_FEATURE_MVE) && defined(__OPTIMIZE__)
#include "wb_kernels_mve.h"
#elif defined(__GNUC__) && defined(__ARM_FEATURE_DSP) && __ARM_ARCH >= 7 && defined(__OPTIMIZE__)
#include "wb_kernels_dsp.h"
#else
#include "wb_kernels_list.h"
#endif

/* Bytes of the history of a convolution. */
static inline size_t wb_back_bytes(const wb_conv_shape *shape)
{
    return (size_t)(shape->taps - 1) * shape->dilation * shape->channels * shape->x_bits / 8;
}

/* A frame whose window of the first position begins at `window`. */
static WB_INLINE wb_conv_call wb_call_of(const wb_conv_shape *shape, const void *weight, const void *bias,
                                         const int8_t *shift, const unsigned char *window, void *y,
                                         uint32_t *work, const wb_checksum *check)
{
    const size_t row_bytes = (size_t)shape->channels * shape->x_bits / 8;
    const size_t row_codes = (size_t)shape->fan_in * shape->taps;
    /* Taps that touch are one run. */
    const int joined = shape->fan_in == shape->channels && shape->dilation == 1;
    const wb_conv_call call = {
        .shape = shape,
        .weight = weight,
        .bias = {bias, shape->bias_bits},
        .shift = shift,
        .x = window,
        .y = y,
        .check = check,
        .work = work,
        .walk = {
            .runs = joined ? 1 : shape->taps,
            .run_codes = joined ? row_codes : shape->fan_in,
            .run_bytes = shape->dilation * row_bytes,
            .row_bytes = row_bytes,
            .weight_bytes = shape->weight_bits == 4 ? (row_codes + 1) / 2 : row_codes,
        },
    };
    return call;
}

/*
 * One frame; returns whether the sums of some position disagree with `check`, if there is one (then
 * there is one group). `x` points at the first new row; as many bytes as `history` has lie free before it.
 * The history is brought there, so that every window is made of contiguous rows, and its successor
 * is taken back afterwards. `history` is null where the convolution does not look back.
 */
static WB_INLINE int wb_conv_frame(const wb_conv_shape *shape, const void *weight,
                                   const void *bias, const int8_t *shift, void *history,
                                   void *x, void *y, uint32_t *work, const wb_checksum *check,
                                   const wb_moved_weights *moved)
{
    const size_t back_bytes = wb_back_bytes(shape);
    unsigned char *const window = (unsigned char *)x - back_bytes;
    const wb_conv_call call = wb_call_of(shape, weight, bias, shift, window, y, work, check);
    int wrong;

    wb_copy(window, history, back_bytes);
    if (!moved && wb_tuned_takes(shape)) {
        wrong = wb_tuned_frame(&call);
    } else {
        wrong = wb_plain_frame(&call, moved);
    }
    wb_copy(history, window + shape->rows * call.walk.row_bytes, back_bytes);
    return wrong;
}

WB_NOINLINE static void wb_conv(const wb_conv_shape *shape, const void *weight, const void *bias,
                                const int8_t *shift, void *history, void *x, void *y, uint32_t *work)
{
    (void)wb_conv_frame(shape, weight, bias, shift, history, x, y, work, NULL, NULL);
}

/* The same where some weights have moved. */
WB_COLD static void wb_conv_moved(const wb_conv_shape *shape, const void *weight,
                                  const void *bias, const int8_t *shift, void *history, void *x,
                                  void *y, uint32_t *work, const wb_moved_weights *moved)
{
    (void)wb_conv_frame(shape, weight, bias, shift, history, x, y, work, NULL, moved);
}

WB_NOINLINE static int wb_conv_checked(const wb_conv_shape *shape, const void *weight,
                                       const void *bias, const int8_t *shift, void *history,
                                       void *x, void *y, uint32_t *work, const wb_checksum *check)
{
    return wb_conv_frame(shape, weight, bias, shift, history, x, y, work, check, NULL);
}

/* The same frame once more, whose input still lies at x behind the history that it began with. */
WB_COLD static void wb_conv_again(const wb_conv_shape *shape, const void *weight,
                                  const void *bias, const int8_t *shift, void *history, void *x,
                                  void *y, uint32_t *work, const wb_checksum *check)
{
    const size_t back_bytes = wb_back_bytes(shape);
    wb_copy(history, (unsigned char *)x - back_bytes, back_bytes);
    (void)wb_conv_checked(shape, weight, bias, shift, history, x, y, work, check);
}

#endif
