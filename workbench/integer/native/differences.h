/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the source of a convolution differs from the clean run, and by how much.
 */
#ifndef WB_DIFFERENCES_H
#define WB_DIFFERENCES_H

#include "dot.h"

#define WB_MASK 32 /* words whose bits make one number of Model.row_words */

/* Row 0 of the differences. */
static inline uint8_t *difference_rows(const Model *m, const Signal *x)
{
    return m->difference[is_wide(x)] + x->pad * row_bytes(x);
}

/* Numbers of a row in Model.row_words. */
static inline int masks_of(const Signal *x)
{
    return (x->words + WB_MASK - 1) / WB_MASK;
}

/* Fill Model.difference of the rows of x that can differ, and Model.differ. */
WB_INLINE void find_differences_of_width(Model *m, const Signal *x, const int WIDE)
{
    long bytes = row_bytes(x), start = x->low * bytes, count = x->high * bytes - start;
    const char *now = (const char *)x->now + start, *clean = (const char *)x->clean + start;
    uint8_t *to = difference_rows(m, x) + start, *differ = m->differ;
    Codes excess = codes_of(WIDE ? 0 : WB_EXCESS, WIDE);
    uint64_t bits = 0;
    uint32_t saturated = 0;
    int used = 0;
    for (long i = 0; i < count; i += WB_CODES) {
        Codes a = codes_xor(codes_load(now + i), excess), b = codes_xor(codes_load(clean + i), excess);
        Codes d = codes_sub(a, b, WIDE);
        codes_store(to + i, codes_xor(d, excess));
        saturated |= words_differ(codes_add(b, d, WIDE), a);
        bits |= (uint64_t)words_differ(a, b) << used;
        used += WB_CODES / 4;
        if (used == 64) {
            memcpy(differ, &bits, 8);
            differ += 8;
            bits = 0;
            used = 0;
        }
    }
    memcpy(differ, &bits, 8);
    m->saturated = saturated != 0;
}

/* The same, and Model.row_words. */
static void find_differences(Model *m, const Signal *x)
{
    if (WB_BYTES && !is_wide(x)) find_differences_of_width(m, x, 0);
    else find_differences_of_width(m, x, 1);
    int masks = masks_of(x);
    uint32_t *mask = m->row_words + (long)(x->pad + x->low) * masks;
    long at = 0;
    for (int row = x->low; row < x->high; row++)
        for (int left = x->words; left > 0; left -= WB_MASK, mask++) {
            int count = left < WB_MASK ? left : WB_MASK;
            uint64_t bits;
            memcpy(&bits, m->differ + (at >> 3), 8);
            *mask = (uint32_t)(bits >> (at & 7) & ~(~0ull << count));
            at += count;
        }
}

static void forget_differences(Model *m, const Signal *x)
{
    long bytes = row_bytes(x), start = x->low * bytes, rows = x->high - x->low;
    int masks = masks_of(x);
    memset(difference_rows(m, x) + start, is_wide(x) ? 0 : WB_EXCESS, (size_t)(rows * bytes));
    memset(m->row_words + (long)(x->pad + x->low) * masks, 0, (size_t)(4 * rows * masks));
}

/* Into Model.unions, for each row that positions see and each of its masks: the words that differ in the
 * input rows of a tile's positions from p on. Returns how many words. */
static int count_words(Model *m, const Operator *op, const Signal *x, int p)
{
    int masks = masks_of(x), rows = tile_rows(op), count = 0;
    long first = x->pad + (long)p * op->advance - op->history, step = (long)op->advance * masks;
    uint32_t *to = m->unions;
    for (int k = 0; k < op->rows_seen; k++) {
        const uint32_t *mask = m->row_words + (first + k * op->apart) * masks;
        for (int n = 0; n < masks; n++, mask++, to++) {
            uint32_t words = 0;
            for (int r = 0; r < rows; r += 4)
                words |= mask[r * step] | mask[(r + 1) * step] | mask[(r + 2) * step] | mask[(r + 3) * step];
            *to = words;
            count += __builtin_popcount(words);
        }
    }
    return count;
}

/* Those words, into Model.entry. */
static void list_words(Model *m, const Operator *op, const Signal *x)
{
    int masks = masks_of(x), apart = (int)(op->apart * row_bytes(x)), word_bytes = 4 * op->padded;
    const uint32_t *from = m->unions;
    Entry *e = m->entry;
    for (int k = 0; k < op->rows_seen; k++)
        for (int n = 0; n < masks; n++)
            for (uint32_t words = *from++; words; words &= words - 1) {
                int i = n * WB_MASK + __builtin_ctz(words);
                *e++ = (Entry){k * apart + 4 * i, (k * x->words + i) * word_bytes};
            }
}

#endif
