/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels with SMLAD: the codes of a window, laid out once in `work` for all rows of weights, as pairs of
 * int16 in the order in which SXTB16 takes weights apart. A word of four weights gives the pairs (0, 2)
 * and (1, 3), one of eight nibbles (0, 4), (2, 6), (1, 5), (3, 7). Of four positions, each pair stands
 * there for all four in turn, and a row of weights is widened once for them.
 */
#ifndef WB_DSP_LAY_H
#define WB_DSP_LAY_H

#include "wb_conv_shape.h"

static inline uint32_t wb_word_at(const void *at)
{
    uint32_t word;
    __builtin_memcpy(&word, at, 4);
    return word;
}

static inline uint32_t wb_even_bytes(uint32_t word)
{
    uint32_t pair;
    __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(word));
    return pair;
}

static inline uint32_t wb_odd_bytes(uint32_t word)
{
    uint32_t pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
    return pair;
}

static inline uint32_t wb_low_halves(uint32_t first, uint32_t second)
{
    return (first & 0xffffu) | second << 16;
}

static inline uint32_t wb_high_halves(uint32_t first, uint32_t second)
{
    return first >> 16 | (second & 0xffff0000u);
}

/* How the codes of windows lie in `work`. */
typedef struct {
    uint32_t *work;
    uint32_t positions; /* 1 or WB_POSITIONS */
    uint32_t codes;     /* of a window */
    uint32_t body;      /* of these in pairs; the rest is plain behind them */
    uint32_t nibbles;   /* whether weights have 4 bits */
    uint32_t wide;      /* whether codes have 16 bits */
    uint32_t range;     /* of output codes */
} wb_laid;

/* Codes of 8 bits: whole groups of four, or of eight for nibbles, from code `first` of a window on. */
static inline void wb_lay_groups_x8(const wb_laid *laid, uint32_t *to, const unsigned char *x,
                                    uint32_t count)
{
    const uint32_t step = laid->positions;
    if (laid->nibbles) {
        for (; count; count -= 8) {
            const uint32_t a = wb_word_at(x);
            const uint32_t b = wb_word_at(x + 4);
            const uint32_t ae = wb_even_bytes(a);
            const uint32_t be = wb_even_bytes(b);
            const uint32_t ao = wb_odd_bytes(a);
            const uint32_t bo = wb_odd_bytes(b);
            to[0] = wb_low_halves(ae, be);
            to[step] = wb_high_halves(ae, be);
            to[2 * step] = wb_low_halves(ao, bo);
            to[3 * step] = wb_high_halves(ao, bo);
            to += 4 * step;
            x += 8;
        }
        return;
    }
    for (; count; count -= 4) {
        const uint32_t word = wb_word_at(x);
        to[0] = wb_even_bytes(word);
        to[step] = wb_odd_bytes(word);
        to += 2 * step;
        x += 4;
    }
}

/* The same with codes of 16 bits. */
static inline void wb_lay_groups_x16(const wb_laid *laid, uint32_t *to, const unsigned char *x,
                                     uint32_t count)
{
    const uint32_t step = laid->positions;
    if (laid->nibbles) {
        for (; count; count -= 8) {
            const uint32_t a = wb_word_at(x);
            const uint32_t b = wb_word_at(x + 4);
            const uint32_t c = wb_word_at(x + 8);
            const uint32_t d = wb_word_at(x + 12);
            to[0] = wb_low_halves(a, c);
            to[step] = wb_low_halves(b, d);
            to[2 * step] = wb_high_halves(a, c);
            to[3 * step] = wb_high_halves(b, d);
            to += 4 * step;
            x += 16;
        }
        return;
    }
    for (; count; count -= 4) {
        const uint32_t a = wb_word_at(x);
        const uint32_t b = wb_word_at(x + 4);
        to[0] = wb_low_halves(a, b);
        to[step] = wb_high_halves(a, b);
        to += 2 * step;
        x += 8;
    }
}

/* Where code number `index` of the body of window number `position` lies, counted in int16. */
static inline uint32_t wb_laid_at(const wb_laid *laid, uint32_t position, uint32_t index)
{
    const uint32_t in = index % (laid->nibbles ? 8u : 4u);
    const uint32_t pair = laid->nibbles ? (in & 1u) << 1 | (in >> 1 & 1u) : in & 1u;
    const uint32_t half = laid->nibbles ? in >> 2 : in >> 1;
    return (((index - in) / 2 + pair) * laid->positions + position) * 2 + half;
}

/* Lay out `count` codes x, which are those from number `first` on of window number `position`. */
static inline void wb_lay_run(const wb_laid *laid, uint32_t position, uint32_t first,
                              const unsigned char *x, uint32_t count)
{
    const uint32_t group = laid->nibbles ? 8u : 4u;
    const uint32_t step = laid->positions;
    int16_t *const halves = (int16_t *)laid->work;
    if (first % group == 0 && first < laid->body) {
        const uint32_t there = laid->body - first;
        const uint32_t whole = (count < there ? count : there) / group * group;
        uint32_t *const to = laid->work + first / 2 * step + position;
        if (laid->wide) {
            wb_lay_groups_x16(laid, to, x, whole);
        } else {
            wb_lay_groups_x8(laid, to, x, whole);
        }
        first += whole;
        count -= whole;
        x += laid->wide ? 2 * whole : whole;
    }
    for (uint32_t i = 0; i < count; i++, first++) {
        const uint32_t at =
            first < laid->body ? wb_laid_at(laid, position, first) : first * step + position;
        halves[at] = (int16_t)wb_load(x, laid->wide ? 16 : 8, i);
    }
}

/* Lay out the window that begins at x as number `position`. */
static inline void wb_lay_window(const wb_laid *laid, const wb_conv_walk *walk, uint32_t position,
                                 const unsigned char *x)
{
    for (size_t run = 0; run < walk->runs; run++) {
        wb_lay_run(laid, position, (uint32_t)(run * walk->run_codes), x, (uint32_t)walk->run_codes);
        x += walk->run_bytes;
    }
}

/* Products of two pairs, added to a sum. */
static inline uint32_t wb_two_products(uint32_t a, uint32_t b, uint32_t sum)
{
    uint32_t result;
    __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* Of one position with weights of 8 bits: what its accumulators make together, without what is left of a row. */
static inline void wb_totals_of_one(const wb_laid *laid, const int16_t *row, uint32_t *totals)
{
    const uint32_t *x = laid->work;
    uint32_t total = totals[0];
    for (uint32_t left = laid->body; left; left -= 4, row += 4, x += 2) {
        const uint32_t a = wb_word_at(row);
        const uint32_t b = wb_word_at(row + 2);
        total = wb_two_products(wb_low_halves(a, b), x[0], total);
        total = wb_two_products(wb_high_halves(a, b), x[1], total);
    }
    totals[0] = total;
}

#define WB_PAIR(weights)                                                                            \
    "ldmia %[x]!, {%[a], %[b], %[c], %[d]}\n\t"                                                     \
    "smlad %[t0], " weights ", %[a], %[t0]\n\t"                                                     \
    "smlad %[t1], " weights ", %[b], %[t1]\n\t"                                                     \
    "smlad %[t2], " weights ", %[c], %[t2]\n\t"                                                     \
    "smlad %[t3], " weights ", %[d], %[t3]\n\t"

/* The same of four. */
static inline void wb_totals_of_four(const wb_laid *laid, const int16_t *row, uint32_t *totals)
{
    const uint32_t *x = laid->work;
    uint32_t t0 = totals[0];
    uint32_t t1 = totals[1];
    uint32_t t2 = totals[2];
    uint32_t t3 = totals[3];
    for (uint32_t left = laid->body; left; left -= 4, row += 4) {
        const uint32_t first = wb_word_at(row);
        const uint32_t second = wb_word_at(row + 2);
        register uint32_t a __asm__("r4"); /* loaded at once: in ascending order */
        register uint32_t b __asm__("r5");
        register uint32_t c __asm__("r6");
        register uint32_t d __asm__("r8");
        __asm__ volatile(WB_PAIR("%[low]") WB_PAIR("%[high]")
                         : [x] "+r"(x), [t0] "+r"(t0), [t1] "+r"(t1), [t2] "+r"(t2), [t3] "+r"(t3),
                           [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d)
                         : [low] "r"(wb_low_halves(first, second)),
                           [high] "r"(wb_high_halves(first, second))
                         : "memory");
    }
    totals[0] = t0;
    totals[1] = t1;
    totals[2] = t2;
    totals[3] = t3;
}

/*
 * What the accumulators of each laid out position make together, by the checksum row. A function of its own
 * also so that no compiler takes the row, which is a constant, for known.
 */
WB_NOINLINE static void wb_laid_totals(const wb_laid *laid, const wb_checksum *check, uint32_t *totals)
{
    const int16_t *const row = check->rows;
    const int16_t *tail = (const int16_t *)laid->work + laid->positions * laid->body;
    const uint32_t total = (uint32_t)*(const volatile int32_t *)check->total;
    totals[0] = total;
    totals[1] = total;
    totals[2] = total;
    totals[3] = total;
    if (laid->nibbles) {
        for (uint32_t i = 0; i < laid->positions * laid->body; i++) {
            const uint32_t k = i / laid->body;
            const uint32_t code = i % laid->body;
            totals[k] += wb_product(((const int16_t *)laid->work)[wb_laid_at(laid, k, code)], row[code]);
        }
    } else if (laid->positions == 1) {
        wb_totals_of_one(laid, row, totals);
    } else {
        wb_totals_of_four(laid, row, totals);
    }
    for (uint32_t i = laid->body; i < laid->codes; i++) {
        for (uint32_t k = 0; k < laid->positions; k++) {
            totals[k] += wb_product(*tail++, row[i]);
        }
    }
}

#endif
