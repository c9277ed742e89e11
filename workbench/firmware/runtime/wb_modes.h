/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modes of layers that are pruned in blocks: un-pruned for a while, pruned again afterwards, and guarded meanwhile.
 *
 *   left     = min(majority of three copies, hold)
 *   expected = 1 where left > 0 and the layer is usually pruned, else the usual mode
 *
 * Counts lie in RAM, three uint16_t a layer. See `workbench/memory/watches/modes.py`.
 */
#ifndef WB_MODES_H
#define WB_MODES_H

#include "wb_flash.h"

/* Offsets of the first byte, of mode, kept weights and mask in the working copy, of the reserve in flash. */
typedef struct {
    uint32_t mode;
    uint32_t usual; /* mode of the program */
    uint32_t kept;
    uint32_t kept_bytes;
    uint32_t mask;
    uint32_t mask_bytes;
    uint32_t reserve;
    uint32_t reserve_bytes;
} wb_layer;

typedef struct {
    const wb_layer *layers;
    uint32_t hold; /* frames for which a layer stays un-pruned */
} wb_modes;

static inline wb_byte *wb_copies_of_left(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    return memory->ram_checks + area->ram_check + 6u * unit;
}

/* For how many more frames a layer is un-pruned. */
static inline uint32_t wb_frames_left(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_byte *const copies = wb_copies_of_left(memory, area, unit);
    const uint32_t a = wb_bytes(copies, 2), b = wb_bytes(copies + 2, 2), c = wb_bytes(copies + 4, 2);
    return wb_at_most((a & b) | (a & c) | (b & c), ((const wb_modes *)area->parts)->hold);
}

static inline uint32_t wb_expected(const wb_layer *layer, uint32_t left)
{
    return left && !layer->usual ? 1u : layer->usual;
}

static inline void wb_put_left(const wb_memory *memory, const wb_area *area, uint32_t unit, uint32_t left)
{
    wb_byte *const copies = wb_copies_of_left(memory, area, unit);
    for (uint32_t copy = 0; copy < 3; copy++) {
        wb_put_bytes(copies + 2 * copy, left, 2);
    }
}

static inline void wb_put_mode(const wb_memory *memory, const wb_area *area, uint32_t unit, uint32_t left)
{
    const wb_layer *const layer = &((const wb_modes *)area->parts)->layers[unit];
    WB_PUT(memory->working + layer->mode, wb_expected(layer, left));
}

static inline int wb_modes_wrong(const wb_memory *memory, const wb_area *area, uint32_t unit, int golden)
{
    const wb_layer *const layer = &((const wb_modes *)area->parts)->layers[unit];
    const uint32_t left = golden ? 0u : wb_frames_left(memory, area, unit);
    return (golden ? memory->golden : memory->working)[layer->mode] != wb_expected(layer, left);
}

/* Three copies against a byte. */
static inline uint32_t wb_modes_say(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    (void)memory, (void)area, (void)unit;
    return WB_SAYS_BLAMED;
}

WB_COLD static int wb_modes_correct(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    wb_put_mode(memory, area, unit, wb_frames_left(memory, area, unit));
    return 1;
}

/* At start-up: as the program has it. */
WB_COLD static void wb_modes_boot(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    wb_put_left(memory, area, unit, 0);
    wb_put_mode(memory, area, unit, 0);
}

/* At the end of a step: those modes are put back whose time is over. */
WB_NOINLINE static void wb_modes_end(const wb_memory *memory, uint32_t number)
{
    const wb_area *const area = &memory->plan->areas[number];
    const wb_byte *const counts = wb_copies_of_left(memory, area, 0);
    uint32_t some = 0;
    for (uint32_t at = 0; at < 6u * area->units; at += 4) {
        some |= wb_word(counts + at);
    }
    for (uint32_t unit = 0; some && unit < area->units; unit++) {
        const uint32_t left = wb_frames_left(memory, area, unit);
        wb_put_left(memory, area, unit, left ? left - 1u : 0u);
        if (left == 1u) {
            wb_put_mode(memory, area, unit, 0);
        }
    }
}

/* The guard of modes. */
static inline const wb_area *wb_modes_of(const wb_memory *memory)
{
    const wb_area *area = memory->plan->areas;
    while (area->wrong != wb_modes_wrong) {
        area++;
    }
    return area;
}

/* Whether some mode is not that of the program. */
WB_COLD static int wb_modes_unusual(const wb_memory *memory)
{
    const wb_area *const area = wb_modes_of(memory);
    uint32_t unusual = 0;
    for (uint32_t unit = 0; unit < area->units; unit++) {
        const wb_layer *const layer = &((const wb_modes *)area->parts)->layers[unit];
        unusual |= memory->working[layer->mode] ^ layer->usual;
    }
    return unusual != 0;
}

/* Whether the reserve of a layer agrees with the sums of flash, where there are any. */
WB_COLD static int wb_reserve_sound(const wb_memory *memory, const wb_layer *layer)
{
    for (uint32_t number = 0; number < memory->plan->area_count; number++) {
        const wb_area *const area = &memory->plan->areas[number];
        if (area->flash) {
            const uint32_t first = ((const wb_flash_parts *)area->parts)->reserve_unit;
            const uint32_t stop = layer->reserve + layer->reserve_bytes;
            for (uint32_t at = layer->reserve / area->unit_bytes; at * area->unit_bytes < stop; at++) {
                if (area->wrong(memory, area, first + at, 0)) {
                    return 0;
                }
            }
        }
    }
    return 1;
}

/*
 * A layer is un-pruned from the next frame on, for as many frames; `hold` at most, and none prunes it. Returns 0, and
 * does nothing, where its reserve is damaged; of one that is un-pruned already that is not asked.
 */
WB_COLD static int wb_hold_layer(const wb_memory *memory, const wb_area *modes, uint32_t unit, uint32_t frames)
{
    const wb_modes *const part = modes->parts;
    const uint32_t left = wb_at_most(frames, part->hold);
    if (left && !wb_frames_left(memory, modes, unit) && !wb_reserve_sound(memory, &part->layers[unit])) {
        return 0;
    }
    wb_put_left(memory, modes, unit, left);
    wb_put_mode(memory, modes, unit, left);
    return 1;
}

/* As a remedy: for as long as can be, whose reserve is looked at each time. */
WB_COLD static int wb_unprune_layer(const wb_memory *memory, const wb_area *modes, uint32_t unit)
{
    const wb_modes *const part = modes->parts;
    return wb_reserve_sound(memory, &part->layers[unit]) && wb_hold_layer(memory, modes, unit, part->hold);
}

/* As the application wants it, between two steps; 0 as well where there is no such layer. */
static inline int wb_unprune_wanted(const wb_memory *memory, uint32_t layer, uint32_t frames)
{
    const wb_area *const modes = wb_modes_of(memory);
    return layer < modes->units && wb_hold_layer(memory, modes, layer, frames);
}

/* Whether a unit of pages or groups has one of `count` bytes from `start` on. */
static inline int wb_unit_has(const wb_area *area, uint32_t unit, uint32_t start, uint32_t count)
{
    uint32_t at = wb_unit_start(area, unit);
    for (uint32_t left = wb_unit_count(area, unit); left; left--) {
        if (at - start < count) {
            return 1;
        }
        at += area->step;
    }
    return 0;
}

/* The remedy UNPRUNE of pages and groups: layers that the unit has weights or masks of. */
WB_COLD static int wb_unprune(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_area *const modes = wb_modes_of(memory);
    int done = 0;
    for (uint32_t each = 0; each < modes->units; each++) {
        const wb_layer *const layer = &((const wb_modes *)modes->parts)->layers[each];
        if (wb_unit_has(area, unit, layer->kept, layer->kept_bytes) ||
            wb_unit_has(area, unit, layer->mask, layer->mask_bytes)) {
            done |= wb_unprune_layer(memory, modes, each);
        }
    }
    return done;
}

/* The remedy UNPRUNE of monitors: all layers. */
WB_COLD static int wb_unprune_all(const wb_memory *memory, const wb_area *area, uint32_t unit)
{
    const wb_area *const modes = wb_modes_of(memory);
    int done = 0;
    (void)area, (void)unit;
    for (uint32_t each = 0; each < modes->units; each++) {
        done |= wb_unprune_layer(memory, modes, each);
    }
    return done;
}

#endif
