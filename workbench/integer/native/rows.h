/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of signals: read a code, store codes and note where they differ from the clean run.
 */
#ifndef WB_ROWS_H
#define WB_ROWS_H

#include "sparse.h"
#include "vector.h"

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

/* Of an entry of the tables of an operator. */
static inline int entry_bits(const Operator *op, int element)
{
    return element < op->wide_entries ? 16 : 8;
}

static inline void upset_entry(Operator *op, const Fault *f)
{
    op->entry[f->element] = (int16_t)after(f, op->entry[f->element], entry_bits(op, f->element));
}

/* Entries that so many faults changed become clean again. */
static inline void forget_entries(Operator *op, const Fault *fault, int faults)
{
    for (int i = 0; i < faults; i++) op->entry[fault[i].element] = op->clean_entry[fault[i].element];
}

static inline uint32_t load_word(const void *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

static inline long row_bytes(const Signal *s)
{
    return s->bits == 8 ? s->stride : 2L * s->stride;
}

/* Whether dot products take the codes as 16 bits. */
static inline int is_wide(const Signal *s)
{
    return !WB_BYTES || s->bits == 16;
}

/* Whether differences of the codes are multiplied as signed bytes, with weights that have WB_OFFSET. */
static inline int has_offset(const Signal *s)
{
    return WB_OFFSET && s->bits == 8;
}

/* Codes of a word. */
static inline int lanes_of(const Signal *s)
{
    return is_wide(s) ? 2 : 4;
}

/* Row 0 of the codes as operands. */
static inline uint8_t *code_rows(const Model *m, const Signal *x)
{
    return m->operand[is_wide(x)] + 4L * x->pad * x->words;
}

/* Whether differences of the codes take 16 bits. */
static inline int has_wide_differences(const Signal *s)
{
    return is_wide(s) && !has_offset(s);
}

/* Row 0 of the differences. */
static inline uint8_t *operand_rows(const Model *m, const Signal *x)
{
    return m->operand[has_wide_differences(x)] + 4L * x->pad * x->spread;
}

static inline int code_at(const Signal *s, const void *codes, long element)
{
    return s->bits == 8 ? ((const int8_t *)codes)[element] : ((const int16_t *)codes)[element];
}

static inline void set_code(Signal *s, long element, int value)
{
    if (s->bits == 8) ((int8_t *)s->now)[element] = (int8_t)value;
    else ((int16_t *)s->now)[element] = (int16_t)value;
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

static inline void load_row(const Signal *s, long row, int32_t *restrict y)
{
    long start = row * s->stride;
    for (int i = 0; i < s->channels; i++) y[i] = code_at(s, s->now, start + i);
}

/* Store a row. */
static inline void store_row(Signal *s, long row, const int32_t *restrict y)
{
    long start = row * s->stride;
    int differ = 0;
    for (int i = 0; i < s->channels; i++) set_code(s, start + i, y[i]);
    for (int i = 0; i < s->channels; i++) differ |= code_at(s, s->clean, start + i) != y[i];
    if (differ) note(s, row);
}

/* Store one code. */
static inline void store_code(Signal *s, long row, int channel, int value)
{
    long element = row * s->stride + channel;
    set_code(s, element, value);
    if (value != code_at(s, s->clean, element)) note(s, row);
}

static inline void forget_rows(Signal *s)
{
    s->low = INT32_MAX;
    s->high = 0;
}

static void restore(Signal *s)
{
    if (!differs(s)) return;
    long start = s->low * row_bytes(s), bytes = s->high * row_bytes(s) - start;
    memcpy((char *)s->now + start, (char *)s->clean + start, (size_t)bytes);
    forget_rows(s);
}

#endif
