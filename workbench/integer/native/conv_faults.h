/* SPDX-License-Identifier: Apache-2.0
 *
 * What the faults of one convolution amount to: columns whose sums and shifts change from a position
 * on ("slots"), history cells that read otherwise ("overlays"), sums that are hit ("accumulators").
 */
#ifndef WB_CONV_FAULTS_H
#define WB_CONV_FAULTS_H

#include "patch.h"
#include "requantise.h"

enum { UNTOUCHED, FORCED, DONE }; /* Model.special */

/* From position `from` on, a row of the history reads `value` where the trial had `before`. It lies
 * before row `end`, the first of its frame; overlays come sorted by time and so by `from` and `end`. */
typedef struct {
    int row, channel, from, end, value, before;
} Overlay;

typedef struct {
    Model *m;
    Operator *op;
    const Signal *x;
    Signal *y;
    const Fault *fault;
    int faults, slots, from, overlays, accumulators;
    int direct;   /* whether codes of all columns are written at once */
    int patching; /* whether parameters are changed in place */
    int changed;  /* whether some are, so that every position is needed */
    int absolute; /* whether operands are codes, not differences */
    Overlay *overlay;
} Work;

static inline int32_t *column_sums(Model *m, int slot)
{
    return m->column_sums + (long)slot * m->most_positions;
}

static inline int8_t *column_shift(Model *m, int slot)
{
    return m->column_shift + (long)slot * m->most_positions;
}

static int slot_of(Work *w, int column)
{
    Model *m = w->m;
    if (m->slot_of_column[column] < 0) {
        m->slot_of_column[column] = w->slots;
        m->column_of_slot[w->slots] = column;
        m->shift_changed[w->slots] = 0;
        memset(column_sums(m, w->slots), 0, 4 * (size_t)w->op->positions);
        w->slots++;
    }
    return m->slot_of_column[column];
}

static inline void add_modulo(int32_t *sum, uint32_t more)
{
    *sum = (int32_t)((uint32_t)*sum + more);
}

/* The position of which `row` is the k-th row seen, -1 if there is none. */
static inline int position_of(const Operator *op, int row, int k)
{
    int distance = row + op->history - k * op->apart, p = distance / op->advance;
    return distance >= 0 && p * op->advance == distance && p < op->positions ? p : -1;
}

static void change_column(Work *w, int column, int k, int channel, int from, uint32_t difference)
{
    const Operator *op = w->op;
    const Signal *x = w->x;
    int32_t *sums = column_sums(w->m, slot_of(w, column));
    long step = (long)op->advance * x->stride;
    long element = ((long)from * op->advance - op->history + k * op->apart) * x->stride + channel;
    for (int p = from; p < op->positions; p++, element += step)
        add_modulo(sums + p, difference * (uint32_t)code_at(x, x->now, element));
    w->m->macs += op->positions - from;
    for (int v = 0; v < w->overlays; v++) {
        const Overlay *h = w->overlay + v;
        int p = position_of(op, h->row, k);
        if (h->channel == channel && p >= h->from && p >= from)
            add_modulo(sums + p, difference * (uint32_t)(h->value - h->before));
    }
}

static void change_weight(Work *w, const Fault *f, uint32_t difference)
{
    const Operator *op = w->op;
    int i = f->element % op->fan_in, tap = f->element / op->fan_in % op->taps;
    int column = f->element / op->fan_in / op->taps, group = column % op->out / (op->out / op->groups);
    for (int k = 0; k < op->fold; k++)
        change_column(w, k * op->up * op->out + column, tap + k * op->stride, group * op->fan_in + i,
                      f->frame * op->per_frame, difference);
}

static void change_bias(Work *w, const Fault *f, uint32_t difference)
{
    const Operator *op = w->op;
    for (int u = 0; u < op->rows_made; u++) {
        int32_t *sums = column_sums(w->m, slot_of(w, u * op->out + f->element));
        for (int p = f->frame * op->per_frame; p < op->positions; p++) add_modulo(sums + p, difference);
    }
}

static void change_shift(Work *w, const Fault *f, int value)
{
    const Operator *op = w->op;
    int from = f->frame * op->per_frame;
    for (int u = 0; u < op->rows_made; u++) {
        int slot = slot_of(w, u * op->out + f->element);
        int8_t *shift = column_shift(w->m, slot);
        if (!w->m->shift_changed[slot]) {
            w->m->shift_changed[slot] = 1;
            memset(shift, op->shift[f->element], (size_t)op->positions);
        }
        memset(shift + from, value, (size_t)(op->positions - from));
    }
}

static void remember_history(Work *w, const Fault *f)
{
    const Operator *op = w->op;
    const Signal *x = w->x;
    int end = f->frame * x->rate;
    Overlay h = {.row = end - (op->taps - 1) * op->dilation + f->element / x->channels,
                 .channel = f->element % x->channels, .from = f->frame * op->per_frame, .end = end};
    h.before = code_at(x, x->now, (long)h.row * x->stride + h.channel);
    for (int v = w->overlays - 1; v >= 0 && w->overlay[v].end > h.row; v--)
        if (w->overlay[v].row == h.row && w->overlay[v].channel == h.channel) {
            h.before = w->overlay[v].value;
            break;
        }
    h.value = after(f, h.before, x->bits);
    w->overlay[w->overlays++] = h;
    for (int k = 0; k < op->rows_seen; k++) {
        int p = position_of(op, h.row, k);
        if (p >= h.from) w->m->special[p] = FORCED;
    }
}

/* Faults come sorted: of parameters by element, then by time; of histories by time. */
static void take_faults(Work *w)
{
    const Operator *op = w->op;
    int32_t value = 0;
    for (int i = 0; i < w->faults; i++)
        if (w->fault[i].kind == HISTORY) remember_history(w, w->fault + i);
    for (int i = 0; i < w->faults; i++) {
        const Fault *f = w->fault + i;
        int again = i && f[-1].kind == f->kind && f[-1].element == f->element;
        int32_t old = value;
        if (f->kind == ACCUMULATOR) {
            w->m->special[f->frame * op->per_frame + f->element / op->columns] = FORCED;
            w->accumulators++;
        }
        if (f->kind > SHIFT || w->patching) continue;
        if (f->frame * op->per_frame < w->from) w->from = f->frame * op->per_frame;
        if (f->kind == WEIGHT) {
            if (!again) old = op->weight[f->element];
            value = after(f, old, op->weight_bits);
            if (value != old) change_weight(w, f, (uint32_t)value - (uint32_t)old);
        } else if (f->kind == BIAS) {
            if (!again) old = op->bias[f->element];
            value = after(f, old, op->bias_bits);
            change_bias(w, f, (uint32_t)value - (uint32_t)old);
        } else {
            if (!again) old = op->shift[f->element];
            value = after(f, old, 8);
            change_shift(w, f, value);
        }
    }
}

/* What history cells that read otherwise add to the sums of position p. */
static void add_overlays(const Work *w, int p, int32_t *sums)
{
    const Operator *op = w->op;
    int oldest = p * op->advance - op->history, first = 0, last = w->overlays;
    while (first < last) { /* the first that can reach as far back as the oldest row seen */
        int middle = (first + last) / 2;
        if (w->overlay[middle].end > oldest) last = middle;
        else first = middle + 1;
    }
    for (const Overlay *h = w->overlay + first; h < w->overlay + w->overlays && h->from <= p; h++) {
        int distance = h->row - oldest, k = distance / op->apart;
        if (distance < 0 || k * op->apart != distance || k >= op->rows_seen) continue;
        for (int n = 0; n < op->columns; n++)
            add_modulo(sums + n, (uint32_t)((h->value - h->before) * weight_at(op, w->x, k, h->channel, n)));
    }
}

#endif
