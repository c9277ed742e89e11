/* SPDX-License-Identifier: Apache-2.0
 *
 * ARM, 64 bits: with the dot product extension products of bytes, without it products of 16 bits
 * (smlal). See vector.h.
 */
#ifndef WB_VECTOR_NEON_H
#define WB_VECTOR_NEON_H

#include <arm_neon.h>

#define WB_EXCESS 0
#define WB_SHORT 0
#define WB_FUSED 0
#define WB_CODES 16
#define WB_BLOCKS 1
#define WB_ABREAST 4
#define WB_ROWS_DIFFERENT 1
#define WB_ROWS_NARROW 4
#define WB_OFFSET 0
#define WB_ROWS 4
#define WB_CHANGES_PER_DOT 15 /* not measured: as with AVX2 */
#define WB_SHAPES(DO) DO(4, 1)
#define WB_ROWS_OF(blocks) 4

typedef struct {
    int32x4_t v[4];
} Block;
typedef int8x16_t Codes;

WB_INLINE Block block_load(const void *p) { return (Block){{vld1q_s32(p), vld1q_s32((const int32_t *)p + 4), vld1q_s32((const int32_t *)p + 8), vld1q_s32((const int32_t *)p + 12)}}; }
WB_INLINE Block block_zero(void) { return (Block){{vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)}}; }
WB_INLINE void block_store(void *p, Block a)
{
    for (int i = 0; i < 4; i++) vst1q_s32((int32_t *)p + 4 * i, a.v[i]);
}

typedef int32x4_t Word;
WB_INLINE Word word_of(uint32_t v) { return vdupq_n_s32((int32_t)v); }

/* Pairs of 16 bits: weights of the even and of the odd codes, one product each. */
WB_INLINE Block dot_pairs(Block a, Word x, Block w)
{
    int16x8_t pair = vreinterpretq_s16_s32(x);
    int16x4_t first = vdup_laneq_s16(pair, 0), second = vdup_laneq_s16(pair, 1);
    for (int i = 0; i < 4; i += 2) {
        int16x8_t low = vreinterpretq_s16_s32(w.v[i]), high = vreinterpretq_s16_s32(w.v[i + 1]);
        int16x8_t even = vuzp1q_s16(low, high), odd = vuzp2q_s16(low, high);
        a.v[i] = vmlal_s16(vmlal_s16(a.v[i], vget_low_s16(even), first), vget_low_s16(odd), second);
        a.v[i + 1] = vmlal_s16(vmlal_s16(a.v[i + 1], vget_high_s16(even), first), vget_high_s16(odd), second);
    }
    return a;
}

#ifdef WB_USE_DOTPROD
#define WB_BYTES 1
WB_INLINE Block dot(Block a, Word x, Block w, int wide)
{
    if (wide) return dot_pairs(a, x, w);
    for (int i = 0; i < 4; i++) a.v[i] = vdotq_s32(a.v[i], vreinterpretq_s8_s32(w.v[i]), vreinterpretq_s8_s32(x));
    return a;
}
#else
#define WB_BYTES 0
WB_INLINE Block dot(Block a, Word x, Block w, int wide)
{
    (void)wide;
    return dot_pairs(a, x, w);
}
#endif

#define WB_WIDE(f, a, b) vreinterpretq_s8_s16(f(vreinterpretq_s16_s8(a), vreinterpretq_s16_s8(b)))
WB_INLINE Codes codes_widened(const void *p) { return vreinterpretq_s8_s16(vmovl_s8(vld1_s8(p))); }
WB_INLINE Codes codes_load(const void *p) { return vld1q_s8(p); }
WB_INLINE void codes_store(void *p, Codes a) { vst1q_s8(p, a); }
WB_INLINE Codes codes_of(int v, int wide) { return wide ? vreinterpretq_s8_s16(vdupq_n_s16((int16_t)v)) : vdupq_n_s8((int8_t)v); }
WB_INLINE Codes codes_add(Codes a, Codes b, int wide) { return wide ? WB_WIDE(vqaddq_s16, a, b) : vqaddq_s8(a, b); }
WB_INLINE Codes codes_sub(Codes a, Codes b, int wide) { return wide ? WB_WIDE(vqsubq_s16, a, b) : vqsubq_s8(a, b); }
WB_INLINE Codes codes_min(Codes a, Codes b, int wide) { return wide ? WB_WIDE(vminq_s16, a, b) : vminq_s8(a, b); }
WB_INLINE Codes codes_max(Codes a, Codes b, int wide) { return wide ? WB_WIDE(vmaxq_s16, a, b) : vmaxq_s8(a, b); }
/* (a + 2**(s - 1)) >> s, 0 < s < 8 or, when wide, 16. */
WB_INLINE Codes codes_rounded(Codes a, int s, int wide)
{
    if (!wide) return vrshlq_s8(a, vdupq_n_s8((int8_t)-s));
    return vreinterpretq_s8_s16(vrshlq_s16(vreinterpretq_s16_s8(a), vdupq_n_s16((int16_t)-s)));
}
WB_INLINE uint32_t words_differ(Codes a, Codes b)
{
    const uint32x4_t bit = {1, 2, 4, 8};
    uint32x4_t same = vceqq_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b));
    return vaddvq_u32(vbicq_u32(bit, same));
}

/* clamp(sums >> right, low, high) of 8 columns, as int16. */
WB_INLINE int16x8_t narrowed(const int32_t *sums, const int32_t *right, int16x8_t low, int16x8_t high)
{
    int32x4_t a = vshlq_s32(vld1q_s32(sums), vnegq_s32(vld1q_s32(right)));
    int32x4_t b = vshlq_s32(vld1q_s32(sums + 4), vnegq_s32(vld1q_s32(right + 4)));
    return vminq_s16(vmaxq_s16(vcombine_s16(vqmovn_s32(a), vqmovn_s32(b)), low), high);
}

/* The same of `blocks` blocks. Returns whether some differ from `clean`. */
WB_INLINE int narrow_to_pairs(
    const int32_t *sums, const int32_t *right, int blocks, int low, int high, int16_t *to, const int16_t *clean)
{
    int16x8_t least = vdupq_n_s16((int16_t)low), most = vdupq_n_s16((int16_t)high), differ = vdupq_n_s16(0);
    for (int n = 0; n < 16 * blocks; n += 8) {
        int16x8_t v = narrowed(sums + n, right + n, least, most);
        vst1q_s16(to + n, v);
        differ = vorrq_s16(differ, veorq_s16(v, vld1q_s16(clean + n)));
    }
    return vmaxvq_u16(vreinterpretq_u16_s16(differ)) != 0;
}

/* The same as bytes. */
WB_INLINE int narrow_to_bytes(
    const int32_t *sums, const int32_t *right, int blocks, int low, int high, int8_t *to, const int8_t *clean)
{
    int16x8_t least = vdupq_n_s16((int16_t)low), most = vdupq_n_s16((int16_t)high);
    int8x8_t differ = vdup_n_s8(0);
    for (int n = 0; n < 16 * blocks; n += 8) {
        int8x8_t v = vmovn_s16(narrowed(sums + n, right + n, least, most));
        vst1_s8(to + n, v);
        differ = vorr_s8(differ, veor_s8(v, vld1_s8(clean + n)));
    }
    return vmaxv_u8(vreinterpret_u8_s8(differ)) != 0;
}

#endif
