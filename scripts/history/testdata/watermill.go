package history

import (
	"context"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
)

// A pubsub may be closed while somebody subscribes, and closed again.
func TestSubscribeWhileClosing(t *testing.T) {
	ps := gochannel.NewGoChannel(gochannel.Config{}, watermill.NopLogger{})
	done := make(chan bool)
	go func() {
		if msgs, err := ps.Subscribe(context.Background(), "topic"); err == nil {
			for range msgs {
			}
		}
		close(done)
	}()
	if err := ps.Close(); err != nil {
		t.Fatal(err)
	}
	<-done
	if err := ps.Close(); err != nil {
		t.Fatal(err)
	}
}
