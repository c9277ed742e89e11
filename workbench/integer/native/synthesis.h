/* SPDX-License-Identifier: Apache-2.0
 *
 * A frame of the operator `synthesis`: 38 controls to 160 samples, as workbench/integer/operators/synthesis.py
 * defines it and wb_synthesis.h of the firmware computes it; here for processors with vectors.
 *
 * Bins are computed in runs over arrays.
 */
#ifndef WB_SYNTHESIS_H
#define WB_SYNTHESIS_H

#include "fft.h"

#define WB_BINS 129
#define WB_HOP 160
#define WB_FADE 64
#define WB_ENVELOPE_BANDS 32
#define WB_VOICING_BANDS 5
#define WB_CONTROLS 38
#define WB_ENTRIES (2 * WB_POINTS + 3 * WB_BINS) /* of all tables, end to end */
#define WB_STEP_MASK 0x0fffffffu
#define WB_HIGHEST_HARMONIC 2040109466u /* 7600 Hz in turns a sample times 2**32 */

/* Where bins lie between bands: two bands, and 256ths of the way. */
typedef struct {
    int32_t low[WB_BINS], high[WB_BINS], fraction[WB_BINS];
} Between;

/* What is made of the tables of an operator. */
typedef struct {
    int32_t sine[WB_POINTS], exponential[WB_POINTS], level[WB_BINS];
    Between envelope, voicing;
    uint32_t factor[WB_BINS], offset[WB_BINS]; /* draw k of the noise is factor * seed + offset */
    Twiddles twiddles;
} Tables;

/* How a frame is spoken. seed: of its noise. start, slope: of the step. */
typedef struct {
    int voiced;
    int32_t pitch, slope;
    uint32_t goal, seed, phase, start;
} Voice;

static void place_bins(Between *to, const int16_t *position, int bands)
{
    for (int b = 0; b < WB_BINS; b++) {
        int low = clamp(position[b] >> 8, 0, bands - 1);
        to->low[b] = low;
        to->high[b] = low + 1 < bands ? low + 1 : low;
        to->fraction[b] = position[b] & 255;
    }
}

static void take_tables(Tables *t, const int16_t *entry)
{
    const int16_t *exponential = entry + WB_POINTS, *level = exponential + WB_POINTS;
    for (int i = 0; i < WB_POINTS; i++) t->sine[i] = entry[i];
    for (int i = 0; i < WB_POINTS; i++) t->exponential[i] = exponential[i];
    for (int i = 0; i < WB_BINS; i++) t->level[i] = level[i];
    place_bins(&t->envelope, level + WB_BINS, WB_ENVELOPE_BANDS);
    place_bins(&t->voicing, level + 2 * WB_BINS, WB_VOICING_BANDS);
    t->factor[0] = 1;
    t->offset[0] = 0;
    for (int k = 1; k < WB_BINS; k++) {
        t->factor[k] = t->factor[k - 1] * 1664525u;
        t->offset[k] = t->offset[k - 1] * 1664525u + 1013904223u;
    }
    take_twiddles(&t->twiddles, entry);
}

/* 2**fraction, Q1.15. */
static inline uint32_t mantissa(const Tables *t, int32_t logarithm)
{
    return (uint32_t)(32768 + t->exponential[(logarithm >> 3) & 255]);
}

/* 2**logarithm of a Q.11, rounded down, below 2**21; 0 for negative ones. */
static inline int32_t amplitude(const Tables *t, int32_t logarithm)
{
    int octave = logarithm >> 11 > 20 ? 20 : logarithm >> 11;
    uint32_t made = (mantissa(t, logarithm) << 5) >> ((20 - octave) & 31);
    return logarithm < 0 ? 0 : (int32_t)made;
}

static inline uint32_t seed_of(int voiced, const Words *words)
{
    return voiced == ((words->step & WB_STEP_MASK) != 0) ? words->noise : 0;
}

/* How the next frame is spoken; `words` become those of the one after it. */
static Voice next_voice(const Tables *t, const int16_t *controls, Words *words)
{
    Voice v = {.voiced = controls[WB_ENVELOPE_BANDS] > 819, .phase = words->phase,
               .pitch = clamp(controls[WB_CONTROLS - 1], 6 * 2048, 9 * 2048 - 1)};
    uint32_t hz = mantissa(t, v.pitch) << ((v.pitch >> 11) - 6), used = words->step & WB_STEP_MASK;
    hz += hz * ((uint32_t)v.pitch & 7) * 355 >> 20;
    v.goal = hz * 524 + (hz * 74 >> 8);
    v.seed = seed_of(v.voiced, words);
    v.start = used ? used : v.goal;
    v.slope = v.voiced ? ((int32_t)v.goal - (int32_t)v.start) / WB_HOP : 0;
    words->noise = v.seed * t->factor[WB_BINS - 2] + t->offset[WB_BINS - 2];
    words->phase = v.voiced ? v.phase + WB_HOP * v.start + WB_HOP * (WB_HOP + 1) / 2 * (uint32_t)v.slope : 0;
    words->step = v.voiced ? v.goal : 0;
    return v;
}

static void bands_to_bins(const Between *at, const int16_t *bands, int32_t *bins)
{
    for (int b = 0; b < WB_BINS; b++) {
        int32_t low = bands[at->low[b]], high = bands[at->high[b]];
        bins[b] = low + ((high - low) * at->fraction[b] >> 8);
    }
}

/* Half the amplitudes of the harmonics, by number; of those from 7,600 Hz on, 0. */
static void harmonics_of(const Tables *t, const Voice *v, const int32_t *envelope, const int32_t *share, int32_t *to)
{
    uint32_t inside = v->goal ? (WB_HIGHEST_HARMONIC - 1) / v->goal : WB_BINS;
    int last = !v->voiced ? 0 : inside < WB_BINS - 2 ? (int)inside : WB_BINS - 2;
    memset(to, 0, 4 * WB_BINS);
    for (int k = 1; k <= last; k++) {
        uint32_t place = v->goal * (uint32_t)k, bin = place >> 24;
        int32_t rise = (envelope[bin + 1] - envelope[bin]) * (int32_t)(place >> 16 & 255);
        to[k] = amplitude(t, envelope[bin] + (rise >> 8) + t->level[share[bin]] + (v->pitch >> 1) + (k * k * 19 >> 7) +
                                 22 * 2048 - 14301);
    }
}

/* The spectrum j noise - j harmonics. */
static void spectrum_of(const Tables *t, const Voice *v, const int16_t *controls, Points *z)
{
    int32_t envelope[WB_BINS], share[WB_BINS], harmonic[WB_BINS], size[WB_BINS], real[WB_BINS], imaginary[WB_BINS];
    uint32_t turn[WB_BINS];
    int16_t voicing[WB_VOICING_BANDS];
    for (int i = 0; i < WB_VOICING_BANDS; i++) voicing[i] = (int16_t)clamp(controls[WB_ENVELOPE_BANDS + i], 0, 2048);
    bands_to_bins(&t->envelope, controls, envelope);
    bands_to_bins(&t->voicing, voicing, share);
    for (int k = 0; k < WB_BINS; k++) share[k] >>= 4;
    harmonics_of(t, v, envelope, share, harmonic);
    for (int k = 0; k < WB_BINS; k++) turn[k] = (v->seed * t->factor[k] + t->offset[k]) >> 24;
    for (int k = 0; k < WB_BINS; k++) size[k] = envelope[k] + t->level[v->voiced ? 128 - share[k] : 128] + 19 * 2048;
    for (int k = 0; k < WB_BINS; k++) size[k] = amplitude(t, size[k]);
    for (int k = 0; k < WB_BINS; k++) real[k] = scaled_word(size[k], t->sine[(turn[k] + 64) & 255]);
    for (int k = 0; k < WB_BINS; k++) imaginary[k] = scaled_word(size[k], t->sine[turn[k]]);
    real[0] = imaginary[0] = real[WB_BINS - 1] = imaginary[WB_BINS - 1] = 0;
    uint32_t re[WB_POINTS + 1], im[WB_POINTS + 1];
    for (int k = 0; k < WB_BINS; k++) {
        re[WB_POINTS - k] = (uint32_t)imaginary[k];
        im[WB_POINTS - k] = (uint32_t)(real[k] + harmonic[k]);
    }
    for (int k = 0; k < WB_BINS; k++) {
        re[k] = 0u - (uint32_t)imaginary[k];
        im[k] = (uint32_t)(real[k] - harmonic[k]);
    }
    take_points(z, re, im);
}

/* Q12.19 to Q0.15, rounded half up and saturated. */
static inline int16_t sample_of(uint32_t word)
{
    return (int16_t)clamp(((int32_t)word >> 4) + (int32_t)(word >> 3 & 1), -32768, 32767);
}

static inline uint32_t pair_of(int low, int high)
{
    return (uint16_t)low | (uint32_t)(uint16_t)high << 16;
}

static void make_period(const Tables *t, const Voice *v, const int16_t *controls, Period *to)
{
    Points z[16], sound[16];
    uint32_t re[WB_POINTS], im[WB_POINTS];
    int16_t wave[WB_POINTS + 1];
    spectrum_of(t, v, controls, z);
    inverse_fft(&t->twiddles, z, sound);
    give_points(sound, re, im);
    for (int i = 0; i < WB_POINTS; i++) wave[i] = sample_of(re[i]);
    wave[WB_POINTS] = wave[0];
    for (int i = 0; i < WB_POINTS; i++) to->pair[i] = pair_of(wave[i], wave[i + 1]);
    for (int n = 0; n < WB_HOP; n++) to->grain[n] = sample_of(im[n]);
    for (int n = 0; n < WB_FADE; n++)
        to->tail[n] = (int16_t)clamp((sample_of(im[WB_HOP + n]) * t->sine[WB_FADE - n] + 16384) >> 15, -32768, 32767);
}

/* A wave between two of its samples. */
static inline int32_t wave_at(uint32_t pair, uint32_t phase)
{
    int32_t low = (int16_t)pair, high = (int32_t)pair >> 16;
    return low + ((high - low) * (int32_t)(phase >> 9 & 32767) >> 15);
}

/* wave, tail: of the frame before. */
static void make_samples(
    const Tables *t, const Voice *v, const uint32_t *wave, const int16_t *tail, const Period *now, int16_t *samples)
{
    uint32_t phase[WB_HOP], old[WB_HOP], new[WB_HOP];
    int32_t sound[WB_HOP];
    for (uint32_t n = 0; n < WB_HOP; n++) phase[n] = v->phase + n * v->start + n * (n + 1) / 2 * (uint32_t)v->slope;
    for (int n = 0; n < WB_HOP; n++) old[n] = wave[phase[n] >> 24];
    for (int n = 0; n < WB_HOP; n++) new[n] = now->pair[phase[n] >> 24];
    for (int n = 0; n < WB_HOP; n++) sound[n] = now->grain[n];
    for (int n = 0; n < WB_FADE; n++) sound[n] = ((sound[n] * t->sine[n] + 16384) >> 15) + tail[n];
    for (int n = 0; n < WB_HOP; n++) {
        int32_t before = wave_at(old[n], phase[n]), rise = wave_at(new[n], phase[n]) - before;
        samples[n] = (int16_t)clamp(sound[n] + before + (rise * (n * 6554 >> 5) >> 15), -32768, 32767);
    }
}

#endif
