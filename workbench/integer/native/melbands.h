/* SPDX-License-Identifier: Apache-2.0
 *
 * The operator `melbands` as workbench/integer/operators/melbands.py defines it: log-mel bands of the last 512
 * samples, every 160. In a trial only frames are computed whose samples, tables or past differ.
 *
 * `element` of a fault counts ENTRY: window, sine, twist, place, logarithm, end to end; HISTORY: past.
 */
#ifndef WB_MELBANDS_H
#define WB_MELBANDS_H

#include "fft.h"

#define WB_MEL_HOP 160
#define WB_MEL_PAST 352
#define WB_MEL_BANDS 32
#define WB_MEL_BINS 257
#define WB_MEL_FRAMES 3 /* whose windows a sample lies in, at most 4 */

/* What is made of the tables of an operator. taper: of the whole window. */
typedef struct {
    int32_t taper[2 * WB_POINTS], cosine[WB_POINTS / 2 + 1], place[WB_MEL_BINS], logarithm[WB_POINTS];
    Twiddles twiddles;
} Filters;

static void take_filters(Filters *f, const int16_t *entry)
{
    const int16_t *twist = entry + 2 * WB_POINTS, *place = twist + WB_POINTS / 2 + 1, *logarithm = place + WB_MEL_BINS;
    for (int i = 0; i < WB_POINTS; i++) f->taper[i] = f->taper[2 * WB_POINTS - 1 - i] = entry[i];
    for (int i = 0; i <= WB_POINTS / 2; i++) f->cosine[i] = twist[i];
    for (int i = 0; i < WB_MEL_BINS; i++) f->place[i] = place[i];
    for (int i = 0; i < WB_POINTS; i++) f->logarithm[i] = logarithm[i];
    take_twiddles(&f->twiddles, entry + WB_POINTS);
}

/* About the absolute value. */
static inline uint32_t magnitude_of(uint32_t re, uint32_t im)
{
    uint32_t a = (int32_t)re < 0 ? 0u - re : re, b = (int32_t)im < 0 ? 0u - im : im;
    uint32_t larger = a > b ? a : b, sum = larger - (larger >> 3) + ((a > b ? b : a) >> 1);
    return larger > sum ? larger : sum;
}

static inline uint32_t halved(uint32_t word)
{
    return (uint32_t)((int32_t)word >> 1);
}

/* Magnitudes of all bins, in 64ths, from the transform of pairs of samples. */
static void magnitudes_of(const Filters *f, const uint32_t *re, const uint32_t *im, uint32_t *size)
{
    for (int k = 0; k <= WB_POINTS / 2; k++) {
        int mirrored = (WB_POINTS - k) & (WB_POINTS - 1);
        uint32_t a = re[k], b = im[k], c = re[mirrored], d = im[mirrored];
        int32_t cosine = f->cosine[k], sine = f->cosine[WB_POINTS / 2 - k];
        int32_t sum = (int32_t)(b + d), difference = (int32_t)(c - a);
        uint32_t even_re = halved(a + c), even_im = halved(b - d);
        uint32_t odd_re = (uint32_t)scaled_word(sum, cosine) + (uint32_t)scaled_word(difference, sine);
        uint32_t odd_im = (uint32_t)scaled_word(difference, cosine) - (uint32_t)scaled_word(sum, sine);
        size[WB_POINTS - k] = (magnitude_of(even_re - odd_re, even_im - odd_im) + 32) >> 6;
        size[k] = (magnitude_of(even_re + odd_re, even_im + odd_im) + 32) >> 6; /* this one of bin 128 */
    }
}

static int code_of_band(const Filters *f, uint32_t sum)
{
    uint32_t level = (sum >> 1) + (1u << 12);
    int octave = 31 - __builtin_clz(level);
    return clamp((octave - 12) * 16 + f->logarithm[level >> (octave - 8) & 255] - 128, -128, 127);
}

/* 32 codes of 512 samples. */
static void hear_window(const Filters *f, const int16_t *samples, int32_t *codes)
{
    Points z[16], made[16];
    uint32_t re[WB_POINTS], im[WB_POINTS], size[WB_MEL_BINS], band[WB_MEL_BANDS + 2] = {0};
    for (int i = 0; i < WB_POINTS; i++) im[i] = (uint32_t)(samples[2 * i] * f->taper[2 * i] >> 9);
    for (int i = 0; i < WB_POINTS; i++) re[i] = (uint32_t)(samples[2 * i + 1] * f->taper[2 * i + 1] >> 9);
    take_points(z, re, im);
    inverse_fft(&f->twiddles, z, made);
    give_points(made, im, re); /* with parts exchanged, the inverse is the forward transform */
    magnitudes_of(f, re, im, size);
    for (int k = 0; k < WB_MEL_BINS; k++) {
        int below = f->place[k] >> 8;
        uint32_t share = (uint32_t)f->place[k] & 255;
        if (below < -1 || below >= WB_MEL_BANDS) continue;
        band[below + 1] += size[k] * (256 - share); /* the first and the last are nobody's */
        band[below + 2] += size[k] * share;
    }
    for (int n = 0; n < WB_MEL_BANDS; n++) codes[n] = code_of_band(f, band[n + 1]);
}

static void take_samples(const Signal *x, long first, int count, int16_t *to)
{
    for (int n = 0; n < count; n++) to[n] = first + n < 0 ? 0 : ((const int16_t *)x->now)[(first + n) * x->stride];
}

/* Faults are sorted by time, those of tables before those of the past. */
static void hear(Model *m, Operator *op, const Fault *fault, int faults)
{
    const Signal *x = m->signal + op->source;
    Signal *y = m->signal + op->target;
    Filters filters;
    int16_t window[2 * WB_POINTS];
    int32_t codes[WB_MEL_BANDS];
    int entries = 0, entry = 0, damaged = 0, forgotten = 0, frame = x->low / WB_MEL_HOP;
    while (entries < faults && fault[entries].kind == ENTRY) entries++;
    int past = entries;
    if (entries && fault[0].frame < frame) frame = fault[0].frame;
    if (past < faults && fault[past].frame < frame) frame = fault[past].frame;
    take_filters(&filters, op->clean_entry);
    take_samples(x, (long)frame * WB_MEL_HOP - WB_MEL_PAST, WB_MEL_PAST, window);
    for (; frame < y->rows; frame++) {
        int changed = 0;
        long first = (long)frame * WB_MEL_HOP;
        for (; entry < entries && fault[entry].frame <= frame; entry++, changed = 1)
            upset_entry(op, fault + entry);
        if (changed) {
            take_filters(&filters, op->entry);
            damaged = 1;
        }
        for (; past < faults && fault[past].frame <= frame; past++) {
            int16_t *hit = window + fault[past].element;
            *hit = (int16_t)after(fault + past, *hit, 16);
            forgotten = frame + WB_MEL_FRAMES;
        }
        if (!damaged && frame >= forgotten && entry == entries && past == faults && first - WB_MEL_PAST >= x->high) break;
        take_samples(x, first, WB_MEL_HOP, window + WB_MEL_PAST);
        if (damaged || frame < forgotten || (first + WB_MEL_HOP > x->low && first - WB_MEL_PAST < x->high)) {
            hear_window(&filters, window, codes);
            store_row(y, frame, codes);
        }
        memmove(window, window + WB_MEL_HOP, 2 * WB_MEL_PAST);
    }
    forget_entries(op, fault, entry);
}

#endif
