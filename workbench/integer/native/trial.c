/* SPDX-License-Identifier: Apache-2.0
 *
 * Fault trials of one utterance, one after the other, each from the clean run and back to it.
 *
 * What `element` of a fault counts: WEIGHT, BIAS, SHIFT, ENTRY: the parameter, in C order. HISTORY:
 * the cell [history rows, channels]. ACTIVATION: the code in the frame's [rate, channels].
 * ACCUMULATOR: the sum in the frame's [positions, up, out].
 */
#include <stdlib.h>

#include "convolve.h"
#include "elementwise.h"
#include "melbands.h"
#include "speak.h"

static void upset_activation(Model *m, const Fault *f)
{
    Signal *s = m->signal + f->signal;
    int row = f->frame * s->rate + f->element / s->channels, channel = f->element % s->channels;
    store_code(s, row, channel, after(f, code_at(s, s->now, (long)row * s->stride + channel), s->bits));
}

/* Errors of the codes element .. element + count - 1, into `o`; returns how many differ. */
WB_INLINE int add_errors(const Signal *s, long element, int count, Outcome *o)
{
    int differing = 0, most = o->max_error;
    int64_t energy = 0;
    for (int i = 0; i < count; i++) {
        int error = code_at(s, s->now, element + i) - code_at(s, s->clean, element + i);
        int size = error < 0 ? -error : error;
        differing += error != 0;
        most = size > most ? size : most;
        energy += (int64_t)error * error;
    }
    o->max_error = most;
    o->error_energy += energy;
    return differing;
}

static Outcome compare(const Model *m, int reached)
{
    const Signal *s = m->signal + m->output;
    Outcome o = {reached, -1, 0, 0, 0};
    if (s->channels == 1 && s->stride == 1 && differs(s)) {
        o.differing = add_errors(s, s->low, s->high - s->low, &o);
        for (int row = s->low; o.differing && o.first < 0; row++)
            if (code_at(s, s->now, row) != code_at(s, s->clean, row)) o.first = row;
        return o;
    }
    for (int row = s->low; row < s->high; row++) {
        if (!add_errors(s, (long)row * s->stride, s->channels, &o)) continue;
        if (o.first < 0) o.first = row;
        o.differing++;
    }
    return o;
}

static void copy_output(const Model *m, int16_t *output)
{
    const Signal *s = m->signal + m->output;
    for (int row = 0; row < s->rows; row++)
        for (int c = 0; c < s->channels; c++) *output++ = (int16_t)code_at(s, s->now, (long)row * s->stride + c);
}

/* Whether something differs that an operator from `number` on reads. */
static int is_alive(const Model *m, int number)
{
    for (int i = 0; i < m->signals; i++)
        if (differs(m->signal + i) && m->signal[i].last_use >= number) return 1;
    return 0;
}

static int is_stirred(const Model *m, const Operator *op)
{
    if (differs(m->signal + op->source)) return 1;
    if (op->kind == ADD) return differs(m->signal + op->other);
    for (int k = 0; k < op->sources; k++)
        if (differs(m->signal + op->concat[k])) return 1;
    return 0;
}

/* ADD or RESCALE and, in the same run over their codes, a RESCALE that follows and what a convolution after
 * them needs, where no fault comes in between. Returns how many operators that are. */
static int run_flat(Model *m, int number, const Fault *fault)
{
    const Operator *op = m->operator_ + number, *end = m->operator_ + m->operators;
    int quiet = (fault ? fault->operator_ : m->operators + 1) - number; /* operators before the next fault */
    const Operator *next = op + 1 < end && quiet > 1 && op[1].kind == RESCALE && op[1].source == op->target &&
                                   is_flat(m, op + 1) ? op + 1 : 0;
    const Operator *last = next ? next : op;
    int find = last + 1 < end && quiet > last + 1 - op && last[1].kind == CONV && last[1].source == last->target;
    flat_rows(m, op, next, find);
    return next ? 2 : 1;
}

/* Faults of one trial, sorted by operator; the kinds of one operator as take_faults has them. Returns the
 * number of the last operator whose output differs, -1 if none does. */
static int run_trial(Model *m, const Fault *fault, int faults, Overlay *overlay, Undo *undo)
{
    int next = 0, reached = -1;
    for (int number = faults ? fault[0].operator_ : m->operators, done; number < m->operators; number += done) {
        Operator *op = m->operator_ + number;
        int count = 0;
        done = 1;
        if (next == faults && !is_alive(m, number)) break;
        for (; next < faults && fault[next].operator_ == number && fault[next].kind == ACTIVATION; next++)
            upset_activation(m, fault + next);
        while (next + count < faults && fault[next + count].operator_ == number) count++;
        if (count || is_stirred(m, op)) {
            int after = next + count < faults ? fault[next + count].operator_ : m->operators + 1;
            if (op->kind == CONV) done = convolve(m, op, fault + next, count, after - number, overlay, undo);
            else if (op->kind == SYNTHESIS) speak(m, op, fault + next, count);
            else if (op->kind == MELBANDS) hear(m, op, fault + next, count);
            else if (!count && is_flat(m, op)) done = run_flat(m, number, next < faults ? fault + next : 0);
            else run_rows(m, op, fault + next, count);
            for (int k = 0; k < done; k++)
                if (differs(m->signal + op[k].target)) reached = number + k;
            if (m->unkept >= 0) forget_rows(m->signal + m->unkept);
            m->unkept = -1;
        }
        next += count;
    }
    for (; next < faults; next++) upset_activation(m, fault + next);
    return reached;
}

/* Sums and periods of the clean run. Returns the number of the first operator with such whose codes come out
 * otherwise than the reference's, -1 if none does. */
int32_t wb_prepare(Model *m)
{
    for (int number = 0; number < m->operators; number++) {
        Operator *op = m->operator_ + number;
        if (op->kind == SYNTHESIS && speak_clean(m, op)) return number;
        if (op->kind != CONV) continue;
        Signal *x = m->signal + op->source, *y = m->signal + op->target;
        Work w = {.m = m, .op = op, .x = x, .y = y};
        take_codes(m, x);
        for (int p = 0; p < op->positions; p++) {
            int32_t *sums = op->clean_sums + (long)p * op->padded;
            long row = (long)p * op->advance - op->history;
            if (p % tile_rows(op) == 0) full_sums(op, x, code_rows(m, x) + 4L * row * x->words, sums);
            store_position(&w, p, sums);
        }
        forget_differences(m, x);
        if (differs(y)) return number;
    }
    return -1;
}

/* The dense sums of an operator of the clean run, `times` times, of no consequence: how fast they are. Returns
 * the multiply-accumulates, 0 for what is no convolution. */
int64_t wb_dense(Model *m, int32_t number, int32_t times)
{
    const Operator *op = m->operator_ + number;
    const Signal *x = m->signal + op->source;
    if (op->kind != CONV) return 0;
    take_codes(m, x);
    for (int i = 0; i < times; i++)
        for (int p = 0; p < op->positions; p += tile_rows(op)) {
            long row = (long)p * op->advance - op->history;
            full_sums(op, x, code_rows(m, x) + 4L * row * x->words, m->sums);
        }
    forget_differences(m, x);
    return (int64_t)times * op->positions * op->rows_seen * x->words * lanes_of(x) * op->columns;
}

/* How the arrays have to look: see vector.h. */
void wb_layout(int32_t *layout)
{
    layout[0] = WB_BYTES;
    layout[1] = WB_EXCESS;
    layout[2] = WB_ROWS;
    layout[3] = WB_CODES;
    layout[4] = WB_CHANGES_PER_DOT;
    layout[5] = WB_OFFSET;
}

const char *wb_kernels(void)
{
    return WB_KERNELS;
}

/* Trial t has the faults offset[t] .. offset[t + 1] - 1. output: NULL, or [trials, rows, channels].
 * Returns 0, or 1 when there is no memory. */
int32_t wb_trials(Model *m, const int64_t *offset, const Fault *fault, int64_t trials, Outcome *outcome, int16_t *output)
{
    int64_t most = 1;
    for (int64_t t = 0; t < trials; t++)
        if (offset[t + 1] - offset[t] > most) most = offset[t + 1] - offset[t];
    Overlay *overlay = malloc((size_t)most * sizeof *overlay);
    Undo *undo = malloc((size_t)most * sizeof *undo);
    const Signal *s = m->signal + m->output;
    for (int64_t t = 0; t < trials && overlay && undo; t++) {
        int reached = run_trial(m, fault + offset[t], (int)(offset[t + 1] - offset[t]), overlay, undo);
        outcome[t] = compare(m, reached);
        if (output) copy_output(m, output + t * s->rows * s->channels);
        for (int i = 0; i < m->signals; i++) restore(m->signal + i);
    }
    int failed = !overlay || !undo;
    free(overlay);
    free(undo);
    return failed;
}
