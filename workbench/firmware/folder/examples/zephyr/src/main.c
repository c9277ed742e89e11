/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A task of an operating system (Zephyr): it computes ahead of the sound by as many frames as the queue holds, and a task
 * watchdog resets the system where none is finished for a second. One task alone calls the model.
 */
#include <zephyr/kernel.h>
#include <zephyr/device.h>
#include <zephyr/task_wdt/task_wdt.h>

#include "$prefix.h"

#define FRAMES ${frames}u /* of an utterance */
#define AHEAD 3
#define STACK_BYTES 2048
#define PRIORITY 5
#define PATIENCE_MS 1000

${example_slots}static ${prefix}_instance ${prefix}_device;
$buffers
K_MSGQ_DEFINE(sound, sizeof(output), AHEAD, 4);

static void speak(void *first, void *second, void *third)
{
    const int channel = task_wdt_add(PATIENCE_MS, NULL, NULL);
    (void)first, (void)second, (void)third;
    $example_init;
    for (;;) {
        ${prefix}_reset(&${prefix}_device);
        for (uint32_t frame = 0; frame < FRAMES; frame++) {
            $fill
            (void)${prefix}_step(&${prefix}_device, ${arguments}output);
            (void)k_msgq_put(&sound, output, K_FOREVER);
            (void)task_wdt_feed(channel);
        }
    }
}

K_THREAD_STACK_DEFINE(speaker_stack, STACK_BYTES);
static struct k_thread speaker;

int main(void)
{
    static $output_type frame[${macro}_OUTPUT_CODES];
    (void)task_wdt_init(DEVICE_DT_GET_OR_NULL(DT_ALIAS(watchdog0)));
    (void)k_thread_create(&speaker, speaker_stack, STACK_BYTES, speak, NULL, NULL, NULL, PRIORITY, 0,
                          K_NO_WAIT);
    for (;;) {
        (void)k_msgq_get(&sound, frame, K_FOREVER);
        /* give it to your driver, i2s_write for instance */
    }
}
