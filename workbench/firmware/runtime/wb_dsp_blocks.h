/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels with SMLAD for convolutions some of whose blocks of weights are left out. The bits of the blocks that count
 * are walked beside the laid out codes: a word of bits, its first block the highest, is shifted to the next that is set.
 * Included by wb_blocks.h.
 */
#ifndef WB_DSP_BLOCKS_H
#define WB_DSP_BLOCKS_H

#define WB_BLOCK_OPERANDS                                                                           \
    [bits] "+r"(bits), [at] "+r"(at), [row] "+r"(row), [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), \
        [s3] "+r"(s3), [w] "=&r"(w), [t] "=&r"(t), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c),        \
        [d] "=&r"(d)
#define WB_BLOCK_SUMS                                                                               \
    uint32_t s0 = sums[0];                                                                          \
    uint32_t s1 = sums[1];                                                                          \
    uint32_t s2 = sums[2];                                                                          \
    uint32_t s3 = sums[3];                                                                          \
    uint32_t w;                                                                                     \
    uint32_t t
#define WB_BLOCK_SUMS_BACK                                                                          \
    sums[0] = s0;                                                                                   \
    sums[1] = s1;                                                                                   \
    sums[2] = s2;                                                                                   \
    sums[3] = s3
/* To the codes of the next block whose bit is set, `1 << shift` bytes a block; at last, flags say whether there are more. */
#define WB_TO_BLOCK(shift)                                                                          \
    "clz %[t], %[bits]\n\t"                                                                         \
    "add %[at], %[at], %[t], lsl #" shift "\n\t"                                                    \
    "add %[t], %[t], #1\n\t"                                                                        \
    "lsls %[bits], %[bits], %[t]\n\t"

/* A word of weights in w, at four positions. */
#define WB_TWO_PAIRS_AT                                                                             \
    "ldmia %[at]!, {%[a], %[b], %[c], %[d]}\n\t"                                                    \
    "sxtb16 %[t], %[w]\n\t"                                                                         \
    "smlad %[s0], %[t], %[a], %[s0]\n\t"                                                            \
    "smlad %[s1], %[t], %[b], %[s1]\n\t"                                                            \
    "smlad %[s2], %[t], %[c], %[s2]\n\t"                                                            \
    "smlad %[s3], %[t], %[d], %[s3]\n\t"                                                            \
    "ldmia %[at]!, {%[a], %[b], %[c], %[d]}\n\t"                                                    \
    "sxtb16 %[w], %[w], ror #8\n\t"                                                                 \
    "smlad %[s0], %[w], %[a], %[s0]\n\t"                                                            \
    "smlad %[s1], %[w], %[b], %[s1]\n\t"                                                            \
    "smlad %[s2], %[w], %[c], %[s2]\n\t"                                                            \
    "smlad %[s3], %[w], %[d], %[s3]\n\t"

/*
 * One row of the blocks of a word of bits, not 0, at four positions. Returns where the next of its weights lies: blocks lie
 * 32 bytes apart.
 */
WB_NOINLINE static const int8_t *wb_block_row_of_four(const uint32_t *at, uint32_t bits, const int8_t *row,
                                                      uint32_t *sums)
{
    WB_BLOCK_SUMS;
    WB_FOUR_PAIRS;
    __asm__ volatile("1:\n\t" WB_TO_BLOCK("6")
                     "ldr %[w], [%[row]], #4\n\t" WB_TWO_PAIRS_AT
                     "ldr %[w], [%[row]], #28\n\t" WB_TWO_PAIRS_AT
                     "bne 1b\n\t"
                     : WB_BLOCK_OPERANDS
                     :
                     : "cc", "memory");
    WB_BLOCK_SUMS_BACK;
    return row;
}

/* A row of a block at one position, whose codes are in a to d. */
#define WB_BLOCK_ROW(sum)                                                                           \
    "ldrd %[w], %[u], [%[row]], #8\n\t"                                                             \
    "sxtb16 %[t], %[w]\n\t"                                                                         \
    "smlad %[" sum "], %[t], %[a], %[" sum "]\n\t"                                                  \
    "sxtb16 %[w], %[w], ror #8\n\t"                                                                 \
    "smlad %[" sum "], %[w], %[b], %[" sum "]\n\t"                                                  \
    "sxtb16 %[t], %[u]\n\t"                                                                         \
    "smlad %[" sum "], %[t], %[c], %[" sum "]\n\t"                                                  \
    "sxtb16 %[u], %[u], ror #8\n\t"                                                                 \
    "smlad %[" sum "], %[u], %[d], %[" sum "]\n\t"

/* The four rows of the blocks at one position, likewise. */
WB_NOINLINE static const int8_t *wb_block_rows_of_one(const uint32_t *at, uint32_t bits, const int8_t *row,
                                                      uint32_t *sums)
{
    WB_BLOCK_SUMS;
    uint32_t u;
    WB_FOUR_PAIRS;
    __asm__ volatile("1:\n\t" WB_TO_BLOCK("4")
                     "ldmia %[at]!, {%[a], %[b], %[c], %[d]}\n\t" WB_BLOCK_ROW("s0") WB_BLOCK_ROW("s1")
                     WB_BLOCK_ROW("s2") WB_BLOCK_ROW("s3")
                     "bne 1b\n\t"
                     : WB_BLOCK_OPERANDS, [u] "=&r"(u)
                     :
                     : "cc", "memory");
    WB_BLOCK_SUMS_BACK;
    return row;
}

static inline uint32_t wb_bits_reversed(uint32_t word)
{
    uint32_t reversed;
    __asm__("rbit %0, %1" : "=r"(reversed) : "r"(word));
    return reversed;
}

/* Add the products of the blocks whose bits are set to sums [row][position]; returns where the next weights lie. */
static WB_INLINE const int8_t *wb_add_laid_blocks(uint32_t positions, const uint32_t *at, uint32_t bits,
                                                  const int8_t *weights, uint32_t *sums)
{
    if (!bits) {
        return weights;
    }
    bits = wb_bits_reversed(bits);
    if (positions == 1) {
        return wb_block_rows_of_one(at, bits, weights, sums);
    }
    (void)wb_block_row_of_four(at, bits, weights + WB_BLOCK_CODES, sums + 4);
    (void)wb_block_row_of_four(at, bits, weights + 2 * WB_BLOCK_CODES, sums + 8);
    (void)wb_block_row_of_four(at, bits, weights + 3 * WB_BLOCK_CODES, sums + 12);
    return wb_block_row_of_four(at, bits, weights, sums);
}

/* All blocks of a group that count now, likewise. */
static WB_INLINE void wb_add_group(const wb_blocks *blocks, const uint32_t *at, uint32_t positions,
                                   uint32_t group, uint32_t *sums)
{
    const uint32_t count = blocks->count;
    const unsigned char *mask = blocks->mask + group * ((count + 7) / 8);
    const int8_t *kept = wb_kept_of(blocks, group);
    uint32_t kept_left = blocks->kept_count;
    uint32_t others_left = count - kept_left;
    const int8_t *reserve = blocks->reserve + group * others_left * WB_BLOCK_BYTES;
    for (uint32_t left = count;; left -= WB_BLOCK_BITS) {
        const uint32_t all = wb_blocks_of_word(left);
        const uint32_t bits = wb_bits_with_weights(wb_mask_word(mask, all), &kept_left);
        kept = wb_add_laid_blocks(positions, at, bits, kept, sums);
        if (blocks->mode) {
            const uint32_t others = wb_bits_with_weights(all & ~bits, &others_left);
            reserve = wb_add_laid_blocks(positions, at, others, reserve, sums);
        }
        if (left <= WB_BLOCK_BITS) {
            return;
        }
        mask += WB_BLOCK_BITS / 8;
        at += WB_BLOCK_BITS * WB_BLOCK_CODES / 2 * positions;
    }
}

/* The groups of rows at one position that is laid out. */
WB_NOINLINE static void wb_block_groups_of_one(const wb_conv_call *call, const wb_blocks *blocks,
                                               const wb_laid *laid, unsigned char *y)
{
    const wb_conv_shape *const shape = call->shape;
    const uint32_t groups = shape->up * shape->columns / WB_BLOCK_ROWS;
    const uint32_t whole = shape->columns % WB_BLOCK_ROWS == 0;
    uint32_t column = 0;
    for (uint32_t group = 0; group < groups; group++) {
        uint32_t sums[WB_BLOCK_ROWS];
        for (uint32_t k = 0; k < WB_BLOCK_ROWS; k++) {
            __asm__("mov %0, #0" : "=r"(sums[k])); /* of zeros a compiler would make a call of memset */
        }
        wb_add_group(blocks, laid->work, 1, group, sums);
        if (whole) {
            wb_put_rows(shape, laid->range, sums, call->bias, column, call->shift + column, y);
        } else {
            wb_put_block_rows(call, sums, column, y);
        }
        y += WB_BLOCK_ROWS * shape->y_bits / 8;
        column = wb_column_after(shape, column);
    }
}

/* The same at four positions. */
WB_NOINLINE static void wb_block_groups_of_four(const wb_conv_call *call, const wb_blocks *blocks,
                                                const wb_laid *laid, unsigned char *y)
{
    const wb_conv_shape *const shape = call->shape;
    const uint32_t rows = shape->up * shape->columns;
    const uint32_t y_bytes = shape->y_bits / 8;
    uint32_t column = 0;
    for (uint32_t group = 0; group < rows / WB_BLOCK_ROWS; group++) {
        uint32_t sums[WB_BLOCK_ROWS * WB_POSITIONS];
        uint32_t of = column;
        for (uint32_t *sum = sums; sum < sums + WB_BLOCK_ROWS * WB_POSITIONS; sum += WB_POSITIONS) {
            const uint32_t bias = wb_bias(call->bias, of);
            sum[0] = bias;
            sum[1] = bias;
            sum[2] = bias;
            sum[3] = bias;
            of = of + 1 < shape->columns ? of + 1 : 0;
        }
        wb_add_group(blocks, laid->work, WB_POSITIONS, group, sums);
        of = column;
        for (uint32_t *sum = sums; sum < sums + WB_BLOCK_ROWS * WB_POSITIONS; sum += WB_POSITIONS) {
            const int32_t places = call->shift[of];
            (void)wb_put_four(shape, places < 0 ? WB_ANY_RANGE : laid->range, sum[0], sum[1], sum[2], sum[3],
                              places, y, rows);
            y += y_bytes;
            of = of + 1 < shape->columns ? of + 1 : 0;
        }
        column = wb_column_after(shape, column);
    }
}

/* One frame; see `wb_plain_blocks`, which does what the memory does not suffice for. */
static inline void wb_tuned_blocks(const wb_conv_call *call, const wb_blocks *blocks)
{
    const wb_conv_shape *const shape = call->shape;
    const uint32_t codes = shape->taps * shape->fan_in;
    const size_t position_bytes = shape->stride * call->walk.row_bytes;
    const unsigned char *x = call->x;
    unsigned char *y = call->y;
    uint32_t left = shape->rows / shape->stride;
    if (shape->work_bytes < 8 * codes) {
        wb_plain_blocks(call, blocks);
        return;
    }
    while (left) {
        const uint32_t positions = left < WB_POSITIONS ? 1u : WB_POSITIONS;
        const wb_laid laid = {
            .work = call->work,
            .positions = positions,
            .codes = codes,
            .body = codes,
            .wide = shape->x_bits == 16,
            .range = wb_range(shape),
        };
        for (uint32_t k = 0; k < positions; k++) {
            wb_lay_window(&laid, &call->walk, k, x + k * position_bytes);
        }
        if (positions == 1) {
            wb_block_groups_of_one(call, blocks, &laid, y);
        } else {
            wb_block_groups_of_four(call, blocks, &laid, y);
        }
        x += positions * position_bytes;
        y += positions * shape->up * shape->columns * shape->y_bits / 8;
        left -= positions;
    }
}

#endif
