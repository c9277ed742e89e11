/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the source of a convolution differs from the clean run, and by how much.
 */
#ifndef WB_DIFFERENCES_H
#define WB_DIFFERENCES_H

#include "rows.h"

enum { DIFFERS = 1, SATURATED = 2 }; /* Model.row_differs; SATURATED: some difference does not fit a code */

#define MOST_BITS 56 /* that one unaligned load of 8 bytes shows */

/* Row 0 of the differences. */
static inline uint8_t *difference_rows(const Model *m, const Signal *x)
{
    return m->difference[is_wide(x)] + x->pad * row_bytes(x);
}

/* `count` <= MOST_BITS bits for words of a row that differ, from `word` on. */
static inline uint64_t differing_words(const Model *m, const Signal *x, long row, int word, int count)
{
    if (row < x->low || row >= x->high) return 0;
    long at = (row - x->low) * x->words + word;
    uint64_t bits;
    memcpy(&bits, m->differ + (at >> 3), 8);
    return bits >> (at & 7) & ~(~0ull << count);
}

/* Fill Model.difference, .differ and .row_differs for the rows of x that can differ. */
WB_INLINE void find_differences_of_width(Model *m, const Signal *x, const int WIDE)
{
    long bytes = row_bytes(x), start = x->low * bytes, count = x->high * bytes - start;
    const char *now = (const char *)x->now + start, *clean = (const char *)x->clean + start;
    uint8_t *to = difference_rows(m, x) + start, *differ = m->differ, *flags = m->row_differs + x->pad;
    Codes excess = codes_of(WIDE ? 0 : WB_EXCESS, WIDE);
    uint64_t bits = 0;
    int used = 0;
    for (long i = 0; i < count; i += WB_CODES) {
        Codes a = codes_xor(codes_load(now + i), excess), b = codes_xor(codes_load(clean + i), excess);
        Codes d = codes_sub(a, b, WIDE);
        codes_store(to + i, codes_xor(d, excess));
        bits |= (uint64_t)words_differ(a, b) << used;
        used += WB_CODES / 4;
        if (used == 64) {
            memcpy(differ, &bits, 8);
            differ += 8;
            bits = 0;
            used = 0;
        }
        if (words_differ(codes_add(b, d, WIDE), a)) {
            long last = (start + i + WB_CODES - 1) / bytes;
            for (long row = (start + i) / bytes; row <= last && row < x->high; row++) flags[row] |= SATURATED;
        }
    }
    memcpy(differ, &bits, 8);
}

static void find_differences(Model *m, const Signal *x)
{
    if (WB_BYTES && !is_wide(x)) find_differences_of_width(m, x, 0);
    else find_differences_of_width(m, x, 1);
    for (int row = x->low; row < x->high; row++)
        for (int word = 0; word < x->words; word += MOST_BITS) {
            int count = x->words - word < MOST_BITS ? x->words - word : MOST_BITS;
            if (differing_words(m, x, row, word, count)) m->row_differs[x->pad + row] |= DIFFERS;
        }
}

static void forget_differences(Model *m, const Signal *x)
{
    long bytes = row_bytes(x), start = x->low * bytes, count = x->high * bytes - start;
    memset(difference_rows(m, x) + start, is_wide(x) ? 0 : WB_EXCESS, (size_t)count);
    memset(m->row_differs + x->pad + x->low, 0, (size_t)(x->high - x->low));
}

/* The words that differ in some input row of `rows` positions from p on, into Model.entry. Returns how
 * many; -1 where a difference is saturated. */
static int list_words(Model *m, const Operator *op, const Signal *x, int p, int rows)
{
    long first = (long)p * op->advance - op->history, bytes = row_bytes(x);
    Entry *e = m->entry;
    for (int k = 0; k < op->rows_seen; k++) {
        long row = first + k * op->apart;
        int flags = 0;
        for (int r = 0; r < rows; r++) flags |= m->row_differs[x->pad + row + r * op->advance];
        if (flags & SATURATED) return -1;
        if (!flags) continue;
        for (int word = 0; word < x->words; word += MOST_BITS) {
            int count = x->words - word < MOST_BITS ? x->words - word : MOST_BITS;
            uint64_t bits = 0;
            for (int r = 0; r < rows; r++) bits |= differing_words(m, x, row + r * op->advance, word, count);
            for (; bits; bits &= bits - 1) {
                int i = word + __builtin_ctzll(bits);
                e->codes = (int32_t)(k * op->apart * bytes + 4 * i);
                e->weights = (k * x->words + i) * 4 * op->padded;
                e++;
            }
        }
    }
    return (int)(e - m->entry);
}

#endif
