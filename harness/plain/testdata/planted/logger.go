package planted

import (
	"bufio"
	"io"
	"sync"
)

// A Logger writes lines through a buffer.
type Logger struct {
	mu sync.Mutex
	w  *bufio.Writer
}

func NewLogger(w io.Writer) *Logger { return &Logger{w: bufio.NewWriterSize(w, 16)} }

func (l *Logger) Print(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.w.WriteString(s + "\n")
}

func (l *Logger) Sync() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Flush()
}
