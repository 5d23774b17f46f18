//go:build !amd64

package storage

const canSum3 = false

func sums3(_, _, _ *byte, _ int, x, y, z uint32) (uint32, uint32, uint32) {
	panic("storage: three checksums at once on a processor that cannot")
}
