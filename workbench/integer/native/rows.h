/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of signals: read a code, store codes and note where they differ from the clean run.
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

static inline int lanes_of(const Signal *s)
{
    return s->bits == 8 ? 4 : 2;
}

static inline void note(Signal *s, long row)
{
    if (row < s->low) s->low = (int32_t)row;
    if (row >= s->high) s->high = (int32_t)row + 1;
}

static inline int differs(const Signal *s)
{
    return s->low < s->high;
}

/* Bits `at` and up of the words that differ; the array goes 8 bytes beyond its last bit. */
static inline uint64_t bits_at(const Signal *s, long at)
{
    uint64_t v;
    memcpy(&v, s->dirty + (at >> 3), 8);
    return v >> (at & 7);
}

/* Words of a row that differ. */
static inline uint64_t mask_of(const Signal *s, long row)
{
    if (row < s->low || row >= s->high) return 0;
    return bits_at(s, row << s->word_shift) & (~0ull >> (64 - (1 << s->word_shift)));
}

/* Set bits whose words were clean before; at most 56 of them, or aligned to 8. */
static inline void set_bits(Signal *s, long at, uint64_t mask)
{
    uint64_t v;
    memcpy(&v, s->dirty + (at >> 3), 8);
    v |= mask << (at & 7);
    memcpy(s->dirty + (at >> 3), &v, 8);
}

/* The same for 16 bits at a multiple of 16, and for up to 8 within a byte: a store no wider than
 * that, or the next one, a byte or two on, would have to wait for it. */
static inline void set_16_bits(Signal *s, long at, uint16_t mask)
{
    memcpy(s->dirty + (at >> 3), &mask, 2);
}

static inline void set_bits_of_byte(Signal *s, long at, uint8_t mask)
{
    s->dirty[at >> 3] |= (uint8_t)(mask << (at & 7));
}

static inline void load_row(const Signal *s, long row, int32_t *y)
{
    long start = row * s->stride;
    if (s->bits == 8) {
        const uint8_t *x = (const uint8_t *)s->now + start;
        for (int i = 0; i < s->channels; i++) y[i] = x[i] - 128;
    } else {
        const int16_t *x = (const int16_t *)s->now + start;
        for (int i = 0; i < s->channels; i++) y[i] = x[i];
    }
}

/* Store `count` codes from `element` on; a bit for each word that differs from the clean run. */
static inline uint64_t pack(Signal *s, long element, const int32_t *y, int count)
{
    uint64_t mask = 0;
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
    return mask;
}

/* Store rows that are still clean from `row` on; their codes lie one behind the other in y. */
static inline void store_rows(Signal *s, long row, int rows, const int32_t *y)
{
    if (s->sink) {
        if (pack(s, row * s->channels, y, rows * s->channels)) {
            note(s, row);
            note(s, row + rows - 1);
        }
        return;
    }
    for (int r = 0; r < rows; r++, row++) {
        uint64_t mask = pack(s, row * s->stride, y + r * s->channels, s->channels);
        if (mask) {
            set_bits(s, row << s->word_shift, mask);
            note(s, row);
        }
    }
}

/* Store one code and note whether its word differs. */
static inline void store_code(Signal *s, long row, int channel, int value)
{
    long element = row * s->stride + channel;
    if (s->bits == 8) ((uint8_t *)s->now)[element] = (uint8_t)(value + 128);
    else ((int16_t *)s->now)[element] = (int16_t)value;
    note(s, row);
    if (s->sink) return;
    long word = (row << s->word_shift) + channel / lanes_of(s);
    uint8_t bit = (uint8_t)(1 << (word & 7));
    if (load_word((char *)s->now + 4 * word) != load_word((char *)s->clean + 4 * word)) s->dirty[word >> 3] |= bit;
    else s->dirty[word >> 3] &= (uint8_t)~bit;
}

static void restore(Signal *s)
{
    if (!differs(s)) return;
    long start = s->low * row_bytes(s), bytes = s->high * row_bytes(s) - start;
    memcpy((char *)s->now + start, (char *)s->clean + start, (size_t)bytes);
    if (!s->sink) {
        long first = ((long)s->low << s->word_shift) >> 3, last = (((long)s->high << s->word_shift) + 7) >> 3;
        memset(s->dirty + first, 0, (size_t)(last - first));
    }
    s->low = INT32_MAX;
    s->high = 0;
}

#endif
