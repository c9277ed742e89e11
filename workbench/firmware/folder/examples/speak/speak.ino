/* SPDX-License-Identifier: Apache-2.0 */
/* Says one utterance again and again, as numbers on the serial port: plot them, or send them to your DAC. */
#include <$prefix.h>

static const uint32_t FRAMES = ${frames}; /* of an utterance */

${example_slots}static ${prefix}_instance ${prefix}_device;
$buffers
void setup()
{
    Serial.begin(921600);
    $example_init;
}

void loop()
{
    ${prefix}_reset(&${prefix}_device);
    for (uint32_t frame = 0; frame < FRAMES; frame++) {
        $arduino_fill
        ${prefix}_step(&${prefix}_device, ${arguments}output);
        for (uint32_t i = 0; i < ${macro}_OUTPUT_CODES; i++) {
            Serial.println(output[i]);
        }
    }
}
