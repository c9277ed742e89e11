/* SPDX-License-Identifier: Apache-2.0
 *
 * AVX2: with AVX-VNNI dot products of bytes, without them products of pairs of 16 bits (an 8-bit one
 * that is exact for all codes does not exist: vpmaddubsw saturates; for small ones see positions.h). See vector.h.
 */
#ifndef WB_VECTOR_AVX2_H
#define WB_VECTOR_AVX2_H

#include <immintrin.h>

#include "vector_pair.h"

#define WB_FUSED 1
#define WB_CODES 32
#define WB_BLOCKS 1
#define WB_ABREAST 4
#define WB_ROWS_DIFFERENT 1
#define WB_ROWS_NARROW 4
#define WB_ROWS 4
#define WB_SHAPES(DO) DO(4, 1)
#define WB_ROWS_OF(blocks) 4

typedef __m256i Word, Codes;
typedef struct {
    __m256i low, high;
} Block;

WB_INLINE __m256i load_256(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
WB_INLINE void store_256(void *p, __m256i a) { _mm256_storeu_si256((__m256i *)p, a); }

WB_INLINE Block block_load(const void *p) { return (Block){load_256(p), load_256((const char *)p + 32)}; }
WB_INLINE void block_store(void *p, Block a) { store_256(p, a.low); store_256((char *)p + 32, a.high); }
WB_INLINE Block block_zero(void) { return (Block){_mm256_setzero_si256(), _mm256_setzero_si256()}; }
WB_INLINE Word word_of(uint32_t v) { return _mm256_set1_epi32((int)v); }

#define WB_OFFSET 128
#ifdef WB_USE_AVXVNNI
#define WB_BYTES 1
#define WB_CHANGES_PER_DOT 14
#define WB_EXCESS 128
#define WB_SHORT 0
WB_INLINE __m256i dot_256(__m256i a, __m256i x, __m256i w, int wide)
{
    return wide ? _mm256_dpwssd_avx_epi32(a, x, w) : _mm256_dpbusd_avx_epi32(a, x, w);
}
WB_INLINE __m256i dot_offset_256(__m256i a, __m256i w, __m256i x) { return _mm256_dpbusd_avx_epi32(a, w, x); }
WB_INLINE __m256i offset_256(__m256i a) { return a; }
#else
#define WB_BYTES 0
#define WB_CHANGES_PER_DOT 17
#define WB_EXCESS 0
#define WB_SHORT 1
WB_INLINE __m256i dot_256(__m256i a, __m256i x, __m256i w, int wide)
{
    (void)wide;
    return _mm256_add_epi32(a, _mm256_madd_epi16(x, w));
}
WB_INLINE __m256i dot_offset_256(__m256i a, __m256i w, __m256i x) { return _mm256_add_epi16(a, _mm256_maddubs_epi16(w, x)); }
WB_INLINE __m256i offset_256(__m256i a) { return _mm256_madd_epi16(a, _mm256_set1_epi16(1)); }
WB_INLINE Codes codes_largest(Codes largest, Codes a) { return pair_largest(largest, a); }
#endif

WB_INLINE Block dot(Block a, Word x, Block w, int wide)
{
    return (Block){dot_256(a.low, x, w.low, wide), dot_256(a.high, x, w.high, wide)};
}

/* a += signed bytes of x times unsigned bytes of w; where WB_SHORT, in sums of 16 bits. */
WB_INLINE Block dot_offset(Block a, Word x, Block w)
{
    return (Block){dot_offset_256(a.low, w.low, x), dot_offset_256(a.high, w.high, x)};
}
WB_INLINE Word word_offset(Word a, Word x) { return dot_offset_256(a, _mm256_set1_epi8((char)128), x); }
/* a + sums - less, as sums of 32 bits. */
WB_INLINE Block add_offset(Block a, Block sums, Word less)
{
    less = offset_256(less);
    return (Block){_mm256_sub_epi32(_mm256_add_epi32(a.low, offset_256(sums.low)), less),
                   _mm256_sub_epi32(_mm256_add_epi32(a.high, offset_256(sums.high)), less)};
}

WB_INLINE Codes codes_widened(const void *p) { return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p)); }
WB_INLINE Codes codes_load(const void *p) { return load_256(p); }
WB_INLINE void codes_store(void *p, Codes a) { store_256(p, a); }
WB_INLINE Codes codes_of(int v, int wide) { return wide ? _mm256_set1_epi16((short)v) : _mm256_set1_epi8((char)v); }
WB_INLINE Codes codes_add(Codes a, Codes b, int wide) { return wide ? _mm256_adds_epi16(a, b) : _mm256_adds_epi8(a, b); }
WB_INLINE Codes codes_sub(Codes a, Codes b, int wide) { return wide ? _mm256_subs_epi16(a, b) : _mm256_subs_epi8(a, b); }
WB_INLINE Codes codes_min(Codes a, Codes b, int wide) { return wide ? _mm256_min_epi16(a, b) : _mm256_min_epi8(a, b); }
WB_INLINE Codes codes_max(Codes a, Codes b, int wide) { return wide ? _mm256_max_epi16(a, b) : _mm256_max_epi8(a, b); }
/* (a + 2**(s - 1)) >> s, 0 < s < 8 or, when wide, 16. */
WB_INLINE Codes codes_rounded(Codes a, int s, int wide)
{
    if (!wide) return pair_rounded(a, s);
    __m256i up = _mm256_and_si256(_mm256_srl_epi16(a, _mm_cvtsi32_si128(s - 1)), _mm256_set1_epi16(1));
    return _mm256_add_epi16(_mm256_sra_epi16(a, _mm_cvtsi32_si128(s)), up);
}
WB_INLINE uint32_t words_differ(Codes a, Codes b)
{
    return pair_words_differ(a, b);
}

/* clamp(sums >> right, low, high) of two blocks. */
WB_INLINE Pair pair_narrowed(Block a, Block b, const int32_t *right, int low, int high)
{
    __m256i v = _mm256_packs_epi32(_mm256_srav_epi32(a.low, load_256(right)), _mm256_srav_epi32(a.high, load_256(right + 8)));
    __m256i w = _mm256_packs_epi32(_mm256_srav_epi32(b.low, load_256(right + 16)), _mm256_srav_epi32(b.high, load_256(right + 24)));
    /* Saturating packs work within 128-bit lanes; this puts them in order. */
    v = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(v, w), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    return pair_clamped(v, low, high);
}

/* clamp(sums >> right, low, high) of 16 columns, as int16. */
WB_INLINE __m256i narrowed(const int32_t *sums, const int32_t *right, __m256i low, __m256i high)
{
    __m256i a = _mm256_srav_epi32(load_256(sums), load_256(right));
    __m256i b = _mm256_srav_epi32(load_256(sums + 8), load_256(right + 8));
    /* A saturating pack works within 128-bit lanes; this puts it in order. */
    __m256i v = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xD8);
    return _mm256_min_epi16(_mm256_max_epi16(v, low), high);
}

/* The same of `blocks` blocks. Returns whether some differ from `clean`. */
WB_INLINE int narrow_to_pairs(
    const int32_t *sums, const int32_t *right, int blocks, int low, int high, int16_t *to, const int16_t *clean)
{
    __m256i least = _mm256_set1_epi16((short)low), most = _mm256_set1_epi16((short)high), differ = _mm256_setzero_si256();
    for (int n = 0; n < 16 * blocks; n += 16) {
        __m256i v = narrowed(sums + n, right + n, least, most);
        store_256(to + n, v);
        differ = _mm256_or_si256(differ, _mm256_xor_si256(v, load_256(clean + n)));
    }
    return !_mm256_testz_si256(differ, differ);
}

/* The same as bytes. */
WB_INLINE int narrow_to_bytes(
    const int32_t *sums, const int32_t *right, int blocks, int low, int high, int8_t *to, const int8_t *clean)
{
    __m256i least = _mm256_set1_epi16((short)low), most = _mm256_set1_epi16((short)high);
    __m128i differ = _mm_setzero_si128();
    for (int n = 0; n < 16 * blocks; n += 16) {
        __m256i v = narrowed(sums + n, right + n, least, most);
        __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
        _mm_storeu_si128((__m128i *)(to + n), bytes);
        differ = _mm_or_si128(differ, _mm_xor_si128(bytes, _mm_loadu_si128((const __m128i *)(clean + n))));
    }
    return !_mm_testz_si128(differ, differ);
}

#endif
