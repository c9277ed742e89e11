/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log-mel bands of a sound: 160 new samples in, 32 bands of the last 512 samples out.
 *
 * One FFT of 256 pairs of samples is split into the spectrum of 512 real ones. Every value of samples, state and tables
 * has a meaning; sums wrap modulo 2**32.
 */
#ifndef WB_MELBANDS_H
#define WB_MELBANDS_H

#include "wb_fft.h"

#define WB_MEL_HOP 160u
#define WB_MEL_PAST 352u
#define WB_MEL_BANDS 32
#define WB_MEL_FLOOR_BITS 12

typedef struct {
    const int16_t *window;   /* 256, Q0.15: rising half */
    const int16_t *sine;     /* 256, Q0.15, one turn */
    const int16_t *twist;    /* 129, Q0.15, cosine of a quarter turn */
    const int16_t *place;    /* 257, Q7.8, place of each bin between the bands */
    const int8_t *logarithm; /* 256, Q3.4, log2(1 + i / 256) */
} wb_melbands_tables;

/* Memory for one frame, which holds nothing between frames. */
typedef struct {
    uint32_t *re;   /* 256 */
    uint32_t *im;   /* 256 */
    uint32_t *band; /* 32 */
} wb_melbands_work;

static inline int32_t wb_heard(const int16_t *past, const int16_t *sound, uint32_t index)
{
    return index < WB_MEL_PAST ? past[index] : sound[index - WB_MEL_PAST];
}

/* The tapered window as complex pairs, parts exchanged, in reversed order. */
WB_NOINLINE static void wb_tapered(const int16_t *window, const int16_t *past, const int16_t *sound,
                                   const wb_melbands_work *work)
{
    for (uint32_t i = 0; i < WB_POINTS; i++) {
        const uint32_t first = 2u * i;
        const uint32_t at = wb_reversed(i);
        const int32_t even = window[first < WB_POINTS ? first : 2u * WB_POINTS - 1u - first];
        const int32_t odd = window[first < WB_POINTS ? first + 1u : 2u * WB_POINTS - 2u - first];
        work->im[at] = (uint32_t)wb_shift_right(wb_heard(past, sound, first) * even, 9);
        work->re[at] = (uint32_t)wb_shift_right(wb_heard(past, sound, first + 1u) * odd, 9);
    }
}

/* About the absolute value, 3 % off at most. */
static inline uint32_t wb_magnitude(uint32_t re, uint32_t im)
{
    const uint32_t a = wb_signed(re) < 0 ? 0u - re : re;
    const uint32_t b = wb_signed(im) < 0 ? 0u - im : im;
    const uint32_t larger = a > b ? a : b;
    const uint32_t sum = larger - (larger >> 3) + ((a > b ? b : a) >> 1);
    return larger > sum ? larger : sum;
}

/* Divides a bin between the two bands beside it. */
static inline void wb_into_bands(uint32_t *band, int32_t place, uint32_t magnitude)
{
    const int32_t below = wb_shift_right(place, 8);
    const uint32_t share = (uint32_t)place & 255u;
    if (below >= 0 && below < WB_MEL_BANDS) {
        band[below] += magnitude * (256u - share);
    }
    if (below >= -1 && below < WB_MEL_BANDS - 1) {
        band[below + 1] += magnitude * share;
    }
}

static inline uint32_t wb_halved(uint32_t word)
{
    return (uint32_t)wb_shift_right(wb_signed(word), 1);
}

/* Sums of the bands, from the transform of pairs. */
WB_NOINLINE static void wb_bands(const wb_melbands_tables *tables, const wb_melbands_work *work)
{
    for (uint32_t n = 0; n < WB_MEL_BANDS; n++) {
        work->band[n] = 0;
    }
    for (uint32_t k = 0; k <= WB_POINTS / 2u; k++) {
        const uint32_t mirrored = (WB_POINTS - k) & (WB_POINTS - 1u);
        const uint32_t a = work->im[k];
        const uint32_t b = work->re[k];
        const uint32_t c = work->im[mirrored];
        const uint32_t d = work->re[mirrored];
        const int32_t cosine = wb_factor(tables->twist[k]);
        const int32_t sine = wb_factor(tables->twist[WB_POINTS / 2u - k]);
        const uint32_t even_re = wb_halved(a + c);
        const uint32_t even_im = wb_halved(b - d);
        const uint32_t odd_re = wb_scaled(b + d, cosine) + wb_scaled(c - a, sine);
        const uint32_t odd_im = wb_scaled(c - a, cosine) - wb_scaled(b + d, sine);
        wb_into_bands(work->band, tables->place[k],
                      (wb_magnitude(even_re + odd_re, even_im + odd_im) + 32u) >> 6);
        if (k < WB_POINTS / 2u) {
            wb_into_bands(work->band, tables->place[WB_POINTS - k],
                          (wb_magnitude(even_re - odd_re, even_im - odd_im) + 32u) >> 6);
        }
    }
}

/* 16 log2 of a band, from -128 for silence. */
static inline int8_t wb_band_code(const int8_t *logarithm, uint32_t sum)
{
    const uint32_t level = (sum >> 1) + (1u << WB_MEL_FLOOR_BITS);
    int32_t octave = WB_MEL_FLOOR_BITS;
    while (level >> octave > 1u) {
        octave++;
    }
    const int32_t fraction = logarithm[(level >> (octave - 8)) & 255u];
    return (int8_t)wb_clamp((octave - WB_MEL_FLOOR_BITS) * 16 + fraction - 128, -128, 127);
}

WB_NOINLINE static void wb_melbands(const wb_melbands_tables *tables, int16_t *past,
                                    const int16_t *sound, int8_t *codes,
                                    const wb_melbands_work *work)
{
    wb_tapered(tables->window, past, sound, work);
    for (uint32_t n = 0; n < WB_MEL_PAST; n++) {
        past[n] = (int16_t)wb_heard(past, sound, n + WB_MEL_HOP);
    }
    wb_inverse_fft(work->re, work->im, tables->sine);
    wb_bands(tables, work);
    for (uint32_t n = 0; n < WB_MEL_BANDS; n++) {
        codes[n] = wb_band_code(tables->logarithm, work->band[n]);
    }
}

#endif
