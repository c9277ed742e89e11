/* SPDX-License-Identifier: Apache-2.0
 *
 * The vector instructions of one kind of processor under common names; everything else is written once.
 *
 * Word     4 codes of 8 bits or 2 of 16, in each 32-bit lane the same: what all columns multiply.
 * Block    16 sums of 32 bits, or the weights of 16 columns that one word meets.
 * Codes    as many codes as fill a vector of WB_CODES bytes.
 * wide     a constant when inlined: 1 for codes of 16 bits, 0 for bytes.
 *
 * WB_BYTES   1: there is a dot product of bytes; 0: codes of 8 bits are multiplied as codes of 16.
 * WB_OFFSET  128 where differences of codes of 8 bits are signed bytes that weights made unsigned by it multiply; else 0.
 * WB_SHORT   1: the products of these, of which there are no other ones of bytes, come as sums of 16 bits.
 *            See positions.h for both.
 * WB_FUSED   1: sums become codes of 8 bits, and what follows of them, while they are in registers: those of two
 *            blocks (a Pair) at a time, see follow.h.
 * WB_CHANGES_PER_DOT  how many changes of single weights, each at every position, cost as much as a dot
 *            product of a block at every position; measured on one processor, and flat around it.
 * WB_EXCESS  128 where that dot product takes unsigned codes, which 128 is then added to; else 0.
 * WB_SHAPES  tiles of sums that fit the registers: (positions, blocks of columns).
 * WB_ROWS, WB_BLOCKS  the most of both. WB_ROWS_OF(blocks)  positions where there are so many blocks.
 * WB_ROWS_DIFFERENT, WB_ABREAST  the same where only words that differ are multiplied: positions and blocks.
 *            WB_ROWS_NARROW  positions where there is one block, at least as many.
 *
 * A dot product adds modulo 2**32. The plain header is the definition of the others.
 */
#ifndef WB_VECTOR_H
#define WB_VECTOR_H

#include <stdint.h>
#include <string.h>

#define WB_INLINE static inline __attribute__((always_inline))

#if defined(WB_USE_VNNI)
#define WB_KERNELS "vnni"
#include "vector_avx512.h"
#elif defined(WB_USE_AVX512)
#define WB_KERNELS "avx512"
#include "vector_avx512.h"
#elif defined(WB_USE_AVXVNNI)
#define WB_KERNELS "avxvnni"
#include "vector_avx2.h"
#elif defined(WB_USE_AVX2)
#define WB_KERNELS "avx2"
#include "vector_avx2.h"
#elif defined(WB_USE_DOTPROD)
#define WB_KERNELS "dotprod"
#include "vector_neon.h"
#elif defined(WB_USE_NEON)
#define WB_KERNELS "neon"
#include "vector_neon.h"
#else
#define WB_KERNELS "plain"
#include "vector_plain.h"
#endif

#if !WB_OFFSET
WB_INLINE Block dot_offset(Block a, Word x, Block w)
{
    (void)x, (void)w;
    return a;
}
WB_INLINE Word word_offset(Word a, Word x)
{
    (void)x;
    return a;
}
WB_INLINE Block add_offset(Block a, Block sums, Word less)
{
    (void)sums, (void)less;
    return a;
}
#endif

#if !WB_SHORT
WB_INLINE Codes codes_largest(Codes largest, Codes a)
{
    (void)a;
    return largest;
}
#endif

#if defined(__GNUC__) && !defined(__clang__)
/* Else GCC moves all sums between registers at every step, which costs a quarter of the speed. */
#define WB_FEW_MOVES __attribute__((noinline, optimize("no-tree-coalesce-vars")))
#else
#define WB_FEW_MOVES
#endif

/* For all that the compiler knows this pointer is a new one: it has one register, from which offsets count. */
#define WB_KEEP(pointer) __asm__("" : "+r"(pointer))
#define WB_COLUMNS 16 /* of a block */
#define WB_AT_ONCE 64 /* columns whose sums become codes together */

#endif
