/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of the store of versions: which version is active, written so that a power cut at any place leaves the
 * state before an operation or the one after it.
 *
 * Every record holds the whole state. It is programmed in three steps, head, rest and seal. A record whose seal was
 * begun is complete. One without seal is in doubt: a half-programmed bit may read as 0 today and as 1 tomorrow, so
 * that its tag may be right once and wrong later. `wb_journal_open` ends a doubt by writing before anybody acts: the
 * record anew where it reads right, else the state before it. Since the head is complete before the rest is begun,
 * a record that can ever read right never reads as blank, so that no doubt is overlooked.
 *
 * Two sectors take turns. The next one is erased when the present one is full, and only then; what an earlier
 * session left half erased is never programmed.
 */
#ifndef WB_JOURNAL_H
#define WB_JOURNAL_H

#include "wb_flash.h"
#include "wb_siphash.h"

enum {
    WB_RECORD_BYTES = 64,
    WB_RECORD_SIGNED = 40, /* what the tag covers */
    WB_RECORD_TAG = 8,     /* bytes of the tag that are stored, and of a version's tag */
    WB_RECORD_SEAL = 48    /* where the seal begins */
};

typedef enum {
    WB_RECORD_NOTHING = 0, /* of a store that was never written */
    WB_RECORD_SETTLED,     /* an interrupted operation did not happen */
    WB_RECORD_BEGUN,       /* a slot is about to be overwritten */
    WB_RECORD_INSTALLED,
    WB_RECORD_TRIED, /* a start of a version that is not confirmed */
    WB_RECORD_CONFIRMED,
    WB_RECORD_REVERTED, /* not confirmed in time */
    WB_RECORD_ROLLED_BACK,
    WB_RECORD_FELL_BACK, /* the version was damaged */
    WB_RECORD_RESET
} wb_record_kind;

enum { WB_SLOT_FACTORY = 0, WB_SLOT_NONE = 255 };

typedef struct {
    uint32_t index; /* counts records, from 1 */
    uint32_t floor; /* the highest sequence number that was ever installed */
    uint32_t active_sequence;
    uint32_t previous_sequence;
    uint8_t kind; /* wb_record_kind */
    uint8_t attempts;
    uint8_t active;   /* slot */
    uint8_t previous; /* slot; WB_SLOT_NONE where there is no version to go back to */
    uint8_t trial;    /* whether `active` has still to be confirmed */
    uint8_t active_tag[WB_RECORD_TAG];
    uint8_t previous_tag[WB_RECORD_TAG];
} wb_record;

typedef struct {
    const wb_flash *flash;
    const wb_region *sectors; /* two, of one sector each */
    const uint8_t *key;
    wb_record state;
    uint32_t sector; /* of the latest record; where there is none, the one that is not written next */
    uint32_t next;   /* its first place that is still blank */
    uint8_t lost;    /* nothing could be read, but something had been written */
} wb_journal;

static void wb_put32(uint8_t *bytes, uint32_t value)
{
    for (unsigned int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint32_t wb_get32(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void wb_record_tag(const uint8_t *key, const uint8_t *bytes, uint8_t tag[WB_TAG_BYTES])
{
    wb_siphash hash;
    wb_siphash_begin(&hash, key);
    wb_siphash_add(&hash, bytes, WB_RECORD_SIGNED);
    wb_siphash_end(&hash, tag);
}

/* All but the seal. */
static void wb_record_write(const wb_record *record, const uint8_t *key, uint8_t *bytes)
{
    uint8_t tag[WB_TAG_BYTES];
    bytes[0] = 'W';
    bytes[1] = 'J';
    bytes[2] = record->kind;
    bytes[3] = record->attempts;
    bytes[4] = record->active;
    bytes[5] = record->previous;
    bytes[6] = record->trial;
    bytes[7] = 0;
    wb_put32(bytes + 8, record->index);
    wb_put32(bytes + 12, record->floor);
    wb_put32(bytes + 16, record->active_sequence);
    wb_put32(bytes + 20, record->previous_sequence);
    wb_bytes_copy(bytes + 24, record->active_tag, WB_RECORD_TAG);
    wb_bytes_copy(bytes + 32, record->previous_tag, WB_RECORD_TAG);
    wb_record_tag(key, bytes, tag);
    wb_bytes_copy(bytes + WB_RECORD_SIGNED, tag, WB_RECORD_TAG);
}

static int wb_record_read(wb_record *record, const uint8_t *key, const uint8_t *bytes)
{
    uint8_t tag[WB_TAG_BYTES];
    wb_record_tag(key, bytes, tag);
    if (bytes[0] != 'W' || bytes[1] != 'J' ||
        !wb_tags_equal(tag, bytes + WB_RECORD_SIGNED, WB_RECORD_TAG)) {
        return 0;
    }
    record->kind = bytes[2];
    record->attempts = bytes[3];
    record->active = bytes[4];
    record->previous = bytes[5];
    record->trial = bytes[6];
    record->index = wb_get32(bytes + 8);
    record->floor = wb_get32(bytes + 12);
    record->active_sequence = wb_get32(bytes + 16);
    record->previous_sequence = wb_get32(bytes + 20);
    wb_bytes_copy(record->active_tag, bytes + 24, WB_RECORD_TAG);
    wb_bytes_copy(record->previous_tag, bytes + 32, WB_RECORD_TAG);
    return 1;
}

/* What a place of the journal holds. */
enum { WB_PLACE_BLANK, WB_PLACE_GARBAGE, WB_PLACE_OPEN, WB_PLACE_SEALED };

/* Whether bytes are as after an erasure; what cannot be read is not. */
static int wb_journal_blank(const wb_flash *flash, uint32_t address, uint8_t *bytes, uint32_t count)
{
    if (flash->read(flash->context, address, bytes, count)) {
        return 0;
    }
    uint32_t all = 0xffu;
    for (uint32_t i = 0; i < count; i++) {
        all &= bytes[i];
    }
    return all == 0xffu;
}

static int wb_journal_place(const wb_journal *journal, uint32_t sector, uint32_t place,
                            wb_record *record)
{
    const uint32_t address = journal->sectors[sector].address + place * WB_RECORD_BYTES;
    uint8_t seal[WB_RECORD_BYTES - WB_RECORD_SEAL];
    uint8_t bytes[WB_RECORD_SEAL];
    const int sealed =
        !wb_journal_blank(journal->flash, address + WB_RECORD_SEAL, seal, sizeof seal);
    wb_bytes_fill(bytes, 0, sizeof bytes);
    if (wb_journal_blank(journal->flash, address, bytes, sizeof bytes)) {
        return sealed ? WB_PLACE_GARBAGE : WB_PLACE_BLANK;
    }
    if (!wb_record_read(record, journal->key, bytes)) {
        return WB_PLACE_GARBAGE;
    }
    return sealed ? WB_PLACE_SEALED : WB_PLACE_OPEN;
}

static inline uint32_t wb_journal_places(const wb_journal *journal, uint32_t sector)
{
    return journal->sectors[sector].bytes / WB_RECORD_BYTES;
}

/* Program a record and read it back; its seal is begun once the rest is right. */
static int wb_journal_program(wb_journal *journal, const uint8_t *bytes)
{
    static const uint8_t seal[WB_RECORD_BYTES - WB_RECORD_SEAL] = {0};
    const wb_flash *const flash = journal->flash;
    const uint32_t address =
        journal->sectors[journal->sector].address + journal->next * WB_RECORD_BYTES;
    uint8_t back[WB_RECORD_SEAL];
    if (wb_flash_program(flash, address, bytes, WB_PIECE_BYTES) ||
        wb_flash_program(flash, address + WB_PIECE_BYTES, bytes + WB_PIECE_BYTES,
                         WB_RECORD_SEAL - WB_PIECE_BYTES) ||
        flash->read(flash->context, address, back, sizeof back) ||
        !wb_bytes_equal(back, bytes, sizeof back)) {
        return -1;
    }
    return wb_flash_program(flash, address + WB_RECORD_SEAL, seal, sizeof seal);
}

/*
 * Make `state` the state, durably: 0, or -1 where both sectors fail. Places that fail are left behind; an operation
 * tries each place once.
 */
static int wb_journal_append(wb_journal *journal, const wb_record *state)
{
    uint8_t bytes[WB_RECORD_SEAL];
    wb_record record = *state;
    record.index = journal->state.index + 1;
    wb_record_write(&record, journal->key, bytes);
    for (unsigned int turns = 0; turns < 3; turns++) {
        while (journal->next < wb_journal_places(journal, journal->sector)) {
            const int failed = wb_journal_program(journal, bytes);
            journal->next++;
            if (!failed) {
                journal->state = record;
                return 0;
            }
        }
        journal->sector = journal->sector ? 0 : 1;
        journal->next = 0;
        if (wb_flash_erase(journal->flash, journal->sectors[journal->sector].address)) {
            journal->next = wb_journal_places(journal, journal->sector);
        }
    }
    return -1;
}

/*
 * Read the state, and end a doubt that a power cut left: 0, or -1 where that cannot be written. A store that was
 * never written, or whose journal is lost, is that of the factory.
 */
static int wb_journal_open(wb_journal *journal)
{
    wb_record sealed, latest, record;
    uint32_t ends[2] = {0, 0};    /* after what is written in a sector */
    uint32_t whole[2] = {0, 0};   /* after its last sealed record, where it is the state */
    int first[2] = {0, 0};        /* what its first place holds */
    wb_bytes_fill(&sealed, 0, sizeof sealed);
    sealed.previous = WB_SLOT_NONE;
    latest = sealed;
    journal->sector = 2;
    for (uint32_t sector = 0; sector < 2; sector++) {
        for (uint32_t place = 0; place < wb_journal_places(journal, sector); place++) {
            const int holds = wb_journal_place(journal, sector, place, &record);
            first[sector] = place ? first[sector] : holds;
            if (holds == WB_PLACE_BLANK) {
                continue;
            }
            ends[sector] = place + 1;
            if (holds == WB_PLACE_SEALED && record.index > sealed.index) {
                sealed = record;
                journal->sector = sector;
                whole[sector] = place + 1;
            }
            if (holds != WB_PLACE_GARBAGE && record.index >= latest.index) {
                latest = record;
            }
        }
    }
    const uint32_t sector = journal->sector;
    journal->lost = sector == 2 && (ends[0] || ends[1]) && !latest.index;
    journal->state = sealed;
    if (sector == 2) { /* the next record erases the first sector, unless that one holds a record in doubt */
        journal->sector = latest.index && first[0] == WB_PLACE_OPEN ? 0 : 1;
        journal->next = wb_journal_places(journal, journal->sector);
        if (!ends[0] && !ends[1]) {
            return 0;
        }
    } else {
        const int other = first[1 - sector];
        journal->next = ends[sector];
        if (ends[sector] == whole[sector] && latest.index == sealed.index &&
            (other == WB_PLACE_BLANK || other == WB_PLACE_SEALED)) {
            return 0;
        }
    }
    if (latest.index == sealed.index) { /* nothing later reads right, and so it never happened */
        latest = sealed;
        latest.kind = WB_RECORD_SETTLED;
    }
    journal->state.index = latest.index;
    return wb_journal_append(journal, &latest);
}

#endif
