/* SPDX-License-Identifier: Apache-2.0
 *
 * Products of small differences as bytes, where the processor's dot product of bytes saturates at 16 bits.
 *
 * A weight w is the unsigned byte w + WB_OFFSET, so that two products are at most 2 * 255 * d in size, where d is the
 * largest difference. Sums of 16 bits hold those of `depth` words; then they are added to sums of 32. What the offset
 * adds is WB_OFFSET times the differences that a position sees, which is taken away beforehand. Exact for all d <= 64.
 */
#ifndef WB_SHORT_SUMS_H
#define WB_SHORT_SUMS_H

#include "rows.h"

#define WB_OFFSET 128

#if WB_SHORT

/* Words whose products 16 bits hold, 0 if not even one: `largest` are magnitudes of differences. */
static inline int short_depth(Codes largest)
{
    uint8_t each[WB_CODES];
    int most = 1;
    codes_store(each, largest);
    for (int i = 0; i < WB_CODES; i++) most = each[i] > most ? each[i] : most;
    return 32767 / (2 * 255 * most);
}

/* Sums of 8 neighbouring sums of signed bytes each. */
static inline __m256i sums_of_bytes(const uint8_t *p, long bytes)
{
    __m256i sum = _mm256_setzero_si256();
    for (long i = 0; i < bytes; i += 32) {
        __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), _mm256_loadu_si256((const __m256i *)(p + i)));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
    return sum;
}

/* Sums of rows of `bytes` signed bytes each. */
static void sum_rows(const uint8_t *p, long bytes, int rows, uint32_t *to)
{
    int row = 0;
    for (; bytes % 32 == 0 && row + 4 <= rows; row += 4, p += 4 * bytes) {
        __m256i a = _mm256_hadd_epi32(sums_of_bytes(p, bytes), sums_of_bytes(p + bytes, bytes));
        __m256i b = _mm256_hadd_epi32(sums_of_bytes(p + 2 * bytes, bytes), sums_of_bytes(p + 3 * bytes, bytes));
        a = _mm256_hadd_epi32(a, b);
        _mm_storeu_si128((__m128i *)(to + row), _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1)));
    }
    for (; row < rows; row++, p += bytes) {
        to[row] = 0;
        for (long i = 0; i < bytes; i++) to[row] += (uint32_t)(int8_t)p[i];
    }
}

#else

static inline int short_depth(Codes largest)
{
    (void)largest;
    return 1;
}

static inline void sum_rows(const uint8_t *p, long bytes, int rows, uint32_t *to)
{
    (void)p, (void)bytes, (void)rows, (void)to;
}

#endif
#endif
