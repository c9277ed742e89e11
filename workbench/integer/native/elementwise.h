/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators without convolution in a trial: whole rows, where a source or a parameter differs.
 */
#ifndef WB_ELEMENTWISE_H
#define WB_ELEMENTWISE_H

#include "requantise.h"

#if WB_VNNI

static inline __m512i saturated(__m512i x, int low, int high, int bits)
{
    return bits == 8
        ? _mm512_min_epi8(_mm512_max_epi8(x, _mm512_set1_epi8((char)low)), _mm512_set1_epi8((char)high))
        : _mm512_min_epi16(_mm512_max_epi16(x, _mm512_set1_epi16((short)low)), _mm512_set1_epi16((short)high));
}

/* clamp((x + 2**(shift - 1)) >> shift) in 16-bit steps; 8-bit codes and shifts of 0 to 8. */
static inline __m512i shifted_bytes(__m512i x, int shift, int low, int high)
{
    __m512i round = _mm512_set1_epi16((short)(shift ? 1 << (shift - 1) : 0));
    __m128i by = _mm_cvtsi32_si128(shift);
    __m512i a = _mm512_cvtepi8_epi16(_mm512_castsi512_si256(x));
    __m512i b = _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64(x, 1));
    a = saturated(_mm512_sra_epi16(_mm512_add_epi16(a, round), by), low, high, 16);
    b = saturated(_mm512_sra_epi16(_mm512_add_epi16(b, round), by), low, high, 16);
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi16_epi8(a)), _mm512_cvtepi16_epi8(b), 1);
}

/* ADD (b not NULL) or RESCALE between signals of one width, 64 bytes at a time and only where a
 * source differs. Padding codes stay what they are, so that a word differs only where a code does. */
static void fast_rows(const Operator *op, const Signal *a, const Signal *b, Signal *y, long first, long last)
{
    long bytes = row_bytes(y), end = y->rows * bytes;
    int shift = op->kind == RESCALE ? op->shift[0] : 0, bits = y->bits;
    __m512i bias = _mm512_set1_epi8(bits == 8 ? -128 : 0);
    long low = end, high = 0;
    for (long i = first * bytes / 64 * 64; i < last * bytes; i += 64) {
        uint64_t mask = bits_at(a, i / 4) | (b ? bits_at(b, i / 4) : 0);
        if (!(mask & 0xFFFF)) continue;
        __mmask16 k = end - i >= 64 ? 0xFFFF : (__mmask16)((1u << ((end - i) / 4)) - 1);
        __m512i x = _mm512_xor_si512(_mm512_maskz_loadu_epi32(k, (const char *)a->now + i), bias);
        if (b) {
            __m512i z = _mm512_xor_si512(_mm512_maskz_loadu_epi32(k, (const char *)b->now + i), bias);
            x = bits == 8 ? _mm512_adds_epi8(x, z) : _mm512_adds_epi16(x, z);
            x = saturated(x, op->clamp_low, op->clamp_high, bits);
        } else if (shift && bits == 8) {
            x = shifted_bytes(x, shift, op->clamp_low, op->clamp_high);
        } else {
            x = saturated(x, op->clamp_low, op->clamp_high, bits);
        }
        x = _mm512_xor_si512(x, bias);
        _mm512_mask_storeu_epi32((char *)y->now + i, k, x);
        __mmask16 differ = _mm512_mask_cmpneq_epi32_mask(k, x, _mm512_maskz_loadu_epi32(k, (const char *)y->clean + i));
        if (!differ) continue;
        set_16_bits(y, i / 4, differ);
        if (i < low) low = i;
        high = i + 64;
    }
    if (!high) return;
    note(y, low / bytes);
    note(y, ((high < end ? high : end) - 1) / bytes);
}

static inline int is_fast(const Operator *op, const Signal *a, const Signal *b, const Signal *y)
{
    if (y->sink || a->bits != y->bits || b->bits != y->bits || y->channels != y->stride) return 0;
    int shift = op->kind == RESCALE ? op->shift[0] : 0;
    return op->kind == ADD || (op->kind == RESCALE && (!shift || (y->bits == 8 && shift > 0 && shift <= 8)));
}

#endif

static inline int rescaled(int code, int shift, const Operator *op)
{
    int s = clamp(shift, -15, 31), rounding = s > 0 ? 1 << (s - 1) : 0;
    int right = s > 0 ? s : 0, scale = 1 << (s < 0 ? -s : 0);
    return clamp(((code + rounding) >> right) * scale, op->clamp_low, op->clamp_high);
}

static inline void compute_row(const Model *m, const Operator *op, int row, int shift, int32_t *codes)
{
    const Signal *a = m->signal + op->source;
    int count = m->signal[op->target].channels;
    int32_t other[MOST_COLUMNS];
    if (op->kind == CONCAT) {
        for (int k = 0, at = 0; k < op->sources; at += m->signal[op->concat[k++]].channels)
            load_row(m->signal + op->concat[k], row, codes + at);
    } else if (op->kind == EMBED) {
        int index = clamp(((const int32_t *)a->now)[(long)row * a->stride], 0, op->entries - 1);
        for (int i = 0; i < count; i++) codes[i] = op->entry[(long)index * op->width + i];
    } else {
        load_row(a, row, codes);
        if (op->kind == ADD) {
            load_row(m->signal + op->other, row, other);
            for (int i = 0; i < count; i++) codes[i] = clamp(codes[i] + other[i], op->clamp_low, op->clamp_high);
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
    int from = faults ? fault[0].frame * y->rate : y->rows;
    int first = from, last = faults ? y->rows : 0, next = 0, shift = op->kind == RESCALE ? op->shift[0] : 0;
    int32_t codes[MOST_COLUMNS];
    for (int k = 0; k < sources; k++) {
        const Signal *s = m->signal + source[k];
        if (s->low < first) first = s->low;
        if (s->high > last) last = s->high;
    }
#if WB_VNNI
    const Signal *a = m->signal + op->source, *b = op->kind == ADD ? m->signal + op->other : 0;
    if (!faults && is_fast(op, a, b ? b : a, y)) {
        fast_rows(op, a, b, y, first, last);
        return;
    }
#endif
    for (int row = first; row < last; row++) {
        uint64_t mask = 0;
        for (; next < faults && fault[next].frame * y->rate <= row; next++) {
            const Fault *f = fault + next;
            if (op->kind == RESCALE) shift = after(f, shift, 8);
            else op->entry[f->element] = (int16_t)after(f, op->entry[f->element], op->entry_bits);
        }
        for (int k = 0; k < sources; k++) mask |= mask_of(m->signal + source[k], row);
        if (!mask && row < from) continue;
        compute_row(m, op, row, shift, codes);
        store_rows(y, row, 1, codes);
    }
    if (op->kind != RESCALE)
        for (int i = 0; i < next; i++) op->entry[fault[i].element] = op->clean_entry[fault[i].element];
}

#endif
