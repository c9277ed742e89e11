/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators without convolution in a trial: the rows among which a source or a parameter differs.
 */
#ifndef WB_ELEMENTWISE_H
#define WB_ELEMENTWISE_H

#include "differences.h"

static inline int rescaled(int code, int shift, const Operator *op)
{
    int s = clamp(shift, -15, 31), rounding = s > 0 ? 1 << (s - 1) : 0;
    int right = s > 0 ? s : 0, scale = 1 << (s < 0 ? -s : 0);
    return clamp(((code + rounding) >> right) * scale, op->clamp_low, op->clamp_high);
}

/* ADD or RESCALE of codes that lie one behind the other in all signals, and can be computed as vectors. */
static inline int is_flat(const Model *m, const Operator *op)
{
    if (op->kind != ADD && op->kind != RESCALE) return 0;
    const Signal *y = m->signal + op->target, *a = m->signal + op->source, *b = op->kind == ADD ? m->signal + op->other : a;
    int longest = y->bits == 8 ? 7 : 15;
    return y->channels == y->stride && a->stride == y->stride && b->stride == y->stride && a->bits == y->bits &&
           b->bits == y->bits && (op->kind == ADD || op->shift[0] <= longest);
}

/* What a run over codes needs of ADD (`b` is not NULL) or RESCALE. */
typedef struct {
    const Operator *op;
    const char *a, *b, *clean;
    char *to;
    Codes least, most;
    int shift;
    long low, high; /* bytes that differ are among these */
} Flat;

static inline Flat flat_of(const Model *m, const Operator *op)
{
    const Signal *y = m->signal + op->target;
    int wide = y->bits == 16;
    return (Flat){.op = op, .a = m->signal[op->source].now, .b = op->kind == ADD ? m->signal[op->other].now : 0,
                  .clean = y->clean, .to = y->now, .least = codes_of(op->clamp_low, wide),
                  .most = codes_of(op->clamp_high, wide), .shift = op->kind == ADD ? 0 : clamp(op->shift[0], -15, 31),
                  .low = -1};
}

/* A vector `i` bytes from row 0 on, of which `v` comes from the first source. Returns its codes. */
WB_INLINE Codes flat_vector(Flat *f, Codes v, long i, const int WIDE)
{
    if (f->b) v = codes_add(v, codes_load(f->b + i), WIDE);
    if (f->shift > 0) v = codes_rounded(v, f->shift, WIDE);
    for (int k = f->shift; k < 0; k++) v = codes_add(v, v, WIDE); /* it saturates */
    v = codes_min(codes_max(v, f->least, WIDE), f->most, WIDE);
    codes_store(f->to + i, v);
    long differ = words_differ(v, codes_load(f->clean + i)) ? -1 : 0;
    f->low = f->low < 0 ? (i & differ) | ~differ : f->low; /* no branches, which nobody can predict */
    f->high = ((i + WB_CODES) & differ) | (f->high & ~differ);
    return v;
}

/* The same of less than a vector, up to byte `end`. */
WB_INLINE void flat_rest(Flat *f, long i, long end, int wide)
{
    int size = wide ? 2 : 1;
    for (; i < end; i += size) {
        int code = wide ? *(const int16_t *)(f->a + i) : *(const int8_t *)(f->a + i);
        int other = !f->b ? 0 : wide ? *(const int16_t *)(f->b + i) : *(const int8_t *)(f->b + i);
        code = f->b ? clamp(code + other, f->op->clamp_low, f->op->clamp_high) : rescaled(code, f->shift, f->op);
        if (wide) *(int16_t *)(f->to + i) = (int16_t)code;
        else *(int8_t *)(f->to + i) = (int8_t)code;
        if (!memcmp(f->to + i, f->clean + i, (size_t)size)) continue;
        if (f->low < 0) f->low = i;
        f->high = i + size;
    }
}

WB_INLINE void note_flat(Model *m, const Flat *f)
{
    Signal *y = m->signal + f->op->target;
    if (!f->high) return;
    note(y, f->low / row_bytes(y));
    note(y, (f->high - 1) / row_bytes(y));
}

/* `op` and, where it is not NULL, the flat `next` that reads what it makes, of the rows first .. last - 1; with
 * `find`, also the differences of what comes out last. */
WB_INLINE void flat_rows_of_width(
    Model *m, const Operator *op, const Operator *next, int find, long first, long last, const int WIDE)
{
    const Operator *final = next ? next : op;
    const Signal *y = m->signal + final->target;
    Flat f = flat_of(m, op), g = flat_of(m, final);
    Finder finder = finder_from(m, y, first);
    long i = first * row_bytes(y), end = last * row_bytes(y);
    for (; i + WB_CODES <= end; i += WB_CODES) {
        Codes v = flat_vector(&f, codes_load(f.a + i), i, WIDE);
        if (next) v = flat_vector(&g, v, i, WIDE);
        if (!find) continue;
        if (WIDE || WB_BYTES || WB_OFFSET) find_words(&finder, v, codes_load(g.clean + i), WIDE);
        else find_codes(&finder, g.to + i, g.clean + i, WIDE ? 16 : 8);
    }
    if (i < end) {
        flat_rest(&f, i, end, WIDE);
        if (next) flat_rest(&g, i, end, WIDE);
        if (find) find_codes(&finder, (char *)y->now + i, (char *)y->clean + i, WIDE ? 16 : 8);
    }
    note_flat(m, &f);
    if (next) note_flat(m, &g);
    if (!find || !differs(y)) return;
    finish_finding(m, y, &finder, (int)first, (int)last);
    m->found = final->target;
}

static void flat_rows(Model *m, const Operator *op, const Operator *next, int find)
{
    const Signal *a = m->signal + op->source, *b = op->kind == ADD ? m->signal + op->other : a;
    int first = a->low < b->low ? a->low : b->low, last = a->high > b->high ? a->high : b->high;
    long bytes = row_bytes(a);
    if (WB_CODES % bytes == 0) first -= first % (int)(WB_CODES / bytes); /* a row there is not split by a vector */
    if (m->signal[op->target].bits == 16) flat_rows_of_width(m, op, next, find, first, last, 1);
    else flat_rows_of_width(m, op, next, find, first, last, 0);
}

/* Shapes weighted by how far their classes' scores, in `score`, lie below the highest. */
static void blend_row(const Operator *op, const int32_t *score, int classes, int shapes, int32_t *codes)
{
    const int16_t *weight = op->entry, *shape = op->entry + op->wide_entries;
    int32_t highest = score[0], total = 0;
    for (int c = 1; c < classes; c++) highest = score[c] > highest ? score[c] : highest;
    for (int i = 0; i < shapes; i++) codes[i] = 0;
    for (int c = 0; c < classes; c++, shape += shapes) {
        int32_t w = weight[highest - score[c]] < 0 ? 0 : weight[highest - score[c]];
        total += w;
        for (int i = 0; i < shapes; i++) codes[i] += w * shape[i];
    }
    if (!total) total = 1;
    for (int i = 0; i < shapes; i++)
        codes[i] = codes[i] < 0 ? -((total / 2 - codes[i]) / total) : (codes[i] + total / 2) / total;
}

static inline void compute_row(const Model *m, const Operator *op, int row, int shift, int32_t *codes)
{
    const Signal *a = m->signal + op->source;
    int count = m->signal[op->target].channels;
    if (op->kind == CONCAT) {
        for (int k = 0, at = 0; k < op->sources; at += m->signal[op->concat[k++]].channels)
            load_row(m->signal + op->concat[k], row, codes + at);
    } else if (op->kind == EMBED) {
        int index = clamp(((const int32_t *)a->now)[(long)row * a->stride], 0, op->entries - 1);
        for (int i = 0; i < count; i++) codes[i] = op->entry[(long)index * op->width + i];
    } else if (op->kind == BLEND) {
        load_row(a, row, m->other);
        blend_row(op, m->other, a->channels, count, codes);
    } else {
        load_row(a, row, codes);
        if (op->kind == ADD) {
            load_row(m->signal + op->other, row, m->other);
            for (int i = 0; i < count; i++) codes[i] = clamp(codes[i] + m->other[i], op->clamp_low, op->clamp_high);
        } else if (op->kind == TABLE) {
            for (int i = 0; i < count; i++) codes[i] = op->entry[codes[i] + 128];
        } else {
            for (int i = 0; i < count; i++) codes[i] = rescaled(codes[i], shift, op);
        }
    }
}

/* Faults of parameters, sorted by time; from the first on, every row is computed. */
static void run_rows(Model *m, Operator *op, const Fault *fault, int faults)
{
    const int32_t pair[2] = {op->source, op->other}, *source = op->kind == CONCAT ? op->concat : pair;
    int sources = op->kind == CONCAT ? op->sources : op->kind == ADD ? 2 : 1;
    Signal *y = m->signal + op->target;
    int first = y->rows, last = 0, next = 0, shift = op->kind == RESCALE ? op->shift[0] : 0;
    for (int k = 0; k < sources; k++) {
        const Signal *s = m->signal + source[k];
        if (s->low < first) first = s->low;
        if (s->high > last) last = s->high;
    }
    if (faults) {
        int from = fault[0].frame * y->rate;
        if (from < first) first = from;
        last = y->rows;
    }
    for (int row = first; row < last; row++) {
        for (; next < faults && fault[next].frame * y->rate <= row; next++) {
            const Fault *f = fault + next;
            if (op->kind == RESCALE) shift = after(f, shift, 8);
            else upset_entry(op, f);
        }
        compute_row(m, op, row, shift, m->codes);
        store_row(y, row, m->codes);
    }
    if (op->kind != RESCALE) forget_entries(op, fault, next);
}

#endif
