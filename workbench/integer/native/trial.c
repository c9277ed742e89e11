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

/* TABLE, EMBED, RESCALE, ADD, CONCAT: whole rows, where a source or a parameter differs. */
static void run_rows(Model *m, Operator *op, const Fault *fault, int faults)
{
    const Signal *a = m->signal + op->source, *b = m->signal + op->other;
    Signal *y = m->signal + op->target;
    int from = faults ? fault[0].frame * y->rate : y->rows; /* sorted by time */
    int first = from, last = faults ? y->rows : 0, next = 0, shift = op->kind == RESCALE ? op->shift[0] : 0;
    int32_t one[MOST_COLUMNS], two[MOST_COLUMNS];
    int sources = op->kind == CONCAT ? op->sources : op->kind == ADD ? 2 : 1;
    const int32_t pair[2] = {op->source, op->other}, *source = op->kind == CONCAT ? op->concat : pair;
    for (int k = 0; k < sources; k++) {
        const Signal *s = m->signal + source[k];
        if (s->low < first) first = s->low;
        if (s->high > last) last = s->high;
    }
    for (int row = first; row < last; row++) {
        uint64_t mask = 0;
        for (; next < faults && fault[next].frame * y->rate <= row; next++) {
            const Fault *f = fault + next;
            if (op->kind == RESCALE) shift = after(f, shift, 8);
            else op->entry[f->element] = (int16_t)after(f, op->entry[f->element], op->entry_bits);
        }
        for (int k = 0; k < sources; k++) mask |= mask_of(m->signal + source[k], row);
        if (!mask && row < from) continue;
        if (op->kind == CONCAT) {
            for (int k = 0, at = 0; k < sources; at += m->signal[source[k++]].channels)
                load_row(m->signal + source[k], row, one + at);
        } else if (op->kind == EMBED) {
            int index = clamp(((const int32_t *)a->now)[(long)row * a->stride], 0, op->entries - 1);
            for (int i = 0; i < y->channels; i++) one[i] = op->entry[(long)index * op->width + i];
        } else {
            load_row(a, row, one);
            if (op->kind == ADD) {
                load_row(b, row, two);
                for (int i = 0; i < y->channels; i++) one[i] = clamp(one[i] + two[i], op->clamp_low, op->clamp_high);
            } else if (op->kind == TABLE) {
                for (int i = 0; i < y->channels; i++) one[i] = op->entry[one[i] + 128];
            } else {
                int s = clamp(shift, -15, 31), right = s > 0 ? s : 0, scale = 1 << (s < 0 ? -s : 0);
                int rounding = s > 0 ? 1 << (s - 1) : 0, low = op->clamp_low, high = op->clamp_high;
                for (int i = 0; i < y->channels; i++) one[i] = clamp((one[i] + rounding) >> right, -32768, 32767);
                for (int i = 0; i < y->channels; i++) one[i] = clamp(one[i] * scale, low, high);
            }
        }
        store_rows(y, row, 1, one);
    }
    if (op->kind != RESCALE)
        for (int i = 0; i < next; i++) op->entry[fault[i].element] = op->clean_entry[fault[i].element];
}

static void upset_activation(Model *m, const Fault *f)
{
    Signal *s = m->signal + f->signal;
    int row = f->frame * s->rate + f->element / s->channels, channel = f->element % s->channels;
    store_code(s, row, channel, after(f, code_at(s, s->now, (long)row * s->stride + channel), s->bits));
}

static Outcome compare(const Model *m, int reached)
{
    const Signal *s = m->signal + m->output;
    Outcome result = {reached, -1, 0, 0, 0};
    for (int row = s->low; row < s->high; row++) {
        int64_t energy = 0;
        if (!s->sink && !s->dirty[row]) continue;
        for (int c = 0; c < s->channels; c++) {
            long element = (long)row * s->stride + c;
            int64_t error = code_at(s, s->now, element) - code_at(s, s->clean, element);
            int size = (int)(error < 0 ? -error : error);
            energy += error * error;
            if (size > result.max_error) result.max_error = size;
        }
        if (energy) {
            if (result.first < 0) result.first = row;
            result.differing++;
            result.error_energy += energy;
        }
    }
    return result;
}

static void copy_output(const Model *m, int16_t *output)
{
    const Signal *s = m->signal + m->output;
    for (int row = 0; row < s->rows; row++)
        for (int c = 0; c < s->channels; c++) *output++ = (int16_t)code_at(s, s->now, (long)row * s->stride + c);
}

/* Faults of one trial, sorted by operator; the kinds of one operator as take_faults has them. */
static int run_trial(Model *m, const Fault *fault, int faults, Overlay *overlay)
{
    int next = 0, reached = -1;
    for (int number = faults ? fault[0].operator_ : m->operators; number < m->operators; number++) {
        Operator *op = m->operator_ + number;
        int count = 0, alive = next < faults, stirred;
        for (int i = 0; i < m->signals && !alive; i++)
            alive = differs(m->signal + i) && m->signal[i].last_use >= number;
        if (!alive) break;
        for (; next < faults && fault[next].operator_ == number && fault[next].kind == ACTIVATION; next++)
            upset_activation(m, fault + next);
        while (next + count < faults && fault[next + count].operator_ == number) count++;
        stirred = differs(m->signal + op->source) || count;
        if (op->kind == ADD) stirred |= differs(m->signal + op->other);
        for (int k = 0; k < op->sources; k++) stirred |= differs(m->signal + op->concat[k]);
        if (stirred) {
            if (op->kind == CONV) convolve(m, op, fault + next, count, overlay);
            else run_rows(m, op, fault + next, count);
            if (differs(m->signal + op->target)) reached = number;
        }
        next += count;
    }
    for (; next < faults; next++) upset_activation(m, fault + next);
    return reached;
}

/* Sums of the clean run. Returns the number of the first convolution whose codes come out otherwise
 * than the reference's, -1 if none does. */
int32_t wb_prepare(Model *m)
{
    for (int number = 0; number < m->operators; number++) {
        Operator *op = m->operator_ + number;
        if (op->kind != CONV) continue;
        Signal *x = m->signal + op->source, *y = m->signal + op->target;
        int lanes = x->bits == 8 ? 4 : 2, codes[MOST_COLUMNS];
        for (int p = 0; p < op->positions; p++) {
            long row = (long)p * op->stride - (op->taps - 1) * op->dilation;
            const uint8_t *start = (const uint8_t *)x->now + row * row_bytes(x);
            int32_t *sums = op->clean_sums + (long)p * op->padded;
            full_sums(op, &start, 1, op->dilation * row_bytes(x), x->stride / lanes, sums, x->bits == 16);
            requantise_row(op, sums, codes);
            store_rows(y, p * op->up, op->up, codes);
        }
        if (differs(y)) return number;
    }
    return -1;
}

/* Trial t has the faults offset[t] .. offset[t + 1] - 1. output: NULL, or [trials, rows, channels].
 * Returns 0, or 1 when there is no memory. */
int32_t wb_trials(Model *m, const int64_t *offset, const Fault *fault, int64_t trials, Outcome *outcome, int16_t *output)
{
    int64_t most = 1;
    for (int64_t t = 0; t < trials; t++)
        if (offset[t + 1] - offset[t] > most) most = offset[t + 1] - offset[t];
    Overlay *overlay = malloc((size_t)most * sizeof *overlay);
    if (!overlay) return 1;
    const Signal *s = m->signal + m->output;
    for (int64_t t = 0; t < trials; t++) {
        int reached = run_trial(m, fault + offset[t], (int)(offset[t + 1] - offset[t]), overlay);
        outcome[t] = compare(m, reached);
        if (output) copy_output(m, output + t * s->rows * s->channels);
        for (int i = 0; i < m->signals; i++) restore(m->signal + i);
    }
    free(overlay);
    return 0;
}
