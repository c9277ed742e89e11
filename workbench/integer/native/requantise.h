/* SPDX-License-Identifier: Apache-2.0
 *
 * From the sums of one position to codes of its output rows.
 */
#ifndef WB_REQUANTISE_H
#define WB_REQUANTISE_H

#include "rows.h"

/* A sum under a stored shift, which is clamped to its field; a left shift saturates. */
static inline int requantised(int32_t sum, int shift, const Operator *op)
{
    shift = clamp(shift, -15, 31);
    if (shift >= 0) return clamp(sum >> shift, op->clamp_low, op->clamp_high);
    return clamp(clamp(sum, -32768, 32767) * (1 << -shift), op->clamp_low, op->clamp_high);
}

static inline void requantise_row(const Operator *op, const int32_t *restrict sums, int32_t *restrict y)
{
    const int32_t *right = op->right, *left = op->left;
    int count = op->padded, low = op->clamp_low, high = op->clamp_high;
    for (int n = 0; n < count; n++)
        y[n] = clamp(clamp(sums[n] >> right[n], -32768, 32767) * (1 << left[n]), low, high);
}

#if WB_VNNI

/* Sums to codes in one go: right shifts only, columns and rows without padding. */
static inline int is_direct(const Operator *op, const Signal *y)
{
    return !op->any_left && op->padded == op->columns && y->channels == y->stride;
}

static inline __m512i narrowed(const Operator *op, const int32_t *sums, int n)
{
    return _mm512_srav_epi32(_mm512_loadu_si512(sums + n), _mm512_loadu_si512(op->right + n));
}

/* Note which of `words` words from `word` on differ; they belong to the rows first .. last. */
static inline __attribute__((always_inline)) void note_words(
    Signal *s, long word, const int words, uint64_t differ, long first, long last)
{
    if (!differ) return;
    if (s->sink) ;
    else if (words < 16) set_bits_of_byte(s, word, (uint8_t)differ);
    else if (word & 15) set_bits(s, word, differ);
    else set_16_bits(s, word, (uint16_t)differ);
    note(s, first);
    note(s, last);
}

static inline void store_sums(const Operator *op, Signal *y, int p, const int32_t *sums)
{
    /* Saturating packs work within 128-bit lanes; this puts them in order. */
    const __m512i in_order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i in_pairs = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    long element = (long)p * op->columns, first = (long)p * op->rows_made, last = first + op->rows_made - 1;
    int n = 0;
    if (y->bits == 8) {
        __m512i low = _mm512_set1_epi8((char)op->clamp_low), high = _mm512_set1_epi8((char)op->clamp_high);
        uint8_t *to = (uint8_t *)y->now + element;
        const uint8_t *clean = (const uint8_t *)y->clean + element;
        for (; n + 64 <= op->columns; n += 64) {
            __m512i a = _mm512_packs_epi32(narrowed(op, sums, n), narrowed(op, sums, n + 16));
            __m512i b = _mm512_packs_epi32(narrowed(op, sums, n + 32), narrowed(op, sums, n + 48));
            __m512i v = _mm512_permutexvar_epi32(in_order, _mm512_packs_epi16(a, b));
            v = _mm512_min_epi8(_mm512_max_epi8(v, low), high);
            v = _mm512_xor_si512(v, _mm512_set1_epi8(-128));
            _mm512_storeu_si512(to + n, v);
            note_words(y, (element + n) / 4, 16, _mm512_cmpneq_epi32_mask(v, _mm512_loadu_si512(clean + n)), first, last);
        }
        for (; n + 32 <= op->columns; n += 32) {
            __m512i a = _mm512_packs_epi32(narrowed(op, sums, n), narrowed(op, sums, n + 16));
            __m256i v = _mm512_cvtsepi16_epi8(_mm512_permutexvar_epi64(in_pairs, a));
            v = _mm256_min_epi8(_mm256_max_epi8(v, _mm512_castsi512_si256(low)), _mm512_castsi512_si256(high));
            v = _mm256_xor_si256(v, _mm256_set1_epi8(-128));
            _mm256_storeu_si256((__m256i *)(to + n), v);
            note_words(y, (element + n) / 4, 8, _mm256_cmpneq_epi32_mask(v, _mm256_loadu_si256((const __m256i *)(clean + n))), first, last);
        }
        for (; n < op->columns; n += 16) {
            __m128i v = _mm512_cvtsepi32_epi8(narrowed(op, sums, n));
            v = _mm_min_epi8(_mm_max_epi8(v, _mm512_castsi512_si128(low)), _mm512_castsi512_si128(high));
            v = _mm_xor_si128(v, _mm_set1_epi8(-128));
            _mm_storeu_si128((__m128i *)(to + n), v);
            note_words(y, (element + n) / 4, 4, _mm_cmpneq_epi32_mask(v, _mm_loadu_si128((const __m128i *)(clean + n))), first, last);
        }
    } else {
        __m256i low = _mm256_set1_epi16((short)op->clamp_low), high = _mm256_set1_epi16((short)op->clamp_high);
        int16_t *to = (int16_t *)y->now + element;
        const int16_t *clean = (const int16_t *)y->clean + element;
        for (; n < op->columns; n += 16) {
            __m256i v = _mm512_cvtsepi32_epi16(narrowed(op, sums, n));
            v = _mm256_min_epi16(_mm256_max_epi16(v, low), high);
            _mm256_storeu_si256((__m256i *)(to + n), v);
            note_words(y, (element + n) / 2, 8, _mm256_cmpneq_epi32_mask(v, _mm256_loadu_si256((const __m256i *)(clean + n))), first, last);
        }
    }
}

#endif
#endif
