/* SPDX-License-Identifier: Apache-2.0
 *
 * The 8-bit codes of 16 columns of two positions, in 256 bits: AVX2, which AVX-512 has too.
 */
#ifndef WB_VECTOR_TWIN_H
#define WB_VECTOR_TWIN_H

typedef __m256i Twin;
WB_INLINE Twin twin_of(int v) { return _mm256_set1_epi8((char)v); }
WB_INLINE Twin twin_load(const int8_t *a, const int8_t *b)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)a)), _mm_loadu_si128((const __m128i *)b), 1);
}
WB_INLINE void twin_store(int8_t *a, int8_t *b, Twin v)
{
    _mm_storeu_si128((__m128i *)a, _mm256_castsi256_si128(v));
    _mm_storeu_si128((__m128i *)b, _mm256_extracti128_si256(v, 1));
}
WB_INLINE Twin twin_differ(Twin differ, Twin a, Twin b) { return _mm256_or_si256(differ, _mm256_xor_si256(a, b)); }
WB_INLINE int twin_any(Twin differ) { return !_mm256_testz_si256(differ, differ); }

#endif
