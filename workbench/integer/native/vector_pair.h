/* SPDX-License-Identifier: Apache-2.0
 *
 * The 8-bit codes of two blocks of columns in 256 bits: AVX2, which AVX-512 has too.
 */
#ifndef WB_VECTOR_PAIR_H
#define WB_VECTOR_PAIR_H

#include <immintrin.h>

typedef __m256i Pair;
WB_INLINE Pair pair_all(int v) { return _mm256_set1_epi8((char)v); }
WB_INLINE Pair pair_load(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
WB_INLINE void pair_store(void *p, Pair v) { _mm256_storeu_si256((__m256i *)p, v); }
/* `differ` and the bits in which a and b differ. */
WB_INLINE Pair pair_differ(Pair differ, Pair a, Pair b) { return _mm256_or_si256(differ, _mm256_xor_si256(a, b)); }
WB_INLINE int pair_any(Pair differ) { return !_mm256_testz_si256(differ, differ); }
WB_INLINE Pair pair_add(Pair a, Pair b) { return _mm256_adds_epi8(a, b); }
WB_INLINE Pair pair_sub(Pair a, Pair b) { return _mm256_subs_epi8(a, b); }
WB_INLINE Pair pair_clamped(Pair a, int low, int high) { return _mm256_min_epi8(_mm256_max_epi8(a, pair_all(low)), pair_all(high)); }
/* The largest magnitudes, as unsigned bytes. */
WB_INLINE Pair pair_largest(Pair largest, Pair a) { return _mm256_max_epu8(largest, _mm256_abs_epi8(a)); }
/* (a + 2**(s - 1)) >> s, 0 < s < 8: a byte is shifted as its unsigned excess. */
WB_INLINE Pair pair_rounded(Pair a, int s)
{
    __m128i by = _mm_cvtsi32_si128(s), one_less = _mm_cvtsi32_si128(s - 1);
    a = _mm256_xor_si256(a, pair_all(-128));
    Pair up = _mm256_and_si256(_mm256_srl_epi16(a, one_less), pair_all(1));
    a = _mm256_and_si256(_mm256_srl_epi16(a, by), pair_all(255 >> s));
    return _mm256_sub_epi8(_mm256_add_epi8(a, up), pair_all(128 >> s));
}
/* A bit for each word of 4 bytes. */
WB_INLINE uint8_t pair_words_differ(Pair a, Pair b)
{
    return (uint8_t)(0xFF ^ _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b))));
}

#endif
