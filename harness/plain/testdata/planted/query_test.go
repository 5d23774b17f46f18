package planted

import (
	"context"
	"errors"
	"testing"
)

func TestQuery(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	asked := make(chan struct{})
	go func() {
		<-asked
		cancel()
	}()
	s, err := Query(ctx, func(context.Context) string { close(asked); return "x" })
	if err == nil && s != "x" || err != nil && !errors.Is(err, context.Canceled) {
		t.Fatalf("%q, %v", s, err)
	}
}
