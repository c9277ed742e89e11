/* SPDX-License-Identifier: Apache-2.0 */
/* A board with nothing on it: fill this in for yours. */
#include "board.h"

void board_start(void)
{
}

void board_feed_watchdog(void)
{
}

void board_play(const $output_type *codes)
{
    (void)codes;
}

void board_start_dma(const $output_type *frames)
{
    (void)frames;
}

void board_wait(void)
{
}

void board_tell(wb_status status)
{
    (void)status;
}
