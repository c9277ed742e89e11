/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions some of whose blocks of weights are left out. A block is the weights of four rows (of all
 * phases) for eight inputs of a tap. A bit a block says whether it is kept; everything else is in reserve, and counts only
 * while the mode is not 0. What every mask and mode means: `workbench.integer.operators.pruned`.
 */
#ifndef WB_BLOCKS_H
#define WB_BLOCKS_H

#include "wb_conv.h"

#define WB_BLOCK_ROWS 4u
#define WB_BLOCK_CODES 8u
#define WB_BLOCK_BYTES 32u

/* The weights of a convolution, [group of rows][block][row][input]. */
typedef struct {
    const int8_t *kept;
    const int8_t *reserve;     /* in flash */
    const unsigned char *mask; /* whole bytes a group */
    int32_t mode;
    uint32_t count;      /* blocks of a group */
    uint32_t kept_count; /* of which so many are kept */
    const wb_moved_weights *moved; /* or null */
} wb_blocks;

#define WB_BLOCK_BITS 32u

static inline uint32_t wb_bits_set(uint32_t word)
{
    word -= word >> 1 & 0x55555555u;
    word = (word & 0x33333333u) + (word >> 2 & 0x33333333u);
    return ((word + (word >> 4)) & 0x0f0f0f0fu) * 0x01010101u >> 24;
}

/* The bits of a word for which there are weights: its lowest `*left` that are set; takes them off `*left`. */
static inline uint32_t wb_bits_with_weights(uint32_t word, uint32_t *left)
{
    const uint32_t set = wb_bits_set(word);
    if (set <= *left) {
        *left -= set;
        return word;
    }
    uint32_t lowest = 0; /* a fault set more */
    for (; *left; --*left, word &= word - 1) {
        lowest |= word & (0u - word);
    }
    return lowest;
}

/* The blocks of a word of a mask, of which `left` are to come: as many ones, at most 32. */
static inline uint32_t wb_blocks_of_word(uint32_t left)
{
    return 0xffffffffu >> (left < WB_BLOCK_BITS ? WB_BLOCK_BITS - left : 0);
}

/* The bits of a mask that these blocks have; its last byte may be the last there is. */
static inline uint32_t wb_mask_word(const unsigned char *mask, uint32_t blocks)
{
    uint32_t word = mask[0];
    if (blocks >> 8) {
        word |= (uint32_t)mask[1] << 8;
    }
    if (blocks >> 16) {
        word |= (uint32_t)mask[2] << 16;
    }
    if (blocks >> 24) {
        word |= (uint32_t)mask[3] << 24;
    }
    return word & blocks;
}

/* Bits of the blocks of a group that are kept, or, unless `wanted`, of all others: as many as there are weights for. */
static inline void wb_block_bits(const wb_blocks *blocks, const unsigned char *mask, uint32_t wanted,
                                 uint32_t *words)
{
    uint32_t kept = blocks->kept_count;
    uint32_t others = blocks->count - kept;
    for (uint32_t first = 0; first < blocks->count; first += WB_BLOCK_BITS) {
        const uint32_t all = wb_blocks_of_word(blocks->count - first);
        const uint32_t bits = wb_bits_with_weights(wb_mask_word(mask + first / 8, all), &kept);
        *words++ = wanted ? bits : wb_bits_with_weights(all & ~bits, &others);
    }
}

/* List how many bytes behind x the codes of the blocks lie whose bits are set, which are in `list`; returns how many. */
static inline uint32_t wb_list_blocks(const wb_conv_walk *walk, const uint32_t *words, uint32_t each, uint32_t *list)
{
    const uint32_t run_blocks = (uint32_t)walk->run_codes / WB_BLOCK_CODES;
    uint32_t *end = list;
    uint32_t first = 0;
    uint32_t word = 0;
    uint32_t bits = 0;
    for (size_t run = 0; run < walk->runs; run++) {
        uint32_t at = first;
        for (uint32_t i = run_blocks; i; i--, bits--, word >>= 1, at += each) {
            if (!bits) {
                word = *words++;
                bits = WB_BLOCK_BITS;
            }
            if (word & 1u) {
                *end++ = at;
            }
        }
        first += (uint32_t)walk->run_bytes;
    }
    return (uint32_t)(end - list);
}

/* A code of a block with the weights of four rows; offsets that are constants are part of an instruction. */
#define WB_BLOCK_CODE(i)                                                                            \
    code = codes[i];                                                                                \
    if (code) {                                                                                     \
        s0 += wb_product(code, weights[i]);                                                         \
        s1 += wb_product(code, weights[8 + (i)]);                                                   \
        s2 += wb_product(code, weights[16 + (i)]);                                                  \
        s3 += wb_product(code, weights[24 + (i)]);                                                  \
    }

/* Add the products of blocks of weights, of four rows, with the codes that a list points at. */
#define WB_ADD_BLOCKS(type)                                                                         \
    {                                                                                               \
        const uint32_t *const end = list + count;                                                   \
        uint32_t s0 = sums[0];                                                                      \
        uint32_t s1 = sums[1];                                                                      \
        uint32_t s2 = sums[2];                                                                      \
        uint32_t s3 = sums[3];                                                                      \
        for (; list != end; list++, weights += WB_BLOCK_BYTES) {                                    \
            const type *const codes = (const type *)(const void *)(x + *list);                      \
            int32_t code;                                                                           \
            WB_BLOCK_CODE(0)                                                                        \
            WB_BLOCK_CODE(1)                                                                        \
            WB_BLOCK_CODE(2)                                                                        \
            WB_BLOCK_CODE(3)                                                                        \
            WB_BLOCK_CODE(4)                                                                        \
            WB_BLOCK_CODE(5)                                                                        \
            WB_BLOCK_CODE(6)                                                                        \
            WB_BLOCK_CODE(7)                                                                        \
        }                                                                                           \
        sums[0] = s0;                                                                               \
        sums[1] = s1;                                                                               \
        sums[2] = s2;                                                                               \
        sums[3] = s3;                                                                               \
    }
WB_NOINLINE static void wb_add_blocks_x8(const unsigned char *x, const uint32_t *list, uint32_t count,
                                         const int8_t *weights, uint32_t *sums)
    WB_ADD_BLOCKS(int8_t)
WB_NOINLINE static void wb_add_blocks_x16(const unsigned char *x, const uint32_t *list, uint32_t count,
                                          const int8_t *weights, uint32_t *sums)
    WB_ADD_BLOCKS(int16_t)

/* Write the codes of the four rows from `row` on, the columns of whichever phases they are. */
static inline void wb_put_block_rows(const wb_conv_call *call, uint32_t *sums, uint32_t column, unsigned char *y)
{
    const wb_conv_shape *const shape = call->shape;
    for (uint32_t k = 0; k < WB_BLOCK_ROWS; k++) {
        const uint32_t sum = sums[k] + wb_bias(call->bias, column);
        wb_store(y, shape->y_bits, k, wb_code_of(sum, call->shift[column], shape->low, shape->high));
        column = column + 1 < shape->columns ? column + 1 : 0;
    }
}

/* The kept weights of a group of rows, which may have moved. */
static inline const int8_t *wb_kept_of(const wb_blocks *blocks, uint32_t group)
{
    const uint32_t bytes = blocks->kept_count * WB_BLOCK_BYTES;
    const int8_t *const kept = blocks->kept + group * bytes;
    const wb_moved_weights *const moved = blocks->moved;
    return moved ? (const int8_t *)moved->gather(moved->memory, kept, bytes, moved->bounce) : kept;
}

static inline uint32_t wb_column_after(const wb_conv_shape *shape, uint32_t column)
{
    column += WB_BLOCK_ROWS;
    while (column >= shape->columns) {
        column -= shape->columns;
    }
    return column;
}

/* One frame in plain C: each group of rows lists its blocks once for all positions. */
static inline void wb_plain_blocks(const wb_conv_call *call, const wb_blocks *blocks)
{
    const wb_conv_shape *const shape = call->shape;
    const wb_conv_walk *const walk = &call->walk;
    const uint32_t rows = shape->up * shape->columns;
    const uint32_t code_bytes = shape->x_bits / 8;
    const uint32_t mask_bytes = (blocks->count + 7) / 8;
    const size_t step = shape->stride * walk->row_bytes;
    uint32_t *const words = call->work;
    uint32_t *const list = words + (blocks->count + WB_BLOCK_BITS - 1) / WB_BLOCK_BITS;
    uint32_t column = 0;
    for (uint32_t group = 0; group < rows / WB_BLOCK_ROWS; group++) {
        const unsigned char *const mask = blocks->mask + group * mask_bytes;
        const int8_t *const kept = wb_kept_of(blocks, group);
        const int8_t *const reserve =
            blocks->reserve + group * (blocks->count - blocks->kept_count) * WB_BLOCK_BYTES;
        const uint32_t each = WB_BLOCK_CODES * code_bytes;
        uint32_t count;
        uint32_t others = 0;
        wb_block_bits(blocks, mask, 1, words);
        count = wb_list_blocks(walk, words, each, list);
        if (blocks->mode) {
            wb_block_bits(blocks, mask, 0, words);
            others = wb_list_blocks(walk, words, each, list + count);
        }
        const unsigned char *x = call->x;
        unsigned char *y = call->y + group * WB_BLOCK_ROWS * shape->y_bits / 8;
        for (uint32_t row = 0; row < shape->rows; row += shape->stride) {
            uint32_t sums[WB_BLOCK_ROWS] = {0, 0, 0, 0};
            if (code_bytes == 1) {
                wb_add_blocks_x8(x, list, count, kept, sums);
                wb_add_blocks_x8(x, list + count, others, reserve, sums);
            } else {
                wb_add_blocks_x16(x, list, count, kept, sums);
                wb_add_blocks_x16(x, list + count, others, reserve, sums);
            }
            wb_put_block_rows(call, sums, column, y);
            x += step;
            y += rows * shape->y_bits / 8;
        }
        column = wb_column_after(shape, column);
    }
}

/* Of parameters that lie in flash a compiler knows the values, and an upset changes them all the same. */
#if defined(__GNUC__)
#define WB_UNKNOWN(pointer) __asm__("" : "+r"(pointer))
#else
#define WB_UNKNOWN(pointer) (void)(pointer)
#endif

#if defined(WB_KERNELS_DSP_H)
#include "wb_dsp_blocks.h"
#else
#define wb_tuned_blocks wb_plain_blocks
#endif

/* One frame; see `wb_conv_frame`. */
WB_NOINLINE static void wb_conv_blocks(const wb_conv_shape *shape, const wb_blocks *blocks, const void *bias,
                                       const int8_t *shift, void *history, void *x, void *y, uint32_t *work)
{
    const size_t back_bytes = wb_back_bytes(shape);
    unsigned char *const window = (unsigned char *)x - back_bytes;
    WB_UNKNOWN(blocks);
    WB_UNKNOWN(bias);
    WB_UNKNOWN(shift);
    const wb_conv_call call = wb_call_of(shape, blocks->kept, bias, shift, window, y, work, NULL);

    wb_copy(window, history, back_bytes);
    wb_tuned_blocks(&call, blocks);
    wb_copy(history, window + shape->rows * call.walk.row_bytes, back_bytes);
}

#endif
