/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows of 32 codes of a convolution while they are in a register: an ADD, a RESCALE, and the differences that the
 * next convolution multiplies.
 */
#ifndef WB_FOLLOW_H
#define WB_FOLLOW_H

#include "rows.h"

#if WB_FUSED

/* Codes begin with those of the first position. */
typedef struct {
    const int32_t *right;  /* shifts of the convolution's columns */
    int low, high;
    int8_t *now;           /* NULL where nobody else reads them */
    const int8_t *clean;   /* NULL where sums do not become codes here */
    const int8_t *other;   /* what an ADD adds, NULL without one */
    int8_t *added;
    const int8_t *clean_added;
    int low_added, high_added;
    int8_t *scaled;        /* of a RESCALE, NULL without one */
    const int8_t *clean_scaled;
    int shift, low_scaled, high_scaled;
    uint8_t *operand;      /* differences of what comes out last, NULL where no convolution reads it next */
    uint8_t *differ;       /* the same as bits: which words differ */
} Follow;

/* Bits in which some codes of each differ from the clean ones; of the differences the largest magnitudes, and whether
 * some are too large for a byte. */
typedef struct {
    Pair conv, added, scaled, largest;
    uint32_t saturated;
} Differ;

/* `at`: where the codes lie. */
WB_INLINE void follow(const Follow *f, long at, Pair codes, Differ *d)
{
    Pair clean = pair_load(f->clean + at);
    if (f->now) pair_store(f->now + at, codes);
    d->conv = pair_differ(d->conv, codes, clean);
    if (f->other) {
        codes = pair_clamped(pair_add(codes, pair_load(f->other + at)), f->low_added, f->high_added);
        clean = pair_load(f->clean_added + at);
        pair_store(f->added + at, codes);
        d->added = pair_differ(d->added, codes, clean);
    }
    if (f->scaled) {
        if (f->shift > 0) codes = pair_rounded(codes, f->shift);
        for (int k = f->shift; k < 0; k++) codes = pair_add(codes, codes); /* it saturates */
        codes = pair_clamped(codes, f->low_scaled, f->high_scaled);
        clean = pair_load(f->clean_scaled + at);
        pair_store(f->scaled + at, codes);
        d->scaled = pair_differ(d->scaled, codes, clean);
    }
    if (!f->operand) return;
    Pair difference = pair_sub(codes, clean);
    pair_store(f->operand + at, difference);
    f->differ[at / 32] = pair_words_differ(codes, clean);
    if (WB_SHORT) d->largest = pair_largest(d->largest, difference);
    else d->saturated |= pair_words_differ(pair_add(clean, difference), codes);
}

#else

typedef struct {
    char nothing;
} Differ;

#endif
#endif
