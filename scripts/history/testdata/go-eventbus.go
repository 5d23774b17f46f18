package history

import (
	"testing"

	eventbus "github.com/libp2p/go-eventbus"
)

// A subscription may be closed while an emitter sends to it.
func TestCloseWhileEmitting(t *testing.T) {
	bus := eventbus.NewBus()
	sub, err := bus.Subscribe(new(string))
	if err != nil {
		t.Fatal(err)
	}
	em, err := bus.Emitter(new(string))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	go func() { em.Emit("a"); em.Emit("b"); close(done) }()
	sub.Close()
	<-done
	em.Close()
}
