/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers that are un-pruned while there is room in the budget of a frame: one after another, in the order of a table, and
 * pruned again in the opposite order as soon as there is none. The application says what was left of each frame, in the
 * unit of its table: instructions, cycles or microseconds.
 *
 *     static const uint32_t extra[2] = {9300, 10400};
 *     static const wb_room_rules rules = {extra, 2, 20000, 250};
 *     voice_step(&voice, ..., output);
 *     const uint32_t count = wb_room_next(&room, &rules, used < budget ? budget - used : 0);
 *     voice.memory.parameters.mode_up1[0] = count > 0;
 *     voice.memory.parameters.mode_up0[0] = count > 1;
 *
 * A layer that is un-pruned leaves `margin` at least, so that modes do not switch to and fro. The state exists three times,
 * and the majority counts, bit by bit; whatever upsets make of it has a meaning. In Python: `workbench/healing/room.py`.
 */
#ifndef WB_ROOM_H
#define WB_ROOM_H

#include <stdint.h>

#include "wb_majority.h"

typedef struct {
    const uint32_t *extra; /* what each layer takes more of a frame while it is un-pruned */
    uint32_t layers;       /* at most 255 */
    uint32_t margin;       /* what stays free of a frame */
    uint32_t patience;     /* frames in a row with room until one more layer is un-pruned, 1 to 2**15 */
} wb_room_rules;

/* Three copies of a word; its lowest 8 bits: how many layers are un-pruned. Above them: frames in a row with room for one more. */
typedef struct {
    volatile uint32_t copies[3];
} wb_room;

static inline void wb_room_begin(wb_room *room)
{
    for (uint32_t i = 0; i < 3; i++) {
        room->copies[i] = 0;
    }
}

/* Once a frame, with what was left of it: how many layers, the first of the table, are un-pruned in the next. */
static inline uint32_t wb_room_next(wb_room *room, const wb_room_rules *rules, uint32_t left)
{
    const uint32_t word = wb_majority(room->copies);
    uint32_t count = word & 255u;
    uint32_t waited = word >> 8;
    count = count < rules->layers ? count : rules->layers;
    waited = waited < rules->patience ? waited : rules->patience;
    if (left < rules->margin) {
        for (uint32_t lack = rules->margin - left; lack && count;) {
            const uint32_t gain = rules->extra[--count];
            lack -= gain < lack ? gain : lack;
        }
        waited = 0;
    } else if (count < rules->layers && left - rules->margin >= rules->extra[count]) {
        waited++;
        if (waited >= rules->patience) {
            count++;
            waited = 0;
        }
    } else {
        waited = 0;
    }
    for (uint32_t i = 0; i < 3; i++) {
        room->copies[i] = waited << 8 | count;
    }
    return count;
}

#endif
