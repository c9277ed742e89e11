/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all parts of a healer share: what is watched and how (constants), and where everything lies.
 *
 * Whatever lies in RAM may be damaged: a variable exists three times and is the majority, bit by bit.
 */
#ifndef WB_PLAN_H
#define WB_PLAN_H

#include "wb_check.h"
#include "wb_majority.h"

/* The healer's variables: three words each. */
enum { WB_FRAME, WB_EPOCH, WB_REST, WB_SPENT, WB_CURSORS };

/* Of a cursor: the unit that is looked at next; above it, how often in a row it was damaged. */
#define WB_UNIT_BITS 24u

/* What is known of a unit that disagrees with its check. */
enum {
    WB_SAYS_CLEARED = 1,
    WB_SAYS_BLAMED = 2,
    WB_SAYS_GOLDEN_AGREES = 4,
    WB_SAYS_GOLDEN_CLEARED = 8,
    WB_SAYS_GOLDEN_BLAMED = 16,
    WB_SAYS_SAME = 32,
    WB_SAYS_READS_GOLDEN = 64,
    WB_SAYS_TWO_CHECKS = 128,
    WB_SAYS_REMADE = 256,
    WB_SAYS_TWO_DISAGREE = 512,
    WB_SAYS_LATENT = 1024
};

/* A row of the table: the first whose `counts` bits have these `values` decides; the last always fits. */
typedef struct {
    uint16_t counts;
    uint16_t values;
    uint8_t diagnosis;
} wb_proof;

/*
 * How long a unit that nothing helps waits: 4 bits each. 0: it is well. 1: a remedy is deferred. 2 to
 * 7: looked at in every 2**(n - 1)th scan. 8: a unit of a monitor raised an alarm since it was last tried.
 */
enum { WB_WELL = 0, WB_DEFERRED = 1, WB_FAILED = 2, WB_MOST = 7, WB_ALARMED = 8 };

/* Frames after which monitors look at what became of units that wait. */
#define WB_SUMS_FRAMES 64u

typedef struct wb_area wb_area;
typedef struct wb_memory wb_memory;

typedef struct {
    int (*apply)(const wb_memory *memory, const wb_area *area, uint32_t unit); /* 0: cannot */
    uint8_t remedy;
    uint8_t unsure; /* tried also where witnesses do not settle who is damaged */
} wb_rung;

/*
 * What is watched. `wrong` is never null, nor `same` where the golden copy is a witness; all other
 * functions may be.
 */
struct wb_area {
    int (*wrong)(const wb_memory *memory, const wb_area *area, uint32_t unit, int golden);
    int (*same)(const wb_memory *memory, const wb_area *area, uint32_t unit);
    uint32_t (*witnesses)(const wb_memory *memory, const wb_area *area, uint32_t unit);
    int (*mend_check)(const wb_memory *memory, const wb_area *area, uint32_t unit); /* remedy */
    int (*restore)(const wb_memory *memory, const wb_area *area, uint32_t unit); /* of pages */
    void (*boot)(const wb_memory *memory, const wb_area *area, uint32_t unit);
    const wb_rung *ladder;
    const wb_code *code;
    const wb_code *second;
    const wb_byte *check;        /* in flash, null where checks are in RAM ... */
    const wb_byte *second_check;
    uint32_t in_version;        /* ... or lie so far into the version that runs, where there are several ... */
    uint32_t second_in_version;
    uint32_t ram_check; /* ... or this far into their section */
    uint32_t ram_second;
    uint32_t check_bytes; /* of a unit */
    uint32_t second_bytes;
    uint32_t start; /* in the working copy */
    uint32_t stop;
    uint32_t unit_bytes;
    uint32_t units;
    uint32_t step; /* from byte to byte; units of more than 1 are interleaved */
    uint32_t rungs;
    uint32_t per_frame;
    uint32_t every_frames;
    uint32_t stride; /* from unit to unit, less than their number */
    uint32_t facts;  /* WB_SAYS_READS_GOLDEN, ... */
    uint32_t proves; /* pages that agree with their checks are sound */
    uint32_t flash;  /* it watches flash alone */
    uint32_t first_unit;    /* its number among the units of all areas */
    uint32_t scan_frames;   /* until every unit was looked at once */
    uint32_t backoff_shift; /* scans are waited for so many times longer, as a power of two */
    const void *parts; /* of the kind's own */
};

typedef struct {
    const wb_area *areas;
    const wb_area *validator; /* the self-test that validates remedies, or null */
    const wb_area *fade;      /* of the output, or null */
    const wb_area *monitor;   /* the first, or null, and what is done every WB_SUMS_FRAMES */
    void (*look_on)(const wb_memory *memory, const wb_area *area);
    void (*tell)(const wb_memory *memory, const wb_log_entry *entry); /* of each entry, or null */
    const wb_proof *proofs;
    uint32_t frames; /* what frames are counted modulo, over 2**31 */
    uint32_t area_count;
    uint32_t persistence;
    uint32_t cool_down_frames;
    uint32_t heals; /* saved up at most; 0 for no limit */
    uint32_t refill_frames;
    uint32_t reset_histories;
    uint32_t working_bytes;
    uint32_t state_bytes;
    uint32_t backoff_bytes;
    uint32_t log_entries; /* a power of two */
    uint32_t spares;      /* spare pages ... */
    uint32_t spare_bytes; /* ... of this size */
    uint32_t more;        /* variables behind the cursors: an entry for each spare page, and the version */
    uint32_t versions;    /* of the parameters in flash ... */
    const wb_byte *const *slots; /* ... and where each lies; null where there is one */
} wb_heal_plan;

/* A page that lies in a spare one; no bytes where the spare is free, retired or named wrongly. */
typedef struct {
    uint32_t start; /* in the working copy */
    uint32_t bytes;
} wb_moved;

/* Where everything is. */
struct wb_memory {
    const wb_heal_plan *plan;
    void *model; /* the instance */
    wb_byte *working;
    const wb_byte *golden;
    unsigned char *histories;
    volatile uint32_t *variables;
    wb_byte *ram_checks;
    wb_byte *spare;
    wb_byte *backoff;
    uint32_t *state; /* the variables, one word each */
    wb_moved *moved; /* of each spare page */
    wb_log_head *head;
    wb_log_entry *log;
    uint32_t *found; /* in this step: a wb_status */
    wb_memory *self; /* where golden copy and rank change with the version that runs; null where there is one */
    uint32_t rank;   /* of that version */
};

static inline uint32_t wb_at_most(uint32_t value, uint32_t most)
{
    return value < most ? value : most;
}

static inline void wb_put_word(volatile uint32_t *at, uint32_t word)
{
#ifdef WB_STUCK
    wb_put_bytes((wb_byte *)(volatile void *)at, word, 4);
#else
    *at = word;
#endif
}

#endif
