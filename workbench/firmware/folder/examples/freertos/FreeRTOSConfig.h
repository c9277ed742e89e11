/* SPDX-License-Identifier: Apache-2.0 */
/* What the example asks of FreeRTOS on a Cortex-M (V11, no heap); take your own where you have one. */
#ifndef FREERTOS_CONFIG_H
#define FREERTOS_CONFIG_H

#define configCPU_CLOCK_HZ 64000000u
#define configTICK_RATE_HZ 1000u
#define configTICK_TYPE_WIDTH_IN_BITS TICK_TYPE_WIDTH_32_BITS
#define configUSE_PREEMPTION 1
#define configMAX_PRIORITIES 4
#define configMINIMAL_STACK_SIZE 128
#define configMAX_TASK_NAME_LEN 8
#define configUSE_IDLE_HOOK 0
#define configUSE_TICK_HOOK 0
#define configUSE_MUTEXES 1
#define configUSE_TASK_NOTIFICATIONS 1
#define configSUPPORT_STATIC_ALLOCATION 1
#define configSUPPORT_DYNAMIC_ALLOCATION 0
#define configKERNEL_PROVIDED_STATIC_MEMORY 1
#define configUSE_TIMERS 0
#define configCHECK_FOR_STACK_OVERFLOW 0
#define INCLUDE_vTaskDelay 1

/* The lowest priority for the kernel; interrupts that call it, as the audio DMA's, need 0x40 or more. */
#define configKERNEL_INTERRUPT_PRIORITY 0xffu
#define configMAX_SYSCALL_INTERRUPT_PRIORITY 0x40u

/* A wrong state ends in the watchdog. */
#define configASSERT(true_) do { if (!(true_)) { for (;;) { } } } while (0)

/* Handlers as ../startup.c names them. */
#define vPortSVCHandler svc_handler
#define xPortPendSVHandler pendsv_handler
#define xPortSysTickHandler systick_handler

#endif
