/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speech samples from spectral controls: one frame of 38 controls (32 envelope bands, 5 voicing bands,
 * pitch; Q4.11) in, 160 samples out.
 *
 * One inverse FFT of 256 points makes both parts: its real part is a period of the harmonics, its
 * imaginary part a stretch of noise. Every value of controls, state and tables has a meaning; sums wrap
 * modulo 2**32.
 */
#ifndef WB_SYNTHESIS_H
#define WB_SYNTHESIS_H

#include "wb_fft.h"

#define WB_BINS 129u
#define WB_HOP 160u
#define WB_FADE 64u
#define WB_ENVELOPE_BANDS 32
#define WB_VOICING_BANDS 5
#define WB_STEP_MASK 0x0fffffffu
#define WB_HIGHEST_HARMONIC 2040109466u /* 7600 Hz in turns a sample times 2**32 */

typedef struct {
    const int16_t *sine;          /* 256, Q0.15, one turn */
    const int16_t *exponential;   /* 256, Q0.15, 2**(i / 256) - 1 */
    const int16_t *level;         /* 129, Q4.11, log2(i / 128) / 2 */
    const int16_t *envelope_bin;  /* 129, Q7.8, place of each bin between the bands */
    const int16_t *voicing_bin;   /* 129 */
} wb_synthesis_tables;

typedef struct {
    int16_t *wave;  /* 256, Q0.15: a period of the last frame's harmonics */
    int16_t *tail;  /* 64, Q0.15: what fades out of its noise */
    int32_t *phase; /* turns times 2**32 */
    int32_t *step;  /* turns a sample times 2**32; 0 after an unvoiced frame */
    int32_t *noise; /* linear congruential generator */
} wb_synthesis_state;

/* Memory for one frame, which holds nothing between frames. */
typedef struct {
    uint32_t *re;  /* 256 */
    uint32_t *im;  /* 256 */
    int16_t *bins; /* 258: envelope, Q4.11, then harmonic shares of the power, 0..128; later a period */
} wb_synthesis_work;

static inline int32_t wb_saturated(int32_t value)
{
    return wb_clamp(value, -32768, 32767);
}

/* 2**fraction, Q1.15. */
static inline uint32_t wb_mantissa(const int16_t *exponential, int32_t logarithm)
{
    return (uint32_t)(32768 + exponential[((uint32_t)logarithm >> 3) & 255u]);
}

/* 2**logarithm of a Q.11, rounded down, below 2**21; 0 for negative ones. */
static inline uint32_t wb_amplitude(const int16_t *exponential, int32_t logarithm)
{
    if (logarithm < 0) {
        return 0;
    }
    const int32_t octave = logarithm >> 11 > 20 ? 20 : logarithm >> 11;
    return (wb_mantissa(exponential, logarithm) << 5) >> (20 - octave);
}

/* `bands` of them at a place between them, Q7.8; the last one beyond the end. */
static inline int32_t wb_between(const int16_t *values, int32_t bands, int32_t place)
{
    const int32_t low = wb_clamp(wb_shift_right(place, 8), 0, bands - 1);
    const int32_t high = low + 1 < bands ? low + 1 : low;
    return values[low] + wb_shift_right((values[high] - values[low]) * (place & 255), 8);
}

/* What a frame is made with, besides tables, state and memory. */
typedef struct {
    int voiced;
    int32_t pitch; /* log2 f0, Q4.11, clipped */
    uint32_t goal; /* turns a sample times 2**32, below 2**28 */
} wb_voice;

static inline wb_voice wb_voice_of(const int16_t *controls, const int16_t *exponential)
{
    const int32_t pitch =
        wb_clamp(controls[WB_ENVELOPE_BANDS + WB_VOICING_BANDS], 6 * 2048, 9 * 2048 - 1);
    uint32_t hz = wb_mantissa(exponential, pitch) << ((pitch >> 11) - 6);
    hz += hz * ((uint32_t)pitch & 7u) * 355u >> 20;
    const wb_voice made = {
        .voiced = controls[WB_ENVELOPE_BANDS] > 819,
        .pitch = pitch,
        .goal = hz * 524u + (hz * 74u >> 8),
    };
    return made;
}

/* The spectrum j noise - j harmonics at re and im, in reversed order; returns the generator's next state. */
WB_NOINLINE static uint32_t wb_spectrum(const wb_synthesis_tables *tables, const wb_voice *voice,
                                        uint32_t noise, const wb_synthesis_work *work)
{
    const int16_t *const sine = tables->sine;
    const int16_t *const envelope = work->bins;
    const int16_t *const shares = work->bins + WB_BINS;
    uint32_t place = 0;

    work->re[0] = work->im[0] = 0;
    work->re[1] = work->im[1] = 0; /* bin 128 */
    for (uint32_t k = 1; k < WB_BINS - 1u; k++) {
        const int32_t share = voice->voiced ? shares[k] : 0;
        const uint32_t amplitude =
            wb_amplitude(tables->exponential, envelope[k] + tables->level[128 - share] + 19 * 2048);
        uint32_t harmonic = 0;
        noise = noise * 1664525u + 1013904223u;
        const uint32_t real = wb_scaled(amplitude, wb_factor(sine[((noise >> 24) + 64u) & 255u]));
        const uint32_t imaginary = wb_scaled(amplitude, wb_factor(sine[noise >> 24]));
        if (voice->voiced && place < WB_HIGHEST_HARMONIC) {
            place += voice->goal;
            if (place < WB_HIGHEST_HARMONIC) {
                const uint32_t bin = place >> 24;
                const int32_t low = envelope[bin];
                const int32_t rise = (envelope[bin + 1u] - low) * (int32_t)((place >> 16) & 255u);
                harmonic = wb_amplitude(
                    tables->exponential,
                    low + wb_shift_right(rise, 8) + tables->level[shares[bin]] +
                        (voice->pitch >> 1) + (int32_t)(k * k * 19u >> 7) + 22 * 2048 - 14301);
            }
        }
        const uint32_t at = wb_reversed(k);
        const uint32_t mirrored = wb_reversed(WB_POINTS - k);
        work->re[at] = 0u - imaginary;
        work->im[at] = real - harmonic;
        work->re[mirrored] = imaginary;
        work->im[mirrored] = real + harmonic;
    }
    return noise;
}

/* Q12.19 to Q0.15, rounded half up and saturated. */
static inline int32_t wb_sample(uint32_t word)
{
    return wb_saturated(wb_shift_right(wb_signed(word), 4) + (int32_t)((word >> 3) & 1u));
}

/* A wave at a phase, linearly between two of its samples. */
static inline int32_t wb_wave_at(const int16_t *wave, uint32_t phase)
{
    const int32_t low = wave[phase >> 24];
    const int32_t high = wave[((phase >> 24) + 1u) & 255u];
    return low + wb_shift_right((high - low) * (int32_t)((phase >> 9) & 32767u), 15);
}

/* 160 samples. wave: this frame's period; grain: its noise, Q12.19. Returns the phase afterwards. */
WB_NOINLINE static uint32_t wb_samples(const wb_synthesis_state *state, const int16_t *wave,
                                       const uint32_t *grain, const int16_t *sine, uint32_t step,
                                       int32_t slope, int16_t *samples)
{
    uint32_t phase = (uint32_t)*state->phase;
    for (uint32_t n = 0; n < WB_HOP; n++) {
        int32_t value = wb_sample(grain[n]);
        if (n < WB_FADE) {
            value = wb_shift_right(value * sine[n] + 16384, 15) + state->tail[n];
        }
        const int32_t old = wb_wave_at(state->wave, phase);
        const int32_t new_minus_old = wb_wave_at(wave, phase) - old;
        value += old + wb_shift_right(new_minus_old * (int32_t)(n * 6554u >> 5), 15);
        samples[n] = (int16_t)wb_saturated(value);
        step += (uint32_t)slope;
        phase += step;
    }
    return phase;
}

WB_NOINLINE static void wb_synthesis(const wb_synthesis_tables *tables,
                                     const wb_synthesis_state *state, const int16_t *controls,
                                     int16_t *samples, const wb_synthesis_work *work)
{
    const wb_voice voice = wb_voice_of(controls, tables->exponential);
    const uint32_t used = (uint32_t)*state->step & WB_STEP_MASK;
    const uint32_t first = used ? used : voice.goal;
    const uint32_t last = voice.voiced ? voice.goal : first;
    const int32_t slope = ((int32_t)last - (int32_t)first) / (int32_t)WB_HOP;
    const uint32_t seed = voice.voiced == (used != 0) ? (uint32_t)*state->noise : 0u;
    int16_t shares[WB_VOICING_BANDS];
    int16_t *const wave = work->bins; /* once the spectrum is made */

    for (int32_t i = 0; i < WB_VOICING_BANDS; i++) {
        shares[i] = (int16_t)wb_clamp(controls[WB_ENVELOPE_BANDS + i], 0, 2048);
    }
    for (uint32_t b = 0; b < WB_BINS; b++) {
        const int32_t share = wb_between(shares, WB_VOICING_BANDS, tables->voicing_bin[b]);
        work->bins[b] = (int16_t)wb_between(controls, WB_ENVELOPE_BANDS, tables->envelope_bin[b]);
        work->bins[WB_BINS + b] = (int16_t)(share >> 4);
    }
    *state->noise = wb_signed(wb_spectrum(tables, &voice, seed, work));
    wb_inverse_fft(work->re, work->im, tables->sine);
    for (uint32_t i = 0; i < WB_POINTS; i++) {
        wave[i] = (int16_t)wb_sample(work->re[i]);
    }
    const uint32_t phase =
        wb_samples(state, wave, work->im, tables->sine, first, slope, samples);
    for (uint32_t n = 0; n < WB_FADE; n++) {
        const int32_t product = wb_sample(work->im[WB_HOP + n]) * tables->sine[WB_FADE - n];
        state->tail[n] = (int16_t)wb_saturated(wb_shift_right(product + 16384, 15));
    }
    for (uint32_t i = 0; i < WB_POINTS; i++) {
        state->wave[i] = wave[i];
    }
    *state->phase = voice.voiced ? wb_signed(phase) : 0;
    *state->step = voice.voiced ? (int32_t)voice.goal : 0;
}

#endif
