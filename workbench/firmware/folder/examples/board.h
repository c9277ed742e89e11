/* SPDX-License-Identifier: Apache-2.0 */
/* What the examples ask of a board; board.c has it with nothing inside. */
#ifndef BOARD_H
#define BOARD_H

#include "$prefix.h"

/*
 * Clocks, audio, and a watchdog timer that resets the chip unless it is fed within three frames of
 * $frames_per_second a second. One with a clock of its own also catches a clock that stops.
 */
void board_start(void);

/* Called when a frame is done in time, and from nowhere else: what hangs or faults lets the watchdog bite. */
void board_feed_watchdog(void);

/* Plays ${macro}_OUTPUT_CODES codes; waits until there is room for them. */
void board_play(const $output_type *codes);

/*
 * Plays two frames of ${macro}_OUTPUT_CODES codes by DMA, one behind the other, again and again; its interrupts at half and
 * at the end call audio_played.
 */
void board_start_dma(const $output_type *frames);
void audio_played(void);

/* Sleeps until an interrupt has come, or returns at once. */
void board_wait(void);

/* What the status of a frame means for the application: a lamp, a message, a request for service. */
void board_tell(wb_status status);

#endif
