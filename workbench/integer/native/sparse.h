/* SPDX-License-Identifier: Apache-2.0
 *
 * Fault trials by sparse differences: what the arrays look like that Python hands over.
 *
 * One clean run of an utterance is kept. A trial recomputes only rows that can differ from it and
 * forgets rows that came out equal. Sums are modulo 2**32, as in the plain reference.
 *
 * Codes are stored [rows, stride] as int8 or int16; `pad` rows of zero codes lie before row 0, and enough
 * behind the last for a tile and a vector to read on. Dot products read operands: rows of `words` words of
 * 4 bytes, 4 codes of 8 bits where the kernels have a dot product of bytes, else 2 of 16.
 */
#ifndef WB_SPARSE_H
#define WB_SPARSE_H

#include <stdint.h>

enum { CONV, ADD, RESCALE, TABLE, EMBED, CONCAT, SYNTHESIS, MELBANDS, BLEND };
enum { ACTIVATION, WEIGHT, BIAS, SHIFT, ENTRY, HISTORY, ACCUMULATOR };

typedef struct {
    int32_t bits;      /* 8 or 16; 32 for row indexes */
    int32_t channels;
    int32_t stride;    /* elements a row; the channels alone in a sink */
    int32_t words;     /* of a row as operand */
    int32_t spread;    /* the same of its differences, which can be bytes where codes are not, see positions.h */
    int32_t pad;       /* rows of zero codes before the first */
    int32_t rows;
    int32_t rate;      /* rows a frame */
    int32_t last_use;  /* number of the last operator that reads it; of operators for the output */
    int32_t sink;      /* 1: the output, read by nobody, so that its rows have no padding */
    void *clean;       /* row 0, as below */
    void *now;         /* equal to clean between trials */
    int32_t low, high; /* rows that differ from clean are among low .. high - 1 */
} Signal;

/* What the spectrum of a frame of speech sounds like. */
typedef struct {
    uint32_t pair[256]; /* a sample of the wave in the lower half, the next one in the upper */
    int16_t grain[160]; /* noise */
    int16_t tail[64];   /* what of it fades out in the next frame */
} Period;

/* What else speech remembers from frame to frame. */
typedef struct {
    uint32_t noise, phase, step;
} Words;

typedef struct {
    int32_t kind;
    int32_t target;
    int32_t source, other; /* signals; `other` of ADD */
    int32_t sources;       /* CONCAT: how many, in `concat` */
    int32_t clamp_low, clamp_high;
    int32_t up, out, taps, fan_in, groups, dilation, stride, weight_bits, bias_bits; /* CONV */
    /* `fold` positions are computed as one, so that few columns fill a vector. All that follows is
     * of folded positions: */
    int32_t fold;
    int32_t history;         /* position p sees the input rows p * advance - history + k * apart, */
    int32_t rows_seen;       /* k = 0 .. rows_seen - 1, */
    int32_t apart, advance;
    int32_t rows_made;       /* and makes the output rows p * rows_made and so on: fold * up */
    int32_t columns;         /* rows_made * out */
    int32_t padded;          /* columns rounded up to 16 */
    int32_t positions;       /* of the utterance */
    int32_t per_frame;       /* positions a frame */
    int32_t any_left;      /* some column shifts left */
    int32_t entries, width; /* of tables: entries of `width` elements */
    int32_t wide_entries;   /* elements of 16 bits; behind them those of 8 */
    const int32_t *concat;
    /* What faults of one trial may change for a while, see patch.h: */
    int8_t *weight;        /* as in the program: [up, out, taps, fan_in] */
    int32_t *bias;         /* [out], of `bias_bits` in memory */
    int8_t *shift;         /* [out], [1] for RESCALE; not yet clamped to its field */
    uint8_t *offset_weights; /* [rows_seen, spread, padded, 4] weights + WB_OFFSET */
    void *packed;          /* [rows_seen, words, padded, lanes] int8 x 4 or int16 x 2, zero where padded */
    int32_t *base;         /* [padded] bias, less what the excess of operands adds */
    int32_t *right, *left; /* [padded] shift of each column, one of the two zero; repeated up to 64 */
    const int32_t *operand_of_word; /* [rows_seen * spread] offsets in bytes of the words that a position sees */
    int32_t *clean_sums;   /* [positions, padded] */
    const int16_t *clean_entry; /* [entries * width] */
    int16_t *entry;             /* equal to clean_entry between trials */
    /* SYNTHESIS, [frames + 1] each: of silence, then of frames */
    Period *clean_period, *now_period;
    Words *clean_words;         /* before each frame, and after the last */
} Operator;

typedef struct {
    int32_t operator_; /* before which it acts; the number of operators: after the last */
    int32_t kind;
    int32_t element;   /* flat, see trial.c for each kind */
    int32_t frame;     /* from which on, or in which */
    uint32_t keep, flip; /* new bits = (old & keep) ^ flip */
    int32_t signal;    /* ACTIVATION: which */
} Fault;

typedef struct {
    int32_t reached;   /* last operator whose output differs, -1 if none */
    int32_t first;     /* first output row that differs, -1 if none */
    int32_t differing; /* output rows that differ */
    int32_t max_error;
    int64_t error_energy;
} Outcome;

typedef struct {
    int32_t signals, operators, output, most_columns, most_positions;
    int32_t changes_per_dot;  /* when parameters are changed in place, see convolve.h */
    int32_t saturated;        /* whether a difference among those of `operand` does not fit an operand */
    int32_t depth;            /* words whose products fit a short sum */
    Signal *signal;
    Operator *operator_;
    int64_t macs;             /* multiply-accumulates performed, counted up */
    /* scratch, of the largest convolution */
    int32_t *column_of_slot;  /* [most_columns] */
    int32_t *slot_of_column;  /* [most_columns], -1 between trials */
    int32_t *column_sums;     /* [most_columns, most_positions] added to the sums of changed columns */
    int8_t *column_shift;     /* [most_columns, most_positions] */
    uint8_t *shift_changed;   /* [most_columns] */
    uint8_t *special;         /* [most_positions] 0 between trials */
    int32_t *sums;            /* [WB_ROWS, most_columns] of one tile */
    int32_t *codes, *other;   /* [most channels of a signal or columns] of one row or position */
    /* of the largest source of a convolution; zero differences between convolutions, but of `differ`: */
    uint8_t *operand[2];      /* [pad + rows, words or spread] as bytes, codes with their excess; as int16 */
    uint8_t *operand_made;    /* as operand[0], of what a convolution makes */
    uint32_t *row_words;      /* [pad + rows, masks] bits: which words of a row differ */
    uint8_t *differ;          /* the same as bits [rows, words], from row found_low on */
    int32_t found_low, found_high; /* rows of which these tell */
    int32_t coded;            /* whether codes lie in `operand` */
    int32_t found;            /* the signal whose differences have been found already, -1 for none */
    int32_t unkept;           /* the signal whose codes were not written though they differ, -1 for none */
    uint64_t *seen;           /* [positions, numbers] bits: which words of a position's rows differ */
} Model;

#endif
