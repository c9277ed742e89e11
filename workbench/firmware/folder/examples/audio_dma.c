/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A double buffer: the DMA plays one frame while the other is computed. Frame n lies in half n % 2. The interrupt only
 * counts, so that `step` never runs twice at a time; the watchdog is fed by frames that were ready in time.
 */
#include "board.h"

#define FRAMES ${frames}u /* of an utterance */

${example_slots}static ${prefix}_instance ${prefix}_device;
$buffers
static $output_type halves[2][${macro}_OUTPUT_CODES]; /* the DMA reads them: put them where it may */
static volatile uint32_t played; /* frames; written by the interrupt alone */
static uint32_t next = 2;        /* the frame that is computed; 0 and 1 are silence */

void audio_played(void)
{
    played = played + 1u;
}

static void play(uint32_t frame)
{
    while ((int32_t)(played - (next - 1u)) < 0) { /* the frame before the last is still heard */
        board_wait();
    }
    $dma_fill
    board_tell(${prefix}_step(&${prefix}_device, ${arguments}output));
    for (uint32_t i = 0; i < ${macro}_OUTPUT_CODES; i++) {
        halves[next % 2u][i] = output[i];
    }
    if ((int32_t)(played - next) < 0) {
        board_feed_watchdog();
    } else {
        next = played; /* too late: go on with the one that is not heard yet */
    }
    next++;
}

int main(void)
{
    board_start();
    $example_init;
    board_start_dma(halves[0]);
    for (;;) {
        ${prefix}_reset(&${prefix}_device);
        for (uint32_t frame = 0; frame < FRAMES; frame++) {
            play(frame);
        }
    }
}
