#include "textflag.h"

// func sums3(a, b, c *byte, words int, x, y, z uint32) (uint32, uint32, uint32)
//
// The instruction takes three cycles, but one can begin in each: so three checksums take as long as one.
TEXT ·sums3(SB), NOSPLIT, $0-60
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DI
	MOVQ c+16(FP), DX
	MOVQ words+24(FP), CX
	MOVL x+32(FP), R8
	MOVL y+36(FP), R9
	MOVL z+40(FP), R10
	NOTL R8
	NOTL R9
	NOTL R10
	CRC32L 4(SI), R8
	CRC32L 4(DI), R9
	CRC32L 4(DX), R10
	LEAQ (SI)(CX*8), SI
	LEAQ (DI)(CX*8), DI
	LEAQ (DX)(CX*8), DX
	NEGQ CX
	INCQ CX
	JGE  done

loop:
	CRC32Q (SI)(CX*8), R8
	CRC32Q (DI)(CX*8), R9
	CRC32Q (DX)(CX*8), R10
	INCQ   CX
	JLT    loop

done:
	NOTL R8
	NOTL R9
	NOTL R10
	MOVL R8, ret+48(FP)
	MOVL R9, ret1+52(FP)
	MOVL R10, ret2+56(FP)
	RET
