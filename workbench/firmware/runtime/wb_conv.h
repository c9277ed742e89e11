/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one multiply-accumulate: causal convolution, linear (taps 1), depthwise (groups), transposed
 * (up > 1).
 *
 *   acc[t][u][o] = bias[o] + sum over j, i of weight[u][o][j][i] * x[t * stride - back(j)][i]
 *   back(j) = (taps - 1 - j) * dilation
 *   y[t * up + u][o] = clamp(acc[t][u][o] >> shift[o], low, high)
 *
 * Weights are int8_t, or 4 bits wide, packed two to a byte, low nibble first, every [u][o] row
 * starting at a byte. Sums wrap modulo 2**32.
 */
#ifndef WB_CONV_H
#define WB_CONV_H

#include "wb_codes.h"

typedef struct {
    uint32_t rows;     /* input rows in a frame, a multiple of stride */
    uint32_t channels; /* of an input row */
    uint32_t columns;  /* channels of an output row */
    uint32_t taps;
    uint32_t dilation;
    uint32_t stride;
    uint32_t fan_in;        /* channels of an input row that a column sees: channels / groups */
    uint32_t group_columns; /* columns that see the same: columns / groups */
    uint32_t up;
    uint32_t x_bits;      /* 8 or 16 */
    uint32_t weight_bits; /* 4 or 8 */
    uint32_t y_bits;      /* 8 or 16 */
    int32_t low;
    int32_t high;
} wb_conv_shape;

static inline uint32_t wb_product(int32_t x, int32_t weight)
{
    return (uint32_t)(x * weight); /* at most 16 by 8 bits: fits */
}

/* Sum of `count` products of codes with int8_t weights. */
static inline uint32_t wb_dot_w8(const void *codes, uint32_t bits, const int8_t *weight, size_t count)
{
    uint32_t sum = 0;
    if (bits == 16) {
        const int16_t *x = codes;
        for (; count; count--) {
            sum += wb_product(*x++, *weight++);
        }
    } else {
        const int8_t *x = codes;
        for (; count; count--) {
            sum += wb_product(*x++, *weight++);
        }
    }
    return sum;
}

/* The same with packed 4-bit weights, of which the first is nibble number `first` of the row. */
static inline uint32_t wb_dot_w4(const void *codes, uint32_t bits, const uint8_t *row, size_t first,
                                 size_t count)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t nibble = first + i;
        const uint32_t packed = row[nibble / 2];
        const uint32_t code = nibble % 2 ? packed >> 4 : packed & 15u;
        sum += wb_product(wb_load(codes, bits, i), (int32_t)(code ^ 8u) - 8);
    }
    return sum;
}

/*
 * One frame. `x` points at the first new row; as many bytes as `history` has lie free before it.
 * The history is brought there, so that every window is a run of contiguous rows, and its
 * successor is taken back afterwards. `history` is null where the convolution does not look back.
 */
static inline void wb_conv(const wb_conv_shape *shape, const void *weight, const int32_t *bias,
                           const int8_t *shift, void *history, void *x, void *y)
{
    const size_t row_bytes = (size_t)shape->channels * shape->x_bits / 8;
    const size_t back_bytes = (size_t)(shape->taps - 1) * shape->dilation * row_bytes;
    const size_t group_bytes = (size_t)shape->fan_in * shape->x_bits / 8;
    const size_t row_weights = (size_t)shape->fan_in * shape->taps;
    const size_t weight_bytes = shape->weight_bits == 4 ? (row_weights + 1) / 2 : row_weights;
    /* Taps that touch are one long run. */
    const int joined = shape->dilation == 1 && shape->fan_in == shape->channels;
    const size_t runs = joined ? 1 : shape->taps;
    const size_t run_codes = joined ? row_weights : shape->fan_in;
    const size_t run_bytes = shape->dilation * row_bytes;
    unsigned char *const window = (unsigned char *)x - back_bytes;
    size_t written = 0;

    wb_copy(window, history, back_bytes);
    for (size_t row = 0; row < shape->rows; row += shape->stride) {
        const uint8_t *weights = weight;
        for (uint32_t u = 0; u < shape->up; u++) {
            const unsigned char *group = window + row * row_bytes;
            uint32_t left = shape->group_columns;
            for (size_t column = 0; column < shape->columns; column++) {
                const unsigned char *codes = group;
                uint32_t sum = (uint32_t)bias[column];
                for (size_t run = 0; run < runs; run++) {
                    const size_t first = run * shape->fan_in;
                    if (shape->weight_bits == 4) {
                        sum += wb_dot_w4(codes, shape->x_bits, weights, first, run_codes);
                    } else {
                        const int8_t *taps = (const int8_t *)weights + first;
                        sum += wb_dot_w8(codes, shape->x_bits, taps, run_codes);
                    }
                    codes += run_bytes;
                }
                weights += weight_bytes;
                wb_store(y, shape->y_bits, written++,
                         wb_requantise(wb_signed(sum), shift[column], shape->low, shape->high));
                if (--left == 0) {
                    left = shape->group_columns;
                    group += group_bytes;
                }
            }
        }
    }
    wb_copy(history, window + shape->rows * row_bytes, back_bytes);
}

#endif
