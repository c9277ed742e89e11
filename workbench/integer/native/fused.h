/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions whose parameters nothing changes, together with the operators whose codes follow at once, see follow.h.
 */
#ifndef WB_FUSED_H
#define WB_FUSED_H

#include "conv_faults.h"
#include "elementwise.h"

static Positions positions_from(const Work *w, long first)
{
    const Operator *op = w->op;
    const Signal *x = w->x;
    long row = first * op->advance - op->history;
    int numbers = numbers_seen(op, x);
    return (Positions){
        .operand = operand_rows(w->m, x) + 4L * row * x->spread, .step = 4L * op->advance * x->spread,
        .seen = w->m->seen + first * numbers, .numbers = numbers, .operand_of_word = op->operand_of_word,
        .weights = has_offset(x) ? op->offset_weights : op->packed, .word_bytes = 4L * op->padded,
        .from = op->clean_sums + first * op->padded, .sums = w->m->sums, .depth = w->m->depth, .padded = op->padded};
}

static inline int can_follow(const Work *w)
{
    return WB_FUSED && !w->faults && !w->absolute && w->direct && w->y->bits == 8 && w->op->padded % (2 * WB_COLUMNS) == 0;
}

#if WB_FUSED

/* The operators after a convolution whose codes follow. */
typedef struct {
    const Operator *add, *scale; /* NULL where there is none */
    const Signal *other;         /* what the ADD adds */
    int last;                    /* the signal that comes out */
    int is_read;                 /* whether a convolution reads it next */
    int done;                    /* operators, the convolution too */
} Chain;

static Chain chain_from(const Model *m, const Operator *op, int quiet)
{
    const Operator *next = op + 1, *end = m->operator_ + m->operators;
    Chain c = {.last = op->target, .done = 1};
    if (next < end && quiet > c.done && next->kind == ADD && is_flat(m, next) && next->source != next->other &&
        (next->source == c.last || next->other == c.last)) {
        c.add = next;
        c.other = m->signal + (next->source == c.last ? next->other : next->source);
        c.last = next++->target;
        c.done++;
    }
    if (next < end && quiet > c.done && next->kind == RESCALE && is_flat(m, next) && next->source == c.last) {
        c.scale = next;
        c.last = next++->target;
        c.done++;
    }
    c.is_read = next < end && quiet > c.done && next->kind == CONV && next->source == c.last;
    return c;
}

/* first: the first position. */
static Follow follow_of(const Model *m, const Operator *op, const Chain *c, long first)
{
    const Signal *y = m->signal + op->target, *last = m->signal + c->last;
    long at = first * op->columns;
    int is_kept = c->done == 1 || y->last_use > op - m->operator_ + 1;
    Follow f = {.right = op->right, .low = op->clamp_low, .high = op->clamp_high, .clean = (const int8_t *)y->clean + at};
    if (is_kept) f.now = (int8_t *)y->now + at;
    if (c->add) {
        const Signal *added = m->signal + c->add->target;
        f.other = (const int8_t *)c->other->now + at;
        f.added = (int8_t *)added->now + at;
        f.clean_added = (const int8_t *)added->clean + at;
        f.low_added = c->add->clamp_low;
        f.high_added = c->add->clamp_high;
    }
    if (c->scale) {
        const Signal *scaled = m->signal + c->scale->target;
        f.scaled = (int8_t *)scaled->now + at;
        f.clean_scaled = (const int8_t *)scaled->clean + at;
        f.shift = clamp(c->scale->shift[0], -15, 31);
        f.low_scaled = c->scale->clamp_low;
        f.high_scaled = c->scale->clamp_high;
    }
    if (c->is_read) {
        f.operand = m->operand_made + (long)last->pad * last->stride + at;
        f.differ = m->differ;
    }
    return f;
}

/* Which positions were computed: all of them are among low .. high - 1. */
typedef struct {
    long low, high, words;
    Differ differ;
} Run;

/* The p-th position, if it sees words that differ or is among those that an ADD may change. */
WB_INLINE void run_position(const Positions *t, long p, long low_other, long high_other, Run *run, const int WIDE, const int ONE)
{
    const uint64_t *seen = t->seen + (ONE ? p : p * t->numbers);
    uint64_t any = 0;
    for (int i = 0; i < (ONE ? 1 : t->numbers); i++) any |= seen[i];
    if (!any && (p < low_other || p >= high_other)) {
        if (t->follow.operand) memset(t->follow.differ + p * t->padded / 32, 0, (size_t)t->padded / 32);
        return;
    }
    for (int i = 0; i < (ONE ? 1 : t->numbers); i++) run->words += __builtin_popcountll(seen[i]);
    run->low = run->high ? run->low : p;
    run->high = p + 1;
    sum_columns(t, p, &run->differ, WIDE, ONE, 1);
}

/* PADDED: sums of a position where they are known, else 0. */
WB_INLINE void run_of(
    const Positions *from, long count, long low_other, long high_other, Run *to, const int WIDE, const int ONE, const int PADDED)
{
    Positions t = *from; /* of which the compiler knows that no store of codes changes it */
    Run run = {.differ = {pair_all(0), pair_all(0), pair_all(0), pair_all(0), 0}};
    if (PADDED) {
        t.padded = PADDED;
        t.word_bytes = 4 * PADDED;
    }
    for (long p = 0; p < count; p++) run_position(&t, p, low_other, high_other, &run, WIDE, ONE);
    *to = run;
}

WB_FEW_MOVES static void run_positions(const Positions *t, long count, long low_other, long high_other, int wide, Run *run)
{
    if (wide) run_of(t, count, low_other, high_other, run, 1, 0, 0);
    else if (t->numbers > 1) run_of(t, count, low_other, high_other, run, 0, 0, 0);
    else if (t->padded == 64) run_of(t, count, low_other, high_other, run, 0, 1, 64);
    else if (t->padded == 32) run_of(t, count, low_other, high_other, run, 0, 1, 32);
    else run_of(t, count, low_other, high_other, run, 0, 1, 0);
}

/* Note which rows of `y` can differ, where some do. */
static void note_rows(Signal *y, const Operator *op, const Run *run, Pair differ, long first)
{
    if (!pair_any(differ)) return;
    note(y, (first + run->low) * op->rows_made);
    note(y, (first + run->high) * op->rows_made - 1);
}

/* The differences that were made are those of `x`, of the positions first .. last - 1 of what made it. */
static void take_differences(Model *m, const Operator *op, int x, const Differ *d, int first, int last)
{
    uint8_t *made = m->operand_made, largest[32];
    m->operand_made = m->operand[0];
    m->operand[0] = made;
    m->depth = INT32_MAX;
    m->saturated = d->saturated != 0;
    pair_store(largest, d->largest);
    if (WB_SHORT) note_largest(m, largest, 32);
    note_found(m, m->signal + x, first * op->rows_made, last * op->rows_made);
    m->found = x;
}

/* The positions first .. last - 1, and others that an ADD after them may change. Returns how many operators were run. */
static int convolve_ahead(const Work *w, int first, int last, int quiet)
{
    const Operator *op = w->op;
    const Signal *x = w->x;
    Model *m = w->m;
    Chain c = chain_from(m, op, quiet);
    int low_other = INT32_MAX, high_other = 0;
    if (c.other && differs(c.other)) {
        low_other = c.other->low / op->rows_made;
        high_other = (c.other->high + op->rows_made - 1) / op->rows_made;
        if (low_other < first) first = low_other;
        if (high_other > last) last = high_other;
    }
    if (first < last) see_words(m, op, x, first, last);
    Positions t = positions_from(w, first);
    Run run;
    t.follow = follow_of(m, op, &c, first);
    run_positions(&t, last - first, (long)low_other - first, (long)high_other - first, has_wide_differences(x), &run);
    m->macs += run.words * (x->stride / x->spread) * op->columns;
    note_rows(w->y, op, &run, run.differ.conv, first);
    if (c.add) note_rows(m->signal + c.add->target, op, &run, run.differ.added, first);
    if (c.scale) note_rows(m->signal + c.scale->target, op, &run, run.differ.scaled, first);
    if (!t.follow.now && differs(w->y)) m->unkept = op->target;
    if (differs(x)) forget_differences(m, x);
    if (c.is_read && differs(m->signal + c.last)) take_differences(m, op, c.last, &run.differ, first, last);
    return c.done;
}

#else

static int convolve_ahead(const Work *w, int first, int last, int quiet)
{
    (void)w, (void)first, (void)last, (void)quiet;
    return 0;
}

#endif
#endif
