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
    return (uint32_t)(x * weight); /* at most 16 by 16 bits: fits */
}

/* Rows of weights whose sums are in work at a time; even. */
#define WB_ROWS 16u

/*
 * Add the products of `count` codes x to the sums of `rows` rows of weights, which begin
 * `weight_bytes` apart.
 *
 * Two rows at once, so that every code is loaded once for both; an odd row at the end is its own
 * neighbour, and the sum behind it is not used. Counting down, and a function of its own: on a
 * Cortex-M0+ the inner loop then stays in registers.
 */
WB_NOINLINE static void wb_rows_x8_w8(const int8_t *x, size_t count, const int8_t *weights,
                                      size_t weight_bytes, uint32_t *sums, uint32_t rows)
{
    while (rows) {
        const uint32_t pair = rows > 1;
        const int8_t *const second = pair ? weights + weight_bytes : weights;
        uint32_t first_sum = sums[0];
        uint32_t second_sum = sums[1];
        for (size_t i = count; i;) {
            i--;
            first_sum += wb_product(x[i], weights[i]);
            second_sum += wb_product(x[i], second[i]);
        }
        sums[0] = first_sum;
        sums[1] = second_sum;
        sums += 2;
        weights = second + weight_bytes;
        rows -= pair + 1;
    }
}

WB_NOINLINE static void wb_rows_x16_w8(const int16_t *x, size_t count, const int8_t *weights,
                                      size_t weight_bytes, uint32_t *sums, uint32_t rows)
{
    while (rows) {
        const uint32_t pair = rows > 1;
        const int8_t *const second = pair ? weights + weight_bytes : weights;
        uint32_t first_sum = sums[0];
        uint32_t second_sum = sums[1];
        for (size_t i = count; i;) {
            i--;
            first_sum += wb_product(x[i], weights[i]);
            second_sum += wb_product(x[i], second[i]);
        }
        sums[0] = first_sum;
        sums[1] = second_sum;
        sums += 2;
        weights = second + weight_bytes;
        rows -= pair + 1;
    }
}

/* The signed value of nibble number `index`. */
static inline int32_t wb_nibble(const uint8_t *packed, size_t index)
{
    const uint32_t both = packed[index / 2];
    return (int32_t)(((index % 2 ? both >> 4 : both) & 15u) ^ 8u) - 8;
}

/* The same with packed weights, of which the first is nibble number `start` of every row. */
WB_NOINLINE static void wb_rows_w4(const void *x, uint32_t x_bits, size_t count,
                                   const uint8_t *weights, size_t start, size_t weight_bytes,
                                   uint32_t *sums, uint32_t rows)
{
    for (uint32_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < count; i++) {
            const int32_t code = wb_load(x, x_bits, i);
            sums[row] += wb_product(code, wb_nibble(weights, start + i));
        }
        weights += weight_bytes;
    }
}

/* How a convolution goes over its input; worked out once a frame. */
typedef struct {
    size_t runs;         /* stretches of contiguous codes in a window ... */
    size_t run_codes;    /* ... of this length ... */
    size_t run_bytes;    /* ... this far apart */
    size_t weight_bytes; /* from one row of weights to the next */
} wb_conv_walk;

/* Add the products of a whole window to the sums of `rows` rows. */
static inline void wb_window(const wb_conv_shape *shape, const wb_conv_walk *walk,
                             const unsigned char *x, const unsigned char *weights, uint32_t *sums,
                             uint32_t rows)
{
    const size_t count = walk->run_codes;
    const size_t end = walk->runs * count;
    for (size_t start = 0; start < end; start += count) {
        if (shape->weight_bits == 4) {
            wb_rows_w4(x, shape->x_bits, count, weights, start, walk->weight_bytes, sums, rows);
        } else if (shape->x_bits == 16) {
            wb_rows_x16_w8((const int16_t *)(const void *)x, count,
                           (const int8_t *)weights + start, walk->weight_bytes, sums, rows);
        } else {
            wb_rows_x8_w8((const int8_t *)x, count, (const int8_t *)weights + start,
                          walk->weight_bytes, sums, rows);
        }
        x += walk->run_bytes;
    }
}

/* Where a row of output columns continues: column 0 follows the last. */
static inline uint32_t wb_next_column(const wb_conv_shape *shape, uint32_t column)
{
    return column + 1 < shape->columns ? column + 1 : 0;
}

/*
 * Compute `rows` output codes, of columns from `column` on, at y; all see the window at x. Returns the
 * sum of the accumulators where `checked`.
 */
static WB_INLINE uint32_t wb_codes_out(const wb_conv_shape *shape, const wb_conv_walk *walk,
                                const unsigned char *x, const unsigned char *weights,
                                const int32_t *bias, const int8_t *shift, uint32_t column, void *y,
                                uint32_t rows, int checked)
{
    uint32_t sums[WB_ROWS];
    uint32_t total = 0;
    uint32_t at = column;
    for (uint32_t row = 0; row < rows; row++) {
        sums[row] = (uint32_t)bias[at];
        at = wb_next_column(shape, at);
    }
    if (rows % 2) {
        sums[rows] = 0;
    }
    wb_window(shape, walk, x, weights, sums, rows);
    at = column;
    for (uint32_t row = 0; row < rows; row++) {
        total += checked ? sums[row] : 0u;
        wb_store(y, shape->y_bits, row,
                 wb_requantise(wb_signed(sums[row]), shift[at], shape->low, shape->high));
        at = wb_next_column(shape, at);
    }
    return total;
}

/* The checksum row of a convolution: its weights and biases summed over all columns and phases. */
typedef struct {
    const int16_t *rows;
    const int32_t *total;
} wb_checksum;

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

/* What the accumulators of a position make together, by the checksum row. */
static inline uint32_t wb_expected_total(const wb_conv_shape *shape, const wb_conv_walk *walk,
                                         const unsigned char *x, const wb_checksum *check)
{
    uint32_t total = (uint32_t)*(const volatile int32_t *)check->total;
    const int16_t *row = check->rows;
    for (size_t run = 0; run < walk->runs; run++) {
        if (shape->x_bits == 16) {
            total += wb_dot_x16_w16((const int16_t *)(const void *)x, row, walk->run_codes);
        } else {
            total += wb_dot_x8_w16((const int8_t *)x, row, walk->run_codes);
        }
        row += walk->run_codes;
        x += walk->run_bytes;
    }
    return total;
}

/* Where weights lie that have moved; the type is that of the healer. */
typedef struct {
    const struct wb_memory *memory;
    const void *(*gather)(const struct wb_memory *memory, const void *at, uint32_t bytes,
                          void *bounce);
    unsigned char *bounce; /* room for a row of weights */
} wb_moved_weights;

/* Bytes of the history of a convolution. */
static inline size_t wb_back_bytes(const wb_conv_shape *shape)
{
    return (size_t)(shape->taps - 1) * shape->dilation * shape->channels * shape->x_bits / 8;
}

/*
 * One frame; returns whether the sums of some position disagree with `check`, if there is one (then
 * there is one group). `x` points at the first new row; as many bytes as `history` has lie free before it.
 * The history is brought there, so that every window is made of contiguous rows, and its successor
 * is taken back afterwards. `history` is null where the convolution does not look back.
 */
static WB_INLINE int wb_conv_frame(const wb_conv_shape *shape, const void *weight,
                                   const int32_t *bias, const int8_t *shift, void *history,
                                   void *x, void *y, const wb_checksum *check,
                                   const wb_moved_weights *moved)
{
    const size_t row_bytes = (size_t)shape->channels * shape->x_bits / 8;
    const size_t back_bytes = wb_back_bytes(shape);
    const size_t row_codes = (size_t)shape->fan_in * shape->taps;
    const int one_group = shape->fan_in == shape->channels;
    const int joined = one_group && shape->dilation == 1; /* taps that touch are one run */
    const wb_conv_walk walk = {
        .runs = joined ? 1 : shape->taps,
        .run_codes = joined ? row_codes : shape->fan_in,
        .run_bytes = shape->dilation * row_bytes,
        .weight_bytes = shape->weight_bits == 4 ? (row_codes + 1) / 2 : row_codes,
    };
    /* Rows of weights that see the same codes, and how far the next see others. */
    const uint32_t alike = one_group ? shape->up * shape->columns : shape->group_columns;
    const size_t group_bytes = (size_t)shape->fan_in * shape->x_bits / 8;
    unsigned char *const window = (unsigned char *)x - back_bytes;
    unsigned char *next = y;
    int wrong = 0;

    wb_copy(window, history, back_bytes);
    for (size_t row = 0; row < shape->rows; row += shape->stride) {
        const unsigned char *weights = weight;
        const unsigned char *codes = window + row * row_bytes;
        uint32_t column = 0;
        uint32_t left = alike;
        uint32_t total = check ? wb_expected_total(shape, &walk, codes, check) : 0u;
        for (uint32_t todo = shape->up * shape->columns; todo;) {
            /* One row at a time where some may have moved. */
            const uint32_t rows = moved ? 1u : left < WB_ROWS ? left : WB_ROWS;
            const void *const row_weights =
                moved ? moved->gather(moved->memory, weights, (uint32_t)walk.weight_bytes, moved->bounce)
                      : weights;
            total -= wb_codes_out(shape, &walk, codes, row_weights, bias, shift, column, next, rows,
                                  check != NULL);
            weights += rows * walk.weight_bytes;
            next += rows * shape->y_bits / 8;
            todo -= rows;
            left -= rows;
            for (column += rows; column >= shape->columns;) {
                column -= shape->columns;
            }
            if (left == 0) {
                left = alike;
                codes = column ? codes + group_bytes : window + row * row_bytes;
            }
        }
        wrong |= total != 0;
    }
    wb_copy(history, window + shape->rows * row_bytes, back_bytes);
    return wrong;
}

WB_NOINLINE static void wb_conv(const wb_conv_shape *shape, const void *weight, const int32_t *bias,
                           const int8_t *shift, void *history, void *x, void *y)
{
    (void)wb_conv_frame(shape, weight, bias, shift, history, x, y, NULL, NULL);
}

/* The same where some weights have moved. */
WB_COLD static void wb_conv_moved(const wb_conv_shape *shape, const void *weight,
                                  const int32_t *bias, const int8_t *shift, void *history, void *x,
                                  void *y, const wb_moved_weights *moved)
{
    (void)wb_conv_frame(shape, weight, bias, shift, history, x, y, NULL, moved);
}

WB_NOINLINE static int wb_conv_checked(const wb_conv_shape *shape, const void *weight,
                                  const int32_t *bias, const int8_t *shift, void *history, void *x,
                                  void *y, const wb_checksum *check)
{
    return wb_conv_frame(shape, weight, bias, shift, history, x, y, check, NULL);
}

/* The same frame once more, whose input still lies at x behind the history that it began with. */
WB_COLD static void wb_conv_again(const wb_conv_shape *shape, const void *weight,
                                 const int32_t *bias, const int8_t *shift, void *history, void *x,
                                 void *y, const wb_checksum *check)
{
    const size_t back_bytes = wb_back_bytes(shape);
    wb_copy(history, (unsigned char *)x - back_bytes, back_bytes);
    (void)wb_conv_checked(shape, weight, bias, shift, history, x, y, check);
}

#endif
