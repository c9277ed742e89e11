/* SPDX-License-Identifier: Apache-2.0
 *
 * A convolution of a trial: only positions whose input or parameters differ are computed.
 */
#ifndef WB_CONVOLVE_H
#define WB_CONVOLVE_H

#include "fused.h"

/* What faults of parameters, history and sums change in the sums of position p. */
static void apply_faults(const Work *w, int p, int32_t *sums)
{
    Model *m = w->m;
    if (m->special[p] == FORCED) add_overlays(w, p, sums);
    for (int s = 0; s < w->slots; s++) add_modulo(sums + m->column_of_slot[s], (uint32_t)column_sums(m, s)[p]);
    for (int i = 0; i < w->faults && w->accumulators; i++) {
        const Fault *f = w->fault + i;
        int column = f->element % w->op->columns;
        if (f->kind == ACCUMULATOR && f->frame * w->op->per_frame + f->element / w->op->columns == p)
            sums[column] = after(f, sums[column], 32);
    }
    m->special[p] = DONE;
}

/* From the sums of a position to its output rows, code by code. */
static void store_position(const Work *w, int p, const int32_t *sums)
{
    const Operator *op = w->op;
    Model *m = w->m;
    requantise_row(op, sums, m->codes);
    for (int s = 0; s < w->slots; s++)
        if (m->shift_changed[s])
            m->codes[m->column_of_slot[s]] = requantised(sums[m->column_of_slot[s]], column_shift(m, s)[p], op);
    for (int u = 0; u < op->rows_made; u++) store_row(w->y, (long)p * op->rows_made + u, m->codes + u * op->out);
}

/* From the sums of the positions p .. p + count - 1, in Model.sums, to codes. */
static void store_positions(const Work *w, int p, int count)
{
    const Operator *op = w->op;
    int32_t *sums = w->m->sums;
    for (int r = 0; r < count && w->faults; r++) apply_faults(w, p + r, sums + r * op->padded);
    if (w->direct) store_sums(op, w->y, p, count, sums);
    else for (int r = 0; r < count; r++) store_position(w, p + r, sums + r * op->padded);
}

/* All words of the positions first .. last - 1, from codes. */
static void compute_absolute(const Work *w, int first, int last)
{
    const Operator *op = w->op;
    const Signal *x = w->x;
    int most = tile_rows(op);
    for (int p = first; p < last; p += most) {
        long row = (long)p * op->advance - op->history;
        full_sums(op, x, code_rows(w->m, x) + 4L * row * x->words, w->m->sums);
        store_positions(w, p, last - p < most ? last - p : most);
    }
    w->m->macs += (int64_t)(last - first) * op->rows_seen * x->stride * op->columns;
}

/* The words that differ of those of the positions first .. last - 1 that have some, or whose sums are hit. */
static void compute_differences(const Work *w, int first, int last)
{
    const Operator *op = w->op;
    Model *m = w->m;
    see_words(m, op, w->x, first, last);
    Positions t = positions_from(w, first);
    const uint64_t *seen = t.seen;
    int most = tile_rows(op);
    long words = 0;
    for (int p = first, count; p < last; p += count, seen += count * t.numbers) {
        long here = 0;
        int forced = 0;
        count = last - p < most ? last - p : most;
        for (int i = 0; i < count * t.numbers; i++) here += __builtin_popcountll(seen[i]);
        for (int r = 0; r < count && w->faults; r++) forced |= m->special[p + r] == FORCED;
        if (!here && !forced) continue;
        words += here;
        sum_tile(&t, p - first, count, has_wide_differences(w->x));
        store_positions(w, p, count);
    }
    m->macs += words * (w->x->stride / w->x->spread) * op->columns;
}

/* Positions whose input rows are clean: only the changed columns. */
static void compute_columns(const Work *w)
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

/* Whether changing parameters in place and computing all positions after it is faster than columns that
 * change from a position on. A change costs a product at each position, see WB_CHANGES_PER_DOT. */
static int is_worth_patching(const Work *w)
{
    const Operator *op = w->op;
    int changes = 0;
    for (int i = 0; i < w->faults; i++) changes += w->fault[i].kind <= SHIFT;
    return (int64_t)changes * w->m->changes_per_dot > op->rows_seen * w->x->words * op->padded / WB_COLUMNS;
}

static void compute_all(const Work *w, int first, int last)
{
    if (first >= last) return;
    if (w->absolute) compute_absolute(w, first, last);
    else compute_differences(w, first, last);
}

/* Positions first .. last - 1 while no parameter is changed, then all of them from one change to the next. */
static void compute_patched(Work *w, int first, int last, Undo *undo)
{
    Operator *op = w->op;
    int any_left = op->any_left, undos = 0;
    for (int frame = -1, next;;) {
        next = INT32_MAX;
        for (int i = 0; i < w->faults; i++)
            if (w->fault[i].kind <= SHIFT && w->fault[i].frame > frame && w->fault[i].frame < next) next = w->fault[i].frame;
        int end = next == INT32_MAX ? op->positions : next * op->per_frame;
        if (!w->changed) compute_all(w, first, last < end ? last : end);
        else compute_all(w, frame * op->per_frame, end);
        if (next == INT32_MAX) break;
        if (!w->absolute) take_codes(w->m, w->x);
        w->absolute = w->changed = 1;
        frame = next;
        for (int i = 0; i < w->faults; i++)
            if (w->fault[i].kind <= SHIFT && w->fault[i].frame == frame) undo[undos++] = patch(op, w->x, w->fault + i);
        w->direct = is_direct(op, w->y);
    }
    while (undos--) set_parameter(op, w->x, undo[undos].kind, undo[undos].element, undo[undos].value);
    op->any_left = any_left;
}

/* A convolution, in whose codes and parameters nothing is hit in the next `quiet` operators beyond `faults`. Returns how
 * many operators were run. */
static int convolve(Model *m, Operator *op, const Fault *fault, int faults, int quiet, Overlay *overlay, Undo *undo)
{
    Work w = {.m = m, .op = op, .x = m->signal + op->source, .y = m->signal + op->target,
              .fault = fault, .faults = faults, .from = op->positions, .overlay = overlay};
    const Signal *x = w.x;
    int first = 0, last = 0;
    w.patching = is_worth_patching(&w);
    if (faults) take_faults(&w);
    w.direct = is_direct(op, w.y);
    for (int s = 0; s < w.slots; s++) w.direct &= !m->shift_changed[s];
    if (differs(x)) {
        /* The newest row that a position sees, and its oldest, bound which positions can differ. */
        int newest = (op->rows_seen - 1) * op->apart - op->history;
        first = x->low - newest <= 0 ? 0 : (x->low - newest + op->advance - 1) / op->advance;
        last = (x->high - 1 + op->history) / op->advance + 1;
        if (last > op->positions) last = op->positions;
        if (m->found != op->source) find_differences(m, x);
        w.absolute = m->saturated;
        if (w.absolute) take_codes(m, x);
    }
    if (w.overlays || w.accumulators) {
        first = 0;
        last = op->positions;
    }
    if (can_follow(&w)) return convolve_ahead(&w, first, last, quiet);
    if (w.patching) compute_patched(&w, first, last, undo);
    else compute_all(&w, first, last);
    if (differs(x) || w.absolute) forget_differences(m, x);
    if (w.slots) compute_columns(&w);
    if (faults) {
        memset(m->special, 0, (size_t)op->positions);
        for (int s = 0; s < w.slots; s++) m->slot_of_column[m->column_of_slot[s]] = -1;
    }
    return 1;
}

#endif
