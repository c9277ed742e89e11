/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store of versions in flash: that of the factory, which is never written, and two slots that take turns. A version
 * is a header and its content under a keyed tag; a new one is streamed into the slot that is not active, becomes
 * active by one record of the journal, and has to be confirmed within some starts.
 *
 * At a start: `wb_store_open`, `wb_store_start`, then `wb_store_check` until it is no longer busy, and the content is
 * where `wb_store_content` says. One caller at a time.
 */
#ifndef WB_STORE_H
#define WB_STORE_H

#include "wb_journal.h"

enum {
    WB_SLOTS = 3,
    WB_HEADER_BYTES = 64,
    WB_HEADER_TAG = 48,     /* where the tag of header and content begins; it covers what is before it */
    WB_PRODUCT_BYTES = 8,
    WB_VERSION_FORMAT = 1
};

typedef enum {
    WB_STORE_OK = 0,
    WB_STORE_BUSY,               /* call again */
    WB_STORE_FLASH_FAILED,
    WB_STORE_NOTHING_WHOLE,      /* not even the version of the factory */
    WB_STORE_NOT_A_VERSION,
    WB_STORE_FORGED,             /* a tag is wrong: another key, or altered bytes */
    WB_STORE_WRONG_PRODUCT,
    WB_STORE_WRONG_BOARD,
    WB_STORE_TOO_OLD,            /* a sequence number that was there already */
    WB_STORE_TOO_LARGE,          /* for a slot */
    WB_STORE_TRUNCATED,          /* bytes are missing */
    WB_STORE_TOO_LONG,           /* more bytes than the header says */
    WB_STORE_REFUSED,            /* by the integrator's own check */
    WB_STORE_IN_PROGRESS,        /* an installation is: end or abandon it first */
    WB_STORE_NOT_IN_PROGRESS,
    WB_STORE_UNCONFIRMED,        /* the active version is on trial: confirm it or roll it back first */
    WB_STORE_NOT_RUNNING,        /* the active version was not started yet: start again first */
    WB_STORE_NOTHING_TO_CONFIRM,
    WB_STORE_NOTHING_BEFORE      /* no version to go back to */
} wb_store_status;

/* What is known when the firmware is built. */
typedef struct {
    const wb_flash *flash;
    const wb_region *journal; /* two regions of one sector each */
    const wb_region *slots;   /* WB_SLOTS of them, that of the factory first */
    const uint8_t *key;       /* WB_KEY_BYTES */
    uint8_t product[WB_PRODUCT_BYTES];
    uint32_t board;
    uint8_t most_attempts; /* starts within which a new version must be confirmed */
    /* A check of one's own, such as a signature, of the bytes of a version at an address: 0 where it is genuine. */
    int (*refuses)(void *context, uint32_t address, uint32_t bytes);
    void *context;
} wb_store_design;

enum { WB_DOING_NOTHING, WB_DOING_CHECK, WB_DOING_INSTALL, WB_DOING_PROOF };

typedef struct {
    const wb_store_design *design;
    wb_journal journal;
    wb_siphash hash;
    uint32_t position; /* in the version: written, or read for its tag */
    uint32_t total;    /* bytes of the version, header included */
    uint32_t sequence;
    uint32_t running_total; /* of the version that was started */
    uint8_t running;        /* its slot */
    uint8_t slot;
    uint8_t doing;
    uint8_t again; /* a check that failed is made once more */
    uint8_t tag[WB_TAG_BYTES];
    uint8_t piece[WB_PIECE_BYTES];
} wb_store;

/* -- a version --------------------------------------------------------------------------------- */

static wb_store_status wb_store_header(wb_store *store, uint8_t slot, const uint8_t *bytes)
{
    const wb_store_design *const design = store->design;
    const uint32_t room = design->slots[slot].bytes;
    uint8_t tag[WB_TAG_BYTES];
    if (!wb_bytes_equal(bytes, "WBVS", 4) || bytes[4] != WB_VERSION_FORMAT || bytes[5]) {
        return WB_STORE_NOT_A_VERSION;
    }
    wb_record_tag(design->key, bytes, tag);
    if (!wb_tags_equal(tag, bytes + WB_RECORD_SIGNED, WB_RECORD_TAG)) {
        return WB_STORE_FORGED;
    }
    if (!wb_bytes_equal(bytes + 8, design->product, WB_PRODUCT_BYTES)) {
        return WB_STORE_WRONG_PRODUCT;
    }
    if (wb_get32(bytes + 16) != design->board) {
        return WB_STORE_WRONG_BOARD;
    }
    if (room < WB_HEADER_BYTES || wb_get32(bytes + 24) > room - WB_HEADER_BYTES) {
        return WB_STORE_TOO_LARGE;
    }
    store->slot = slot;
    store->sequence = wb_get32(bytes + 20);
    store->total = WB_HEADER_BYTES + wb_get32(bytes + 24);
    wb_bytes_copy(store->tag, bytes + WB_HEADER_TAG, WB_TAG_BYTES);
    return WB_STORE_OK;
}

/* Begin to read a slot for its tag. */
static wb_store_status wb_store_prove(wb_store *store, uint8_t slot)
{
    const wb_flash *const flash = store->design->flash;
    uint8_t header[WB_HEADER_BYTES];
    if (flash->read(flash->context, store->design->slots[slot].address, header, sizeof header)) {
        return WB_STORE_FLASH_FAILED;
    }
    const wb_store_status status = wb_store_header(store, slot, header);
    wb_siphash_begin(&store->hash, store->design->key);
    wb_siphash_add(&store->hash, header, WB_HEADER_TAG);
    store->position = WB_HEADER_BYTES;
    return status;
}

/* Read on: busy until at most `bytes` more have reached the end. */
static wb_store_status wb_store_proved(wb_store *store, uint32_t bytes)
{
    const wb_flash *const flash = store->design->flash;
    const uint32_t address = store->design->slots[store->slot].address;
    uint8_t part[64];
    uint8_t tag[WB_TAG_BYTES];
    while (bytes && store->position < store->total) {
        uint32_t count = store->total - store->position;
        count = count < sizeof part ? count : (uint32_t)sizeof part;
        count = count < bytes ? count : bytes;
        if (flash->read(flash->context, address + store->position, part, count)) {
            return WB_STORE_FLASH_FAILED;
        }
        wb_siphash_add(&store->hash, part, count);
        store->position += count;
        bytes -= count;
    }
    if (store->position < store->total) {
        return WB_STORE_BUSY;
    }
    wb_siphash_end(&store->hash, tag);
    return wb_tags_equal(tag, store->tag, WB_TAG_BYTES) ? WB_STORE_OK : WB_STORE_FORGED;
}

/* -- the start --------------------------------------------------------------------------------- */

static wb_store_status wb_store_record(wb_store *store, const wb_record *record)
{
    return wb_journal_append(&store->journal, record) ? WB_STORE_FLASH_FAILED : WB_STORE_OK;
}

/* `record` with the version before the active one in its place. */
static void wb_store_before(wb_record *record, uint8_t kind)
{
    const int none = record->previous == WB_SLOT_NONE;
    record->kind = kind;
    record->active = none ? WB_SLOT_FACTORY : record->previous;
    record->active_sequence = none ? 0 : record->previous_sequence;
    wb_bytes_copy(record->active_tag, record->previous_tag, WB_RECORD_TAG);
    record->previous = WB_SLOT_NONE;
    record->previous_sequence = 0;
    wb_bytes_fill(record->previous_tag, 0, WB_RECORD_TAG);
    record->trial = 0;
    record->attempts = 0;
}

/* Read the journal and settle what a power cut left undecided. */
static inline wb_store_status wb_store_open(wb_store *store, const wb_store_design *design)
{
    wb_bytes_fill(store, 0, sizeof *store);
    store->design = design;
    store->journal.flash = design->flash;
    store->journal.sectors = design->journal;
    store->journal.key = design->key;
    store->running = WB_SLOT_NONE;
    return wb_journal_open(&store->journal) ? WB_STORE_FLASH_FAILED : WB_STORE_OK;
}

/* Count a start of a version on trial; one that was not confirmed in time gives way to the version before it. */
static inline wb_store_status wb_store_start(wb_store *store)
{
    wb_record record = store->journal.state;
    if (!record.trial) {
        return WB_STORE_OK;
    }
    if (record.attempts >= store->design->most_attempts) {
        wb_store_before(&record, WB_RECORD_REVERTED);
    } else {
        record.kind = WB_RECORD_TRIED;
        record.attempts++;
    }
    return wb_store_record(store, &record);
}

static wb_store_status wb_store_active(wb_store *store)
{
    const wb_record *const state = &store->journal.state;
    const uint8_t slot = state->active < WB_SLOTS ? state->active : WB_SLOT_FACTORY;
    const wb_store_status status = wb_store_prove(store, slot);
    if (status != WB_STORE_OK || slot == WB_SLOT_FACTORY) {
        return status;
    }
    return wb_tags_equal(store->tag, state->active_tag, WB_RECORD_TAG) ? WB_STORE_OK
                                                                      : WB_STORE_FORGED;
}

/*
 * Prove that the active version is whole, at most `bytes` of it in a call; a damaged one gives way to the version
 * before it, in the end to that of the factory. The device starts even where flash takes no record of that.
 */
static inline wb_store_status wb_store_check(wb_store *store, uint32_t bytes)
{
    wb_store_status status = WB_STORE_BUSY;
    if (store->doing > WB_DOING_CHECK) {
        return WB_STORE_IN_PROGRESS;
    }
    if (store->doing == WB_DOING_NOTHING) {
        store->doing = WB_DOING_CHECK;
        status = wb_store_active(store);
    }
    if (status == WB_STORE_OK || status == WB_STORE_BUSY) {
        status = wb_store_proved(store, bytes);
    }
    if (status == WB_STORE_BUSY) {
        return status;
    }
    store->doing = WB_DOING_NOTHING;
    if (status == WB_STORE_OK) {
        store->again = 0;
        store->running = store->slot;
        store->running_total = store->total;
        return status;
    }
    if (!store->again) { /* a read may have been disturbed */
        store->again = 1;
        return WB_STORE_BUSY;
    }
    store->again = 0;
    if (store->journal.state.active == WB_SLOT_FACTORY) {
        return WB_STORE_NOTHING_WHOLE;
    }
    wb_record record = store->journal.state;
    wb_store_before(&record, WB_RECORD_FELL_BACK);
    if (wb_store_record(store, &record) != WB_STORE_OK) {
        store->journal.state = record;
    }
    return WB_STORE_BUSY;
}

/* Where the content of the version lies that `wb_store_check` found whole, and its bytes. */
static inline uint32_t wb_store_content(const wb_store *store, uint32_t *bytes)
{
    *bytes = store->running_total - WB_HEADER_BYTES;
    return store->design->slots[store->running].address + WB_HEADER_BYTES;
}

/*
 * Which versions a healer may take pages from, for the init of a model: the one that was started, the one before it, the
 * factory's. Slots of rank 0, 1 and 2 from bit 2 on, 2 bits each, exclusive-or the rank.
 */
static inline uint32_t wb_store_versions(const wb_store *store)
{
    const wb_record *const state = &store->journal.state;
    const uint32_t running = store->running < WB_SLOTS ? store->running : WB_SLOT_FACTORY;
    const uint32_t before = running == state->active && state->previous < WB_SLOTS ? state->previous : running;
    return running << 2 | (before ^ 1u) << 4 | (WB_SLOT_FACTORY ^ 2u) << 6;
}

#include "wb_install.h"

#endif
