package storage

import "golang.org/x/sys/cpu"

var canSum3 = cpu.X86.HasSSE42

// sums3 goes on with three CRC-32C at once: with x over the frame at a, y over that at b, z over that at c, each from the fifth
// byte on and up to words*8 bytes of the frame. Each frame must have as many, and words must be at least 1.
//
//go:noescape
func sums3(a, b, c *byte, words int, x, y, z uint32) (uint32, uint32, uint32)
