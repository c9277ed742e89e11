/* SPDX-License-Identifier: Apache-2.0
 *
 * The peak that the kernels are measured against: a plain product of matrices with the same dot
 * product, tiled for the registers, all operands in the nearest caches, nothing else to do.
 */
#include <stdlib.h>

#include "vector.h"

#define ROWS 24   /* of codes; with all the rest they fit the nearest cache */
#define WORDS 96  /* of a row */
#define COLUMNS 4 /* blocks of them */
#define TILE (WB_BLOCKS == 1 ? 6 : 4)   /* rows whose sums, for WB_BLOCKS blocks, are in registers */

WB_INLINE void multiply_word(Block (*a)[WB_BLOCKS], const uint32_t *x, const uint8_t *weights)
{
    Block w[WB_BLOCKS];
#pragma GCC unroll 4
    for (int i = 0; i < WB_BLOCKS; i++) w[i] = block_load(weights + 64 * i);
#pragma GCC unroll 6
    for (int r = 0; r < TILE; r++) {
        Word b = word_of(x[r * WORDS]);
#pragma GCC unroll 4
        for (int i = 0; i < WB_BLOCKS; i++) a[r][i] = dot(a[r][i], b, w[i], !WB_BYTES);
    }
}

/* sums[ROWS, 16 * COLUMNS] += codes[ROWS, WORDS] . weights[WORDS, 16 * COLUMNS] */
WB_FEW_MOVES static void multiply(const uint32_t *codes, const uint8_t *weights, int32_t *sums)
{
    for (int n = 0; n < COLUMNS; n += WB_BLOCKS)
        for (int row = 0; row < ROWS; row += TILE) {
            Block a[TILE][WB_BLOCKS];
            int32_t *to = sums + (row * COLUMNS + n) * 16;
#pragma GCC unroll 6
            for (int r = 0; r < TILE; r++)
#pragma GCC unroll 4
                for (int i = 0; i < WB_BLOCKS; i++) a[r][i] = block_load(to + (r * COLUMNS + i) * 16);
            const uint32_t *x = codes + row * WORDS;
            const uint8_t *y = weights + 64 * n;
            for (int k = 0; k < WORDS; k++, x++, y += 64 * COLUMNS) multiply_word(a, x, y);
#pragma GCC unroll 6
            for (int r = 0; r < TILE; r++)
#pragma GCC unroll 4
                for (int i = 0; i < WB_BLOCKS; i++) block_store(to + (r * COLUMNS + i) * 16, a[r][i]);
        }
}

/* Multiply `times` times. Returns the multiply-accumulates, 0 when there is no memory. */
int64_t wb_peak(int32_t times)
{
    uint32_t *codes = aligned_alloc(64, 4 * ROWS * WORDS);
    uint8_t *weights = aligned_alloc(64, 64 * COLUMNS * WORDS);
    int32_t *sums = aligned_alloc(64, 64 * COLUMNS * ROWS);
    if (codes && weights && sums) {
        memset(codes, 3, 4 * ROWS * WORDS);
        memset(weights, 5, 64 * COLUMNS * WORDS);
        memset(sums, 0, 64 * COLUMNS * ROWS);
        for (int i = 0; i < times; i++) {
            /* For all that the compiler knows, somebody changes the operands and reads the sums. */
            __asm__ volatile("" : : "r"(codes), "r"(weights), "r"(sums) : "memory");
            multiply(codes, weights, sums);
        }
    } else {
        times = 0;
    }
    free(codes);
    free(weights);
    free(sums);
    return (int64_t)times * ROWS * WORDS * (WB_BYTES ? 4 : 2) * COLUMNS * 16;
}
