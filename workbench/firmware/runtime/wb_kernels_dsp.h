/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions of Cortex-M4, M7 and M33: two products an instruction (SMLAD), of codes that SXTB16
 * widens. Sums wrap modulo 2**32 like those of the plain kernels, in whatever order they are made.
 */
#ifndef WB_KERNELS_DSP_H
#define WB_KERNELS_DSP_H

#include "wb_dsp_put.h"
#include "wb_dsp_rows.h"
#include "wb_dsp_slide.h"

/* Weights of 4 bits make sums 16 times as large, which must fit. */
static inline int wb_tuned_takes(const wb_conv_shape *shape)
{
    const uint32_t codes = shape->taps * shape->fan_in;
    return shape->work_bytes != 0 && (shape->weight_bits == 8 || shape->x_bits == 8 || codes < 512u);
}

/* Subtract four sums from four totals; assembly, since pairs of words are half the loads and stores. */
static inline void wb_subtract_four(uint32_t *totals, const uint32_t *sums)
{
    uint32_t a;
    uint32_t b;
    uint32_t c;
    uint32_t d;
    __asm__ volatile("ldrd %[a], %[b], [%[totals]]\n\t"
                     "ldrd %[c], %[d], [%[sums]]\n\t"
                     "sub %[a], %[a], %[c]\n\t"
                     "sub %[b], %[b], %[d]\n\t"
                     "strd %[a], %[b], [%[totals]]\n\t"
                     "ldrd %[a], %[b], [%[totals], #8]\n\t"
                     "ldrd %[c], %[d], [%[sums], #8]\n\t"
                     "sub %[a], %[a], %[c]\n\t"
                     "sub %[b], %[b], %[d]\n\t"
                     "strd %[a], %[b], [%[totals], #8]"
                     : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d)
                     : [totals] "r"(totals), [sums] "r"(sums)
                     : "memory");
}

/* Four positions of the group whose first row of weights and first column these are; their output begins at y. */
WB_NOINLINE static void wb_group_of_four(const wb_conv_call *call, const wb_laid *laid, uint32_t row,
                                         uint32_t column, unsigned char *y, uint32_t *totals)
{
    const wb_conv_shape *const shape = call->shape;
    const uint32_t bytes = (uint32_t)call->walk.weight_bytes;
    const uint32_t y_bytes = shape->y_bits / 8;
    const uint32_t step = shape->up * shape->columns;
    const uint32_t tail = laid->codes != laid->body;
    const uint32_t checked = call->check != NULL;
    const unsigned char *weights = (const unsigned char *)call->weight + row * bytes;
    const int8_t *shift = call->shift + column;
    y += row * y_bytes;
    for (uint32_t end = column + shape->group_columns; column < end; column++) {
        uint32_t sums[WB_POSITIONS];
        const uint32_t bias = wb_bias(call->bias, column);
        const int32_t places = *shift++;
        if (laid->nibbles) {
            wb_row_of_four_w4(laid, weights, bias, sums);
        } else {
            wb_row_of_four_w8(laid, weights, bias, sums);
        }
        if (tail) {
            wb_tail(laid, weights, sums);
        }
        if (checked) {
            wb_subtract_four(totals, sums);
        }
        (void)wb_put_four(shape, places < 0 ? WB_ANY_RANGE : laid->range, sums[0], sums[1], sums[2],
                          sums[3], places, y, step);
        weights += bytes;
        y += y_bytes;
    }
}

/* The same of one position, four rows of weights at a time. */
WB_NOINLINE static void wb_group_of_one(const wb_conv_call *call, const wb_laid *laid, uint32_t row,
                                        uint32_t column, unsigned char *y, uint32_t *totals)
{
    const wb_conv_shape *const shape = call->shape;
    const uint32_t bytes = (uint32_t)call->walk.weight_bytes;
    const uint32_t y_bytes = shape->y_bits / 8;
    const uint32_t tail = laid->codes != laid->body;
    const uint32_t checked = call->check != NULL;
    const unsigned char *weights = (const unsigned char *)call->weight + row * bytes;
    const int8_t *shift = call->shift + column;
    uint32_t total = totals[0];
    y += row * y_bytes;
    for (uint32_t end = column + shape->group_columns; column < end;) {
        const uint32_t rows = end - column < 4 ? 1u : 4u;
        const uint32_t stride = rows == 1 ? 0 : bytes; /* a row that is left is its own neighbour */
        uint32_t sums[4];
        if (laid->nibbles) {
            wb_two_rows_w4(laid, weights, stride, sums);
            wb_two_rows_w4(laid, weights + 2 * stride, stride, sums + 2);
        } else {
            wb_four_rows_w8(laid, weights, stride, sums);
        }
        for (uint32_t k = 0; tail && k < rows; k++) {
            wb_tail(laid, weights + k * stride, sums + k);
        }
        if (checked && rows == 4) {
            total -= sums[0] + sums[1] + sums[2] + sums[3] + wb_bias(call->bias, column) +
                     wb_bias(call->bias, column + 1) + wb_bias(call->bias, column + 2) +
                     wb_bias(call->bias, column + 3);
        } else if (checked) {
            total -= sums[0] + wb_bias(call->bias, column);
        }
        if (rows == 4) {
            wb_put_rows(shape, laid->range, sums, call->bias, column, shift, y);
        } else {
            sums[0] += wb_bias(call->bias, column);
            wb_put_any(shape, sums, *shift, y, 1, 1);
        }
        y += rows * y_bytes;
        shift += rows;
        weights += rows * bytes;
        column += rows;
    }
    totals[0] = total;
}

/* One frame; see `wb_plain_frame`. */
static inline int wb_tuned_frame(const wb_conv_call *call)
{
    const wb_conv_shape *const shape = call->shape;
    const uint32_t codes = shape->taps * shape->fan_in;
    const uint32_t columns = shape->group_columns;
    const size_t position_bytes = shape->stride * call->walk.row_bytes;
    const uint32_t group_bytes = shape->fan_in * shape->x_bits / 8;
    const unsigned char *x = call->x;
    unsigned char *y = call->y;
    uint32_t left = shape->rows / shape->stride;
    int wrong = 0;
    if (shape->fan_in == 1 && shape->taps <= WB_SERIES_TAPS && shape->stride == 1 && !call->check) {
        wb_series_frame(call);
        return 0;
    }
    while (left) {
        const uint32_t positions = left < WB_POSITIONS ? 1u : WB_POSITIONS;
        const wb_laid laid = {
            .work = call->work,
            .positions = positions,
            .codes = codes,
            .body = codes / (shape->weight_bits == 4 ? 8u : 4u) * (shape->weight_bits == 4 ? 8u : 4u),
            .nibbles = shape->weight_bits == 4,
            .wide = shape->x_bits == 16,
            .range = wb_range(shape),
        };
        uint32_t totals[WB_POSITIONS] = {0, 0, 0, 0};
        for (uint32_t column = 0, group = 0; column < shape->columns; column += columns, group++) {
            for (uint32_t k = 0; k < positions; k++) {
                wb_lay_window(&laid, &call->walk, k, x + k * position_bytes + group * group_bytes);
            }
            if (call->check) { /* then there is one group */
                wb_laid_totals(&laid, call->check, totals);
            }
            for (uint32_t phase = 0; phase < shape->up; phase++) {
                const uint32_t row = phase * shape->columns + column;
                if (positions == 1) {
                    wb_group_of_one(call, &laid, row, column, y, totals);
                } else {
                    wb_group_of_four(call, &laid, row, column, y, totals);
                }
            }
        }
        if (call->check) {
            wrong |= totals[0] != 0 ||
                     (positions > 1 && (totals[1] | totals[2] | totals[3]) != 0);
        }
        x += positions * position_bytes;
        y += positions * shape->up * shape->columns * shape->y_bits / 8;
        left -= positions;
    }
    return wrong;
}

#endif
