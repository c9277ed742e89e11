/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bare Cortex-M needs around a model besides `memory.c`: a vector table. The emulator calls the unit's
 * functions from outside, so nothing else runs.
 */
#include <stdint.h>

extern uint32_t device_stack_top;
void device_reset(void);

typedef union {
    uint32_t *stack;
    void (*handler)(void);
} device_vector;

__attribute__((section(".vectors"), used)) const device_vector device_vectors[2] = {
    {.stack = &device_stack_top},
    {.handler = device_reset},
};

void device_reset(void)
{
    for (;;) {
    }
}
