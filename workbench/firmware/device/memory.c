/* SPDX-License-Identifier: Apache-2.0 */
/* The memory functions that compilers call by themselves, for devices without a C library. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *target, const void *source, size_t bytes);
void *memset(void *target, int value, size_t bytes);
void __aeabi_memcpy(void *target, const void *source, size_t bytes);
void __aeabi_memcpy4(void *target, const void *source, size_t bytes);
void __aeabi_memcpy8(void *target, const void *source, size_t bytes);
void __aeabi_memclr(void *target, size_t bytes);
void __aeabi_memclr4(void *target, size_t bytes);
void __aeabi_memclr8(void *target, size_t bytes);

/* The empty assembly keeps the compiler from turning these loops into calls of themselves. */
void *memcpy(void *target, const void *source, size_t bytes)
{
    unsigned char *to = target;
    const unsigned char *from = source;
    if ((((uintptr_t)to | (uintptr_t)from) & 3u) == 0) {
        for (; bytes >= 4; bytes -= 4) {
            *(uint32_t *)(void *)to = *(const uint32_t *)(const void *)from;
            to += 4;
            from += 4;
            __asm__ volatile("");
        }
    }
    for (; bytes; bytes--) {
        *to++ = *from++;
        __asm__ volatile("");
    }
    return target;
}

void *memset(void *target, int value, size_t bytes)
{
    unsigned char *to = target;
    for (; bytes; bytes--) {
        *to++ = (unsigned char)value;
        __asm__ volatile("");
    }
    return target;
}

void __aeabi_memcpy(void *target, const void *source, size_t bytes)
{
    memcpy(target, source, bytes);
}

void __aeabi_memcpy4(void *target, const void *source, size_t bytes)
{
    memcpy(target, source, bytes);
}

void __aeabi_memcpy8(void *target, const void *source, size_t bytes)
{
    memcpy(target, source, bytes);
}

void __aeabi_memclr(void *target, size_t bytes)
{
    memset(target, 0, bytes);
}

void __aeabi_memclr4(void *target, size_t bytes)
{
    memset(target, 0, bytes);
}

void __aeabi_memclr8(void *target, size_t bytes)
{
    memset(target, 0, bytes);
}
