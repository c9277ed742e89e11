/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the source of a convolution differs from the clean run, and by how much.
 */
#ifndef WB_DIFFERENCES_H
#define WB_DIFFERENCES_H

#include "positions.h"

#define WB_MASK 32 /* words whose bits make one number of Model.row_words */

/* Numbers of a row in Model.row_words. */
static inline int masks_of(const Signal *x)
{
    return (x->spread + WB_MASK - 1) / WB_MASK;
}

/* Differences on their way into Model.operand and Model.differ. */
typedef struct {
    uint8_t *operand, *differ;
    uint64_t bits;
    int used;
    uint32_t saturated;
    Codes largest;
} Finder;

static inline Finder finder_from(const Model *m, const Signal *x, long row)
{
    return (Finder){.operand = operand_rows(m, x) + 4L * row * x->spread, .differ = m->differ, .largest = codes_of(0, 0)};
}

WB_INLINE void find_words(Finder *f, Codes now, Codes clean, const int WIDE)
{
    Codes d = codes_sub(now, clean, WIDE);
    codes_store(f->operand, d);
    f->operand += WB_CODES;
    if (WB_SHORT && !WIDE) f->largest = codes_largest(f->largest, d);
    else f->saturated |= words_differ(codes_add(clean, d, WIDE), now);
    f->bits |= (uint64_t)words_differ(now, clean) << f->used;
    f->used += WB_CODES / 4;
    if (f->used < 64) return;
    memcpy(f->differ, &f->bits, 8);
    f->differ += 8;
    f->bits = 0;
    f->used = 0;
}

/* Differences of WB_CODES bytes of codes of BITS bits. */
WB_INLINE void find_codes(Finder *f, const void *now, const void *clean, const int BITS)
{
    if (BITS == 16 || WB_BYTES || WB_OFFSET) {
        find_words(f, codes_load(now), codes_load(clean), BITS == 16);
        return;
    }
    for (int half = 0; half < WB_CODES; half += WB_CODES / 2)
        find_words(f, codes_widened((const char *)now + half), codes_widened((const char *)clean + half), 1);
}

/* All of the rows from `low` to `high` are found, in Model.operand and Model.differ: note which words of each differ. */
static void note_found(Model *m, const Signal *x, int low, int high)
{
    uint32_t *mask = m->row_words + (long)(x->pad + low) * masks_of(x);
    int rows = high - low;
    long at = 0;
    m->found_low = low;
    m->found_high = high;
    if (x->spread == 8) {
        for (int i = 0; i < rows; i++) mask[i] = m->differ[i];
    } else if (x->spread == 16) {
        for (int i = 0; i < rows; i++) mask[i] = m->differ[2 * i] | (uint32_t)m->differ[2 * i + 1] << 8;
    } else if (x->spread % 32 == 0) {
        memcpy(mask, m->differ, (size_t)rows * x->spread / 8);
    } else {
        for (int row = 0; row < rows; row++)
            for (int left = x->spread; left > 0; left -= WB_MASK, mask++) {
                int count = left < WB_MASK ? left : WB_MASK;
                uint64_t bits;
                memcpy(&bits, m->differ + (at >> 3), 8);
                *mask = (uint32_t)(bits >> (at & 7) & ~(~0ull << count));
                at += count;
            }
    }
}

/* Where WB_SHORT, how many words' products sums of 16 bits hold; the differences are too large where not even one's do.
 * largest: `count` magnitudes of differences. */
static void note_largest(Model *m, const uint8_t *largest, int count)
{
    int most = 1;
    for (int i = 0; i < count; i++) most = largest[i] > most ? largest[i] : most;
    m->depth = 32767 / (2 * 255 * most);
    m->saturated = !m->depth;
}

/* After the last words of x were found. */
static void finish_finding(Model *m, const Signal *x, const Finder *f, int low, int high)
{
    uint8_t largest[WB_CODES];
    memcpy(f->differ, &f->bits, 8);
    m->depth = INT32_MAX;
    m->saturated = f->saturated != 0;
    codes_store(largest, f->largest);
    if (WB_SHORT && x->bits == 8) note_largest(m, largest, WB_CODES);
    note_found(m, x, low, high);
}

/* Model.operand and Model.row_words of the rows of x that can differ. */
static void find_differences(Model *m, const Signal *x)
{
    long bytes = row_bytes(x);
    int low = WB_CODES % bytes == 0 ? x->low - x->low % (int)(WB_CODES / bytes) : x->low; /* no vector over two lines */
    long start = low * bytes, end = x->high * bytes;
    const char *now = x->now, *clean = x->clean;
    Finder f = finder_from(m, x, low);
    if (x->bits == 8) for (long i = start; i < end; i += WB_CODES) find_codes(&f, now + i, clean + i, 8);
    else for (long i = start; i < end; i += WB_CODES) find_codes(&f, now + i, clean + i, 16);
    finish_finding(m, x, &f, low, x->high);
}

/* The codes themselves as operands, of all rows. */
static void take_codes(Model *m, const Signal *x)
{
    long count = (long)(x->pad + x->rows) * x->stride, first = (long)x->pad * x->stride;
    const int8_t *bytes = (const int8_t *)x->now - first;
    int16_t *pairs = (int16_t *)m->operand[1];
    if (x->bits == 16) memcpy(pairs, (const int16_t *)x->now - first, 2 * (size_t)count);
    else if (is_wide(x)) for (long i = 0; i < count; i++) pairs[i] = bytes[i];
    else for (long i = 0; i < count; i++) m->operand[0][i] = (uint8_t)(bytes[i] + WB_EXCESS);
    m->found_low = -x->pad;
    m->found_high = x->rows;
    m->coded = 1;
}

static void forget_differences(Model *m, const Signal *x)
{
    int masks = masks_of(x), low = m->found_low, rows = m->found_high - low;
    memset(operand_rows(m, x) + 4L * low * x->spread, 0, (size_t)(4L * rows * x->spread));
    if (m->coded) memset(code_rows(m, x) - 4L * x->pad * x->words, 0, (size_t)(4L * (x->pad + x->rows) * x->words));
    m->coded = 0;
    memset(m->row_words + (long)(x->pad + low) * masks, 0, (size_t)(4L * rows * masks));
    m->found = -1;
    m->saturated = 0;
}

/* Numbers of Model.seen of a position. */
static inline int numbers_seen(const Operator *op, const Signal *x)
{
    return (op->rows_seen * x->spread + 63) / 64;
}

/* Model.seen of the positions first .. last - 1. */
static void see_words(Model *m, const Operator *op, const Signal *x, int first, int last)
{
    int masks = masks_of(x), numbers = numbers_seen(op, x);
    const uint32_t *mask = m->row_words + (x->pad + (long)first * op->advance - op->history) * masks;
    uint64_t *seen = m->seen + (long)first * numbers;
    memset(seen, 0, 8 * (size_t)(last - first) * (size_t)numbers);
    for (int k = 0; k < op->rows_seen; k++, mask += (long)op->apart * masks)
        for (int n = 0; n < masks; n++) {
            int at = k * x->spread + n * WB_MASK, number = at / 64, up = at % 64;
            const uint32_t *from = mask + n;
            if (numbers == 1 && op->advance * masks == 1) {
                for (int p = 0; p < last - first; p++) seen[p] |= (uint64_t)from[p] << up;
                continue;
            }
            for (int p = 0; p < last - first; p++, from += op->advance * masks) {
                uint64_t bits = *from;
                seen[(long)p * numbers + number] |= bits << up;
                if (up > 64 - WB_MASK && bits >> (64 - up)) seen[(long)p * numbers + number + 1] |= bits >> (64 - up);
            }
        }
}

#endif
