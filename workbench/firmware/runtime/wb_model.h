/* SPDX-License-Identifier: Apache-2.0 */
/* What the header of a model needs, in C and C++: versions, what a step returns, and the log as a device keeps it. */
#ifndef WB_MODEL_H
#define WB_MODEL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Of the runtime, semantic: the first number changes with what a caller has to write, the second with what is new, the
 * third with what is mended. The ABI number changes with the layout of an instance or of the log.
 */
#define WB_VERSION "1.0.0"
#define WB_VERSION_MAJOR 1
#define WB_VERSION_MINOR 0
#define WB_VERSION_PATCH 0
#define WB_ABI 2

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

/* Of a version in flash, which may change while the model runs: upsets do not ask. */
#define WB_SLOT_BYTE volatile unsigned char

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
    WB_DIAGNOSIS_DATA = 8,
    WB_DIAGNOSIS_LATENT = 9
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
    WB_REMEDY_SCRUB = 11,
    WB_REMEDY_FALL_BACK = 12,
    WB_REMEDY_RECALIBRATE = 13,
    WB_REMEDY_UNPRUNE = 14
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
    uint8_t verdict;   /* WB_VERDICT_... in the low 4 bits; above them, the rank of the version that ran */
} wb_log_entry;

/* What a step returns: what its healer knows when the frame is done, the worst of it. */
typedef enum {
    WB_OK = 0,        /* nothing is known to be wrong */
    WB_HEALED = 1,    /* damage was found in this step, and all of it is repaired */
    WB_DEGRADED = 2,  /* damage is known that is not repaired: its remedy is deferred, or nothing helped before; or a
                         monitor was alarmed and memory is sound, or flash is damaged and RAM is not */
    WB_UNHEALABLE = 3, /* damage was found in this step that nothing helps; the steps after it return WB_DEGRADED */
    WB_BUSY = 4        /* of a verification: call again */
} wb_status;

/*
 * Words that stand before a log, three times each: the majority counts, bit by bit, and is written back in turn. They
 * outlive a reset that keeps RAM: `wb_log_begin` knows its own.
 */
enum {
    WB_LOG_MARK,       /* WB_LOG_MAGIC */
    WB_LOG_BUILD_LOW,  /* of the model's build */
    WB_LOG_BUILD_HIGH,
    WB_LOG_COUNT,    /* entries ever written; entry n is log[n % size] */
    WB_LOG_REPEATS,  /* failures of units that were reported already, which are not written */
    WB_LOG_TABLES,   /* CRC-32 of the constants that describe the model, as start-up found them */
    WB_LOG_WAITING,  /* 1 + the byte of the waiting times in which a unit waited last; 0 where none does */
    WB_LOG_VERDICTS, /* entries of each verdict, from WB_VERDICT_HEALED on */
    WB_LOG_WORDS = WB_LOG_VERDICTS + 4
};

typedef struct {
    uint32_t words[WB_LOG_WORDS][3];
} wb_log_head;

#define WB_LOG_MAGIC 0x474c4257u /* "WBLG" */

/* How far a verification is, and what it has found; begin with all zero. */
typedef struct {
    uint32_t next;
    uint32_t wrong;  /* units that disagree with their checks, or their golden copies do */
    uint32_t crc;
    uint32_t tables; /* at the end: 1 where the constants that describe the model changed since start-up */
} wb_verification;

/* Counts that never go back while RAM is kept; all but `written` stop at 2**32 - 1. */
typedef struct {
    uint32_t written; /* entries of the log ... */
    uint32_t healed;  /* ... by verdict */
    uint32_t unhealed;
    uint32_t deferred;
    uint32_t invalid;
    uint32_t repeats; /* failures of units that were reported already */
} wb_counts;

#endif
