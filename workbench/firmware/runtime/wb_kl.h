/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output drift: the histogram of the last codes of a frame's class against that of clean frames, by Kullback-Leibler
 * divergence in integers; see `workbench/memory/watches/kl_watch.py`. What is learned are constants that may be damaged:
 * `volatile` keeps a compiler from taking them for known.
 */
#ifndef WB_KL_H
#define WB_KL_H

#include "wb_behaviour.h"
#include "wb_log2.h"

#define WB_KL_BINS 16u
#define WB_KL_SCORED_BITS 4u /* of the sum, that a divergence is a share of */

typedef struct {
    const volatile int16_t *centre; /* [classes, channels] */
    const volatile int8_t *shift;   /* [channels] */
    const volatile int16_t *usual;  /* [classes, bins] */
    const volatile int8_t *window;  /* fade, up */
    const volatile int8_t *log2;    /* [32] */
    uint32_t rows;                  /* of codes in a frame */
    uint32_t channels;
} wb_kl;

static inline void wb_kl_count(const wb_kl *part, const void *codes, uint32_t bits, uint32_t group,
                               uint32_t *counts)
{
    const uint32_t size = part->rows * part->channels;
    for (uint32_t channel = 0; channel < part->channels; channel++) {
        const int32_t centre = part->centre[group * part->channels + channel];
        const int32_t places = wb_clamp(part->shift[channel], 0, 15);
        for (uint32_t at = channel; at < size; at += part->channels) {
            const int32_t beyond = wb_shift_right(wb_load(codes, bits, at) - centre, places);
            counts[wb_clamp(beyond, -8, 7) + 8]++;
        }
    }
}

/* Counts, zero before, of how many codes of a frame of class `group` fall into each bin. */
WB_NOINLINE static void wb_kl_count8(const wb_kl *part, const int8_t *codes, uint32_t group,
                                     uint32_t *counts)
{
    wb_kl_count(part, codes, 8, group, counts);
}

WB_NOINLINE static void wb_kl_count16(const wb_kl *part, const int16_t *codes, uint32_t group,
                                      uint32_t *counts)
{
    wb_kl_count(part, codes, 16, group, counts);
}

/* The divergence of the frame's class once its counts are in; `histogram` is the class's, in RAM. */
WB_NOINLINE static uint32_t wb_kl_score(const wb_kl *part, wb_byte *histograms, uint32_t group,
                                        const uint32_t *counts)
{
    const volatile int16_t *const usual = part->usual + group * WB_KL_BINS;
    wb_byte *const histogram = histograms + 2u * WB_KL_BINS * group;
    const uint32_t fade = (uint32_t)wb_clamp(part->window[0], 0, 8);
    const uint32_t up = (uint32_t)wb_clamp(part->window[1], 0, 7);
    const uint32_t size = part->rows * part->channels;
    uint32_t now[WB_KL_BINS];
    uint32_t total = 0;
    int32_t divergence = 0;
    for (uint32_t bin = 0; bin < WB_KL_BINS; bin++) {
        const uint32_t old = wb_bytes(histogram + 2u * bin, 2);
        const uint32_t sum = old - (old >> fade) + (counts[bin] << up);
        now[bin] = sum > 65535u ? 65535u : sum;
        wb_put_bytes(histogram + 2u * bin, now[bin], 2);
        total += now[bin];
    }
    if (total < size << (up + fade ? up + fade - 1u : 0u)) {
        return 0; /* too little was seen so far */
    }
    const int32_t whole = wb_log2(part->log2, total);
    for (uint32_t bin = 0; bin < WB_KL_BINS; bin++) {
        const int32_t further = wb_log2(part->log2, now[bin]) - whole;
        divergence += (int32_t)now[bin] * (further + wb_clamp(usual[bin], 0, 1023));
    }
    const uint32_t bits = wb_bit_length(total);
    const int32_t scored =
        wb_shift_right(divergence, bits > WB_KL_SCORED_BITS ? (int32_t)(bits - WB_KL_SCORED_BITS) : 0);
    return (uint32_t)wb_clamp(scored, 0, WB_MOST_SCORE);
}

#endif
