/* SPDX-License-Identifier: Apache-2.0
 *
 * Parameters of a convolution that are changed in place for a trial with many faults, and set back.
 */
#ifndef WB_PATCH_H
#define WB_PATCH_H

#include "dot.h"

/* A parameter before it was changed. */
typedef struct {
    int32_t kind, element, value;
} Undo;

static void set_weight(Operator *op, const Signal *x, int element, int value)
{
    int i = element % op->fan_in, tap = element / op->fan_in % op->taps;
    int column = element / op->fan_in / op->taps, group = column % op->out / (op->out / op->groups);
    int channel = group * op->fan_in + i, lanes = lanes_of(x);
    uint32_t more = lanes == 4 ? (uint32_t)(WB_EXCESS * (value - op->weight[element])) : 0;
    op->weight[element] = (int8_t)value;
    for (int k = 0; k < op->fold; k++, column += op->up * op->out, tap += op->stride) {
        long at = weight_index(op, x, tap, channel, column);
        if (lanes == 4) ((int8_t *)op->packed)[at] = (int8_t)value;
        else ((int16_t *)op->packed)[at] = (int16_t)value;
        op->base[column] = (int32_t)((uint32_t)op->base[column] - more);
    }
}

static void set_bias(Operator *op, int element, int32_t value)
{
    uint32_t more = (uint32_t)value - (uint32_t)op->bias[element];
    op->bias[element] = value;
    for (int n = element; n < op->columns; n += op->out) op->base[n] = (int32_t)((uint32_t)op->base[n] + more);
}

static void set_shift(Operator *op, int element, int value)
{
    int shift = clamp(value, -15, 31);
    op->shift[element] = (int8_t)value;
    op->any_left |= shift < 0;
    for (int first = 0; first == 0 || first < WB_AT_ONCE; first += op->padded)
        for (int n = element; n < op->columns; n += op->out) {
            op->right[first + n] = shift > 0 ? shift : 0;
            op->left[first + n] = shift < 0 ? -shift : 0;
        }
}

static inline int32_t parameter(const Operator *op, int kind, int element)
{
    return kind == WEIGHT ? op->weight[element] : kind == BIAS ? op->bias[element] : op->shift[element];
}

static void set_parameter(Operator *op, const Signal *x, int kind, int element, int32_t value)
{
    if (kind == WEIGHT) set_weight(op, x, element, value);
    else if (kind == BIAS) set_bias(op, element, value);
    else set_shift(op, element, value);
}

/* The parameter after a fault; returns how to undo it. */
static Undo patch(Operator *op, const Signal *x, const Fault *f)
{
    Undo undo = {f->kind, f->element, parameter(op, f->kind, f->element)};
    int bits = f->kind == WEIGHT ? op->weight_bits : f->kind == BIAS ? op->bias_bits : 8;
    set_parameter(op, x, f->kind, f->element, after(f, undo.value, bits));
    return undo;
}

#endif
