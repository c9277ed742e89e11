/* SPDX-License-Identifier: Apache-2.0 */
/* The start of any Cortex-M, and what becomes of a fault: a reset. Your chip's own has its interrupts as well. */
#include <stdint.h>

#define RESET_CONTROL (*(volatile uint32_t *)0xe000ed0cu) /* AIRCR */
#define RESET_REQUEST 0x05fa0004u

extern uint32_t stack_top, data_start, data_end, bss_start, bss_end;
extern const uint32_t data_load;
int main(void);
void reset_handler(void);
void fault_handler(void);
/* Of an operating system, where there is one. */
void svc_handler(void) __attribute__((weak, alias("fault_handler")));
void pendsv_handler(void) __attribute__((weak, alias("fault_handler")));
void systick_handler(void) __attribute__((weak, alias("fault_handler")));

typedef union {
    uint32_t *stack;
    void (*handler)(void);
} vector;

__attribute__((section(".vectors"), used)) const vector vectors[16] = {
    {.stack = &stack_top},     {.handler = reset_handler}, {.handler = fault_handler},
    {.handler = fault_handler}, {.handler = fault_handler}, {.handler = fault_handler},
    {.handler = fault_handler}, [11] = {.handler = svc_handler},
    [14] = {.handler = pendsv_handler}, [15] = {.handler = systick_handler},
};

void fault_handler(void)
{
    RESET_CONTROL = RESET_REQUEST;
    for (;;) {
    }
}

/* The model's instance is not among what is zeroed: its log outlives a reset. */
void reset_handler(void)
{
    const uint32_t *from = &data_load;
    for (uint32_t *to = &data_start; to < &data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = &bss_start; to < &bss_end; to++) {
        *to = 0;
    }
    (void)main();
    fault_handler();
}
