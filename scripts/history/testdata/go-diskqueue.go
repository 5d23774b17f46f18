package history

import (
	"context"
	"testing"
	"time"

	diskqueue "github.com/nsqio/go-diskqueue"
	"github.com/racewindow/racewindow/harness"
)

type Queue struct{ q diskqueue.Interface }

func (q Queue) Put(s string) error { return q.q.Put([]byte("m" + s)) }
func (q Queue) Take() string {
	select {
	case m := <-q.q.ReadChan():
		return string(m)
	case <-time.After(time.Second):
		return "none"
	}
}
func (q Queue) Close() error { return q.q.Close() }

// What Put has accepted is given by some Take, and nothing else, also after a crash.
func TestQueue(t *testing.T) {
	harness.Check(t, harness.Subject[Queue]{
		Open: func(_ context.Context, env harness.Env) (Queue, error) {
			return Queue{diskqueue.New("q", env.Dir(), 1024, 1, 100, 1, time.Second, func(diskqueue.LogLevel, string, ...interface{}) {})}, nil
		},
		Ops: harness.Ops{"put": harness.Op{Do: Queue.Put, Durable: harness.OnReturn}, "take": Queue.Take},
	})
}
