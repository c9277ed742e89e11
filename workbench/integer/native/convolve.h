/* SPDX-License-Identifier: Apache-2.0
 *
 * A convolution of a trial: only positions whose input or parameters differ are computed.
 *
 * A position is one step of the input; its `columns` sums make `up` output rows.
 */
#ifndef WB_CONVOLVE_H
#define WB_CONVOLVE_H

#include "rows.h"

enum { UNTOUCHED, FORCED, DONE }; /* Model.special */

/* From position `from` on, a row of the history reads `value` where the trial had `before`. */
typedef struct {
    int row, channel, from, value, before;
} Overlay;

/* What the faults of one operator amount to. */
typedef struct {
    Model *m;
    const Operator *op;
    const Signal *x;
    Signal *y;
    const Fault *fault;
    int faults, slots, from, overlays, accumulators;
    Overlay *overlay;
} Work;

static inline int requantised(int32_t sum, int shift, const Operator *op)
{
    shift = clamp(shift, -15, 31);
    if (shift >= 0) return clamp(sum >> shift, op->clamp_low, op->clamp_high);
    return clamp(clamp(sum, -32768, 32767) * (1 << -shift), op->clamp_low, op->clamp_high);
}

static inline void requantise_row(const Operator *op, const int32_t *restrict sums, int32_t *restrict y)
{
    const int32_t *right = op->right, *left = op->left;
    int count = op->padded, low = op->clamp_low, high = op->clamp_high;
    if (op->any_left)
        for (int n = 0; n < count; n++)
            y[n] = clamp(clamp(sums[n] >> right[n], -32768, 32767) * (1 << left[n]), low, high);
    else
        for (int n = 0; n < count; n++) y[n] = clamp(sums[n] >> right[n], low, high);
}

static inline int32_t *column_sums(Model *m, int slot)
{
    return m->column_sums + (long)slot * m->most_positions;
}

static inline int8_t *column_shift(Model *m, int slot)
{
    return m->column_shift + (long)slot * m->most_positions;
}

/* The slot of a column that differs from position `from` on. */
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

static void add_to_column(int32_t *sums, int from, int to, uint32_t difference)
{
    for (int p = from; p < to; p++) sums[p] = (int32_t)((uint32_t)sums[p] + difference);
}

static void change_weight(Work *w, const Fault *f, int32_t difference)
{
    const Operator *op = w->op;
    const Signal *x = w->x;
    int i = f->element % op->fan_in, tap = f->element / op->fan_in % op->taps;
    int column = f->element / op->fan_in / op->taps, o = column % op->out;
    int channel = o / (op->out / op->groups) * op->fan_in + i;
    int back = (op->taps - 1 - tap) * op->dilation;
    int from = f->frame * op->per_frame;
    int32_t *sums = column_sums(w->m, slot_of(w, column));
    long step = (long)op->stride * x->stride;
    long element = ((long)from * op->stride - back) * x->stride + channel;
    uint32_t d = (uint32_t)difference;
    for (int p = from; p < op->positions; p++, element += step)
        sums[p] = (int32_t)((uint32_t)sums[p] + d * (uint32_t)code_at(x, x->now, element));
    w->m->macs += op->positions - from;
    for (int v = 0; v < w->overlays; v++) {
        const Overlay *h = w->overlay + v;
        int p = (h->row + back) / op->stride;
        if (h->channel == channel && p * op->stride == h->row + back && p >= h->from && p >= from && p < op->positions)
            sums[p] = (int32_t)((uint32_t)sums[p] + d * (uint32_t)(h->value - h->before));
    }
}

static void change_shift(Work *w, const Fault *f, int value)
{
    const Operator *op = w->op;
    for (int u = 0; u < op->up; u++) {
        int slot = slot_of(w, u * op->out + f->element);
        if (!w->m->shift_changed[slot]) {
            w->m->shift_changed[slot] = 1;
            memset(column_shift(w->m, slot), op->shift[f->element], (size_t)op->positions);
        }
        memset(column_shift(w->m, slot) + f->frame * op->per_frame, value, (size_t)(op->positions - f->frame * op->per_frame));
    }
}

static void remember_history(Work *w, const Fault *f)
{
    const Operator *op = w->op;
    const Signal *x = w->x;
    Overlay h = {.row = f->frame * x->rate - (op->taps - 1) * op->dilation + f->element / x->channels,
                 .channel = f->element % x->channels, .from = f->frame * op->per_frame};
    h.before = code_at(x, x->now, (long)h.row * x->stride + h.channel);
    for (int v = w->overlays - 1; v >= 0; v--)
        if (w->overlay[v].row == h.row && w->overlay[v].channel == h.channel) {
            h.before = w->overlay[v].value;
            break;
        }
    h.value = after(f, h.before, x->bits);
    w->overlay[w->overlays++] = h;
    for (int tap = 0; tap < op->taps; tap++) {
        int row = h.row + (op->taps - 1 - tap) * op->dilation;
        if (row >= 0 && row % op->stride == 0 && row / op->stride >= h.from && row / op->stride < op->positions)
            w->m->special[row / op->stride] = FORCED;
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
        int from = f->frame * op->per_frame;
        if (f->kind <= SHIFT && from < w->from) w->from = from;
        if (f->kind == WEIGHT) {
            int32_t old = again ? value : op->weight[f->element];
            value = after(f, old, op->weight_bits);
            if (value != old) change_weight(w, f, value - old);
        } else if (f->kind == BIAS) {
            int32_t old = again ? value : op->bias[f->element];
            value = after(f, old, 32);
            for (int u = 0; u < op->up; u++)
                add_to_column(column_sums(w->m, slot_of(w, u * op->out + f->element)), from, op->positions,
                              (uint32_t)value - (uint32_t)old);
        } else if (f->kind == SHIFT) {
            value = after(f, again ? value : op->shift[f->element], 8);
            change_shift(w, f, value);
        } else if (f->kind == ACCUMULATOR) {
            w->m->special[from + f->element / op->columns] = FORCED;
            w->accumulators++;
        }
    }
}

static void add_overlays(const Work *w, int p, int32_t *sums)
{
    const Operator *op = w->op;
    int wide = w->x->bits == 16, lanes = wide ? 2 : 4, words = w->x->stride / lanes;
    for (int v = 0; v < w->overlays; v++) {
        const Overlay *h = w->overlay + v;
        for (int tap = 0; tap < op->taps; tap++) {
            if (p < h->from || h->row != p * op->stride - (op->taps - 1 - tap) * op->dilation) continue;
            int at = h->channel % lanes * (wide ? 16 : 8);
            uint32_t value = wide ? (uint16_t)h->value : (uint32_t)(h->value + 128);
            uint32_t before = wide ? (uint16_t)h->before : (uint32_t)(h->before + 128);
            Difference d = {value << at, before << at, tap * words + h->channel / lanes};
            add_differences(op, &d, 1, sums, wide);
        }
    }
}

/* From the sums of a position to its output rows. */
static void finish(const Work *w, int p, int32_t *sums)
{
    const Operator *op = w->op;
    Model *m = w->m;
    int32_t y[MOST_COLUMNS];
    if (w->overlays && m->special[p] == FORCED) add_overlays(w, p, sums);
    for (int s = 0; s < w->slots; s++) {
        int32_t *sum = sums + m->column_of_slot[s];
        *sum = (int32_t)((uint32_t)*sum + (uint32_t)column_sums(m, s)[p]);
    }
    if (w->accumulators)
        for (int i = 0; i < w->faults; i++) {
            const Fault *f = w->fault + i;
            int column = f->element % op->columns;
            if (f->kind == ACCUMULATOR && f->frame * op->per_frame + f->element / op->columns == p)
                sums[column] = after(f, sums[column], 32);
        }
    requantise_row(op, sums, y);
    for (int s = 0; s < w->slots; s++)
        if (m->shift_changed[s])
            y[m->column_of_slot[s]] = requantised(sums[m->column_of_slot[s]], column_shift(m, s)[p], op);
    store_rows(w->y, p * op->up, op->up, y);
    if (w->slots) m->special[p] = DONE;
}

/* Positions whose input rows are clean: only the changed columns. */
static void finish_columns(const Work *w)
{
    const Operator *op = w->op;
    Model *m = w->m;
    for (int s = 0; s < w->slots; s++) {
        int column = m->column_of_slot[s], u = column / op->out, o = column % op->out;
        const int32_t *more = column_sums(m, s), *clean = op->clean_sums + column;
        const int8_t *shift = column_shift(m, s);
        for (int p = w->from; p < op->positions; p++) {
            int changed = m->shift_changed[s];
            if ((!more[p] && !changed) || m->special[p] == DONE) continue;
            int32_t sum = (int32_t)((uint32_t)clean[(long)p * op->padded] + (uint32_t)more[p]);
            int value = requantised(sum, changed ? shift[p] : op->shift[o], op);
            int row = p * op->up + u;
            if (value != code_at(w->y, w->y->clean, (long)row * w->y->stride + o)) store_code(w->y, row, o, value);
        }
    }
}

static void flush(const Work *w, const int *p, const uint8_t **x, int count, int words, long tap_bytes)
{
    const Operator *op = w->op;
    _Alignas(64) int32_t sums[MOST_TILE * MOST_COLUMNS];
    full_sums(op, x, count, tap_bytes, words, sums, w->x->bits == 16);
    w->m->macs += (int64_t)count * op->taps * w->x->channels * op->columns;
    for (int r = 0; r < count; r++) finish(w, p[r], sums + (long)r * op->padded);
}

/* Few differing words are added to the clean sums; many make it cheaper to sum anew. */
static void differences_at(const Work *w, int p, int words)
{
    const Operator *op = w->op;
    const Signal *x = w->x;
    int lanes = x->bits == 8 ? 4 : 2, count = 0;
    Difference d[256];
    _Alignas(64) int32_t sums[MOST_COLUMNS];
    memcpy(sums, op->clean_sums + (long)p * op->padded, 4 * (size_t)op->padded);
    for (int tap = 0; tap < op->taps; tap++) {
        int row = p * op->stride - (op->taps - 1 - tap) * op->dilation;
        long bytes = row * row_bytes(x);
        for (uint64_t mask = mask_of(x, row); mask; mask &= mask - 1) {
            int k = __builtin_ctzll(mask);
            d[count++] = (Difference){load_word((const char *)x->now + bytes + 4 * k),
                                      load_word((const char *)x->clean + bytes + 4 * k), tap * words + k};
            if (count == 256) {
                add_differences(op, d, count, sums, x->bits == 16);
                count = 0;
            }
        }
    }
    if (count) add_differences(op, d, count, sums, x->bits == 16);
    w->m->macs += 2L * count * lanes * op->columns;
    finish(w, p, sums);
}

static void convolve(Model *m, const Operator *op, const Fault *fault, int faults, Overlay *overlay)
{
    Work w = {.m = m, .op = op, .x = m->signal + op->source, .y = m->signal + op->target,
              .fault = fault, .faults = faults, .from = op->positions, .overlay = overlay};
    const Signal *x = w.x;
    int history = (op->taps - 1) * op->dilation, words = x->stride / (x->bits == 8 ? 4 : 2);
    long tap_bytes = op->dilation * row_bytes(x);
    int low = op->positions, high = 0, pending = 0, at[MOST_TILE];
    const uint8_t *rows[MOST_TILE];
    if (faults) take_faults(&w);
    if (differs(x)) {
        low = (x->low + op->stride - 1) / op->stride;
        high = (x->high - 1 + history) / op->stride + 1;
        if (high > op->positions) high = op->positions;
    }
    int first = low, last = high;
    if (w.overlays || w.accumulators) first = 0, last = op->positions;
    for (int p = first; p < last; p++) {
        int changed = 0, row = p * op->stride - history;
        if (p >= low && p < high)
            for (int tap = 0; tap < op->taps; tap++)
                changed += __builtin_popcountll(mask_of(x, row + tap * op->dilation));
        if (!changed && m->special[p] != FORCED) continue;
        if (m->special[p] == FORCED || 5 * changed < 2 * op->taps * words) {
            differences_at(&w, p, words);
            continue;
        }
        at[pending] = p;
        rows[pending++] = (const uint8_t *)x->now + row * row_bytes(x);
        if (pending == MOST_TILE) {
            flush(&w, at, rows, pending, words, tap_bytes);
            pending = 0;
        }
    }
    if (pending) flush(&w, at, rows, pending, words, tap_bytes);
    if (w.slots) finish_columns(&w);
    if (faults) {
        memset(m->special, 0, (size_t)op->positions);
        for (int s = 0; s < w.slots; s++) m->slot_of_column[m->column_of_slot[s]] = -1;
    }
}

#endif
