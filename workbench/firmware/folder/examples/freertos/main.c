/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two tasks of FreeRTOS: one computes a frame whenever the DMA has played one, the other looks through all memory in the
 * background, a few units at a time. A mutex lets one of them call the model at a time; its holder inherits the other's
 * priority, so that a frame waits no longer than these few units take. The sound feeds the watchdog; a check that never
 * gives the mutex back starves it.
 */
#include <FreeRTOS.h>
#include <semphr.h>
#include <task.h>

#include "board.h"

#define FRAMES ${frames}u /* of an utterance */
#define STACK_WORDS 512u  /* of 4 bytes; "Interrupts, tasks and DMA" in README.md says what a step takes */
#define UNITS 2u          /* that are checked at a time ... */
#define PAUSE_MS 10u      /* ... and then nothing for so long */

${example_slots}static ${prefix}_instance ${prefix}_device;
$buffers
static $output_type halves[2][${macro}_OUTPUT_CODES]; /* the DMA reads them: put them where it may */
static StackType_t speaker_stack[STACK_WORDS];
static StaticTask_t speaker_task;
static StaticSemaphore_t turn_memory;
static TaskHandle_t speaker;
static SemaphoreHandle_t turn;

void audio_played(void)
{
    BaseType_t woken = pdFALSE;
    vTaskNotifyGiveFromISR(speaker, &woken);
    portYIELD_FROM_ISR(woken);
}

static void play(uint32_t frame)
{
    static uint32_t half = 1; /* that was filled last */
    half += ulTaskNotifyTake(pdTRUE, portMAX_DELAY); /* frames that were played since */
    $dma_fill
    (void)xSemaphoreTake(turn, portMAX_DELAY);
    const wb_status status = ${prefix}_step(&${prefix}_device, ${arguments}output);
    (void)xSemaphoreGive(turn);
    for (uint32_t i = 0; i < ${macro}_OUTPUT_CODES; i++) {
        halves[half % 2u][i] = output[i];
    }
    board_tell(status);
    if (ulTaskNotifyValueClear(NULL, 0) == 0) { /* in time: nothing was played meanwhile */
        board_feed_watchdog();
    }
}

static void speak(void *nothing)
{
    (void)nothing;
    board_start_dma(halves[0]);
    for (;;) {
        (void)xSemaphoreTake(turn, portMAX_DELAY);
        ${prefix}_reset(&${prefix}_device);
        (void)xSemaphoreGive(turn);
        for (uint32_t frame = 0; frame < FRAMES; frame++) {
            play(frame);
        }
    }
}

#ifdef ${macro}_BUILD /* there is a healer, and it has checks */
static StackType_t checker_stack[STACK_WORDS];
static StaticTask_t checker_task;

static void check(void *nothing)
{
    wb_verification at = {0};
    (void)nothing;
    for (;;) {
        (void)xSemaphoreTake(turn, portMAX_DELAY);
        const wb_status status = ${prefix}_verify(&${prefix}_device, &at, UNITS);
        (void)xSemaphoreGive(turn);
        if (status != WB_BUSY) { /* all was looked at: WB_DEGRADED where flash is damaged, which a step may not need yet */
            board_tell(status);
            at = (wb_verification){0};
        }
        vTaskDelay(pdMS_TO_TICKS(PAUSE_MS));
    }
}
#endif

int main(void)
{
    board_start();
    $example_init;
    turn = xSemaphoreCreateMutexStatic(&turn_memory);
    speaker = xTaskCreateStatic(speak, "speak", STACK_WORDS, NULL, 2, speaker_stack, &speaker_task);
#ifdef ${macro}_BUILD
    (void)xTaskCreateStatic(check, "check", STACK_WORDS, NULL, 1, checker_stack, &checker_task);
#endif
    vTaskStartScheduler();
    return 0;
}
