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
 * starting at a byte. Sums wrap modulo 2**32. Here is what its kernels share.
 */
#ifndef WB_CONV_SHAPE_H
#define WB_CONV_SHAPE_H

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
    uint32_t bias_bits;   /* 16 or 32 */
    uint32_t y_bits;      /* 8 or 16 */
    int32_t low;
    int32_t high;
    uint32_t work_bytes; /* of a kernel's own; 0 where only the plain one fits */
} wb_conv_shape;

/* How a convolution goes over its input; worked out once a frame. */
typedef struct {
    size_t runs;         /* stretches of contiguous codes in a window ... */
    size_t run_codes;    /* ... of this length ... */
    size_t run_bytes;    /* ... this far apart */
    size_t row_bytes;    /* from one input row to the next */
    size_t weight_bytes; /* from one row of weights to the next */
} wb_conv_walk;

/* The biases of a convolution, `bits` (16 or 32) wide each. */
typedef struct {
    const void *at;
    uint32_t bits;
} wb_biases;

/* The checksum row of a convolution: its weights and biases summed over all columns and phases. */
typedef struct {
    const int16_t *rows;
    const int32_t *total;
} wb_checksum;

/* One frame of a convolution. */
typedef struct {
    const wb_conv_shape *shape;
    const void *weight;
    wb_biases bias;
    const int8_t *shift;
    const unsigned char *x; /* the window of the first position */
    unsigned char *y;
    const wb_checksum *check; /* or null */
    uint32_t *work;           /* shape->work_bytes of it */
    wb_conv_walk walk;
} wb_conv_call;

static inline uint32_t wb_product(int32_t x, int32_t weight)
{
    return (uint32_t)(x * weight); /* at most 16 by 16 bits: fits */
}

/* The signed value of nibble number `index`. */
static inline int32_t wb_nibble(const unsigned char *packed, size_t index)
{
    const uint32_t both = packed[index / 2];
    return (int32_t)(((index % 2 ? both >> 4 : both) & 15u) ^ 8u) - 8;
}

/* The bias of a column, as it enters sums. By branches: Unicorn loses conditional loads where it counts reads. */
static inline uint32_t wb_bias(wb_biases biases, uint32_t column)
{
    uint32_t bias;
    if (biases.bits == 16) {
        bias = (uint32_t)((const int16_t *)biases.at)[column];
        WB_NO_CONDITION;
    } else {
        bias = (uint32_t)((const int32_t *)biases.at)[column];
        WB_NO_CONDITION;
    }
    return bias;
}

/* Requantise a sum. */
static inline int32_t wb_code_of(uint32_t sum, int32_t shift, int32_t low, int32_t high)
{
    int32_t code;
    if (shift < 0) {
        return wb_requantise(wb_signed(sum), shift, low, high);
    }
    code = wb_shift_right(wb_signed(sum), shift < WB_SHIFT_MAX ? shift : WB_SHIFT_MAX);
    return wb_clamp(code, low, high);
}

/* Write the codes of `count` sums, those of neighbouring columns, to y. */
static inline void wb_put_columns(const wb_conv_shape *shape, const uint32_t *sums, const int8_t *shift,
                                  unsigned char *y, uint32_t count)
{
    const int32_t low = shape->low;
    const int32_t high = shape->high;
    if (shape->y_bits == 16) {
        int16_t *const to = (int16_t *)(void *)y;
        for (uint32_t k = 0; k < count; k++) {
            to[k] = (int16_t)wb_code_of(sums[k], shift[k], low, high);
        }
    } else {
        int8_t *const to = (int8_t *)y;
        for (uint32_t k = 0; k < count; k++) {
            to[k] = (int8_t)wb_code_of(sums[k], shift[k], low, high);
        }
    }
}

/* A function of its own also so that no compiler takes the row, which is a constant, for known. */
WB_NOINLINE static uint32_t wb_dot_x8_w16(const int8_t *x, const int16_t *row, size_t count)
{
    uint32_t total = 0;
    for (; count >= 4; count -= 4) {
        total += wb_product(x[0], row[0]) + wb_product(x[1], row[1]);
        total += wb_product(x[2], row[2]) + wb_product(x[3], row[3]);
        x += 4;
        row += 4;
    }
    while (count--) {
        total += wb_product(*x++, *row++);
    }
    return total;
}

WB_NOINLINE static uint32_t wb_dot_x16_w16(const int16_t *x, const int16_t *row, size_t count)
{
    uint32_t total = 0;
    for (; count >= 4; count -= 4) {
        total += wb_product(x[0], row[0]) + wb_product(x[1], row[1]);
        total += wb_product(x[2], row[2]) + wb_product(x[3], row[3]);
        x += 4;
        row += 4;
    }
    while (count--) {
        total += wb_product(*x++, *row++);
    }
    return total;
}

/* What the accumulators of the position whose window is at x make together, by the checksum row. */
static inline uint32_t wb_expected_total(const wb_conv_call *call, const unsigned char *x)
{
    const wb_conv_walk *const walk = &call->walk;
    uint32_t total = (uint32_t)*(const volatile int32_t *)call->check->total;
    const int16_t *row = call->check->rows;
    for (size_t run = 0; run < walk->runs; run++) {
        if (call->shape->x_bits == 16) {
            total += wb_dot_x16_w16((const int16_t *)(const void *)x, row, walk->run_codes);
        } else {
            total += wb_dot_x8_w16((const int8_t *)x, row, walk->run_codes);
        }
        row += walk->run_codes;
        x += walk->run_bytes;
    }
    return total;
}

#endif
