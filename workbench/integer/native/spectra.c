/* SPDX-License-Identifier: Apache-2.0
 *
 * Log-mel distance and MFCC-DTW of sounds to a clean one, as workbench/audio/spectral_distance.py defines them.
 *
 * Spectra are computed of 16 frames at once, of those alone in which a sample differs, and paths of the warping of
 * 16 sounds at once. No operation depends on the kernels, so that figures are the same with all of them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LANES 16
#define WINDOW 512
#define POINTS 256
#define BINS 257
#define HOP 160
#define BANDS 40
#define COEFFICIENTS 12
#define WARP 8

typedef float Floats __attribute__((vector_size(4 * LANES)));

/* What sounds are compared with, and by what. bands, weights: of each bin, the two bands that it lies in. */
typedef struct {
    int32_t samples, frames;
    float scale, floor; /* of a code; of a magnitude */
    const int16_t *clean;     /* [samples] */
    const float *taper;       /* [WINDOW] */
    const float *cosine;      /* [WINDOW] of a whole turn */
    const int32_t *bands;     /* [BINS, 2] */
    const float *weights;     /* [BINS, 2] */
    const float *basis;       /* [BANDS, COEFFICIENTS] */
    float *clean_db;          /* [frames, BANDS] */
    float *clean_cepstra;     /* [frames, COEFFICIENTS], means not yet subtracted */
    float *clean_centred;     /* [frames, COEFFICIENTS], means subtracted */
} Yardstick;

static inline float cosine_of(const Yardstick *y, int turns)
{
    return y->cosine[turns & (WINDOW - 1)];
}

static inline float sine_of(const Yardstick *y, int turns)
{
    return y->cosine[(turns - WINDOW / 4) & (WINDOW - 1)];
}

/* Sample n of the window of a frame, 0 outside of the sound. */
static inline float sample_at(const Yardstick *y, const int16_t *sound, int frame, int n)
{
    long at = (long)frame * HOP - WINDOW / 2 + n;
    float value = at < 0 || at >= y->samples ? 0.0f : (float)sound[at] * y->scale;
    return (value > 1.0f ? 1.0f : value < -1.0f ? -1.0f : value) * y->taper[n];
}

static inline int reversed4(int i)
{
    return (i & 3) << 6 | (i & 12) << 2 | (i & 48) >> 2 | i >> 6;
}

/* Fourier transforms of 256 points, which come in the order of their digits to base 4, reversed. */
static void transform(const Yardstick *y, Floats *re, Floats *im)
{
    for (int size = 1; size < POINTS; size *= 4)
        for (int k = 0; k < size; k++) {
            float c[4], s[4];
            for (int n = 1; n < 4; n++) {
                int turns = n * k * (WINDOW / 4 / size);
                c[n] = cosine_of(y, turns);
                s[n] = sine_of(y, turns);
            }
            for (int i = k; i < POINTS; i += 4 * size) {
                Floats pr[4], pi[4];
                pr[0] = re[i];
                pi[0] = im[i];
                for (int n = 1; n < 4; n++) {
                    Floats r = re[i + n * size], j = im[i + n * size];
                    pr[n] = r * c[n] + j * s[n];
                    pi[n] = j * c[n] - r * s[n];
                }
                Floats ar = pr[0] + pr[2], ai = pi[0] + pi[2], br = pr[0] - pr[2], bi = pi[0] - pi[2];
                Floats cr = pr[1] + pr[3], ci = pi[1] + pi[3], dr = pr[1] - pr[3], di = pi[1] - pi[3];
                re[i] = ar + cr;
                im[i] = ai + ci;
                re[i + size] = br + di;
                im[i + size] = bi - dr;
                re[i + 2 * size] = ar - cr;
                im[i + 2 * size] = ai - ci;
                re[i + 3 * size] = br - di;
                im[i + 3 * size] = bi + dr;
            }
        }
}

static void square_roots(float *x, int count)
{
    for (int i = 0; i < count; i++) x[i] = __builtin_sqrtf(x[i]);
}

/* 20 log10 of numbers above 0: of the mantissa by the series of the area tangent. */
static void to_decibel(float *x, int count)
{
    for (int i = 0; i < count; i++) {
        int32_t bits;
        float m, s, t;
        memcpy(&bits, x + i, 4);
        int32_t exponent = (bits - 0x3f3504f3) >> 23; /* so that m is between 1 / sqrt(2) and sqrt(2) */
        bits -= exponent * 0x800000;
        memcpy(&m, &bits, 4);
        s = (m - 1.0f) / (m + 1.0f);
        t = s * s;
        t = s * (2.0f + t * (0.66666667f + t * (0.4f + t * 0.28571429f)));
        x[i] = 8.6858896f * (t + 0.69314718f * (float)exponent);
    }
}

/* Squared magnitudes of all bins, from transforms of pairs of samples. */
static void power_of(const Yardstick *y, const Floats *re, const Floats *im, Floats *power)
{
    for (int k = 0; k <= POINTS / 2; k++) {
        int mirrored = (POINTS - k) & (POINTS - 1);
        Floats even_re = (re[k] + re[mirrored]) * 0.5f, even_im = (im[k] - im[mirrored]) * 0.5f;
        Floats odd_re = (im[k] + im[mirrored]) * 0.5f, odd_im = (re[mirrored] - re[k]) * 0.5f;
        float c = cosine_of(y, k), s = sine_of(y, k);
        Floats tr = odd_re * c + odd_im * s, ti = odd_im * c - odd_re * s;
        Floats ar = even_re + tr, ai = even_im + ti, br = even_re - tr, bi = even_im - ti;
        power[k] = ar * ar + ai * ai;
        power[POINTS - k] = br * br + bi * bi;
    }
}

/* Log-mel spectra [BANDS] of up to 16 frames of a sound, one in each lane. */
static void spectra_of(const Yardstick *y, const int16_t *sound, const int32_t *frame, int frames, Floats *db)
{
    Floats re[POINTS], im[POINTS], power[BINS];
    memset(re, 0, sizeof re);
    memset(im, 0, sizeof im);
    for (int lane = 0; lane < frames; lane++)
        for (int i = 0; i < POINTS; i++) {
            int to = reversed4(i);
            ((float *)re)[to * LANES + lane] = sample_at(y, sound, frame[lane], 2 * i);
            ((float *)im)[to * LANES + lane] = sample_at(y, sound, frame[lane], 2 * i + 1);
        }
    transform(y, re, im);
    power_of(y, re, im, power);
    square_roots((float *)power, BINS * LANES);
    memset(db, 0, BANDS * sizeof *db);
    for (int k = 0; k < BINS; k++)
        for (int n = 0; n < 2; n++) db[y->bands[2 * k + n]] += power[k] * y->weights[2 * k + n];
    float *mel = (float *)db;
    for (int i = 0; i < BANDS * LANES; i++) mel[i] = mel[i] > y->floor ? mel[i] : y->floor;
    to_decibel(mel, BANDS * LANES);
}

/* Cepstra of the spectra in lanes. */
static void cepstra_of(const Yardstick *y, const Floats *db, Floats *cepstra)
{
    memset(cepstra, 0, COEFFICIENTS * sizeof *cepstra);
    for (int b = 0; b < BANDS; b++)
        for (int k = 0; k < COEFFICIENTS; k++) cepstra[k] += db[b] * y->basis[b * COEFFICIENTS + k];
}

static void subtract_means(const Yardstick *y, float *cepstra)
{
    for (int k = 0; k < COEFFICIENTS; k++) {
        double mean = 0;
        for (int f = 0; f < y->frames; f++) mean += cepstra[f * COEFFICIENTS + k];
        mean /= y->frames;
        for (int f = 0; f < y->frames; f++) cepstra[f * COEFFICIENTS + k] -= (float)mean;
    }
}

void wb_prepare_yardstick(const Yardstick *y)
{
    for (int first = 0; first < y->frames; first += LANES) {
        int32_t frame[LANES];
        int count = y->frames - first < LANES ? y->frames - first : LANES;
        Floats db[BANDS], cepstra[COEFFICIENTS];
        for (int lane = 0; lane < count; lane++) frame[lane] = first + lane;
        spectra_of(y, y->clean, frame, count, db);
        cepstra_of(y, db, cepstra);
        for (int lane = 0; lane < count; lane++) {
            for (int b = 0; b < BANDS; b++) y->clean_db[frame[lane] * BANDS + b] = db[b][lane];
            for (int k = 0; k < COEFFICIENTS; k++)
                y->clean_cepstra[frame[lane] * COEFFICIENTS + k] = cepstra[k][lane];
        }
    }
    memcpy(y->clean_centred, y->clean_cepstra, (size_t)y->frames * COEFFICIENTS * sizeof(float));
    subtract_means(y, y->clean_centred);
}

static int frame_differs(const Yardstick *y, const int16_t *sound, int frame)
{
    long first = (long)frame * HOP - WINDOW / 2, last = first + WINDOW;
    if (first < 0) first = 0;
    if (last > y->samples) last = y->samples;
    return last > first && memcmp(sound + first, y->clean + first, 2 * (size_t)(last - first)) != 0;
}

/* Log-mel distance of a sound; its cepstra, means subtracted, to `cepstra` [frames, COEFFICIENTS]. */
static double log_mel_of(const Yardstick *y, const int16_t *sound, float *cepstra)
{
    double sum = 0;
    memcpy(cepstra, y->clean_cepstra, (size_t)y->frames * COEFFICIENTS * sizeof *cepstra);
    for (int next = 0; next < y->frames;) {
        int32_t frame[LANES];
        int count = 0;
        Floats db[BANDS], made[COEFFICIENTS];
        for (; next < y->frames && count < LANES; next++)
            if (frame_differs(y, sound, next)) frame[count++] = next;
        if (!count) break;
        spectra_of(y, sound, frame, count, db);
        cepstra_of(y, db, made);
        for (int lane = 0; lane < count; lane++) {
            float error = 0;
            for (int b = 0; b < BANDS; b++) {
                float e = db[b][lane] - y->clean_db[frame[lane] * BANDS + b];
                error += e * e;
            }
            sum += __builtin_sqrtf(error / BANDS);
            for (int k = 0; k < COEFFICIENTS; k++) cepstra[frame[lane] * COEFFICIENTS + k] = made[k][lane];
        }
    }
    subtract_means(y, cepstra);
    return sum / y->frames;
}

/* Distances by warping of the sounds in lanes, [frames, COEFFICIENTS]: the form of Sakoe and Chiba in a band. */
static Floats warped_of(const Yardstick *y, const Floats *cepstra)
{
    int width = y->frames - 1 < WARP ? y->frames - 1 : WARP, columns = 2 * width + 1;
    Floats far = (Floats){0} + __builtin_inff(), before[2 * WARP + 2], cost[2 * WARP + 1];
    for (int w = 0; w <= columns; w++) before[w] = far;
    for (int row = 0; row < y->frames; row++) {
        const Floats *test = cepstra + (long)row * COEFFICIENTS;
        for (int w = 0; w < columns; w++) {
            int other = row + w - width;
            cost[w] = far;
            if (other < 0 || other >= y->frames) continue;
            const float *reference = y->clean_centred + (long)other * COEFFICIENTS;
            cost[w] = (Floats){0};
            for (int k = 0; k < COEFFICIENTS; k++) {
                Floats e = test[k] - reference[k];
                cost[w] += e * e;
            }
        }
        square_roots((float *)cost, columns * LANES);
        Floats now = far;
        for (int w = 0; w < columns; w++) {
            Floats slanted = before[w] + 2.0f * cost[w], upright = before[w + 1] + cost[w], aside = now + cost[w];
            if (row == 0 && w == width) slanted = 2.0f * cost[w];
            for (int lane = 0; lane < LANES; lane++) {
                float least = slanted[lane] < upright[lane] ? slanted[lane] : upright[lane];
                now[lane] = least < aside[lane] ? least : aside[lane];
            }
            before[w] = now;
        }
    }
    return before[width] / (float)(2 * y->frames);
}

/* Distances of `count` sounds [count, samples]. Returns 0, or 1 when there is no memory. */
int32_t wb_distances(const Yardstick *y, const int16_t *sounds, int64_t count, double *log_mel, double *warped)
{
    long size = (long)y->frames * COEFFICIENTS;
    float *one = malloc((size_t)size * sizeof *one);
    Floats *all = aligned_alloc(sizeof *all, (size_t)size * sizeof *all);
    for (int64_t first = 0; one && all && first < count; first += LANES) {
        int here = count - first < LANES ? (int)(count - first) : LANES;
        memset(all, 0, (size_t)size * sizeof *all);
        for (int lane = 0; lane < here; lane++) {
            log_mel[first + lane] = log_mel_of(y, sounds + (first + lane) * y->samples, one);
            for (long i = 0; i < size; i++) ((float *)all)[i * LANES + lane] = one[i];
        }
        Floats distance = warped_of(y, all);
        for (int lane = 0; lane < here; lane++) warped[first + lane] = distance[lane];
    }
    int failed = !one || !all;
    free(one);
    free(all);
    return failed;
}
