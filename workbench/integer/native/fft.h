/* SPDX-License-Identifier: Apache-2.0
 *
 * The inverse FFT of workbench/integer/operators/fourier.py for processors with vectors, 256 points.
 *
 * They lie in 16 rows of 16. The first two stages are between rows of the spectrum as it is, the last two between
 * rows of the transposed.
 */
#ifndef WB_FFT_H
#define WB_FFT_H

#include "rows.h"

#define WB_POINTS 256

/* 16 words; sums wrap. */
typedef uint32_t Lanes __attribute__((vector_size(64)));
typedef int32_t SignedLanes __attribute__((vector_size(64)));

typedef struct {
    Lanes re, im;
} Points;

/* Sine and cosine of one, two and three turns: of the second stage 4 times, the third once, the last 4 times. */
typedef struct {
    Lanes of[9][6];
} Twiddles;

static void fill_twiddle(Lanes *t, const int16_t *sine, int turn, int step)
{
    for (int n = 0; n < 3; n++)
        for (int lane = 0; lane < 16; lane++) {
            int at = (n + 1) * (turn + lane * step);
            t[2 * n][lane] = (uint32_t)sine[at & 255];
            t[2 * n + 1][lane] = (uint32_t)sine[(at + 64) & 255];
        }
}

/* sine: of a whole turn, as codes. */
static void take_twiddles(Twiddles *t, const int16_t *sine)
{
    for (int k = 0; k < 4; k++) fill_twiddle(t->of[k], sine, 16 * k, 0);
    fill_twiddle(t->of[4], sine, 0, 4);
    for (int k = 0; k < 4; k++) fill_twiddle(t->of[5 + k], sine, 16 * k, 1);
}

static void take_points(Points *z, const uint32_t *re, const uint32_t *im)
{
    for (int row = 0; row < 16; row++) {
        memcpy(&z[row].re, re + 16 * row, sizeof(Lanes));
        memcpy(&z[row].im, im + 16 * row, sizeof(Lanes));
    }
}

static void give_points(const Points *z, uint32_t *re, uint32_t *im)
{
    for (int row = 0; row < 16; row++) {
        memcpy(re + 16 * row, &z[row].re, sizeof(Lanes));
        memcpy(im + 16 * row, &z[row].im, sizeof(Lanes));
    }
}

/* floor(x * c / 2**16), c of 16 bits. */
WB_INLINE Lanes scaled(Lanes x, Lanes c)
{
    return (Lanes)((SignedLanes)x >> 16) * c + (Lanes)((SignedLanes)((x & 65535) * c) >> 16);
}

static inline int32_t scaled_word(int32_t x, int32_t c)
{
    return (x >> 16) * c + ((x & 65535) * c >> 16);
}

WB_INLINE Points turned(Points z, const Lanes *twiddle)
{
    Points made = {scaled(z.re, twiddle[1]) - scaled(z.im, twiddle[0]),
                   scaled(z.re, twiddle[0]) + scaled(z.im, twiddle[1])};
    return made;
}

/* Parts of the remainders 0, 2, 1 and 3 in rows of z; `twiddle` is NULL in the first stage. */
WB_INLINE void butterfly(Points *z, int a_row, int c_row, int b_row, int d_row, const Lanes *twiddle)
{
    Points a = z[a_row], c = z[c_row], b = z[b_row], d = z[d_row];
    if (twiddle) {
        a.re = (Lanes)((SignedLanes)a.re >> 1);
        a.im = (Lanes)((SignedLanes)a.im >> 1);
        b = turned(b, twiddle);
        c = turned(c, twiddle + 2);
        d = turned(d, twiddle + 4);
    }
    Lanes vr = b.re + d.re, vi = b.im + d.im, qr = b.re - d.re, qi = b.im - d.im;
    Lanes sr = a.re + c.re, si = a.im + c.im, ur = a.re - c.re, ui = a.im - c.im;
    z[a_row] = (Points){sr + vr, si + vi};
    z[c_row] = (Points){ur - qi, ui + qr};
    z[b_row] = (Points){sr - vr, si - vi};
    z[d_row] = (Points){ur + qi, ui - qr};
}

static void transpose(const Points *from, Points *to)
{
    static const uint8_t reversed[16] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};
    for (int row = 0; row < 16; row++)
        for (int lane = 0; lane < 16; lane++) {
            to[row].re[lane] = from[reversed[lane]].re[reversed[row]];
            to[row].im[lane] = from[reversed[lane]].im[reversed[row]];
        }
}

/* An eighth of the sum over k of Z[k] exp(2 pi j k n / 256): of spectra z, which are changed, at `to`. Row k >> 4
 * of the spectrum is number 0, 8, 4, 12, 2, ... in reversed order. */
static void inverse_fft(const Twiddles *t, Points *z, Points *to)
{
    butterfly(z, 0, 8, 4, 12, 0);
    butterfly(z, 2, 10, 6, 14, 0);
    butterfly(z, 1, 9, 5, 13, 0);
    butterfly(z, 3, 11, 7, 15, 0);
    butterfly(z, 0, 2, 1, 3, t->of[0]);
    butterfly(z, 8, 10, 9, 11, t->of[1]);
    butterfly(z, 4, 6, 5, 7, t->of[2]);
    butterfly(z, 12, 14, 13, 15, t->of[3]);
    transpose(z, to);
    for (int n = 0; n < 16; n += 4) butterfly(to, n, n + 1, n + 2, n + 3, t->of[4]);
    for (int n = 0; n < 4; n++) butterfly(to, n, n + 4, n + 8, n + 12, t->of[5 + n]);
}

#endif
