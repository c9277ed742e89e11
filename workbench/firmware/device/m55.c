/* SPDX-License-Identifier: Apache-2.0 */
/* What a bare Cortex-M55 in QEMU needs around models: a start, SysTick to count by, and output by semihosting. */
#include <stdint.h>

#define SYSTICK_CONTROL (*(volatile uint32_t *)0xe000e010u)
#define SYSTICK_RELOAD (*(volatile uint32_t *)0xe000e014u)
#define SYSTICK_VALUE (*(volatile uint32_t *)0xe000e018u)
#define COPROCESSORS (*(volatile uint32_t *)0xe000ed88u)
#define TICKS 0xffffffu

enum { WRITE0 = 4, EXIT = 0x18, APPLICATION_EXIT = 0x20026 };

extern uint32_t m55_stack_top;
void m55_reset(void);
void m55_start(void);
void m55_stop(void);
void m55_print(const void *bytes, uint32_t count);
void run_all(void);

typedef union {
    uint32_t *stack;
    void (*handler)(void);
} m55_vector;

__attribute__((section(".vectors"), used)) const m55_vector m55_vectors[2] = {
    {.stack = &m55_stack_top},
    {.handler = m55_reset},
};

static void ask(int what, const void *with)
{
    register int r0 __asm__("r0") = what;
    register const void *r1 __asm__("r1") = with;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void m55_print(const void *bytes, uint32_t count)
{
    static char text[129];
    const unsigned char *from = bytes;
    while (count) {
        uint32_t at = 0;
        for (; count && at < 128; count--, from++) {
            text[at++] = "0123456789abcdef"[*from >> 4];
            text[at++] = "0123456789abcdef"[*from & 15];
        }
        text[at] = '\0';
        ask(WRITE0, text);
    }
    ask(WRITE0, "\n");
}

void m55_start(void)
{
    SYSTICK_VALUE = 0;
}

/* Prints the ticks since the start, the first byte the highest. */
void m55_stop(void)
{
    const uint32_t ticks = TICKS - SYSTICK_VALUE;
    const unsigned char bytes[3] = {
        (unsigned char)(ticks >> 16), (unsigned char)(ticks >> 8 & 255u), (unsigned char)(ticks & 255u)};
    m55_print(bytes, 3);
}

void m55_reset(void)
{
    COPROCESSORS |= 0xfu << 20; /* vectors */
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    SYSTICK_RELOAD = TICKS;
    SYSTICK_CONTROL = 5; /* on, by the core's clock */
    run_all();
    ask(WRITE0, "done\n");
    ask(EXIT, (const void *)APPLICATION_EXIT);
    for (;;) {
    }
}
