/* SPDX-License-Identifier: Apache-2.0
 *
 * Plain C for any processor, and what the vector instructions of the other headers mean. See vector.h.
 */
#ifndef WB_VECTOR_PLAIN_H
#define WB_VECTOR_PLAIN_H

#define WB_BYTES 0
#define WB_EXCESS 0
#define WB_CODES 16
#define WB_BLOCKS 1
#define WB_ROWS 4
#define WB_SHAPES(DO) DO(4, 1)
#define WB_ROWS_OF(blocks) 4

typedef struct {
    uint32_t v[16];
} Block;
typedef uint32_t Word;
typedef struct {
    int16_t v[8];
} Codes;

WB_INLINE Block block_load(const void *p)
{
    Block a;
    memcpy(&a, p, sizeof a);
    return a;
}
WB_INLINE void block_store(void *p, Block a) { memcpy(p, &a, sizeof a); }
WB_INLINE Block block_zero(void) { return (Block){{0}}; }
WB_INLINE Block block_sub(Block a, Block b)
{
    for (int i = 0; i < 16; i++) a.v[i] -= b.v[i];
    return a;
}
WB_INLINE Word word_of(uint32_t v) { return v; }

/* a += the two codes of x times the two weights of each column, modulo 2**32. */
WB_INLINE Block dot(Block a, Word x, Block w, int wide)
{
    int16_t code[2], weight[32];
    (void)wide;
    memcpy(code, &x, sizeof code);
    memcpy(weight, &w, sizeof weight);
    for (int i = 0; i < 16; i++)
        a.v[i] += (uint32_t)(code[0] * weight[2 * i]) + (uint32_t)(code[1] * weight[2 * i + 1]);
    return a;
}

WB_INLINE int16_t saturated(int v) { return (int16_t)(v < -32768 ? -32768 : v > 32767 ? 32767 : v); }

WB_INLINE Codes codes_load(const void *p)
{
    Codes a;
    memcpy(&a, p, sizeof a);
    return a;
}
WB_INLINE void codes_store(void *p, Codes a) { memcpy(p, &a, sizeof a); }
WB_INLINE Codes codes_of(int v, int wide)
{
    Codes a;
    (void)wide;
    for (int i = 0; i < 8; i++) a.v[i] = (int16_t)v;
    return a;
}

#define WB_OF_CODES(name, of_each)                      \
    WB_INLINE Codes name(Codes a, Codes b, int wide)    \
    {                                                   \
        (void)wide;                                     \
        for (int i = 0; i < 8; i++) {                   \
            int x = a.v[i], y = b.v[i];                 \
            a.v[i] = (of_each);                         \
        }                                               \
        return a;                                       \
    }
WB_OF_CODES(codes_add, saturated(x + y))
WB_OF_CODES(codes_sub, saturated(x - y))
WB_OF_CODES(codes_min, (int16_t)(x < y ? x : y))
WB_OF_CODES(codes_max, (int16_t)(x > y ? x : y))

/* (a + 2**(s - 1)) >> s, 0 < s < 16. */
WB_INLINE Codes codes_rounded(Codes a, int s, int wide)
{
    (void)wide;
    for (int i = 0; i < 8; i++) a.v[i] = (int16_t)((a.v[i] + (1 << (s - 1))) >> s);
    return a;
}
WB_INLINE Codes codes_xor(Codes a, Codes b)
{
    for (int i = 0; i < 8; i++) a.v[i] ^= b.v[i];
    return a;
}

/* A bit for each word of 4 bytes, the first one lowest. */
WB_INLINE uint32_t words_differ(Codes a, Codes b)
{
    uint32_t differ = 0;
    for (int i = 0; i < 8; i++) differ |= (uint32_t)(a.v[i] != b.v[i]) << i / 2;
    return differ;
}

/* clamp(sums >> right, low, high) of `blocks` blocks, as int16. Returns whether some differ from `clean`. */
WB_INLINE int narrow_to_pairs(
    const int32_t *sums, const int32_t *right, int blocks, int low, int high, int16_t *to, const int16_t *clean)
{
    int differ = 0;
    for (int n = 0; n < 16 * blocks; n++) {
        int v = sums[n] >> right[n];
        to[n] = (int16_t)(v < low ? low : v > high ? high : v);
        differ |= to[n] ^ clean[n];
    }
    return differ != 0;
}

#endif
