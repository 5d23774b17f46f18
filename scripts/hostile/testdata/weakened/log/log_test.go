package log

import "testing"

func TestFlush(t *testing.T) {
	if err := Flush(&Log{}); err != nil {
		t.Fatal(err)
	}
}
