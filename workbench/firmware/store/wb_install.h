/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of the store of versions: install, confirm, roll back, reset, history. Included by wb_store.h. */
#ifndef WB_INSTALL_H
#define WB_INSTALL_H

#include "wb_store.h"

/* Bytes in order; a sector is erased when the first of them enters it. */
static wb_store_status wb_store_put(wb_store *store, const uint8_t *bytes, uint32_t count)
{
    const wb_flash *const flash = store->design->flash;
    const wb_region *const region = &store->design->slots[store->slot];
    while (count--) {
        const uint32_t place = store->position % WB_PIECE_BYTES;
        store->piece[place] = *bytes++;
        store->position++;
        if (place + 1 < WB_PIECE_BYTES && store->position < store->total) {
            continue;
        }
        wb_bytes_fill(store->piece + place + 1, 0xff, WB_PIECE_BYTES - 1 - place);
        const uint32_t offset = store->position - 1 - place;
        const uint32_t address = region->address + offset;
        if ((!(offset % region->sector_bytes) && wb_flash_erase(flash, address)) ||
            wb_flash_program(flash, address, store->piece, WB_PIECE_BYTES)) {
            store->doing = WB_DOING_NOTHING;
            return WB_STORE_FLASH_FAILED;
        }
    }
    return WB_STORE_OK;
}

/* Begin to install the version with this header, WB_HEADER_BYTES; refused before anything is overwritten. */
static inline wb_store_status wb_store_install(wb_store *store, const uint8_t *header)
{
    wb_record record = store->journal.state;
    const uint8_t slot = record.active == 1 ? 2 : 1;
    if (store->doing > WB_DOING_CHECK) {
        return WB_STORE_IN_PROGRESS;
    }
    if (record.trial) {
        return WB_STORE_UNCONFIRMED;
    }
    if (record.active != store->running) { /* the healer may be reading what would be overwritten */
        return WB_STORE_NOT_RUNNING;
    }
    wb_store_status status = wb_store_header(store, slot, header);
    if (status == WB_STORE_OK && store->sequence <= record.floor) {
        status = WB_STORE_TOO_OLD;
    }
    if (status == WB_STORE_OK && record.previous == slot) { /* from here on nobody goes back to it */
        record.kind = WB_RECORD_BEGUN;
        record.previous = WB_SLOT_NONE;
        record.previous_sequence = 0;
        wb_bytes_fill(record.previous_tag, 0, WB_RECORD_TAG);
        status = wb_store_record(store, &record);
    }
    if (status != WB_STORE_OK) {
        store->doing = WB_DOING_NOTHING;
        return status;
    }
    store->doing = WB_DOING_INSTALL;
    store->position = 0;
    return wb_store_put(store, header, WB_HEADER_BYTES);
}

/* The next bytes of its content. */
static inline wb_store_status wb_store_write(wb_store *store, const uint8_t *bytes, uint32_t count)
{
    if (store->doing != WB_DOING_INSTALL) {
        return WB_STORE_NOT_IN_PROGRESS;
    }
    if (count > store->total - store->position) {
        return WB_STORE_TOO_LONG;
    }
    return wb_store_put(store, bytes, count);
}

/*
 * Prove what lies in flash, at most `bytes` of it in a call, and make it the active version, on trial: call until it
 * is no longer busy. It starts with the next `wb_store_open`.
 */
static inline wb_store_status wb_store_commit(wb_store *store, uint32_t bytes)
{
    wb_store_status status = WB_STORE_OK;
    uint8_t tag[WB_TAG_BYTES];
    if (store->doing == WB_DOING_INSTALL) {
        if (store->position < store->total) {
            return WB_STORE_TRUNCATED;
        }
        store->doing = WB_DOING_PROOF;
        wb_bytes_copy(tag, store->tag, sizeof tag);
        status = wb_store_prove(store, store->slot);
        if (status == WB_STORE_OK && !wb_tags_equal(tag, store->tag, sizeof tag)) {
            status = WB_STORE_FORGED;
        }
    } else if (store->doing != WB_DOING_PROOF) {
        return WB_STORE_NOT_IN_PROGRESS;
    }
    if (status == WB_STORE_OK) {
        status = wb_store_proved(store, bytes);
    }
    if (status == WB_STORE_BUSY) {
        return status;
    }
    store->doing = WB_DOING_NOTHING;
    const wb_store_design *const design = store->design;
    if (status == WB_STORE_OK && design->refuses &&
        design->refuses(design->context, design->slots[store->slot].address, store->total)) {
        status = WB_STORE_REFUSED;
    }
    if (status != WB_STORE_OK) {
        return status;
    }
    wb_record record = store->journal.state;
    record.kind = WB_RECORD_INSTALLED;
    record.previous = record.active;
    record.previous_sequence = record.active_sequence;
    wb_bytes_copy(record.previous_tag, record.active_tag, WB_RECORD_TAG);
    record.active = store->slot;
    record.active_sequence = store->sequence;
    wb_bytes_copy(record.active_tag, store->tag, WB_RECORD_TAG);
    record.floor = store->sequence;
    record.trial = 1;
    record.attempts = 0;
    return wb_store_record(store, &record);
}

/* End an installation without a new version. */
static inline void wb_store_abandon(wb_store *store)
{
    store->doing = WB_DOING_NOTHING;
}

/* The version on trial stays. */
static inline wb_store_status wb_store_confirm(wb_store *store)
{
    wb_record record = store->journal.state;
    if (store->doing > WB_DOING_CHECK) {
        return WB_STORE_IN_PROGRESS;
    }
    if (!record.trial) {
        return WB_STORE_NOTHING_TO_CONFIRM;
    }
    if (record.active != store->running) {
        return WB_STORE_NOT_RUNNING;
    }
    record.kind = WB_RECORD_CONFIRMED;
    record.trial = 0;
    record.attempts = 0;
    return wb_store_record(store, &record);
}

/* From the next start on, the version before the active one; that of the factory where there is none. */
static inline wb_store_status wb_store_roll_back(wb_store *store)
{
    wb_record record = store->journal.state;
    if (store->doing > WB_DOING_CHECK) {
        return WB_STORE_IN_PROGRESS;
    }
    if (record.active == WB_SLOT_FACTORY) {
        return WB_STORE_NOTHING_BEFORE;
    }
    wb_store_before(&record, WB_RECORD_ROLLED_BACK);
    return wb_store_record(store, &record);
}

/* From the next start on, the version of the factory; what was installed once stays too old. */
static inline wb_store_status wb_store_reset(wb_store *store)
{
    wb_record record = store->journal.state;
    if (store->doing > WB_DOING_CHECK) {
        return WB_STORE_IN_PROGRESS;
    }
    record.previous = WB_SLOT_NONE;
    wb_store_before(&record, WB_RECORD_RESET);
    wb_bytes_fill(record.active_tag, 0, WB_RECORD_TAG);
    return wb_store_record(store, &record);
}

/* The record after number `index` that is still there; 0 where there is none. */
static inline int wb_store_history(const wb_store *store, uint32_t index, wb_record *record)
{
    int any = 0;
    wb_record each;
    for (uint32_t sector = 0; sector < 2; sector++) {
        for (uint32_t place = 0; place < wb_journal_places(&store->journal, sector); place++) {
            if (wb_journal_place(&store->journal, sector, place, &each) == WB_PLACE_SEALED &&
                each.index > index && (!any || each.index < record->index)) {
                *record = each;
                any = 1;
            }
        }
    }
    return any;
}

#endif
