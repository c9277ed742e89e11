/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of positions from the words of their input rows that differ: clean sums + differences . weights.
 *
 * Where WB_OFFSET is not 0, differences of codes of 8 bits are multiplied as signed bytes with weights that it makes
 * unsigned; what that adds is WB_OFFSET times the sum of the differences, which is summed beside them.
 *
 * Where WB_SHORT, two such products come as one sum of 16 bits, at most 2 * 255 * d in size, where d is the largest
 * difference; those of `depth` words are added up before they are added to sums of 32 bits. Exact for all d <= 64.
 */
#ifndef WB_POSITIONS_H
#define WB_POSITIONS_H

#include "dot.h"
#include "follow.h"

/* What the sums of positions, one after the other, are made of. */
typedef struct {
    const uint8_t *operand; /* of the first row that the first position sees */
    long step;              /* bytes to that of the next position */
    const uint64_t *seen;   /* bits: which words of a position's rows differ */
    int numbers;            /* of `seen` a position */
    const int32_t *operand_of_word; /* offsets in bytes */
    const uint8_t *weights;
    long word_bytes;        /* of the weights that a word meets */
    const int32_t *from;    /* clean sums */
    int32_t *sums;          /* of a tile */
    int depth;
    long padded;            /* sums of a position */
#if WB_FUSED
    Follow follow;
#endif
} Positions;

#define WB_EACH_ROW(ROWS) _Pragma("GCC unroll 8") for (int r = 0; r < (ROWS); r++)
#define WB_EACH(ROWS, BLOCKS) WB_EACH_ROW(ROWS) WB_EACH_BLOCK(BLOCKS)

/* Words that differ for one of ROWS positions. */
WB_INLINE uint64_t seen_by(const uint64_t *seen, int numbers, const int ROWS)
{
    uint64_t bits = 0;
    WB_EACH_ROW(ROWS) bits |= seen[r * numbers];
    return bits;
}

/* Sums of BLOCKS blocks of the columns from `column` on of ROWS positions from p on, or what follows of them. ONE: a number
 * of Positions.seen is all of a position. */
WB_INLINE void sum_blocks(
    const Positions *t, long p, long column, Differ *d, const int WIDE, const int ONE, const int ROWS, const int BLOCKS)
{
    const int OFFSET = WB_OFFSET && !WIDE, SHORT = WB_SHORT && !WIDE;
    Block a[WB_ROWS_NARROW][WB_ABREAST];
    const long padded = t->padded, step = t->step, word_bytes = t->word_bytes;
    const int32_t *from = t->from + p * padded + column, *operand_of_word = t->operand_of_word;
    int32_t *sums = t->sums + column;
    const uint8_t *operand = t->operand + p * step, *weights = t->weights + 4 * column;
    const int numbers = ONE ? 1 : t->numbers;
    const uint64_t *seen = t->seen + p * numbers, *last = seen + numbers;
    uint64_t bits = seen_by(seen, numbers, ROWS);
    for (;;) {
        Word less[WB_ROWS_NARROW];
        WB_EACH(ROWS, BLOCKS) a[r][n] = OFFSET ? block_zero() : block_load(from + r * padded + 16 * n);
        WB_EACH_ROW(ROWS) less[r] = word_of(0);
        int words = __builtin_popcountll(bits);
        if (SHORT && words > t->depth) words = t->depth;
        for (; words; words--) {
            long word = __builtin_ctzll(bits);
            const uint8_t *x = operand + operand_of_word[word], *w = weights + word * word_bytes;
            Word each[WB_ROWS_NARROW];
            WB_KEEP(w);
            bits &= bits - 1;
            WB_EACH_ROW(ROWS) each[r] = word_of(load_word(x + r * step));
            WB_EACH_BLOCK(BLOCKS) {
                Block v = block_load(w + 64 * n);
                WB_EACH_ROW(ROWS) a[r][n] = OFFSET ? dot_offset(a[r][n], each[r], v) : dot(a[r][n], each[r], v, WIDE);
            }
            if (OFFSET) WB_EACH_ROW(ROWS) less[r] = word_offset(less[r], each[r]);
        }
        if (OFFSET) WB_EACH(ROWS, BLOCKS) a[r][n] = add_offset(block_load(from + r * padded + 16 * n), a[r][n], less[r]);
        while (!ONE && !bits && ++seen < last) {
            bits = seen_by(seen, numbers, ROWS);
            weights += 64 * word_bytes;
            operand_of_word += 64;
        }
        if (!bits) break;
        WB_EACH(ROWS, BLOCKS) block_store(sums + r * padded + 16 * n, a[r][n]);
        from = sums;
    }
#if WB_FUSED
    if (t->follow.clean && BLOCKS > 1) {
        WB_EACH_ROW(ROWS) _Pragma("GCC unroll 2") for (int n = 0; n + 1 < BLOCKS; n += 2) {
            Pair codes = pair_narrowed(a[r][n], a[r][n + 1], t->follow.right + column + 16 * n, t->follow.low, t->follow.high);
            follow(&t->follow, (p + r) * padded + column + 16 * n, codes, d);
        }
        return;
    }
#endif
    (void)d;
    WB_EACH(ROWS, BLOCKS) block_store(sums + r * padded + 16 * n, a[r][n]);
}

/* The same of all columns. */
WB_INLINE void sum_columns(const Positions *t, long p, Differ *d, const int WIDE, const int ONE, const int ROWS)
{
    const int FOUR = WB_ABREAST >= 4 ? 4 : 1, TWO = WB_ABREAST >= 2 ? 2 : 1;
    long column = 0, padded = t->padded;
    for (; FOUR > 1 && column + 64 <= padded; column += 64) sum_blocks(t, p, column, d, WIDE, ONE, ROWS, FOUR);
    for (; TWO > 1 && column + 32 <= padded; column += 32) sum_blocks(t, p, column, d, WIDE, ONE, ROWS, TWO);
    for (; column < padded; column += 16) sum_blocks(t, p, column, d, WIDE, ONE, ROWS, 1);
}

/* Sums of the first of `left` positions from p on, or of the first ones. Returns how many. */
WB_INLINE int sum_some(const Positions *t, long p, int left, const int WIDE, const int ONE)
{
    if (t->padded == WB_COLUMNS && left >= WB_ROWS_NARROW) {
        sum_blocks(t, p, 0, 0, WIDE, ONE, WB_ROWS_NARROW, 1);
        return WB_ROWS_NARROW;
    }
    if (left >= WB_ROWS_DIFFERENT && WB_ROWS_DIFFERENT > 1) {
        sum_columns(t, p, 0, WIDE, ONE, WB_ROWS_DIFFERENT);
        return WB_ROWS_DIFFERENT;
    }
    sum_columns(t, p, 0, WIDE, ONE, 1);
    return 1;
}

/* Positions.sums of `count` positions from p on, at most a tile. */
WB_INLINE void sum_all(const Positions *from, long p, int count, const int WIDE, const int ONE)
{
    Positions t = *from;
    for (int left = count, rows; left; left -= rows, p += rows, t.sums += rows * t.padded) rows = sum_some(&t, p, left, WIDE, ONE);
}

WB_FEW_MOVES static void sum_bytes(const Positions *t, long p, int count)
{
    if (t->numbers == 1) sum_all(t, p, count, 0, 1);
    else sum_all(t, p, count, 0, 0);
}

WB_FEW_MOVES static void sum_pairs(const Positions *t, long p, int count)
{
    if (t->numbers == 1) sum_all(t, p, count, 1, 1);
    else sum_all(t, p, count, 1, 0);
}

static inline void sum_tile(const Positions *t, long p, int count, int wide)
{
    if (wide) sum_pairs(t, p, count);
    else sum_bytes(t, p, count);
}

#endif
