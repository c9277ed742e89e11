/* SPDX-License-Identifier: Apache-2.0
 *
 * Dot products of rows of codes with packed weights, on VNNI where there is one, else plain C.
 *
 * A word is 4 codes of 8 bits or 2 of 16. Words of weights: [rows_seen, words, padded] of 4 bytes.
 */
#ifndef WB_DOT_H
#define WB_DOT_H

#include <stdint.h>
#include <string.h>

#include "sparse.h"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__) && !defined(WB_PLAIN)
#define WB_VNNI 1
#define WB_KERNELS "vnni"
#include <immintrin.h>
#else
#define WB_VNNI 0
#if defined(__AVX512F__)
#define WB_KERNELS "avx512"
#elif defined(__AVX2__)
#define WB_KERNELS "avx2"
#else
#define WB_KERNELS "plain"
#endif
#endif

#define MOST_COLUMNS 1024 /* of one operator, padded */
#define MOST_TILE 12      /* positions whose sums are computed together */

/* A difference of one word of one input row, and the weights that it meets. */
typedef struct {
    uint32_t now, clean;
    int32_t word; /* row seen * words + word of the row */
} Difference;

static inline uint32_t load_word(const void *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

#if WB_VNNI

#define DOT(a, x, w, wide) ((wide) ? _mm512_dpwssd_epi32(a, x, w) : _mm512_dpbusd_epi32(a, x, w))

/* ROWS positions x BLOCKS vectors of 16 columns. All but the pointers are constants when inlined. */
static inline __attribute__((always_inline)) void tile(
    const uint8_t *const *x, long apart_bytes, int rows_seen, int words, const uint8_t *w, long word_bytes,
    const int32_t *base, int32_t *sums, int padded, int wide, const int ROWS, const int BLOCKS)
{
    __m512i a[12][4], v[4];
#pragma GCC unroll 4
    for (int n = 0; n < BLOCKS; n++) {
        __m512i b = _mm512_loadu_si512(base + 16 * n);
#pragma GCC unroll 12
        for (int r = 0; r < ROWS; r++)
            a[r][n] = b;
    }
    for (int seen = 0; seen < rows_seen; seen++) {
        for (int k = 0; k < words; k++, w += word_bytes) {
#pragma GCC unroll 4
            for (int n = 0; n < BLOCKS; n++)
                v[n] = _mm512_loadu_si512(w + 64 * n);
#pragma GCC unroll 12
            for (int r = 0; r < ROWS; r++) {
                __m512i b = _mm512_set1_epi32((int)load_word(x[r] + seen * apart_bytes + 4 * k));
#pragma GCC unroll 4
                for (int n = 0; n < BLOCKS; n++)
                    a[r][n] = DOT(a[r][n], b, v[n], wide);
            }
        }
    }
#pragma GCC unroll 12
    for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
        for (int n = 0; n < BLOCKS; n++)
            _mm512_storeu_si512(sums + (long)r * padded + 16 * n, a[r][n]);
}

/* Sums of `rows` positions, at most MOST_TILE: sums[r, padded] = base + x[r] . packed. */
static inline __attribute__((always_inline)) void full_sums_of_width(
    const Operator *op, const uint8_t *const *x, int rows, long apart_bytes, int words, int32_t *sums, int wide)
{
    const uint8_t *w = op->packed;
    long word_bytes = 4L * op->padded;
    for (int n = 0; n < op->padded;) {
        int left = (op->padded - n) / 16;
        for (int r = 0; r < rows;) {
            int more = rows - r;
#define TILE(R, B) tile(x + r, apart_bytes, op->rows_seen, words, w + 4L * n, word_bytes, op->base + n, \
                        sums + (long)r * op->padded + n, op->padded, wide, R, B), r += R
            if (left >= 4) {
                if (more >= 6) TILE(6, 4);
                else if (more >= 2) TILE(2, 4);
                else TILE(1, 4);
            } else if (left >= 2) {
                if (more >= 12) TILE(12, 2);
                else if (more >= 4) TILE(4, 2);
                else TILE(1, 2);
            } else {
                if (more >= 12) TILE(12, 1);
                else if (more >= 4) TILE(4, 1);
                else TILE(1, 1);
            }
#undef TILE
        }
        n += 16 * (left >= 4 ? 4 : left >= 2 ? 2 : 1);
    }
}

static inline __attribute__((always_inline)) void add_block(
    const uint8_t *w, long word_bytes, const Difference *d, int count, const int32_t *from, int32_t *sums, int wide,
    const int BLOCKS)
{
    __m512i a[4], s[4];
#pragma GCC unroll 4
    for (int n = 0; n < BLOCKS; n++) {
        a[n] = _mm512_loadu_si512(from + 16 * n);
        s[n] = _mm512_setzero_si512();
    }
    for (int i = 0; i < count; i++) {
        __m512i now = _mm512_set1_epi32((int)d[i].now), clean = _mm512_set1_epi32((int)d[i].clean);
#pragma GCC unroll 4
        for (int n = 0; n < BLOCKS; n++) {
            __m512i v = _mm512_loadu_si512(w + d[i].word * word_bytes + 64 * n);
            a[n] = DOT(a[n], now, v, wide);
            s[n] = DOT(s[n], clean, v, wide);
        }
    }
#pragma GCC unroll 4
    for (int n = 0; n < BLOCKS; n++)
        _mm512_storeu_si512(sums + 16 * n, _mm512_sub_epi32(a[n], s[n]));
}

/* sums[padded] = from[padded] + what the differences add. */
static void add_differences(
    const Operator *op, const Difference *d, int count, const int32_t *from, int32_t *sums, int wide)
{
    long word_bytes = 4L * op->padded;
    for (int n = 0; n < op->padded;) {
        int left = (op->padded - n) / 16;
        const uint8_t *w = (const uint8_t *)op->packed + 4L * n;
        if (left >= 4) {
            if (wide) add_block(w, word_bytes, d, count, from + n, sums + n, 1, 4);
            else add_block(w, word_bytes, d, count, from + n, sums + n, 0, 4);
            n += 64;
        } else {
            if (wide) add_block(w, word_bytes, d, count, from + n, sums + n, 1, 1);
            else add_block(w, word_bytes, d, count, from + n, sums + n, 0, 1);
            n += 16;
        }
    }
}

static void full_sums(
    const Operator *op, const uint8_t *const *x, int rows, long apart_bytes, int words, int32_t *sums, int wide)
{
    if (wide) full_sums_of_width(op, x, rows, apart_bytes, words, sums, 1);
    else full_sums_of_width(op, x, rows, apart_bytes, words, sums, 0);
}

#else

/* sums[n] += codes of one word . weights of that word, in arithmetic modulo 2**32. */
static inline void dot_word(const Operator *op, uint32_t x, long word, uint32_t *sums, int wide, uint32_t sign)
{
    const int8_t *narrow = (const int8_t *)op->packed + 4 * word * op->padded;
    const int16_t *broad = (const int16_t *)op->packed + 2 * word * op->padded;
    if (wide) {
        uint32_t x0 = sign * (uint32_t)(int16_t)x, x1 = sign * (uint32_t)(int16_t)(x >> 16);
        for (int n = 0; n < op->padded; n++)
            sums[n] += x0 * (uint32_t)broad[2 * n] + x1 * (uint32_t)broad[2 * n + 1];
    } else {
        uint32_t x0 = sign * (x & 255), x1 = sign * (x >> 8 & 255), x2 = sign * (x >> 16 & 255), x3 = sign * (x >> 24);
        for (int n = 0; n < op->padded; n++)
            sums[n] += x0 * (uint32_t)narrow[4 * n] + x1 * (uint32_t)narrow[4 * n + 1]
                     + x2 * (uint32_t)narrow[4 * n + 2] + x3 * (uint32_t)narrow[4 * n + 3];
    }
}

static void full_sums(
    const Operator *op, const uint8_t *const *x, int rows, long apart_bytes, int words, int32_t *sums, int wide)
{
    for (int r = 0; r < rows; r++) {
        int32_t *row = sums + (long)r * op->padded;
        memcpy(row, op->base, 4 * (size_t)op->padded);
        for (int seen = 0; seen < op->rows_seen; seen++)
            for (int k = 0; k < words; k++)
                dot_word(op, load_word(x[r] + seen * apart_bytes + 4 * k), (long)seen * words + k, (uint32_t *)row, wide, 1);
    }
}

/* sums[padded] = from[padded] + what the differences add. */
static void add_differences(
    const Operator *op, const Difference *d, int count, const int32_t *from, int32_t *sums, int wide)
{
    if (from != sums) memcpy(sums, from, 4 * (size_t)op->padded);
    for (int i = 0; i < count; i++) {
        dot_word(op, d[i].now, d[i].word, (uint32_t *)sums, wide, 1);
        dot_word(op, d[i].clean, d[i].word, (uint32_t *)sums, wide, (uint32_t)-1);
    }
}

#endif
#endif
