/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fade: the output falls silent where an alarm of behaviour is explained, and rises again over some frames.
 *
 *   output[row] = (output[row] * gain[row]) >> 15        gain[row] = ((frames - left) * rows + row) * step
 *
 * How many frames are left lies in RAM three times, uint16_t each, of which the majority counts.
 */
#ifndef WB_FADE_H
#define WB_FADE_H

#include "wb_heal.h"

WB_COLD static int wb_fade_wrong(const wb_memory *memory, const wb_area *area, uint32_t unit,
                                 int golden)
{
    (void)memory, (void)area, (void)unit, (void)golden;
    return 0;
}

/* At start-up: full loudness. */
WB_COLD static void wb_fade_boot(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    (void)unit;
    wb_fade_put(memory, area, 0);
}

/* At the end of a step: what leaves, and one frame less is left. */
WB_NOINLINE static void wb_fade_out(const wb_memory *memory, uint32_t number, void *output)
{
    const wb_area *const area = &memory->plan->areas[number];
    const wb_fade *const part = area->parts;
    const wb_byte *const copies = memory->ram_checks + area->ram_check;
    const uint32_t a = wb_bytes(copies, 2), b = wb_bytes(copies + 2, 2), c = wb_bytes(copies + 4, 2);
    const uint32_t left = wb_at_most((a & b) | (a & c) | (b & c), part->frames);
    uint32_t at = 0;
    if (!(a | b | c)) {
        return;
    }
    wb_fade_put(memory, area, left ? left - 1 : 0u);
    for (uint32_t row = 0; left && row < part->rows; row++) {
        const uint32_t gain = ((part->frames - left) * part->rows + row) * part->step;
        for (uint32_t channel = 0; channel < part->channels; channel++) {
            const int32_t code = wb_load(output, part->bits, at) * (int32_t)gain;
            wb_store(output, part->bits, at, wb_shift_right(code, 15));
            at++;
        }
    }
}

#endif
