/* SPDX-License-Identifier: Apache-2.0
 *
 * Dot products of the input rows of some positions, one after the other, with packed weights.
 *
 * Operands are rows of words: codes, as bytes plus WB_EXCESS or as int16. A tile is a few positions x a few blocks of
 * columns, whose sums stay in registers while it walks over all words of the positions' rows.
 */
#ifndef WB_DOT_H
#define WB_DOT_H

#include "rows.h"

typedef struct {
    const uint8_t *operand; /* of the first position */
    long step;              /* bytes to that of the next */
    const uint8_t *weights; /* of the first block */
    long word_bytes;        /* to those of the next word */
    const int32_t *from;    /* sums that all positions begin with */
    int32_t *sums;
    long sums_step;
} Tile;

#define WB_EACH_BLOCK(BLOCKS) _Pragma("GCC unroll 4") for (int n = 0; n < (BLOCKS); n++)
#define WB_EACH_SUM(ROWS, BLOCKS) \
    _Pragma("GCC unroll 16") for (int r = 0; r < (ROWS); r++) WB_EACH_BLOCK(BLOCKS)

/* Sums += codes of one word . weights. What is in capitals is a constant when inlined. */
WB_INLINE void add_word(
    Block (*a)[WB_BLOCKS], const uint8_t *x, long step, const uint8_t *w, const int WIDE, const int ROWS, const int BLOCKS)
{
    Block v[WB_BLOCKS];
    WB_EACH_BLOCK(BLOCKS) v[n] = block_load(w + 64 * n);
#pragma GCC unroll 16
    for (int r = 0; r < ROWS; r++, x += step) {
        Word b = word_of(load_word(x));
        WB_EACH_BLOCK(BLOCKS) a[r][n] = dot(a[r][n], b, v[n], WIDE);
    }
}

/* All words; `apart` bytes lie between the rows that a position sees. */
WB_INLINE void full_tile(
    const Tile *t, int rows_seen, long apart, int words, const int WIDE, const int ROWS, const int BLOCKS)
{
    Block a[WB_ROWS][WB_BLOCKS];
    const uint8_t *w = t->weights;
    WB_EACH_SUM(ROWS, BLOCKS) a[r][n] = block_load(t->from + 16 * n);
    for (int k = 0; k < rows_seen; k++)
        for (int i = 0; i < words; i++, w += t->word_bytes)
            add_word(a, t->operand + k * apart + 4 * i, t->step, w, WIDE, ROWS, BLOCKS);
    WB_EACH_SUM(ROWS, BLOCKS) block_store(t->sums + r * t->sums_step + 16 * n, a[r][n]);
}

/* How many positions of `op` a tile takes: a multiple of 4. */
static inline int tile_rows(const Operator *op)
{
    int blocks = op->padded / WB_COLUMNS;
    (void)blocks; /* where a tile has always as many */
    return WB_ROWS_OF(blocks);
}

/* All columns of a tile's positions. */
WB_INLINE void all_columns(const Operator *op, const Signal *x, Tile t, const int WIDE)
{
    int rows = tile_rows(op);
    for (int left = op->padded / WB_COLUMNS, blocks; left; left -= blocks) {
        blocks = WB_BLOCKS >= 4 && left >= 4 ? 4 : WB_BLOCKS >= 2 && left >= 2 ? 2 : 1;
#define WB_DO(ROWS, BLOCKS)                   \
        if (rows == ROWS && blocks == BLOCKS) \
            full_tile(&t, op->rows_seen, op->apart * 4L * x->words, x->words, WIDE, ROWS, BLOCKS);
        WB_SHAPES(WB_DO)
#undef WB_DO
        t.weights += 64 * blocks;
        t.from += WB_COLUMNS * blocks;
        t.sums += WB_COLUMNS * blocks;
    }
}

/* sums[tile_rows, padded] = base + operand . packed. operand: codes of x, from the first row that the first
 * position sees. */
WB_FEW_MOVES static void full_sums(const Operator *op, const Signal *x, const void *operand, int32_t *sums)
{
    Tile t = {.operand = operand, .step = 4L * op->advance * x->words, .weights = op->packed, .word_bytes = 4L * op->padded,
              .from = op->base, .sums = sums, .sums_step = op->padded};
    if (WB_BYTES && !is_wide(x)) all_columns(op, x, t, 0);
    else all_columns(op, x, t, 1);
}

/* Where the weight lies that the code of `channel` in the k-th row seen meets in `column`. */
static inline long weight_index(const Operator *op, const Signal *x, int k, int channel, int column)
{
    int lanes = lanes_of(x);
    long word = (long)k * x->words + channel / lanes;
    return (word * op->padded + column) * lanes + channel % lanes;
}

static inline int weight_at(const Operator *op, const Signal *x, int k, int channel, int column)
{
    long at = weight_index(op, x, k, channel, column);
    return lanes_of(x) == 4 ? ((const int8_t *)op->packed)[at] : ((const int16_t *)op->packed)[at];
}

#endif
