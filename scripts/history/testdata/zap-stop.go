package history

import (
	"bytes"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"
)

// Stop flushes what was written, also beside a flush of the ticker.
func TestStopFlushes(t *testing.T) {
	var buf bytes.Buffer
	ws := &zapcore.BufferedWriteSyncer{WS: zapcore.AddSync(&buf), FlushInterval: time.Millisecond}
	done := make(chan bool)
	go func() {
		for i := 0; i < 3; i++ {
			ws.Write([]byte("line\n"))
			time.Sleep(time.Millisecond)
		}
		close(done)
	}()
	<-done
	if err := ws.Stop(); err != nil {
		t.Fatal(err)
	}
	if got := buf.String(); got != "line\nline\nline\n" {
		t.Fatalf("got %q", got)
	}
}
