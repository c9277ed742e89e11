/* SPDX-License-Identifier: Apache-2.0
 *
 * AVX-512: with VNNI dot products of bytes, without them products of pairs of 16 bits. See vector.h.
 */
#ifndef WB_VECTOR_AVX512_H
#define WB_VECTOR_AVX512_H

#include <immintrin.h>

#define WB_FUSED 1
#define WB_CODES 64
#define WB_OFFSET 128
#define WB_BLOCKS 4
#define WB_ABREAST 4
#define WB_ROWS_NARROW 4
#define WB_ROWS 16
/* 16 sums hide the latency of a dot product, and leave registers for weights. */
#define WB_SHAPES(DO) DO(4, 4) DO(4, 2) DO(4, 1) DO(8, 2) DO(8, 1) DO(16, 1)
#define WB_ROWS_OF(blocks) ((blocks) >= 4 ? 4 : (blocks) >= 2 ? 8 : 16)

typedef __m512i Block, Word, Codes;

WB_INLINE Block block_load(const void *p) { return _mm512_loadu_si512(p); }
WB_INLINE void block_store(void *p, Block a) { _mm512_storeu_si512(p, a); }
WB_INLINE Block block_zero(void) { return _mm512_setzero_si512(); }
WB_INLINE Word word_of(uint32_t v) { return _mm512_set1_epi32((int)v); }

#ifdef WB_USE_VNNI
#define WB_ROWS_DIFFERENT 4
#define WB_BYTES 1
#define WB_CHANGES_PER_DOT 18
#define WB_EXCESS 128
#define WB_SHORT 0
WB_INLINE Block dot(Block a, Word x, Block w, int wide)
{
    return wide ? _mm512_dpwssd_epi32(a, x, w) : _mm512_dpbusd_epi32(a, x, w);
}
WB_INLINE Block dot_offset(Block a, Word x, Block w) { return _mm512_dpbusd_epi32(a, w, x); }
WB_INLINE __m512i offset_sums(Block a) { return a; }
#else
#define WB_ROWS_DIFFERENT 1
#define WB_BYTES 0
#define WB_CHANGES_PER_DOT 30
#define WB_EXCESS 0
#define WB_SHORT 1
WB_INLINE Block dot(Block a, Word x, Block w, int wide)
{
    (void)wide;
    return _mm512_add_epi32(a, _mm512_madd_epi16(x, w));
}
WB_INLINE Block dot_offset(Block a, Word x, Block w) { return _mm512_add_epi16(a, _mm512_maddubs_epi16(w, x)); }
WB_INLINE __m512i offset_sums(Block a) { return _mm512_madd_epi16(a, _mm512_set1_epi16(1)); }
/* The largest magnitudes, as unsigned bytes. */
WB_INLINE Codes codes_largest(Codes largest, Codes a) { return _mm512_max_epu8(largest, _mm512_abs_epi8(a)); }
#endif

WB_INLINE Word word_offset(Word a, Word x) { return dot_offset(a, x, _mm512_set1_epi8((char)128)); }
WB_INLINE Block add_offset(Block a, Block sums, Word less)
{
    return _mm512_sub_epi32(_mm512_add_epi32(a, offset_sums(sums)), offset_sums(less));
}

WB_INLINE Codes codes_widened(const void *p) { return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)p)); }
WB_INLINE Codes codes_load(const void *p) { return _mm512_loadu_si512(p); }
WB_INLINE void codes_store(void *p, Codes a) { _mm512_storeu_si512(p, a); }
WB_INLINE Codes codes_of(int v, int wide) { return wide ? _mm512_set1_epi16((short)v) : _mm512_set1_epi8((char)v); }
WB_INLINE Codes codes_add(Codes a, Codes b, int wide) { return wide ? _mm512_adds_epi16(a, b) : _mm512_adds_epi8(a, b); }
WB_INLINE Codes codes_sub(Codes a, Codes b, int wide) { return wide ? _mm512_subs_epi16(a, b) : _mm512_subs_epi8(a, b); }
WB_INLINE Codes codes_min(Codes a, Codes b, int wide) { return wide ? _mm512_min_epi16(a, b) : _mm512_min_epi8(a, b); }
WB_INLINE Codes codes_max(Codes a, Codes b, int wide) { return wide ? _mm512_max_epi16(a, b) : _mm512_max_epi8(a, b); }
/* (a + 2**(s - 1)) >> s, 0 < s < 8 or, when wide, 16. A byte is shifted as its unsigned excess. */
WB_INLINE Codes codes_rounded(Codes a, int s, int wide)
{
    __m128i by = _mm_cvtsi32_si128(s), one_less = _mm_cvtsi32_si128(s - 1);
    __m512i up;
    if (wide) {
        up = _mm512_and_si512(_mm512_srl_epi16(a, one_less), _mm512_set1_epi16(1));
        return _mm512_add_epi16(_mm512_sra_epi16(a, by), up);
    }
    a = _mm512_xor_si512(a, _mm512_set1_epi8(-128));
    up = _mm512_and_si512(_mm512_srl_epi16(a, one_less), _mm512_set1_epi8(1));
    a = _mm512_and_si512(_mm512_srl_epi16(a, by), _mm512_set1_epi8((char)(255 >> s)));
    return _mm512_sub_epi8(_mm512_add_epi8(a, up), _mm512_set1_epi8((char)(128 >> s)));
}
WB_INLINE uint32_t words_differ(Codes a, Codes b) { return _mm512_cmpneq_epi32_mask(a, b); }

#include "vector_pair.h"

WB_INLINE Pair pair_narrowed(Block a, Block b, const int32_t *right, int low, int high)
{
    __m512i v = _mm512_packs_epi32(_mm512_srav_epi32(a, block_load(right)), _mm512_srav_epi32(b, block_load(right + 16)));
    __m256i w = _mm256_permutevar8x32_epi32(_mm512_cvtsepi16_epi8(v), _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
    return pair_clamped(w, low, high);
}

WB_INLINE __m512i shifted(const int32_t *sums, const int32_t *right)
{
    return _mm512_srav_epi32(_mm512_loadu_si512(sums), _mm512_loadu_si512(right));
}

/* clamp(sums >> right, low, high) of `blocks` blocks, as int16. Returns whether some differ from `clean`. */
WB_INLINE int narrow_to_pairs(
    const int32_t *sums, const int32_t *right, int blocks, int low, int high, int16_t *to, const int16_t *clean)
{
    __m256i least = _mm256_set1_epi16((short)low), most = _mm256_set1_epi16((short)high), differ = _mm256_setzero_si256();
    for (int n = 0; n < 16 * blocks; n += 16) {
        __m256i v = _mm512_cvtsepi32_epi16(shifted(sums + n, right + n));
        v = _mm256_min_epi16(_mm256_max_epi16(v, least), most);
        _mm256_storeu_si256((__m256i *)(to + n), v);
        differ = _mm256_or_si256(differ, _mm256_xor_si256(v, _mm256_loadu_si256((const __m256i *)(clean + n))));
    }
    return !_mm256_testz_si256(differ, differ);
}

/* The same as bytes. */
WB_INLINE int narrow_to_bytes(
    const int32_t *sums, const int32_t *right, int blocks, int low, int high, int8_t *to, const int8_t *clean)
{
    /* Saturating packs work within 128-bit lanes; these put them in order. */
    const __m512i in_order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i in_pairs = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    __m512i least = _mm512_set1_epi8((char)low), most = _mm512_set1_epi8((char)high), differ = _mm512_setzero_si512();
    int n = 0, count = 16 * blocks;
    for (; n + 64 <= count; n += 64) {
        __m512i a = _mm512_packs_epi32(shifted(sums + n, right + n), shifted(sums + n + 16, right + n + 16));
        __m512i b = _mm512_packs_epi32(shifted(sums + n + 32, right + n + 32), shifted(sums + n + 48, right + n + 48));
        __m512i v = _mm512_permutexvar_epi32(in_order, _mm512_packs_epi16(a, b));
        v = _mm512_min_epi8(_mm512_max_epi8(v, least), most);
        _mm512_storeu_si512(to + n, v);
        differ = _mm512_or_si512(differ, _mm512_xor_si512(v, _mm512_loadu_si512(clean + n)));
    }
    for (; n + 32 <= count; n += 32) {
        __m512i a = _mm512_packs_epi32(shifted(sums + n, right + n), shifted(sums + n + 16, right + n + 16));
        __m256i v = _mm512_cvtsepi16_epi8(_mm512_permutexvar_epi64(in_pairs, a));
        v = _mm256_min_epi8(_mm256_max_epi8(v, _mm512_castsi512_si256(least)), _mm512_castsi512_si256(most));
        _mm256_storeu_si256((__m256i *)(to + n), v);
        v = _mm256_xor_si256(v, _mm256_loadu_si256((const __m256i *)(clean + n)));
        differ = _mm512_or_si512(differ, _mm512_zextsi256_si512(v));
    }
    for (; n < count; n += 16) {
        __m128i v = _mm512_cvtsepi32_epi8(shifted(sums + n, right + n));
        v = _mm_min_epi8(_mm_max_epi8(v, _mm512_castsi512_si128(least)), _mm512_castsi512_si128(most));
        _mm_storeu_si128((__m128i *)(to + n), v);
        v = _mm_xor_si128(v, _mm_loadu_si128((const __m128i *)(clean + n)));
        differ = _mm512_or_si512(differ, _mm512_zextsi128_si512(v));
    }
    return _mm512_test_epi32_mask(differ, differ) != 0;
}

#endif
