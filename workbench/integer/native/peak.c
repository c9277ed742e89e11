/* SPDX-License-Identifier: Apache-2.0
 *
 * The peak that the kernels are measured against: a plain product of matrices with the same dot
 * product, tiled for the registers, all operands in the nearest caches, nothing else to do.
 */
#include <stdlib.h>

#include "vector.h"

#define ROWS 120 /* of codes, a multiple of all tiles */
#define WORDS 64 /* of a row */
#define BLOCKS 4 /* of columns */

/* sums[ROWS, 16 * BLOCKS] += codes[ROWS, WORDS] . weights[WORDS, 16 * BLOCKS], in tiles. */
WB_INLINE void multiply(
    const uint32_t *codes, const uint8_t *weights, int32_t *sums, const int WIDE, const int TILE, const int STEP)
{
    for (int n = 0; n < BLOCKS; n += STEP)
        for (int row = 0; row < ROWS; row += TILE) {
            Block a[6][4];
            int32_t *to = sums + (row * BLOCKS + n) * 16;
#pragma GCC unroll 6
            for (int r = 0; r < TILE; r++)
#pragma GCC unroll 4
                for (int i = 0; i < STEP; i++) a[r][i] = block_load(to + (r * BLOCKS + i) * 16);
            for (int k = 0; k < WORDS; k++) {
                Block w[4];
#pragma GCC unroll 4
                for (int i = 0; i < STEP; i++) w[i] = block_load(weights + (k * BLOCKS + n + i) * 64);
#pragma GCC unroll 6
                for (int r = 0; r < TILE; r++) {
                    Word x = word_of(codes[(row + r) * WORDS + k]);
#pragma GCC unroll 4
                    for (int i = 0; i < STEP; i++) a[r][i] = dot(a[r][i], x, w[i], WIDE);
                }
            }
#pragma GCC unroll 6
            for (int r = 0; r < TILE; r++)
#pragma GCC unroll 4
                for (int i = 0; i < STEP; i++) block_store(to + (r * BLOCKS + i) * 16, a[r][i]);
        }
}

/* Multiply `times` times in tiles of the given shape: 0 .. 2, the caller takes the fastest. Returns the
 * multiply-accumulates, 0 when there is no memory. */
int64_t wb_peak(int32_t shape, int32_t times)
{
    uint32_t *codes = aligned_alloc(64, 4 * ROWS * WORDS);
    uint8_t *weights = aligned_alloc(64, 64 * BLOCKS * WORDS);
    int32_t *sums = aligned_alloc(64, 64 * BLOCKS * ROWS);
    int lanes = WB_BYTES ? 4 : 2;
    if (codes && weights && sums) {
        memset(codes, 3, 4 * ROWS * WORDS);
        memset(weights, 5, 64 * BLOCKS * WORDS);
        memset(sums, 0, 64 * BLOCKS * ROWS);
        for (int i = 0; i < times; i++) {
            __asm__ volatile("" : : "r"(codes), "r"(weights), "r"(sums) : "memory");
            if (shape == 0) multiply(codes, weights, sums, !WB_BYTES, 6, WB_BLOCKS);
            else if (shape == 1) multiply(codes, weights, sums, !WB_BYTES, 5, WB_BLOCKS);
            else multiply(codes, weights, sums, !WB_BYTES, 4, WB_BLOCKS);
        }
    } else {
        times = 0;
    }
    free(codes);
    free(weights);
    free(sums);
    return (int64_t)times * ROWS * WORDS * lanes * BLOCKS * 16;
}
