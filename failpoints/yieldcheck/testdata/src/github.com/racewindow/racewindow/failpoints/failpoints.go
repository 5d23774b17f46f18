package failpoints

import (
	"context"
	"sync"
	"time"
)

type Point struct{}

func WaitPoint(pkg, name string) *Point                          { return nil }
func Lock(ctx context.Context, p *Point, mu *sync.Mutex)         {}
func Sleep(ctx context.Context, p *Point, d time.Duration) error { return nil }
func Receive[T any](ctx context.Context, p *Point, ch <-chan T) (value T, ok bool, err error) {
	return
}
func ReceiveUntil[T any](ctx context.Context, p *Point, ch <-chan T, deadline time.Time) (value T, ok, expired bool, err error) {
	return
}
func Go(ctx context.Context, name string, f func(context.Context)) {}
func Now(ctx context.Context) time.Time                            { return time.Time{} }

type Cond struct{ L *sync.Mutex }

func (c *Cond) Wait(ctx context.Context, p *Point) error { return nil }
func (c *Cond) Signal()                                  {}
