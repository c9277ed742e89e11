/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of signals: read a code, store a row and note where it differs from the clean run.
 */
#ifndef WB_ROWS_H
#define WB_ROWS_H

#include "dot.h"

static inline int clamp(int x, int low, int high)
{
    return x < low ? low : x > high ? high : x;
}

/* The lowest `bits` bits of v as a signed number. */
static inline int32_t sign_extended(uint32_t v, int bits)
{
    uint32_t sign = 1u << (bits - 1);
    return (int32_t)(((v & (sign | (sign - 1))) ^ sign) - sign);
}

static inline int32_t after(const Fault *f, int32_t old, int bits)
{
    return sign_extended(((uint32_t)old & f->keep) ^ f->flip, bits);
}

static inline int code_at(const Signal *s, const void *codes, long element)
{
    return s->bits == 8 ? ((const uint8_t *)codes)[element] - 128 : ((const int16_t *)codes)[element];
}

static inline long row_bytes(const Signal *s)
{
    return s->bits == 8 ? s->stride : 2L * s->stride;
}

static inline void note(Signal *s, int row)
{
    if (row < s->low) s->low = row;
    if (row >= s->high) s->high = row + 1;
}

static inline int differs(const Signal *s)
{
    return s->low < s->high;
}

static inline uint64_t mask_of(const Signal *s, int row)
{
    return row < s->low || row >= s->high ? 0 : s->dirty[row];
}

static inline void load_row(const Signal *s, int row, int32_t *y)
{
    long start = (long)row * s->stride;
    if (s->bits == 8) {
        const uint8_t *x = (const uint8_t *)s->now + start;
        for (int i = 0; i < s->channels; i++) y[i] = x[i] - 128;
    } else {
        const int16_t *x = (const int16_t *)s->now + start;
        for (int i = 0; i < s->channels; i++) y[i] = x[i];
    }
}

/* Pack `count` codes to where `element` begins; a bit for each word that differs from the clean run.
 * y is readable, and writable, up to the next multiple of 16. */
static inline uint64_t pack(Signal *s, long element, const int32_t *y, int count)
{
    uint64_t mask = 0;
#if WB_VNNI
    for (int i = 0; i < count; i += 16) {
        __mmask16 k = count - i >= 16 ? 0xFFFF : (__mmask16)((1u << (count - i)) - 1);
        __m512i v = _mm512_maskz_loadu_epi32(k, y + i);
        if (s->bits == 8) {
            uint8_t *to = (uint8_t *)s->now + element + i;
            __m128i codes = _mm_xor_si128(_mm512_cvtepi32_epi8(v), _mm_set1_epi8(-128));
            __m128i clean = _mm_maskz_loadu_epi8(k, (const uint8_t *)s->clean + element + i);
            codes = _mm_maskz_mov_epi8(k, codes);
            _mm_mask_storeu_epi8(to, k, codes);
            mask |= (uint64_t)_mm_cmpneq_epi32_mask(codes, clean) << (i / 4 & 63);
        } else {
            int16_t *to = (int16_t *)s->now + element + i;
            __m256i codes = _mm512_cvtepi32_epi16(v);
            __m256i clean = _mm256_maskz_loadu_epi16(k, (const int16_t *)s->clean + element + i);
            _mm256_mask_storeu_epi16(to, k, codes);
            mask |= (uint64_t)_mm256_cmpneq_epi32_mask(codes, clean) << (i / 2 & 63);
        }
    }
#else
    if (s->bits == 8) {
        uint8_t *to = (uint8_t *)s->now + element;
        const uint8_t *clean = (const uint8_t *)s->clean + element;
        for (int i = 0; i < count; i++) {
            to[i] = (uint8_t)(y[i] + 128);
            mask |= (uint64_t)(to[i] != clean[i]) << (i / 4 & 63);
        }
    } else {
        int16_t *to = (int16_t *)s->now + element;
        const int16_t *clean = (const int16_t *)s->clean + element;
        for (int i = 0; i < count; i++) {
            to[i] = (int16_t)y[i];
            mask |= (uint64_t)(to[i] != clean[i]) << (i / 2 & 63);
        }
    }
#endif
    return mask;
}

/* Store `rows` rows of codes, one behind the other in y, from `row` on. */
static inline void store_rows(Signal *s, int row, int rows, const int32_t *y)
{
    if (s->sink) {
        if (pack(s, (long)row * s->channels, y, rows * s->channels)) {
            note(s, row);
            note(s, row + rows - 1);
        }
        return;
    }
    for (int r = 0; r < rows; r++, row++) {
        uint64_t mask = pack(s, (long)row * s->stride, y + r * s->channels, s->channels);
        /* A row outside of the range holds a mask of 0 and is not dirty. */
        if (mask | mask_of(s, row)) {
            s->dirty[row] = mask;
            note(s, row);
        }
    }
}

/* Store one code and note whether its word differs. */
static inline void store_code(Signal *s, int row, int channel, int value)
{
    long element = (long)row * s->stride + channel;
    if (s->bits == 8) ((uint8_t *)s->now)[element] = (uint8_t)(value + 128);
    else ((int16_t *)s->now)[element] = (int16_t)value;
    int lanes = s->bits == 8 ? 4 : 2;
    if (!s->sink) {
        long word = 4L * (channel / lanes) + row * row_bytes(s);
        uint64_t bit = 1ull << (channel / lanes);
        if (load_word((char *)s->now + word) != load_word((char *)s->clean + word)) s->dirty[row] |= bit;
        else s->dirty[row] &= ~bit;
    }
    note(s, row);
}

static void restore(Signal *s)
{
    if (!differs(s)) return;
    long bytes = row_bytes(s);
    if (s->sink) {
        memcpy((char *)s->now + s->low * bytes, (char *)s->clean + s->low * bytes, (size_t)((s->high - s->low) * bytes));
    } else {
        for (int row = s->low; row < s->high; row++)
            if (s->dirty[row]) {
                memcpy((char *)s->now + row * bytes, (char *)s->clean + row * bytes, (size_t)bytes);
                s->dirty[row] = 0;
            }
    }
    s->low = INT32_MAX;
    s->high = 0;
}

#endif
