/* SPDX-License-Identifier: Apache-2.0
 *
 * Dot products of the input rows of some positions, one after the other, with packed weights.
 *
 * Operands are rows of words: codes or differences of codes, as bytes plus WB_EXCESS or as int16.
 * A tile is a few positions x a few blocks of columns, whose sums stay in registers. It walks over all
 * words of the positions' rows, or over a list of them.
 */
#ifndef WB_DOT_H
#define WB_DOT_H

#include "short_sums.h"

typedef struct {
    const uint8_t *operand; /* of the first position */
    long step;              /* bytes to that of the next */
    const uint8_t *weights; /* of the first block */
    long word_bytes;        /* to those of the next word */
    const int32_t *from;    /* sums to begin with */
    long from_step;         /* elements to those of the next position; 0 where all begin alike */
    const int32_t *less;    /* NULL, or what to take from all of them */
    int32_t *sums;
    long sums_step;
    /* Where sums become codes of 8 bits at once: those of the first position; NULL where they stay sums. */
    int8_t *now;
    const int8_t *clean;
    const int32_t *right; /* shifts */
    int low, high;
} Tile;

#define WB_EACH_BLOCK(BLOCKS) _Pragma("GCC unroll 4") for (int n = 0; n < (BLOCKS); n++)
#define WB_EACH_SUM(ROWS, BLOCKS) \
    _Pragma("GCC unroll 16") for (int r = 0; r < (ROWS); r++) WB_EACH_BLOCK(BLOCKS)

/* A tile's sums, or the codes that they become. Returns whether some codes differ from the clean ones. */
WB_INLINE int finish_tile(const Tile *t, Block (*a)[WB_BLOCKS], const int ROWS, const int BLOCKS)
{
#if WB_FUSED
    if (t->now) {
        Twin least = twin_of(t->low), most = twin_of(t->high), differ = twin_of(0);
        WB_EACH_BLOCK(BLOCKS) {
            Block right = block_load(t->right + 16 * n);
#pragma GCC unroll 8
            for (int r = 0; r < ROWS; r += 2) {
                long at = r * t->sums_step + 16 * n;
                Twin codes = twin_narrowed(a[r][n], a[r + 1][n], right, least, most);
                twin_store(t->now + at, t->now + at + t->sums_step, codes);
                differ = twin_differ(differ, codes, twin_load(t->clean + at, t->clean + at + t->sums_step));
            }
        }
        return twin_any(differ);
    }
#endif
    WB_EACH_SUM(ROWS, BLOCKS) block_store(t->sums + r * t->sums_step + 16 * n, a[r][n]);
    return 0;
}

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
WB_INLINE int full_tile(
    const Tile *t, int rows_seen, long apart, int words, const int WIDE, const int ROWS, const int BLOCKS)
{
    Block a[WB_ROWS][WB_BLOCKS];
    const uint8_t *w = t->weights;
    WB_EACH_SUM(ROWS, BLOCKS) a[r][n] = block_load(t->from + r * t->from_step + 16 * n);
    if (t->less) WB_EACH_SUM(ROWS, BLOCKS) a[r][n] = block_sub(a[r][n], block_load(t->less + 16 * n));
    for (int k = 0; k < rows_seen; k++)
        for (int i = 0; i < words; i++, w += t->word_bytes)
            add_word(a, t->operand + k * apart + 4 * i, t->step, w, WIDE, ROWS, BLOCKS);
    return finish_tile(t, a, ROWS, BLOCKS);
}

/* The words of a list; what their excess adds is the same for all positions. */
WB_INLINE int listed_tile(
    const Tile *t, const Entry *entry, int entries, const int WIDE, const int ROWS, const int BLOCKS)
{
    Block a[WB_ROWS][WB_BLOCKS], more[WB_BLOCKS];
    const int excess = !WIDE && WB_EXCESS;
    Word all = word_of(0x01010101u * WB_EXCESS);
    WB_EACH_SUM(ROWS, BLOCKS) a[r][n] = block_load(t->from + r * t->from_step + 16 * n);
    WB_EACH_BLOCK(BLOCKS) more[n] = block_zero();
    for (int i = 0; i < entries; i++) {
        const uint8_t *w = t->weights + entry[i].weights;
        add_word(a, t->operand + entry[i].operand, t->step, w, WIDE, ROWS, BLOCKS);
        if (excess) WB_EACH_BLOCK(BLOCKS) more[n] = dot(more[n], all, block_load(w + 64 * n), WIDE);
    }
    if (excess) WB_EACH_SUM(ROWS, BLOCKS) a[r][n] = block_sub(a[r][n], more[n]);
    return finish_tile(t, a, ROWS, BLOCKS);
}

static inline void next_columns(Tile *t, int blocks)
{
    t->weights += 64 * blocks;
    t->from += WB_COLUMNS * blocks;
    t->sums += WB_COLUMNS * blocks;
    if (t->less) t->less += WB_COLUMNS * blocks;
    if (!t->now) return;
    t->now += WB_COLUMNS * blocks;
    t->clean += WB_COLUMNS * blocks;
    t->right += WB_COLUMNS * blocks;
}

/* How many positions of `op` a tile takes: a multiple of 4. */
static inline int tile_rows(const Operator *op)
{
    int blocks = op->padded / WB_COLUMNS;
    (void)blocks; /* where a tile has always as many */
    return WB_ROWS_OF(blocks);
}

/* All columns of a tile's positions. entry: NULL for all words. Returns whether codes differ. */
WB_INLINE int all_columns(
    const Operator *op, const Signal *x, Tile t, const Entry *entry, int entries, const int WIDE)
{
    int rows = tile_rows(op), differ = 0;
    for (int left = op->padded / WB_COLUMNS, blocks; left; left -= blocks) {
        blocks = WB_BLOCKS >= 4 && left >= 4 ? 4 : WB_BLOCKS >= 2 && left >= 2 ? 2 : 1;
#define WB_DO(ROWS, BLOCKS)                                                                          \
        if (rows == ROWS && blocks == BLOCKS) {                                                      \
            differ |= entry ? listed_tile(&t, entry, entries, WIDE, ROWS, BLOCKS)                    \
                : full_tile(&t, op->rows_seen, op->apart * 4L * x->words, x->words, WIDE, ROWS, BLOCKS); \
        }
        WB_SHAPES(WB_DO)
#undef WB_DO
        next_columns(&t, blocks);
    }
    return differ;
}

#if WB_SHORT
/* The words of a list, by short sums of `depth` words at a time. offset: what to take from each position's sums. */
WB_INLINE int short_tile(
    const Tile *t, const Entry *entry, int entries, int depth, const uint32_t *offset, const int ROWS, const int BLOCKS)
{
    Block a[WB_ROWS][WB_BLOCKS];
    const int32_t *from = t->from;
    long from_step = t->from_step;
    const Entry *last = entry + entries;
    for (;;) {
        const Entry *end = last - entry > depth ? entry + depth : last;
        WB_EACH_SUM(ROWS, BLOCKS) a[r][n] = block_zero();
        for (; entry < end; entry++) {
            const uint8_t *x = t->operand + entry->operand, *w = t->weights + entry->weights;
            Block v[WB_BLOCKS];
            WB_EACH_BLOCK(BLOCKS) v[n] = block_load(w + 64 * n);
#pragma GCC unroll 16
            for (int r = 0; r < ROWS; r++, x += t->step) {
                Word b = word_of(load_word(x));
                WB_EACH_BLOCK(BLOCKS) a[r][n] = dot_short(a[r][n], b, v[n]);
            }
        }
        WB_EACH_SUM(ROWS, BLOCKS) a[r][n] = add_short(block_load(from + r * from_step + 16 * n), a[r][n]);
        if (entry >= last) break;
        WB_EACH_SUM(ROWS, BLOCKS) block_store(t->sums + r * t->sums_step + 16 * n, a[r][n]);
        from = t->sums;
        from_step = t->sums_step;
    }
    WB_EACH_SUM(ROWS, BLOCKS) a[r][n] = block_less(a[r][n], offset[r]);
    return finish_tile(t, a, ROWS, BLOCKS);
}

/* `t` is given by address: a copy of what was just written piece by piece would wait for it. */
WB_FEW_MOVES static int short_columns(
    const Operator *op, Tile *t, const Entry *entry, int entries, int depth, const uint32_t *offset)
{
    int rows = tile_rows(op), differ = 0;
    for (int left = op->padded / WB_COLUMNS, blocks; left; left -= blocks) {
        blocks = WB_BLOCKS >= 4 && left >= 4 ? 4 : WB_BLOCKS >= 2 && left >= 2 ? 2 : 1;
#define WB_DO(ROWS, BLOCKS) \
        if (rows == ROWS && blocks == BLOCKS) differ |= short_tile(t, entry, entries, depth, offset, ROWS, BLOCKS);
        WB_SHAPES(WB_DO)
#undef WB_DO
        next_columns(t, blocks);
    }
    return differ;
}
#endif

/* sums[tile_rows, padded] = base + operand . packed. operand: codes of x, from the first row that the first
 * position sees. */
WB_FEW_MOVES static void full_sums(const Operator *op, const Signal *x, const void *operand, int32_t *sums)
{
    Tile t = {.operand = operand, .step = 4L * op->advance * x->words, .weights = op->packed, .word_bytes = 4L * op->padded,
              .from = op->base, .from_step = 0, .sums = sums, .sums_step = op->padded};
    if (WB_BYTES && !is_wide(x)) all_columns(op, x, t, NULL, 0, 0);
    else all_columns(op, x, t, NULL, 0, 1);
}

/* Model.sums[tile_rows, padded] = clean sums of the tile of positions from p on + differences . weights, of all words
 * or, where `entry` is not NULL, of those; where `y` is not NULL, its codes instead. Returns whether codes differ. */
static int difference_sums(
    const Model *m, const Operator *op, const Signal *x, const Signal *y, int p, const Entry *entry, int entries)
{
    long row = (long)p * op->advance - op->history;
    Tile t = {.operand = operand_rows(m, x) + 4L * row * x->spread, .step = 4L * op->advance * x->spread,
              .weights = op->packed, .word_bytes = 4L * op->padded, .from = op->clean_sums + (long)p * op->padded,
              .from_step = op->padded, .sums = m->sums, .sums_step = op->padded,
              .right = op->right, .low = op->clamp_low, .high = op->clamp_high};
    if (y) {
        t.now = (int8_t *)y->now + (long)p * op->columns;
        t.clean = (const int8_t *)y->clean + (long)p * op->columns;
    }
#if WB_SHORT
    if (has_short_sums(x)) {
        t.weights = op->short_weights;
        return short_columns(op, &t, entry ? entry : op->entry_of_word, entries, m->depth, m->offset + p);
    }
#endif
    if (WB_EXCESS && !is_wide(x) && !entry) t.less = op->excess;
    if (WB_BYTES && !is_wide(x)) return all_columns(op, x, t, entry, entries, 0);
    return all_columns(op, x, t, entry, entries, 1);
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
