package c

import "testing"

func TestF(t *testing.T) { F() }

func BenchmarkF(b *testing.B) {
	for b.Loop() {
		F()
	}
}
