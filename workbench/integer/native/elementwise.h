/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators without convolution in a trial: the rows among which a source or a parameter differs.
 */
#ifndef WB_ELEMENTWISE_H
#define WB_ELEMENTWISE_H

#include "rows.h"

static inline int rescaled(int code, int shift, const Operator *op)
{
    int s = clamp(shift, -15, 31), rounding = s > 0 ? 1 << (s - 1) : 0;
    int right = s > 0 ? s : 0, scale = 1 << (s < 0 ? -s : 0);
    return clamp(((code + rounding) >> right) * scale, op->clamp_low, op->clamp_high);
}

/* Codes of whole vectors, `bytes` from `start` on, of ADD (b not NULL) or RESCALE. Returns how many bytes
 * are done. */
WB_INLINE long whole_vectors(
    const Operator *op, const Signal *a, const Signal *b, Signal *y, long start, long bytes, const int WIDE)
{
    const char *from = (const char *)a->now + start, *other = b ? (const char *)b->now + start : 0;
    const char *clean = (const char *)y->clean + start;
    char *to = (char *)y->now + start;
    Codes excess = codes_of(WIDE ? 0 : WB_EXCESS, WIDE);
    Codes least = codes_of(op->clamp_low, WIDE), most = codes_of(op->clamp_high, WIDE);
    int shift = b ? 0 : clamp(op->shift[0], -15, 31);
    long i = 0, low = -1, high = 0;
    if (shift >= (WIDE ? 16 : 8)) return 0;
    for (; i + WB_CODES <= bytes; i += WB_CODES) {
        Codes v = codes_xor(codes_load(from + i), excess);
        if (b) v = codes_add(v, codes_xor(codes_load(other + i), excess), WIDE);
        if (shift > 0) v = codes_rounded(v, shift, WIDE);
        for (int k = shift; k < 0; k++) v = codes_add(v, v, WIDE); /* it saturates */
        v = codes_xor(codes_min(codes_max(v, least, WIDE), most, WIDE), excess);
        codes_store(to + i, v);
        if (!words_differ(v, codes_load(clean + i))) continue;
        if (low < 0) low = i;
        high = i + WB_CODES;
    }
    if (high) {
        note(y, (start + low) / row_bytes(y));
        note(y, (start + high - 1) / row_bytes(y));
    }
    return i;
}

/* Whether rows of all signals are alike and without padding, so that they are one row of codes. */
static inline int is_flat(const Operator *op, const Signal *a, const Signal *b, const Signal *y)
{
    return (op->kind == ADD || op->kind == RESCALE) && y->channels == y->stride && a->stride == y->stride &&
           b->stride == y->stride && is_wide(a) == is_wide(y) && is_wide(b) == is_wide(y);
}

/* ADD (b not NULL) or RESCALE of the rows first .. last - 1, where is_flat. */
static void flat_rows(const Operator *op, const Signal *a, const Signal *b, Signal *y, long first, long last)
{
    long start = first * row_bytes(y), bytes = last * row_bytes(y) - start, done;
    if (WB_BYTES && !is_wide(y)) done = whole_vectors(op, a, b, y, start, bytes, 0);
    else done = whole_vectors(op, a, b, y, start, bytes, 1);
    int size = is_wide(y) ? 2 : 1, shift = b ? 0 : op->shift[0];
    for (long i = (start + done) / size; i < (start + bytes) / size; i++) {
        int code = code_at(a, a->now, i);
        if (b) code = clamp(code + code_at(b, b->now, i), op->clamp_low, op->clamp_high);
        else code = rescaled(code, shift, op);
        set_code(y, i, code);
        if (code != code_at(y, y->clean, i)) note(y, i / y->stride);
    }
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
    const Signal *a = m->signal + op->source, *b = op->kind == ADD ? m->signal + op->other : 0;
    if (!faults && is_flat(op, a, b ? b : a, y)) {
        flat_rows(op, a, b, y, first, last);
        return;
    }
    for (int row = first; row < last; row++) {
        for (; next < faults && fault[next].frame * y->rate <= row; next++) {
            const Fault *f = fault + next;
            if (op->kind == RESCALE) shift = after(f, shift, 8);
            else op->entry[f->element] = (int16_t)after(f, op->entry[f->element], op->entry_bits);
        }
        compute_row(m, op, row, shift, m->codes);
        store_row(y, row, m->codes);
    }
    if (op->kind != RESCALE)
        for (int i = 0; i < next; i++) op->entry[fault[i].element] = op->clean_entry[fault[i].element];
}

#endif
