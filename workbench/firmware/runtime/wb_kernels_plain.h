/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution in plain C, for every compiler and core: the definition that tuned kernels are held
 * against, what they leave over, and rows of weights that have moved.
 */
#ifndef WB_KERNELS_PLAIN_H
#define WB_KERNELS_PLAIN_H

#include "wb_conv_shape.h"

/* Where weights lie that have moved; the type is that of the healer. */
typedef struct {
    const struct wb_memory *memory;
    const void *(*gather)(const struct wb_memory *memory, const void *at, uint32_t bytes,
                          void *bounce);
    unsigned char *bounce; /* room for a row of weights */
} wb_moved_weights;

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

/* The same with packed weights, of which the first is nibble number `start` of every row. */
WB_NOINLINE static void wb_rows_w4(const void *x, uint32_t x_bits, size_t count,
                                   const unsigned char *weights, size_t start, size_t weight_bytes,
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

/* Add the products of a whole window to the sums of `rows` rows. */
static inline void wb_window(const wb_conv_call *call, const unsigned char *x,
                             const unsigned char *weights, uint32_t *sums, uint32_t rows)
{
    const wb_conv_shape *const shape = call->shape;
    const size_t weight_bytes = call->walk.weight_bytes;
    const size_t count = call->walk.run_codes;
    const size_t end = call->walk.runs * count;
    for (size_t start = 0; start < end; start += count) {
        if (shape->weight_bits == 4) {
            wb_rows_w4(x, shape->x_bits, count, weights, start, weight_bytes, sums, rows);
        } else if (shape->x_bits == 16) {
            wb_rows_x16_w8((const int16_t *)(const void *)x, count,
                           (const int8_t *)weights + start, weight_bytes, sums, rows);
        } else {
            wb_rows_x8_w8((const int8_t *)x, count, (const int8_t *)weights + start, weight_bytes,
                          sums, rows);
        }
        x += call->walk.run_bytes;
    }
}

/*
 * Compute the codes of columns `column` to `column + count - 1` at y, all of one group; returns the sum of
 * their accumulators.
 */
static WB_INLINE uint32_t wb_plain_columns(const wb_conv_call *call, const wb_moved_weights *moved,
                                           const unsigned char *x, const unsigned char *weights,
                                           uint32_t column, uint32_t count, unsigned char *y)
{
    const wb_conv_shape *const shape = call->shape;
    uint32_t total = 0;
    while (count) {
        /* One row at a time where some may have moved. */
        const uint32_t rows = moved ? 1u : count < WB_ROWS ? count : WB_ROWS;
        const uint32_t bytes = (uint32_t)call->walk.weight_bytes;
        const void *const found =
            moved ? moved->gather(moved->memory, weights, bytes, moved->bounce) : weights;
        uint32_t sums[WB_ROWS];
        for (uint32_t row = 0; row < rows; row++) {
            sums[row] = wb_bias(call->bias, column + row);
        }
        if (rows % 2) {
            sums[rows] = 0;
        }
        wb_window(call, x, found, sums, rows);
        for (uint32_t row = 0; row < rows; row++) {
            total += sums[row];
        }
        wb_put_columns(shape, sums, call->shift + column, y, rows);
        y += rows * shape->y_bits / 8;
        column += rows;
        weights += rows * bytes;
        count -= rows;
    }
    return total;
}

/* One frame; returns whether the sums of some position disagree with the checksum row, if there is one. */
static WB_INLINE int wb_plain_frame(const wb_conv_call *call, const wb_moved_weights *moved)
{
    const wb_conv_shape *const shape = call->shape;
    const uint32_t columns = shape->group_columns;
    const size_t group_bytes = (size_t)shape->fan_in * shape->x_bits / 8;
    unsigned char *y = call->y;
    int wrong = 0;
    for (size_t row = 0; row < shape->rows; row += shape->stride) {
        const unsigned char *const window = call->x + row * call->walk.row_bytes;
        const unsigned char *weights = call->weight;
        uint32_t total = call->check ? wb_expected_total(call, window) : 0u;
        for (uint32_t phase = 0; phase < shape->up; phase++) {
            const unsigned char *x = window;
            for (uint32_t column = 0; column < shape->columns; column += columns) {
                total -= wb_plain_columns(call, moved, x, weights, column, columns, y);
                weights += columns * call->walk.weight_bytes;
                y += columns * shape->y_bits / 8;
                x += group_bytes;
            }
        }
        wrong |= call->check && total != 0;
    }
    return wrong;
}

#endif
