/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Fourier transform of 256 complex points in words of 32 bits, whose sums wrap modulo 2**32. Twiddle factors come from
 * a table of sines, any values of which have a meaning.
 */
#ifndef WB_FFT_H
#define WB_FFT_H

#include "wb_codes.h"

#define WB_POINTS 256u

/*
 * floor(x * c / 2**16), c a code of 16 bits that is given as `wb_factor(c)`. Where the processor multiplies
 * 32 bits by 32 into 32 alone, in halves.
 */
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
static WB_INLINE int32_t wb_factor(int32_t c)
{
    return c;
}

static WB_INLINE uint32_t wb_scaled(uint32_t x, int32_t factor)
{
    const uint32_t upper = (uint32_t)wb_shift_right(wb_signed(x), 16) * (uint32_t)factor;
    return upper + (uint32_t)wb_shift_right((int32_t)(x & 65535u) * factor, 16);
}
#else
static WB_INLINE int32_t wb_factor(int32_t c)
{
    return c * 65536;
}

static WB_INLINE uint32_t wb_scaled(uint32_t x, int32_t factor)
{
    return (uint32_t)((uint64_t)((int64_t)wb_signed(x) * factor) >> 32);
}
#endif

/* Bits of 0..255 in reverse. */
static inline uint32_t wb_reversed(uint32_t index)
{
    index = ((index & 0x55u) << 1) | ((index >> 1) & 0x55u);
    index = ((index & 0x33u) << 2) | ((index >> 2) & 0x33u);
    return ((index & 0x0fu) << 4) | (index >> 4);
}

/*
 * Four points at re and im, `size` apart: parts of the remainders 0, 2, 1 and 3. twiddles: sine and cosine
 * of one, two and three turns; then everything is halved.
 */
static WB_INLINE void wb_butterfly(uint32_t *re, uint32_t *im, uint32_t size, const int32_t *twiddles)
{
    uint32_t ar = re[0];
    uint32_t ai = im[0];
    uint32_t cr = re[size];
    uint32_t ci = im[size];
    uint32_t br = re[2u * size];
    uint32_t bi = im[2u * size];
    uint32_t dr = re[3u * size];
    uint32_t di = im[3u * size];
    if (twiddles) {
        const uint32_t b = br;
        const uint32_t c = cr;
        const uint32_t d = dr;
        ar = (uint32_t)wb_shift_right(wb_signed(ar), 1);
        ai = (uint32_t)wb_shift_right(wb_signed(ai), 1);
        br = wb_scaled(b, twiddles[1]) - wb_scaled(bi, twiddles[0]);
        bi = wb_scaled(b, twiddles[0]) + wb_scaled(bi, twiddles[1]);
        cr = wb_scaled(c, twiddles[3]) - wb_scaled(ci, twiddles[2]);
        ci = wb_scaled(c, twiddles[2]) + wb_scaled(ci, twiddles[3]);
        dr = wb_scaled(d, twiddles[5]) - wb_scaled(di, twiddles[4]);
        di = wb_scaled(d, twiddles[4]) + wb_scaled(di, twiddles[5]);
    }
    const uint32_t vr = br + dr;
    const uint32_t qr = br - dr;
    const uint32_t vi = bi + di;
    const uint32_t qi = bi - di;
    const uint32_t sr = ar + cr;
    const uint32_t ur = ar - cr;
    const uint32_t si = ai + ci;
    const uint32_t ui = ai - ci;
    re[0] = sr + vr;
    re[size] = ur - qi;
    re[2u * size] = sr - vr;
    re[3u * size] = ur + qi;
    im[0] = si + vi;
    im[size] = ui + qr;
    im[2u * size] = si - vi;
    im[3u * size] = ui - qr;
}

/* An eighth of the sum over k of Z[k] exp(2 pi j k n / 256), of spectra in reversed order: four stages of radix 4. */
WB_NOINLINE static void wb_inverse_fft(uint32_t *re, uint32_t *im, const int16_t *sine)
{
    for (uint32_t i = 0; i < WB_POINTS; i += 4u) {
        wb_butterfly(re + i, im + i, 1, NULL);
    }
    for (uint32_t size = 4; size < WB_POINTS; size *= 4u) {
        for (uint32_t k = 0; k < size; k++) {
            int32_t twiddles[6];
            const uint32_t turn = k * (WB_POINTS / 4u / size);
            for (uint32_t n = 0; n < 3; n++) {
                twiddles[2u * n] = wb_factor(sine[(turn + n * turn) & 255u]);
                twiddles[2u * n + 1u] = wb_factor(sine[(turn + n * turn + 64u) & 255u]);
            }
            for (uint32_t i = k; i < WB_POINTS; i += 4u * size) {
                wb_butterfly(re + i, im + i, size, twiddles);
            }
        }
    }
}

#endif
