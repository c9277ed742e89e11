/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions of Cortex-M55 and others with the M-profile vector extension (MVE, "Helium"): 16 products an
 * instruction of 8-bit codes, 8 of 16-bit codes.
 *
 * The window of a position is laid out as one run of codes, once for all columns. The sums of some columns lie in
 * memory between what begins them (biases), what adds to them (rows of weights) and what makes codes of them.
 */
#ifndef WB_KERNELS_MVE_H
#define WB_KERNELS_MVE_H

#include "wb_mve_depthwise.h"
#include "wb_mve_runs.h"
#include "wb_mve_sums.h"

#define WB_SUMS 64u /* columns whose sums are in memory at a time; a multiple of four */

/* Nibbles need codes that are laid out. */
static inline int wb_tuned_takes(const wb_conv_shape *shape)
{
    return shape->weight_bits == 8 || shape->work_bytes != 0;
}

/* How a frame goes over its windows. */
typedef struct {
    int lays; /* whether they are laid out; else their runs are taken one by one */
    size_t runs;
    size_t x_bytes;   /* from one run to the next, of codes ... */
    uint32_t w_bytes; /* ... and of weights */
    uint32_t phases;  /* that are computed together, for their rows of weights follow each other */
    wb_add_run *add_run;
} wb_vector_plan;

static inline wb_vector_plan wb_plan_of(const wb_conv_call *call)
{
    const wb_conv_shape *const shape = call->shape;
    const int wide = shape->x_bits == 16;
    const int lays = shape->work_bytes != 0 && (call->walk.runs > 1 || shape->weight_bits == 4);
    const wb_vector_plan plan = {
        .lays = lays,
        .runs = lays ? 1 : call->walk.runs,
        .x_bytes = call->walk.run_bytes,
        .w_bytes = (uint32_t)(lays ? call->walk.weight_bytes : call->walk.run_codes),
        .phases = shape->group_columns == shape->columns && shape->columns <= WB_SUMS ? WB_SUMS / shape->columns : 1u,
        .add_run = shape->weight_bits == 4 ? (wide ? wb_run_x16_w4 : wb_run_x8_w4)
                                           : (wide ? wb_run_x16_w8 : wb_run_x8_w8),
    };
    return plan;
}

/* Add to the sums of `count` rows of weights what a run of codes makes of each. */
static void wb_add_rows(const wb_vector_plan *plan, const unsigned char *x, const int8_t *row, size_t apart,
                        uint32_t *sums, uint32_t count)
{
    const uint32_t fours = count & ~3u;
    wb_run run = {x, plan->w_bytes, row, apart, sums, sums + fours, 0};
    if (fours) {
        plan->add_run(&run);
    }
    for (uint32_t k = fours; k < count; k++) { /* a row that is left is its own neighbours */
        uint32_t four[4] = {sums[k], 0, 0, 0};
        wb_run alone = {x, plan->w_bytes, row + k * apart, 0, four, four + 4, 0};
        plan->add_run(&alone);
        sums[k] = four[0];
    }
}

/*
 * One position of a group: columns from `column` on, of as many phases, of the rows of weights from `row` on. Returns
 * the sum of their sums.
 */
WB_NOINLINE static uint32_t wb_vector_group(const wb_conv_call *call, const wb_vector_plan *plan,
                                            const unsigned char *x, uint32_t row, uint32_t phases, uint32_t column,
                                            unsigned char *y)
{
    const wb_conv_shape *const shape = call->shape;
    const size_t apart = call->walk.weight_bytes;
    const int8_t *weights = (const int8_t *)call->weight + row * apart;
    uint32_t total = 0;
    uint32_t count;
    for (uint32_t left = shape->group_columns; left; left -= count) {
        uint32_t sums[WB_SUMS];
        unsigned char *to = y;
        count = left < WB_SUMS ? left : WB_SUMS;
        for (uint32_t phase = 0; phase < phases; phase++) {
            wb_begin_sums(call->bias, column, sums + phase * count, count);
        }
        for (size_t run = 0; run < plan->runs; run++) {
            wb_add_rows(plan, x + run * plan->x_bytes, weights + run * plan->w_bytes, apart, sums, phases * count);
        }
        for (uint32_t phase = 0; phase < phases; phase++, to += shape->columns * shape->y_bits / 8) {
            total += wb_end_sums(call, sums + phase * count, column, count, to);
        }
        weights += count * apart;
        column += count;
        y += count * shape->y_bits / 8;
    }
    return total;
}

/* One frame; see `wb_plain_frame`. */
static inline int wb_tuned_frame(const wb_conv_call *call)
{
    const wb_conv_shape *const shape = call->shape;
    const wb_vector_plan plan = wb_plan_of(call);
    const uint32_t columns = shape->group_columns;
    const size_t group_bytes = (size_t)shape->fan_in * shape->x_bits / 8;
    const size_t phase_bytes = (size_t)shape->columns * shape->y_bits / 8;
    const unsigned char *window = call->x;
    unsigned char *y = call->y;
    int wrong = 0;
    if (wb_slides(shape) && !call->check) {
        wb_depthwise_frame(call);
        return 0;
    }
    for (size_t row = 0; row < shape->rows; row += shape->stride) {
        const unsigned char *group = window;
        uint32_t total = call->check ? wb_expected_total(call, window) : 0u;
        for (uint32_t column = 0; column < shape->columns; column += columns, group += group_bytes) {
            const unsigned char *const x = plan.lays ? wb_laid_window(call, group) : group;
            unsigned char *to = y + column * shape->y_bits / 8;
            uint32_t phases;
            for (uint32_t phase = 0; phase < shape->up; phase += phases, to += phases * phase_bytes) {
                phases = shape->up - phase < plan.phases ? shape->up - phase : plan.phases;
                total -= wb_vector_group(call, &plan, x, phase * shape->columns + column, phases, column, to);
            }
        }
        window += shape->stride * call->walk.row_bytes;
        y += shape->up * phase_bytes;
        wrong |= call->check && total != 0;
    }
    return wrong;
}

#endif
