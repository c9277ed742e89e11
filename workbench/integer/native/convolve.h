/* SPDX-License-Identifier: Apache-2.0
 *
 * A convolution of a trial: only positions whose input or parameters differ are computed.
 */
#ifndef WB_CONVOLVE_H
#define WB_CONVOLVE_H

#include "conv_faults.h"

#define MOST_DIFFERENCES 256
/* What a difference costs besides its products, and a position besides its differences, in vectors
 * of 16 products; measured, and flat around these. */
#define PER_DIFFERENCE 8
#define PER_POSITION 60

/* From the sums of a position to its output rows. */
static inline void finish(const Work *w, int p, int32_t *sums)
{
    const Operator *op = w->op;
    Model *m = w->m;
    int32_t codes[MOST_COLUMNS];
    if (!w->faults) {
#if WB_VNNI
        if (is_direct(op, w->y)) {
            store_sums(op, w->y, p, sums);
            return;
        }
#endif
        requantise_row(op, sums, codes);
        store_rows(w->y, (long)p * op->rows_made, op->rows_made, codes);
        return;
    }
    if (m->special[p] == FORCED) add_overlays(w, p, sums);
    for (int s = 0; s < w->slots; s++) add_modulo(sums + m->column_of_slot[s], (uint32_t)column_sums(m, s)[p]);
    for (int i = 0; i < w->faults && w->accumulators; i++) {
        const Fault *f = w->fault + i;
        int column = f->element % op->columns;
        if (f->kind == ACCUMULATOR && f->frame * op->per_frame + f->element / op->columns == p)
            sums[column] = after(f, sums[column], 32);
    }
    requantise_row(op, sums, codes);
    for (int s = 0; s < w->slots; s++)
        if (m->shift_changed[s])
            codes[m->column_of_slot[s]] = requantised(sums[m->column_of_slot[s]], column_shift(m, s)[p], op);
    store_rows(w->y, (long)p * op->rows_made, op->rows_made, codes);
    m->special[p] = DONE;
}

/* Positions whose input rows are clean: only the changed columns. */
static void finish_columns(const Work *w)
{
    const Operator *op = w->op;
    Model *m = w->m;
    for (int s = 0; s < w->slots; s++) {
        int column = m->column_of_slot[s], u = column / op->out, o = column % op->out;
        int changed = m->shift_changed[s];
        const int32_t *more = column_sums(m, s), *clean = op->clean_sums + column;
        const int8_t *shift = column_shift(m, s);
        for (int p = w->from; p < op->positions; p++) {
            if ((!more[p] && !changed) || m->special[p] == DONE) continue;
            int32_t sum = clean[(long)p * op->padded];
            long row = (long)p * op->rows_made + u;
            add_modulo(&sum, (uint32_t)more[p]);
            int value = requantised(sum, changed ? shift[p] : op->shift[o], op);
            if (value != code_at(w->y, w->y->clean, row * w->y->stride + o)) store_code(w->y, row, o, value);
        }
    }
}

static void flush(const Work *w, const int *p, const uint8_t **x, int count)
{
    const Operator *op = w->op;
    _Alignas(64) int32_t sums[MOST_TILE * MOST_COLUMNS];
    full_sums(op, x, count, op->apart * row_bytes(w->x), w->x->stride / lanes_of(w->x), sums, w->x->bits == 16);
    w->m->macs += (int64_t)count * op->fold * op->taps * w->x->channels * op->up * op->out;
    for (int r = 0; r < count; r++) finish(w, p[r], sums + (long)r * op->padded);
}

/* The clean sums of a position, and what the words of its input rows that differ add. */
static void differences_at(const Work *w, int p)
{
    const Operator *op = w->op;
    const Signal *x = w->x;
    int words = x->stride / lanes_of(x), count = 0;
    long row = (long)p * op->advance - op->history;
    Difference d[MOST_DIFFERENCES];
    _Alignas(64) int32_t sums[MOST_COLUMNS];
    const int32_t *from = op->clean_sums + (long)p * op->padded;
    for (int k = 0; k < op->rows_seen; k++, row += op->apart) {
        const char *now = (const char *)x->now + row * row_bytes(x);
        const char *clean = (const char *)x->clean + row * row_bytes(x);
        for (uint64_t mask = mask_of(x, row); mask; mask &= mask - 1) {
            int i = __builtin_ctzll(mask);
            if (count == MOST_DIFFERENCES) {
                add_differences(op, d, count, from, sums, x->bits == 16);
                from = sums;
                count = 0;
            }
            d[count++] = (Difference){load_word(now + 4 * i), load_word(clean + 4 * i), k * words + i};
        }
    }
    add_differences(op, d, count, from, sums, x->bits == 16);
    w->m->macs += 2L * count * lanes_of(x) * op->columns;
    finish(w, p, sums);
}

/* How many words of each row differ, by row from -pad on; zero outside of low .. high - 1. */
static const uint8_t *count_words(Model *m, const Signal *x)
{
    uint8_t *count = m->words_differ + x->pad;
    for (int row = x->low; row < x->high; row++) count[row] = (uint8_t)__builtin_popcountll(mask_of(x, row));
    return count;
}

static void forget_counts(Model *m, const Signal *x)
{
    if (differs(x)) memset(m->words_differ + x->pad + x->low, 0, (size_t)(x->high - x->low));
}

static void convolve(Model *m, const Operator *op, const Fault *fault, int faults, Overlay *overlay)
{
    Work w = {.m = m, .op = op, .x = m->signal + op->source, .y = m->signal + op->target,
              .fault = fault, .faults = faults, .from = op->positions, .overlay = overlay};
    const Signal *x = w.x;
    int words = x->stride / lanes_of(x), first = 0, last = 0, pending = 0, at[MOST_TILE];
    const uint8_t *rows[MOST_TILE];
    /* In vectors of 16 products: a difference needs two, and time to be found, whatever it meets. */
    int full = op->rows_seen * words * op->padded / 16, per_difference = 2 * op->padded / 16 + PER_DIFFERENCE;
    if (faults) take_faults(&w);
    if (w.overlays || w.accumulators) {
        last = op->positions;
    } else if (differs(x)) {
        /* The newest row that a position sees, and its oldest, bound which positions can differ. */
        int newest = (op->rows_seen - 1) * op->apart - op->history;
        first = x->low - newest <= 0 ? 0 : (x->low - newest + op->advance - 1) / op->advance;
        last = (x->high - 1 + op->history) / op->advance + 1;
        if (last > op->positions) last = op->positions;
    }
    const uint8_t *words_differ = count_words(m, x);
    for (int p = first; p < last; p++) {
        long row = (long)p * op->advance - op->history;
        int changed = 0;
        for (int k = 0; k < op->rows_seen; k++) changed += words_differ[row + k * op->apart];
        int forced = faults && m->special[p] == FORCED;
        if (!changed && !forced) continue;
        if (forced || changed * per_difference + PER_POSITION < full) {
            differences_at(&w, p);
            continue;
        }
        at[pending] = p;
        rows[pending++] = (const uint8_t *)x->now + row * row_bytes(x);
        if (pending == MOST_TILE) {
            flush(&w, at, rows, pending);
            pending = 0;
        }
    }
    if (pending) flush(&w, at, rows, pending);
    forget_counts(m, x);
    if (w.slots) finish_columns(&w);
    if (faults) {
        memset(m->special, 0, (size_t)op->positions);
        for (int s = 0; s < w.slots; s++) m->slot_of_column[m->column_of_slot[s]] = -1;
    }
}

#endif
