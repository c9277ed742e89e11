/* SPDX-License-Identifier: Apache-2.0 */
/* What the header of a model needs, in C and C++: where things lie, and the log as a device keeps it. */
#ifndef WB_MODEL_H
#define WB_MODEL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__BYTE_ORDER__) && defined(__ORDER_LITTLE_ENDIAN__)
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "The memory image of a model is little endian: choose a little-endian target."
#endif
#elif !defined(__LITTLE_ENDIAN__)
#error "Cannot tell the byte order: define __LITTLE_ENDIAN__ once you know that it is little endian."
#endif

/* Where golden copy and checks lie. A test build empties it to be able to damage flash as well. */
#ifndef WB_FLASH
#define WB_FLASH const
#endif

/* Bytes that are read as words. */
#if defined(__GNUC__)
#define WB_ALIGNED __attribute__((aligned(4)))
#else
#define WB_ALIGNED
#endif

enum {
    WB_DIAGNOSIS_MEMORY = 1,
    WB_DIAGNOSIS_CHECK = 2,
    WB_DIAGNOSIS_AMBIGUOUS = 3,
    WB_DIAGNOSIS_COMPUTE = 4,
    WB_DIAGNOSIS_GOLDEN = 5,
    WB_DIAGNOSIS_PRESUMED = 6,
    WB_DIAGNOSIS_MOMENTARY = 7,
    WB_DIAGNOSIS_DATA = 8
};
enum {
    WB_REMEDY_NONE = 0,
    WB_REMEDY_RESTORE = 1,
    WB_REMEDY_CORRECT = 2,
    WB_REMEDY_ZERO = 3,
    WB_REMEDY_INTERPOLATE = 4,
    WB_REMEDY_CLIP = 5,
    WB_REMEDY_RESIGN = 6,
    WB_REMEDY_REBOOT = 7,
    WB_REMEDY_REPEAT = 8,
    WB_REMEDY_RELOCATE = 9,
    WB_REMEDY_RESET = 10,
    WB_REMEDY_SCRUB = 11
};
enum {
    WB_VERDICT_HEALED = 1,
    WB_VERDICT_UNHEALED = 2,
    WB_VERDICT_DEFERRED = 3,
    WB_VERDICT_INVALID = 4
};

typedef struct {
    uint32_t frame; /* the healer's own count of frames ... */
    uint16_t epoch; /* ... and how often it wrapped, at PREFIX_FRAME_MODULUS */
    uint16_t unit;
    uint8_t area;
    uint8_t diagnosis; /* WB_DIAGNOSIS_... */
    uint8_t remedy;    /* WB_REMEDY_... */
    uint8_t verdict;   /* WB_VERDICT_... */
} wb_log_entry;

/* What stands before a log. It outlives a reset that keeps RAM: `wb_log_begin` knows its own. */
typedef struct {
    uint32_t magic;
    uint32_t build[2]; /* of the model's hash */
    uint32_t count;    /* entries ever written; entry n is log[n % size] */
    uint32_t inverse;  /* ~count */
    uint32_t repeats;  /* failures of units that were reported already, which are not written */
} wb_log_head;

#define WB_LOG_MAGIC 0x474c4257u /* "WBLG" */

#endif
