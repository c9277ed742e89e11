/* SPDX-License-Identifier: Apache-2.0
 *
 * Plain C for any processor, and what the vector instructions of the other headers mean. See vector.h.
 */
#ifndef WB_VECTOR_PLAIN_H
#define WB_VECTOR_PLAIN_H

#define WB_BYTES 0
#define WB_EXCESS 0
#define WB_SHORT 0
#define WB_FUSED 0
#define WB_CODES 16
#define WB_BLOCKS 1
#define WB_ABREAST 1
#define WB_ROWS_DIFFERENT 1
#define WB_ROWS_NARROW 1
#define WB_OFFSET 0
#define WB_ROWS 4
#define WB_CHANGES_PER_DOT 1
#define WB_SHAPES(DO) DO(4, 1)
#define WB_ROWS_OF(blocks) 4

typedef struct {
    uint32_t v[16];
} Block;
typedef uint32_t Word;
typedef struct {
    int8_t v[16]; /* or int16_t[8] */
} Codes;

WB_INLINE Block block_load(const void *p)
{
    Block a;
    memcpy(&a, p, sizeof a);
    return a;
}
WB_INLINE void block_store(void *p, Block a) { memcpy(p, &a, sizeof a); }
WB_INLINE Block block_zero(void) { return (Block){{0}}; }
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

WB_INLINE Codes codes_load(const void *p)
{
    Codes a;
    memcpy(&a, p, sizeof a);
    return a;
}
WB_INLINE void codes_store(void *p, Codes a) { memcpy(p, &a, sizeof a); }
WB_INLINE int code_in(const Codes *a, int i, int wide)
{
    int16_t code;
    if (!wide) return a->v[i];
    memcpy(&code, a->v + 2 * i, 2);
    return code;
}
/* Store a code, which saturates. */
WB_INLINE void put_code(Codes *a, int i, int code, int wide)
{
    int most = wide ? 32767 : 127;
    code = code > most ? most : code < -most - 1 ? -most - 1 : code;
    int16_t both = (int16_t)code;
    if (wide) memcpy(a->v + 2 * i, &both, 2);
    else a->v[i] = (int8_t)code;
}

/* The first half as many bytes, as 16 bits. */
WB_INLINE Codes codes_widened(const void *p)
{
    Codes a = codes_load(p), b;
    for (int i = 0; i < 8; i++) put_code(&b, i, a.v[i], 1);
    return b;
}

#define WB_OF_CODES(name, type, of_each)                 \
    WB_INLINE Codes name(Codes a, type b, int wide)      \
    {                                                    \
        for (int i = 0; i < (wide ? 8 : 16); i++)        \
            put_code(&a, i, (of_each), wide);            \
        return a;                                        \
    }
#define X code_in(&a, i, wide)
#define Y code_in(&b, i, wide)
WB_OF_CODES(codes_add, Codes, X + Y)
WB_OF_CODES(codes_sub, Codes, X - Y)
WB_OF_CODES(codes_min, Codes, X < Y ? X : Y)
WB_OF_CODES(codes_max, Codes, X > Y ? X : Y)
/* (a + 2**(s - 1)) >> s, 0 < s < 8 or, when wide, 16. */
WB_OF_CODES(codes_rounded, int, (X + (1 << (b - 1))) >> b)
WB_OF_CODES(codes_set, int, b)
#undef X
#undef Y

WB_INLINE Codes codes_of(int v, int wide)
{
    Codes a = {{0}};
    return codes_set(a, v, wide);
}

/* A bit for each word of 4 bytes, the first one lowest. */
WB_INLINE uint32_t words_differ(Codes a, Codes b)
{
    uint32_t differ = 0;
    for (int i = 0; i < 16; i++) differ |= (uint32_t)(a.v[i] != b.v[i]) << i / 4;
    return differ;
}

/* clamp(sums >> right, low, high) of `blocks` blocks. Returns whether some differ from `clean`. */
#define WB_NARROW(name, type)                                                                           \
    WB_INLINE int name(                                                                                 \
        const int32_t *sums, const int32_t *right, int blocks, int low, int high, type *to, const type *clean) \
    {                                                                                                   \
        int differ = 0;                                                                                 \
        for (int n = 0; n < 16 * blocks; n++) {                                                         \
            int v = sums[n] >> right[n];                                                                \
            to[n] = (type)(v < low ? low : v > high ? high : v);                                        \
            differ |= to[n] ^ clean[n];                                                                 \
        }                                                                                               \
        return differ != 0;                                                                             \
    }
WB_NARROW(narrow_to_pairs, int16_t)
WB_NARROW(narrow_to_bytes, int8_t)

#endif
