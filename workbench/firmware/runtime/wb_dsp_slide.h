/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels with SMLAD where every column sees one channel (depthwise): its codes, as a series of int16 in
 * time, are slid along the weights, which stay in registers.
 */
#ifndef WB_DSP_SLIDE_H
#define WB_DSP_SLIDE_H

#include "wb_dsp_lay.h"
#include "wb_dsp_put.h"

#define WB_SERIES_TAPS 8u /* at most: four pairs of weights stay in registers */

/* Codes of every other place of a series: `count` of them, not 0, written `step` codes apart. */
static WB_INLINE void wb_slide(const wb_conv_shape *shape, const int16_t *series, const uint32_t *pairs,
                               uint32_t bias, int32_t places, unsigned char *y, uint32_t step,
                               uint32_t count)
{
    const uint32_t range = places < 0 ? WB_ANY_RANGE : wb_range(shape);
    const uint32_t w0 = pairs[0];
    const uint32_t w1 = pairs[1];
    const uint32_t w2 = pairs[2];
    const uint32_t w3 = pairs[3];
    uint32_t a = wb_word_at(series);
    uint32_t b = wb_word_at(series + 2);
    uint32_t c = wb_word_at(series + 4);
#define WB_AT(x0, x1, x2, x3)                                                                       \
    wb_two_products(w3, x3, wb_two_products(w2, x2, wb_two_products(w1, x1,                         \
        wb_two_products(w0, x0, bias))))
    for (uint32_t left = (count + 3) / 4;; left--) {
        const uint32_t d = wb_word_at(series + 6);
        const uint32_t s0 = WB_AT(a, b, c, d);
        a = wb_word_at(series + 8);
        const uint32_t s1 = WB_AT(b, c, d, a);
        b = wb_word_at(series + 10);
        const uint32_t s2 = WB_AT(c, d, a, b);
        c = wb_word_at(series + 12);
        const uint32_t s3 = WB_AT(d, a, b, c);
        if (left <= 1) {
            const uint32_t sums[WB_POSITIONS] = {s0, s1, s2, s3};
            wb_put_any(shape, sums, places, y, step, count - (count - 1) / 4 * 4);
            return;
        }
        y = wb_put_four(shape, range, s0, s1, s2, s3, places, y, step);
        series += 8;
    }
}

WB_NOINLINE static void wb_series_column(const wb_conv_call *call, const uint32_t *pairs, uint32_t column,
                                         unsigned char *y, uint32_t step, uint32_t count)
{
    const int16_t *const series = (const int16_t *)call->work;
    const int32_t places = call->shift[column];
    const uint32_t bias = wb_bias(call->bias, column);
    for (uint32_t odd = 0; odd < 2 && odd < count; odd++) {
        wb_slide(call->shape, series + odd, pairs, bias, places, y, 2 * step, (count + 1 - odd) / 2);
        y += step * call->shape->y_bits / 8;
    }
}

/* Weights of a row, which sees one code a tap, as pairs. */
static inline void wb_series_pairs(const wb_conv_call *call, uint32_t row, uint32_t *pairs)
{
    const wb_conv_shape *const shape = call->shape;
    const unsigned char *const weights =
        (const unsigned char *)call->weight + row * call->walk.weight_bytes;
    uint32_t values[WB_SERIES_TAPS] = {0};
    for (uint32_t tap = 0; tap < shape->taps; tap++) {
        values[tap] = (uint32_t)(shape->weight_bits == 4 ? wb_nibble(weights, tap)
                                                         : ((const int8_t *)weights)[tap]);
    }
    for (uint32_t i = 0; i < WB_SERIES_TAPS / 2; i++) {
        pairs[i] = wb_low_halves(values[2 * i], values[2 * i + 1]);
    }
}

#define WB_SERIES_OF                                                                                \
    {                                                                                               \
        for (; length >= 4; length -= 4) {                                                          \
            series[0] = *x;                                                                         \
            x += apart;                                                                             \
            series[1] = *x;                                                                         \
            x += apart;                                                                             \
            series[2] = *x;                                                                         \
            x += apart;                                                                             \
            series[3] = *x;                                                                         \
            x += apart;                                                                             \
            series += 4;                                                                            \
        }                                                                                           \
        for (; length; length--) {                                                                  \
            *series++ = *x;                                                                         \
            x += apart;                                                                             \
        }                                                                                           \
    }
static inline void wb_series_of_x8(int16_t *series, const int8_t *x, size_t apart, uint32_t length)
    WB_SERIES_OF
static inline void wb_series_of_x16(int16_t *series, const int16_t *x, size_t apart, uint32_t length)
    WB_SERIES_OF

/* A frame where every column sees one channel: its codes, as a series of int16, are slid along the weights. */
static inline void wb_series_frame(const wb_conv_call *call)
{
    const wb_conv_shape *const shape = call->shape;
    int16_t *const series = (int16_t *)call->work;
    const uint32_t step = shape->up * shape->columns;
    /* With dilation, each phase of the positions is a series of its own. */
    for (uint32_t start = 0; start < shape->dilation && start < shape->rows; start++) {
        const uint32_t count = (shape->rows - start - 1) / shape->dilation + 1;
        const uint32_t length = count + shape->taps - 1;
        const size_t apart = shape->dilation * shape->channels;
        for (uint32_t channel = 0; channel < shape->channels; channel++) {
            const size_t first = start * shape->channels + channel;
            if (shape->x_bits == 16) {
                wb_series_of_x16(series, (const int16_t *)(const void *)call->x + first, apart, length);
            } else {
                wb_series_of_x8(series, (const int8_t *)call->x + first, apart, length);
            }
            for (uint32_t k = 0; k < shape->up * shape->group_columns; k++) {
                const uint32_t column = channel * shape->group_columns + k % shape->group_columns;
                const uint32_t row = k / shape->group_columns * shape->columns + column;
                unsigned char *const y = call->y + (start * step + row) * shape->y_bits / 8;
                uint32_t pairs[WB_SERIES_TAPS / 2];
                wb_series_pairs(call, row, pairs);
                wb_series_column(call, pairs, column, y, shape->dilation * step, count);
            }
        }
    }
}

#endif
