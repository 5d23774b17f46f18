package fuzzcanary

import "testing"

// FuzzCanary fails on purpose, on inputs that no seed has and that coverage leads to. As a test, with its seeds alone, it passes.
func FuzzCanary(f *testing.F) {
	f.Add([]byte("no"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 2 && data[0] == 'r' {
			if data[1] == 'w' {
				t.Fatal("the canary was found, as it should be")
			}
		}
	})
}
