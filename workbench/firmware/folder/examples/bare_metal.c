/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bare metal: one frame after the other. A watchdog timer restarts what hangs or faults: `init` fills RAM from flash again,
 * and the log, which lies in memory that the start leaves alone (memory.ld), has what happened before.
 */
#include "board.h"

#define FRAMES ${frames}u /* of an utterance */

${example_slots}static ${prefix}_instance ${prefix}_device;
$buffers
void audio_played(void)
{
    /* nothing plays by DMA here: board_play waits */
}

int main(void)
{
    board_start();
    $example_init;
    for (;;) {
        ${prefix}_reset(&${prefix}_device);
        for (uint32_t frame = 0; frame < FRAMES; frame++) {
            $fill
            board_tell(${prefix}_step(&${prefix}_device, ${arguments}output));
            board_play(output);
            board_feed_watchdog();
        }
    }
}
